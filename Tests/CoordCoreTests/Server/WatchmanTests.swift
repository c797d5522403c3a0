import CoordCore
import Testing

private let start = Supervision.start

@Suite struct LateWaking {
  @Test(arguments: [
    (0, true, Watchman.Decision.wait(.seconds(45))), (44, true, .wait(.seconds(1))),
    (45, true, .terminate(grace: .seconds(10))),
    (49, true, .terminate(grace: .seconds(10))), (50, true, .kill), (900, true, .kill),
    (0, false, .terminate(grace: .seconds(3))), (46, false, .terminate(grace: .seconds(3))), (50, false, .kill),
  ])
  func guardianDecides(silence: Int, supervised: Bool, expected: Watchman.Decision) {
    var watchman = Watchman(lastBeat: start - .seconds(60))
    watchman.completedBeat(began: start)
    watchman.completedBeat(began: start - .seconds(1))
    #expect(watchman.decide(now: start + .seconds(silence), supervised: supervised) == expected)
  }

  @Test func supervisorThatWakesLateKillsAtOnce() {
    var s = Supervision.serving()
    _ = s.handle(.answered, now: start)
    let actions = s.handle(.tick, now: start + .seconds(50))
    #expect(actions.first == .kill && !actions.contains(.terminate))
    #expect(s.end(at: start + .seconds(51))?.reason.contains("suspended") == true)
  }

  @Test func supervisorThatWakesLateInTheGraceKills() {
    var s = Supervision.serving()
    _ = s.handle(.signalled(15), now: start)
    #expect(s.handle(.beatCompleted(Supervision.log, began: start), now: start + .seconds(50)).first == .kill)
  }

  @Test func beatThatEndedAfterTheGuardianStruckIsTheDisksFault() {
    var s = Supervision.serving()
    _ = s.handle(.answered, now: start)
    let actions = s.handle(.beatCompleted(Supervision.log, began: start + .seconds(30)), now: start + .seconds(46))
    #expect(actions.first == .terminate)
    let end = s.end(at: start + .seconds(47))
    #expect(end?.outcome == .lost && end?.reason.contains("disk is too slow: a heartbeat took 16 s") == true)
  }
}

extension Instant {
  fileprivate static func - (a: Instant, b: Duration) -> Instant { Instant(sinceBoot: a.sinceBoot - b) }
}
