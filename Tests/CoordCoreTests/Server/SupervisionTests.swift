import CoordCore
import Testing

private let t1 = World.token(1)
private let start = Instant(sinceBoot: .seconds(1000))

private func log(_ kinds: [EntryKind] = [.claimed, .started]) -> LogFold {
  var w = World()
  for kind in kinds { w.append(kind, t1, by: World.author("job", 1001, "node1")) }
  return w.tail.fold()
}

private func serving(checks: Bool = false, beats: Bool = true) -> Supervision {
  var s = Supervision(
    token: t1, nonce: "job", startLimit: .seconds(60), hangLimit: .seconds(100), checks: checks, claimed: start,
    now: start)
  _ = s.begin(now: start)
  if beats { _ = s.handle(.beatCompleted(log(), began: start), now: start) }
  return s
}

extension Supervision {
  /// Time passes, and every beat is taken.
  fileprivate mutating func live(to end: Int, from begin: Int = 0, answers: Bool) -> [Action] {
    var all: [Action] = []
    for second in begin...end {
      let now = start + .seconds(second)
      let actions = handle(.tick, now: now)
      all += actions
      for action in actions {
        switch action {
        case .beat: all += handle(.beatCompleted(log(), began: now), now: now)
        case .probe: all += handle(answers ? .answered : .unanswered, now: now)
        default: break
        }
      }
    }
    return all
  }

  fileprivate mutating func end(at now: Instant) -> Ending? {
    for case .finish(let ending) in handle(.groupEmptied, now: now) { return ending }
    return nil
  }
}

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
    var s = serving()
    _ = s.handle(.answered, now: start)
    let actions = s.handle(.tick, now: start + .seconds(50))
    #expect(actions.first == .kill && !actions.contains(.terminate))
    #expect(s.end(at: start + .seconds(51))?.reason.contains("suspended") == true)
  }

  @Test func supervisorThatWakesLateInTheGraceKills() {
    var s = serving()
    _ = s.handle(.signalled(15), now: start)
    #expect(s.handle(.beatCompleted(log(), began: start), now: start + .seconds(50)).first == .kill)
  }

  @Test func beatThatEndedAfterTheGuardianStruckIsTheDisksFault() {
    var s = serving()
    _ = s.handle(.answered, now: start)
    let actions = s.handle(.beatCompleted(log(), began: start + .seconds(30)), now: start + .seconds(46))
    #expect(actions.first == .terminate)
    let end = s.end(at: start + .seconds(47))
    #expect(end?.outcome == .lost && end?.reason.contains("disk is too slow: a heartbeat took 16 s") == true)
  }
}

extension Instant {
  fileprivate static func - (a: Instant, b: Duration) -> Instant { Instant(sinceBoot: a.sinceBoot - b) }
}

@Suite struct Health {
  @Test func isHungAfterAMinuteWithoutAnAnswerAndReadyAgainWithOne() {
    var s = serving()
    #expect(s.live(to: 50, answers: true).contains(.beat(.ready)))
    #expect(!s.live(to: 100, from: 51, answers: false).contains(.beat(.hung)))
    #expect(s.live(to: 120, from: 101, answers: false).contains(.beat(.hung)))
    #expect(s.stage == .hung)
    #expect(s.handle(.answered, now: start + .seconds(121)) == [.beat(.ready)])
  }

  @Test func isEndedAfterItsLimitSoThatAnotherMayFollow() {
    var s = serving()
    _ = s.live(to: 10, answers: true)
    #expect(s.live(to: 130, from: 11, answers: false).contains(.terminate))
    let end = s.end(at: start + .seconds(131))
    #expect(end?.outcome == .lost && end?.reason.contains("HANG_LIMIT") == true)
  }

  @Test func questionsAreFewAndShort() {
    var s = serving()
    _ = s.handle(.answered, now: start)
    let probes = s.live(to: 60, answers: true).filter { $0 == .probe(within: .seconds(4)) }
    #expect(probes.count == 4)
  }

  @Test func timeInWhichNobodyAskedIsNoSilence() {
    var s = serving()
    _ = s.handle(.answered, now: start)
    #expect(s.handle(.unanswered, now: start + .seconds(44)).isEmpty && s.stage == .ready)
  }

  @Test(arguments: [true, false])
  func isReadyOnlyWhenItAnswersAndItsAppWasImported(checkFirst: Bool) {
    var s = serving(checks: true)
    #expect(s.handle(checkFirst ? .checkPassed : .answered, now: start).isEmpty)
    #expect(s.handle(checkFirst ? .answered : .checkPassed, now: start) == [.beat(.ready)])
  }

  @Test func appThatCannotBeImportedEndsItWithTheTraceback() {
    var s = serving(checks: true)
    _ = s.handle(.answered, now: start)
    #expect(s.handle(.checkFailed("check", tail: "No module"), now: start).first == .terminate)
    let end = s.end(at: start)
    #expect(end?.outcome == .failed && end?.tail == "No module")
  }

  @Test func checkThatDoesNotEndIsGivenUp() {
    var s = serving(checks: true)
    #expect(s.live(to: 61, answers: true).contains(.terminate))
    #expect(s.end(at: start + .seconds(62))?.reason.contains("CHECK_COMMAND") == true)
  }

  @Test func serverThatWasKilledForItsMemoryFailed() {
    var s = serving()
    #expect(s.handle(.ranOutOfMemory(tail: ""), now: start).first == .terminate)
    let end = s.end(at: start)
    #expect(end?.outcome == .failed && end?.reason.contains("--mem-per-cpu") == true)
  }

  @Test func firstBeatThatNeverSucceededIsAFailureWithItsReason() {
    var s = serving(beats: false)
    _ = s.handle(.beatFailed("/full/info: No space left on device"), now: start + .seconds(44))
    #expect(s.handle(.tick, now: start + .seconds(45)).first == .terminate)
    let end = s.end(at: start + .seconds(46))
    #expect(end?.outcome == .failed && end?.reason.contains("/full/info: No space") == true)
    var later = serving()
    _ = later.handle(.beatFailed("/full/info: No space"), now: start + .seconds(45))
    #expect(later.end(at: start + .seconds(46))?.outcome == .lost)
  }

  @Test func hungServerIsWrittenAndShown() {
    var w = World()
    for kind in [EntryKind.claimed, .started] { w.append(kind, t1) }
    w.beat(1, token: t1, state: .hung)
    var info = w.info.info
    info?.hungSince = WallTime(seconds: 1_795_000_000)
    info?.hungUntil = WallTime(seconds: 1_795_000_300)
    #expect(info.flatMap { ServerInfo(decoding: $0.encoded) } == info)
    guard case .state(let state) = w.tail.fold() else { return }
    var report = StatusReport(service: state)
    (report.info, report.beats) = (info, true)
    #expect(report.state == .hung && report.exitCode == 75)
    #expect(report.why.contains("since 2026-11-18") && report.why.contains("it is ended at"))
  }
}

@Suite struct Signals {
  private static let noon = WallTime(seconds: 1_795_000_000)

  private static func facts(_ job: String?, ends seconds: Int64?, _ change: (inout SignalFacts) -> Void = { _ in })
    -> SignalFacts
  {
    var facts = SignalFacts(signal: 15, at: noon, ends: seconds.map { WallTime(seconds: noon.seconds + $0) })
    facts.job = job
    change(&facts)
    return facts
  }

  @Test(arguments: [
    (facts(nil, ends: nil), Outcome.finished, "SIGTERM"),
    (facts(nil, ends: 90), .finished, "time limit"),
    (facts(nil, ends: -30), .finished, "time limit"),
    (facts(nil, ends: 91), .stopped, "(scancel)"),
    (facts("JobId=7 JobState=CANCELLED Reason=None", ends: nil), .stopped, "(scancel)"),
    (facts("JobId=7 JobState=COMPLETING Reason=None PreemptTime=None", ends: 3600), .stopped, "(scancel)"),
    (facts("JobId=7 JobState=COMPLETING Reason=TimeLimit", ends: nil), .finished, "time limit"),
    (facts("JobId=7 JobState=TIMEOUT Reason=None", ends: 3600), .finished, "time limit"),
    (facts("JobId=7 JobState=PREEMPTED", ends: 10), .lost, "preempted"),
    (facts("JobState=RUNNING PreemptTime=2026-11-26T01:00:00", ends: 3600), .lost, "preempted"),
    (
      facts("JobState=RUNNING PreemptEligibleTime=2026-11-26T01:00:00 PreemptTime=None", ends: 3600), .stopped, "cancel"
    ),
    (facts("JobState=NODE_FAIL", ends: 3600), .lost, "node failed"),
    (facts("JobState=COMPLETING Reason=NodeDown", ends: 3600), .lost, "node failed"),
    (facts("JobState=OUT_OF_MEMORY", ends: 3600), .failed, "--mem-per-cpu"),
    (facts(nil, ends: 3600) { $0.shuttingDown = true }, .lost, "shut down"),
    (facts(nil, ends: nil) { $0.local = true }, .stopped, "SIGTERM"),
  ])
  func areNamed(facts: SignalFacts, outcome: Outcome, words: String) {
    let ending = Supervision.Ending(facts)
    #expect(ending.outcome == outcome && ending.reason.contains(words))
  }

  @Test func serverIsToldFirstAndTheEndWaitsForItsReason() {
    var s = serving()
    _ = s.handle(.answered, now: start)
    let actions = s.handle(.signalled(15), now: start)
    #expect(actions == [.terminate, .beat(.stopping), .explain(15)])
    #expect(s.handle(.signalled(15), now: start).isEmpty)
    #expect(s.handle(.groupEmptied, now: start).isEmpty)
    let done = s.handle(.explained(Supervision.Ending(.lost, "preempted")), now: start)
    #expect(done == [.finish(Supervision.Ending(.lost, "preempted"))])
  }
}
