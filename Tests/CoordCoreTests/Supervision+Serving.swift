import CoordCore
import Testing

private let t1 = World.token(1)

extension Supervision {
  static let start = Instant(sinceBoot: .seconds(1000))

  /// What the log says while the server is to go on.
  static var log: LogFold { log(by: "job") }

  static func log(by nonce: String) -> LogFold {
    var w = World()
    for kind in [EntryKind.claimed, .started] { w.append(kind, t1, by: World.author(nonce, 1001, "node1")) }
    return w.tail.fold()
  }

  /// One whose server was launched at `start`.
  static func serving(checks: Bool = false, beats: Bool = true) -> Supervision {
    var s = Supervision(
      token: t1, nonce: "job", startLimit: .seconds(60), hangLimit: .seconds(100), checks: checks, claimed: start,
      now: start)
    _ = s.begin(now: start)
    if beats { s.launch(log) }
    return s
  }

  /// Its first beat is complete, and the log is still its own.
  mutating func launch(_ log: LogFold, now: Instant = start) {
    #expect(handle(.beatCompleted(log, began: now), now: now) == [.confirm])
    #expect(handle(.confirmed(log), now: now) == [.launch])
  }

  /// Time passes, and every beat is taken.
  mutating func live(to end: Int, from begin: Int = 0, answers: Bool) -> [Action] {
    var all: [Action] = []
    for second in begin...end {
      let now = Self.start + .seconds(second)
      let actions = handle(.tick, now: now)
      all += actions
      for action in actions {
        switch action {
        case .beat: all += handle(.beatCompleted(Self.log, began: now), now: now)
        case .probe: all += handle(answers ? .answered : .unanswered, now: now)
        default: break
        }
      }
    }
    return all
  }

  mutating func end(at now: Instant) -> Ending? {
    for case .finish(let ending) in handle(.groupEmptied, now: now) { return ending }
    return nil
  }
}
