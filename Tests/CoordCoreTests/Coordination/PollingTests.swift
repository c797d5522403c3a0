import CoordCore
import Testing

private let t1 = World.token(1)

/// How far apart the looks of one who waits are.
@Suite struct Polling {
  private func pause(_ c: inout Coordinator, _ w: inout World) -> Duration? {
    for case .wait(let duration, _) in c.next(w.observation()) { return duration }
    return nil
  }

  /// Looks once a second for so long; the last pause.
  private func wait(_ seconds: Int, _ c: inout Coordinator, _ w: inout World) -> Duration? {
    for second in 1..<seconds {
      if second % 5 == 0 { w.answer([job]) }
      _ = c.next(w.observation())
      w.wait(1)
    }
    return pause(&c, &w)
  }

  private let job = World.queued("PENDING", token: t1)

  /// A job that waits.
  private func waiting() -> World {
    var w = World()
    w.append(.claimed, t1)
    w.append(.submitted, t1)
    w.answer([job])
    return w
  }

  @Test func looksAreFartherApartTheLongerNothingChanges() {
    var w = waiting()
    var c = w.observer()
    #expect(pause(&c, &w) == .milliseconds(500))
    #expect(wait(40, &c, &w).map { (Duration.seconds(1)...(.seconds(2))).contains($0) } ?? false)
    #expect(wait(300, &c, &w) == .seconds(5), "and no farther")
    w.append(.started, t1)
    #expect(pause(&c, &w) == .milliseconds(300), "something happens")
    #expect(wait(8, &c, &w) == .milliseconds(300), "who is told soon is told at once")
  }

  /// No pause is longer than what is left of the time.
  @Test func timeIsKept() {
    var w = waiting()
    var c = w.observer(wait: 301)
    _ = pause(&c, &w)
    #expect(wait(299, &c, &w) == .seconds(3))
  }
}
