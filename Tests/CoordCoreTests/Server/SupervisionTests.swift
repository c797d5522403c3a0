import CoordCore
import Testing

private let t1 = World.token(1)
private let start = Supervision.start

@Suite struct Health {
  @Test func isHungAfterAMinuteWithoutAnAnswerAndReadyAgainWithOne() {
    var s = Supervision.serving()
    #expect(s.live(to: 50, answers: true).contains(.beat(.ready)))
    #expect(!s.live(to: 100, from: 51, answers: false).contains(.beat(.hung)))
    #expect(s.live(to: 120, from: 101, answers: false).contains(.beat(.hung)))
    #expect(s.stage == .hung)
    #expect(s.handle(.answered, now: start + .seconds(121)) == [.beat(.ready)])
  }

  @Test func isEndedAfterItsLimitSoThatAnotherMayFollow() {
    var s = Supervision.serving()
    _ = s.live(to: 10, answers: true)
    #expect(s.live(to: 130, from: 11, answers: false).contains(.terminate))
    let end = s.end(at: start + .seconds(131))
    #expect(end?.outcome == .lost && end?.reason.contains("HANG_LIMIT") == true)
  }

  @Test func questionsAreFewAndShort() {
    var s = Supervision.serving()
    _ = s.handle(.answered, now: start)
    let probes = s.live(to: 60, answers: true).filter { $0 == .probe(within: .seconds(4)) }
    #expect(probes.count == 4)
  }

  @Test func timeInWhichNobodyAskedIsNoSilence() {
    var s = Supervision.serving()
    _ = s.handle(.answered, now: start)
    #expect(s.handle(.unanswered, now: start + .seconds(44)).isEmpty && s.stage == .ready)
  }

  @Test(arguments: [true, false])
  func isReadyOnlyWhenItAnswersAndItsAppWasImported(checkFirst: Bool) {
    var s = Supervision.serving(checks: true)
    #expect(s.handle(checkFirst ? .checkPassed : .answered, now: start).isEmpty)
    #expect(s.handle(checkFirst ? .answered : .checkPassed, now: start) == [.beat(.ready)])
  }

  @Test func appThatCannotBeImportedEndsItWithTheTraceback() {
    var s = Supervision.serving(checks: true)
    _ = s.handle(.answered, now: start)
    #expect(s.handle(.checkFailed("check", tail: "No module"), now: start).first == .terminate)
    let end = s.end(at: start)
    #expect(end?.outcome == .failed && end?.tail == "No module")
  }

  @Test func checkThatDoesNotEndIsGivenUp() {
    var s = Supervision.serving(checks: true)
    #expect(s.live(to: 61, answers: true).contains(.terminate))
    #expect(s.end(at: start + .seconds(62))?.reason.contains("CHECK_COMMAND") == true)
  }

  @Test func serverThatWasKilledForItsMemoryFailed() {
    var s = Supervision.serving()
    #expect(s.handle(.ranOutOfMemory(tail: ""), now: start).first == .terminate)
    let end = s.end(at: start)
    #expect(end?.outcome == .failed && end?.reason.contains("--mem-per-cpu") == true)
  }

  @Test func firstBeatThatNeverSucceededIsAFailureWithItsReason() {
    var s = Supervision.serving(beats: false)
    _ = s.handle(.beatFailed("/full/info: No space left on device"), now: start + .seconds(44))
    guard case .finish(let end)? = s.handle(.tick, now: start + .seconds(45)).first else { return miss("no end") }
    #expect(end.outcome == .failed && end.reason.contains("/full/info: No space"))
    var later = Supervision.serving()
    _ = later.handle(.beatFailed("/full/info: No space"), now: start + .seconds(45))
    #expect(later.end(at: start + .seconds(46))?.outcome == .lost)
  }
}

extension Supervision.Action {
  fileprivate var isFinish: Bool { if case .finish = self { true } else { false } }
}

private func miss(_ what: String) { _ = Issue.record(Comment(rawValue: what)) }

@Suite struct Supervising {
  private func serving() -> (Supervision, LogFold) {
    var w = World()
    w.append(.claimed, t1)
    w.append(.started, t1, by: World.author("job", 1001, "node1"))
    var s = Supervision(token: t1, nonce: "job", startLimit: .seconds(60), claimed: start, now: start)
    #expect(s.begin(now: start) == [.beat(.starting)])
    s.launch(w.tail.fold())
    #expect(s.handle(.tick, now: start) == [.probe(within: .seconds(1))])
    return (s, w.tail.fold())
  }

  /// An older directory may come into this one's place at any moment: whose first heartbeat is there by then is known to
  /// whoever starts from the older one, and whose is not sees that its `started` is gone.
  @Test func noServerBeforeItsHeartbeatIsThereAndItsStartedAfterIt() {
    var s = Supervision(token: t1, nonce: "job", startLimit: .seconds(60), claimed: start, now: start)
    #expect(s.begin(now: start) == [.beat(.starting)])
    #expect(s.handle(.beatFailed("EIO"), now: start).isEmpty)
    #expect(s.handle(.tick, now: start) == [])
    #expect(s.handle(.tick, now: start + .seconds(1)) == [.beat(.starting)])
    for unseen in [LogFold.beingWritten(number: 3), LogFold.missing(number: 3)] {
      #expect(s.handle(.beatCompleted(Supervision.log, began: start + .seconds(1)), now: start) == [.confirm])
      #expect(s.handle(.confirmed(unseen), now: start + .seconds(1)) == [])
    }
    var restored = s
    let orders = restored.handle(.confirmed(Supervision.log(by: "other")), now: start + .seconds(2))
    #expect(orders.contains { $0.isFinish })
    var newer = s
    let left = newer.handle(.confirmed(.newer(number: 9)), now: start + .seconds(2))
    #expect(left.contains { $0.isFinish }, "it may say that nothing is to start")
    var late = s
    #expect(!late.handle(.confirmed(Supervision.log), now: start + .seconds(46)).contains(.launch))
    #expect(!restored.hasLaunched && !newer.hasLaunched && !late.hasLaunched, "the heartbeat stays")
    #expect(s.handle(.confirmed(Supervision.log), now: start + .seconds(2)) == [.launch])
    #expect(s.handle(.tick, now: start + .seconds(2)) == [.probe(within: .seconds(1))])
    #expect(s.handle(.confirmed(Supervision.log), now: start + .seconds(3)) == [], "it is launched once")
    #expect(s.hasLaunched)
  }

  /// S runs from the beginning of a beat: the next one is due five seconds after that, however long the first one took.
  @Test func slowDiskDoesNotEndAServerAtItsStart() {
    var s = Supervision(token: t1, nonce: "job", startLimit: .seconds(60), claimed: start, now: start)
    _ = s.begin(now: start)
    _ = s.handle(.beatCompleted(Supervision.log, began: start), now: start + .seconds(20))
    #expect(s.handle(.confirmed(Supervision.log), now: start + .seconds(24)) == [.launch])
    #expect(s.handle(.tick, now: start + .seconds(24)).contains(.beat(.starting)))
    _ = s.handle(.beatCompleted(Supervision.log, began: start + .seconds(24)), now: start + .seconds(44))
    #expect(s.handle(.tick, now: start + .seconds(44)).contains(.beat(.starting)) && !s.isOver)
  }

  @Test func isReadyOnlyWhenHTTPAnswers() {
    var (s, _) = serving()
    #expect(s.handle(.tick, now: start + .seconds(5)).contains(.beat(.starting)))
    #expect(s.handle(.answered, now: start + .seconds(6)) == [.beat(.ready)])
  }

  @Test func noCompleteBeatForSStopsTheServerFirst() {
    var (s, _) = serving()
    _ = s.handle(.answered, now: start)
    _ = s.handle(.beatFailed("EIO"), now: start + .seconds(44))
    #expect(!s.handle(.tick, now: start + .seconds(44)).contains(.terminate))
    #expect(s.handle(.beatFailed("EIO"), now: start + .seconds(45)).first == .terminate)
  }

  @Test func supervisorThatWasHeldUpAfterStartedLaunchesNothing() {
    var s = Supervision(token: t1, nonce: "job", startLimit: .seconds(60), claimed: start, now: start + .seconds(45))
    let actions = s.begin(now: start + .seconds(45))
    guard case .finish(let ending)? = actions.first else { return miss("launched") }
    #expect(ending.outcome == .lost)
  }

  @Test func beatThatTookLongCountsFromItsBeginning() {
    var (s, fold) = serving()
    _ = s.handle(.answered, now: start)
    _ = s.handle(.beatCompleted(fold, began: start + .seconds(5)), now: start + .seconds(44))
    #expect(s.handle(.tick, now: start + .seconds(49)).first != .terminate)
    #expect(s.handle(.tick, now: start + .seconds(50)).first == .terminate)
  }

  @Test(arguments: [EntryKind.ended, .claimed])
  func endOrNewerClaimStopsItAndIsNotRecordedAgain(kind: EntryKind) {
    var (s, _) = serving()
    var w = World()
    for before in [EntryKind.claimed, .started] { w.append(before, t1, by: World.author("job", 1001, "node1")) }
    w.append(.ended, t1)
    if kind == .claimed { w.append(.claimed, World.token(2)) }
    #expect(s.handle(.beatCompleted(w.tail.fold(), began: start), now: start) == [.terminate])
    guard case .finish(let ending)? = s.handle(.groupEmptied, now: start).first else { return miss("no end") }
    #expect(!ending.record)
  }

  /// The log was removed and a newer coord began another one; this server's `started` is nowhere.
  @Test func serverGoesOnUnderANewerLogWithoutItsStarted() throws {
    var w = World()
    w.append(.claimed, World.token(2))
    let text = String(decoding: w.tail.slots[0].entry!.encoded, as: UTF8.self)
    let lines = text.split(separator: "\n").dropLast().joined(separator: "\n") + "\n"
    let changed = lines.replacing("FORMAT=1", with: "FORMAT=2", maxReplacements: 1)
    let files = MemoryFiles()
    files.files["00000001"] = Array((changed + "CHECKSUM=\(SHA256.hex(Array(changed.utf8)))\n").utf8)
    let fold = try LockLog(files).foldForServer(lock: 3, nonce: "job")
    let now = Instant(sinceBoot: .seconds(1000))
    var s = Supervision(token: t1, nonce: "job", startLimit: .seconds(60), claimed: now, now: now)
    _ = s.begin(now: now)
    s.launch(Supervision.log, now: now)
    var stopped = false
    for second in stride(from: 0, to: 600, by: 5) {
      let at = now + .seconds(second)
      let actions = s.handle(.answered, now: at) + s.handle(.beatCompleted(fold, began: at), now: at)
      stopped = stopped || actions.contains(.terminate) || actions.contains(.kill)
    }
    #expect(stopped, "serves for ten minutes though its `started` is not in the directory")
  }

  @Test func stopRequestIsObeyedAndItsReasonRecorded() {
    var (s, _) = serving()
    var w = World()
    for before in [EntryKind.claimed, .started] { w.append(before, t1, by: World.author("job", 1001, "node1")) }
    w.append(.stopRequested, t1) {
      $0.outcome = .restarting
      $0.reason = "restart by ann2"
    }
    #expect(s.handle(.beatCompleted(w.tail.fold(), began: start), now: start) == [.terminate, .beat(.stopping)])
    guard case .finish(let ending)? = s.handle(.groupEmptied, now: start).first else { return miss("no end") }
    #expect(ending.outcome == .restarting && ending.reason == "restart by ann2" && ending.record)
  }

  @Test func whatIgnoresTermIsKilledAndOnlyThenOver() {
    var (s, _) = serving()
    #expect(s.handle(.signalled(15), now: start).contains(.terminate))
    #expect(!s.handle(.tick, now: start + .seconds(9)).contains(.kill))
    #expect(s.handle(.tick, now: start + .seconds(10)).contains(.kill))
    #expect(!s.isOver)
    _ = s.handle(.explained(Supervision.Ending(.finished, "time limit")), now: start + .seconds(10))
    _ = s.handle(.groupEmptied, now: start + .seconds(11))
    #expect(s.isOver)
  }

  @Test func takenPortIsTriedAgainAndAnyOtherDeathIsReported() {
    var (s, _) = serving()
    #expect(s.handle(.exited("exit 1", portTaken: true, tail: ""), now: start) == [.terminate, .launch])
    _ = s.handle(.exited("exit 3", portTaken: false, tail: "ValueError"), now: start)
    guard case .finish(let ending)? = s.handle(.groupEmptied, now: start).first else { return miss("no end") }
    #expect(ending.outcome == .failed && ending.tail == "ValueError")
  }

  @Test func serverThatNeverAnswersIsGivenUp() {
    var (s, fold) = serving()
    for second in stride(from: 5, through: 60, by: 5) {
      _ = s.handle(.tick, now: start + .seconds(second))
      _ = s.handle(.beatCompleted(fold, began: start + .seconds(second)), now: start + .seconds(second))
    }
    #expect(s.handle(.tick, now: start + .seconds(61)).contains(.terminate))
  }
}
