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
    #expect(wait(40, &c, &w).map { (Duration.seconds(7)...(.seconds(8))).contains($0) } ?? false)
    #expect(wait(300, &c, &w) == .seconds(30), "and no farther")
    w.append(.started, t1)
    #expect(pause(&c, &w) == .milliseconds(300), "something happens")
    #expect(wait(8, &c, &w).map { $0 < .seconds(1) } ?? false)
    #expect(wait(80, &c, &w) == .seconds(2), "a glance at the heartbeat shows what comes of it")
  }

  /// The scheduler is asked about a job that waits less and less often, by whoever looks.
  @Test func questionsAreFartherApartToo() {
    var w = waiting()
    var c = w.observer()
    func pace() -> Duration { c.questionPace(c.next(w.observation())) }
    #expect(pace() == .seconds(5))
    _ = wait(100, &c, &w)
    #expect((Duration.seconds(19)...(.seconds(21))).contains(pace()), "a fifth of the time that nothing has changed")
    _ = wait(400, &c, &w)
    #expect(pace() == .seconds(30))
    w.answer([World.queued("RUNNING", token: t1)])
    #expect(pace() == .seconds(5), "one that runs may end at any moment")
  }

  /// Each wait that a teammate's deed may end has something by which that shows.
  @Test func waitsHaveTheirSigns() {
    var w = waiting()
    var c = w.observer()
    func sign() -> Progress.Sign? {
      for case .wait(_, let progress) in c.next(w.observation()) { return progress.sign }
      return nil
    }
    #expect(sign() == .locks)
    w.append(.started, t1)
    #expect(sign() == .heartbeat)
    w.append(.stopRequested, t1)
    #expect(sign() == nil)
  }

  /// No pause is longer than what is left of the time.
  @Test func timeIsKept() {
    var w = waiting()
    var c = w.observer(wait: 301)
    _ = pause(&c, &w)
    #expect(wait(299, &c, &w) == .seconds(3))
  }
}
