import CoordCore
import Testing

private let start = Supervision.start

/// What becomes of a job that is told to end, or whose script ended: the words of `ended`, and what those who wait do.
@Suite struct JobSignals {
  private static let noon = WallTime(seconds: 1_795_000_000)

  private static func facts(
    _ signal: Int32?, _ job: String?, ends seconds: Int64? = 3600, warning script: String = "",
    environment: [String: String] = [:]
  ) -> SignalFacts {
    var facts = SignalFacts(signal: signal, at: noon, ends: seconds.map { WallTime(seconds: noon.seconds + $0) })
    facts.job = job
    facts.warning = WarningSignal(script: script, environment: environment)
    return facts
  }

  @Test(arguments: [
    (
      facts(10, "JobState=RUNNING Reason=None ExitCode=0:0"), Outcome.stopped,
      "SIGUSR1 long before its time limit: somebody sent that"
    ),
    (facts(12, nil, ends: nil), .finished, "SIGUSR2"), (facts(24, nil), .stopped, "SIGXCPU"),
    (facts(36, nil), .stopped, "SIGRTMIN+2"), (facts(10, nil, ends: 60), .finished, "time limit (SIGUSR1)"),
    // What ran the supervisor got it.
    (facts(nil, "JobState=FAILED ExitCode=0:15"), .stopped, "script was ended by SIGTERM"),
    (facts(nil, "JobState=COMPLETING ExitCode=0:9"), .stopped, "script was ended by SIGKILL"),
    (facts(nil, "JobState=FAILED ExitCode=138:0"), .stopped, "script was ended by SIGUSR1"),
    (facts(nil, "JobState=CANCELLED ExitCode=0:15", ends: nil), .stopped, "SIGTERM"),
    (facts(nil, "JobState=FAILED ExitCode=0:15", ends: nil), .finished, "SIGTERM"),
    (facts(nil, "JobState=TIMEOUT ExitCode=0:15"), .finished, "time limit (SIGTERM)"),
    (facts(nil, "JobState=PREEMPTED ExitCode=0:15"), .lost, "preempted"),
    // The scheduler took it back.
    (facts(15, "JobState=PENDING Restarts=1"), .lost, "requeued"),
    (facts(15, "JobState=COMPLETING Restarts=1 RunTime=00:00:09 TimeLimit=1-12:00:00"), .lost, "requeued"),
    (facts(15, "JobState=REQUEUE_HOLD Restarts=0"), .lost, "requeued"),
    // The limit was changed since the job began.
    (facts(15, "JobState=COMPLETING RunTime=00:00:12 TimeLimit=10:00:00", ends: 30), .stopped, "scancel"),
    (facts(15, "JobState=CANCELLED RunTime=00:59:40 TimeLimit=01:00:00", ends: 20), .stopped, "scancel"),
    (facts(15, "JobState=COMPLETING RunTime=00:01:01 TimeLimit=00:01:00", ends: 36_000), .finished, "time limit"),
    (facts(15, "JobState=COMPLETING RunTime=1-00:00:12 TimeLimit=UNLIMITED", ends: 30), .stopped, "scancel"),
    (facts(15, "JobState=RUNNING RunTime=INVALID TimeLimit=Partition_Limit", ends: 10), .finished, "time limit"),
    (facts(nil, "JobState=OUT_OF_MEMORY ExitCode=0:125"), .failed, "--mem-per-cpu"),
    (facts(nil, "JobState=COMPLETED ExitCode=0:0"), .failed, "script ended before its server (exit 0)"),
    (facts(nil, "JobState=FAILED ExitCode=3:0"), .failed, "script ended before its server (exit 3)"),
    (facts(nil, nil), .failed, "script ended before its server"),
    // What the team lets Slurm send before the time limit; up to a minute sooner.
    (facts(10, nil, ends: 340, warning: "#SBATCH --signal=B:USR1@300"), .finished, "time limit (SIGUSR1)"),
    (facts(10, nil, ends: 340, warning: "#SBATCH --signal SIGUSR1@300\n"), .finished, "time limit"),
    (facts(12, nil, ends: 340, environment: ["SBATCH_SIGNAL": "R:12@300"]), .finished, "time limit"),
    (facts(10, nil, ends: 140, warning: "#SBATCH --signal=USR1"), .finished, "time limit"),
    (facts(12, nil, ends: 340, warning: "#SBATCH --signal=B:USR1@300"), .stopped, "SIGUSR2"),
    (facts(10, nil, ends: 400, warning: "#SBATCH --signal=B:USR1@300"), .stopped, "SIGUSR1"),
    (facts(10, nil, ends: 340, warning: "# --signal=B:USR1@300"), .stopped, "SIGUSR1"),
  ])
  func areNamed(facts: SignalFacts, outcome: Outcome, words: String) {
    let ending = Supervision.Ending(facts)
    #expect(ending.outcome == outcome && ending.reason.contains(words), "\(ending)")
  }

  /// The server was suspended when the stop came, and was silent for too long when it went on.
  @Test func stopIsWhyWhateverCameOfTheServer() {
    var w = World()
    let token = World.token(1)
    for kind in [EntryKind.claimed, .submitted, .started] { w.append(kind, token) }
    func recorded(by nonce: String = "ann1") -> EntryBody? {
      let farewell = Farewell(
        Supervision.Ending(.lost, "no heartbeat"), token, nonce: nonce, job: nil, log: nil, now: w.now)
      guard case .append(let draft) = farewell.next(w.tail.fold(), now: w.now) else { return nil }
      return draft.body
    }
    #expect(recorded()?.outcome == .lost)
    #expect(recorded(by: "an earlier run") == nil, "another run of its job serves by now")
    w.append(.stopRequested, token) { ($0.outcome, $0.reason) = (.stopped, "new data") }
    #expect(recorded()?.outcome == .stopped && recorded()?.reason == "new data")
    w.append(.ended, token) { $0.outcome = .stopped }
    #expect(recorded() == nil, "somebody did")
  }

  /// What cannot be read now may be read in a second; but not for ever.
  @Test func farewellLooksAgainForAWhile() {
    let now = Instant(sinceBoot: .seconds(100))
    let farewell = Farewell(Supervision.Ending(.failed, "x"), World.token(1), nonce: "", job: nil, log: nil, now: now)
    for fold in [nil, LogFold.beingWritten(number: 4), .missing(number: 3)] {
      guard case .lookAgain = farewell.next(fold, now: now) else { return #expect(Bool(false), "\(fold as Any)") }
      guard case .over = farewell.next(fold, now: now + .seconds(15)) else { return #expect(Bool(false)) }
    }
    guard case .over = farewell.next(.newer(number: 9), now: now) else { return #expect(Bool(false)) }
    var ending = Supervision.Ending(.lost, "the log says that this job is over")
    ending.record = false
    let silent = Farewell(ending, World.token(1), nonce: "", job: nil, log: nil, now: now)
    guard case .over = silent.next(nil, now: now) else { return #expect(Bool(false)) }
  }

  @Test func appendingGoesOnUntilItIsCertain() {
    let now = Instant(sinceBoot: .seconds(100))
    func step(_ result: Result<AppendResult, StorageFailure>, after seconds: Int) -> String {
      var appending = Appending(within: .seconds(20), now: now)
      return switch appending.next(result, now: now + .seconds(seconds)) {
      case .over(let won): won ? "won" : "lost"
      case .again: "again"
      case .failed(let failure): "\(failure.kind)"
      }
    }
    #expect(step(.success(.won), after: 99) == "won" && step(.success(.lost), after: 99) == "lost")
    #expect(
      step(.success(.unsettled("x")), after: 19) == "again" && step(.success(.unsettled("x")), after: 20) == "lag")
    #expect(step(.failure(StorageFailure(.permission, "x")), after: 0) == "permission")
    #expect(step(.failure(StorageFailure(.full, "x")), after: 2) == "again")
    #expect(step(.failure(StorageFailure(.full, "x")), after: 3) == "full")
    #expect(step(.failure(StorageFailure(.other, "x")), after: 19) == "again")
  }

  @Test func serverWhoseDirectoryWasReplacedEnds() {
    var s = Supervision(
      token: World.token(1), nonce: "n", startLimit: .seconds(60), claimed: .init(sinceBoot: .zero),
      now: .init(sinceBoot: .zero))
    _ = s.begin(now: .init(sinceBoot: .zero))
    let actions = s.handle(.moved(isServing: true), now: .init(sinceBoot: .seconds(9)))
    #expect(actions.contains(.terminate))
    guard case .stopping(let ending, _, _) = s.stage else { return #expect(Bool(false)) }
    #expect(ending.outcome == .lost && !ending.record)
  }

  /// Nothing would ever tell it that the server is gone which it did not launch.
  @Test func serverThatIsNotLaunchedIsNotWaitedFor() {
    var s = Supervision(
      token: World.token(1), nonce: "n", startLimit: .seconds(60), claimed: .init(sinceBoot: .zero),
      now: .init(sinceBoot: .zero))
    _ = s.begin(now: .init(sinceBoot: .zero))
    s.launch(Supervision.log(by: "n"), now: .init(sinceBoot: .zero))
    guard case .finish(let ending)? = s.handle(.moved(isServing: false), now: .init(sinceBoot: .seconds(1))).last else {
      return #expect(Bool(false))
    }
    #expect(!ending.record && s.isOver)
  }

  @Test func theSchedulerIsAskedAgainUntilItKnowsHowTheScriptEnded() {
    #expect(Self.facts(nil, nil).awaitsItsEnd)
    #expect(Self.facts(nil, "JobState=RUNNING ExitCode=0:0").awaitsItsEnd)
    #expect(!Self.facts(nil, "JobState=COMPLETING ExitCode=0:0").awaitsItsEnd)
    #expect(!Self.facts(nil, "JobState=RUNNING ExitCode=0:15").awaitsItsEnd)
    #expect(!Self.facts(15, nil).awaitsItsEnd)
  }

  @Test func serverEndsWithTheScriptOfItsJob() {
    let token = World.token(1)
    let start = Instant(sinceBoot: .seconds(1000))
    var s = Supervision(token: token, nonce: "job", startLimit: .seconds(60), claimed: start, now: start)
    _ = s.begin(now: start)
    s.launch(Supervision.log)
    _ = s.handle(.answered, now: start)
    #expect(s.handle(.signalled(nil), now: start) == [.terminate, .beat(.stopping), .explain(nil)])
    #expect(s.handle(.signalled(nil), now: start).isEmpty)
    #expect(s.handle(.groupEmptied, now: start).isEmpty)
    let end = Supervision.Ending(.stopped, "by SIGTERM")
    #expect(s.handle(.explained(end), now: start) == [.finish(end)])
  }

  @Test(arguments: [
    (1, "SIGHUP"), (15, "SIGTERM"), (31, "SIGSYS"), (34, "SIGRTMIN+0"), (64, "SIGRTMIN+30"), (99, "signal 99"),
  ])
  func haveNames(number: Int32, name: String) { #expect(SignalName.text(number) == name) }
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
    var s = Supervision.serving()
    _ = s.handle(.answered, now: start)
    let actions = s.handle(.signalled(15), now: start)
    #expect(actions == [.terminate, .beat(.stopping), .explain(15)])
    #expect(s.handle(.signalled(15), now: start).isEmpty)
    #expect(s.handle(.groupEmptied, now: start).isEmpty)
    let done = s.handle(.explained(Supervision.Ending(.lost, "preempted")), now: start)
    #expect(done == [.finish(Supervision.Ending(.lost, "preempted"))])
  }
}
