import CoordCore
import Testing

private let t1 = World.token(1)

private func fence(_ token: Token?, nonce: String = "job", obstacle: CoordError? = nil) -> Fence {
  Fence(
    token: token, nonce: nonce, job: World.job, restarts: 0, node: "node1", scheduler: "slurm", statusFile: "info",
    log: nil, obstacle: obstacle, freshToken: World.token(77))
}

private func miss(_ what: String) { _ = Issue.record(Comment(rawValue: what)) }

extension World {
  fileprivate var state: ServiceState {
    guard case .state(let state) = tail.fold() else { fatalError("a log of this test is whole") }
    return state
  }
}

@Suite struct JobFence {
  private let jobAuthor = World.author("job", 1001, "node1")

  @Test(arguments: [1, 2])
  func passesOnlyDirectlyAfterItsOwnClaimOrSubmission(entries: Int) {
    var w = World()
    for kind in [EntryKind.claimed, .submitted].prefix(entries) { w.append(kind, t1) }
    guard case .start(let draft) = fence(t1).decide(w.state, patient: true) else { return miss("not let in") }
    #expect(draft.number == entries + 1 && draft.previous == w.tail.slots.last?.digest)
    #expect(fence(World.token(2)).decide(w.state, patient: true) == .lookAgain)
  }

  @Test func secondJobWithTheSameTokenLeaves() {
    var w = World()
    for kind in [EntryKind.claimed, .submitted] { w.append(kind, t1) }
    w.append(.started, t1, by: jobAuthor)
    guard case .serve = fence(t1).decide(w.state, patient: true) else { return miss("its own") }
    guard case .leave = fence(t1, nonce: "another run").decide(w.state, patient: true) else {
      return miss("a requeued or second job was let in")
    }
  }

  @Test func lateJobOfAnEndedTokenLeaves() {
    var w = World()
    for kind in [EntryKind.claimed, .ended] { w.append(kind, t1) }
    guard case .leave = fence(t1).decide(w.state, patient: true) else { return miss("ended") }
    w.append(.claimed, World.token(2))
    #expect(fence(t1).decide(w.state, patient: true) == .lookAgain)
    guard case .leave = fence(t1).decide(w.state, patient: false) else { return miss("superseded") }
  }

  @Test func stopBeforeTheStartEndsTheToken() {
    var w = World()
    for kind in [EntryKind.claimed, .submitted] { w.append(kind, t1) }
    w.append(.stopRequested, t1) { $0.outcome = .stopped }
    guard case .end(let draft, nil) = fence(t1).decide(w.state, patient: true) else { return miss("stopped") }
    #expect(draft.body.kind == .ended && draft.body.outcome == .stopped)
  }

  @Test func badCredentialsEndItAndSayWhy() {
    var w = World()
    w.append(.claimed, t1)
    let bad = CoordError.configuration(what: "credentials", why: "empty", next: "fill")
    guard case .end(let draft, bad) = fence(t1, obstacle: bad).decide(w.state, patient: true) else {
      return miss("started with bad credentials")
    }
    #expect(draft.body.outcome == .failed)
  }

  @Test func jobByHandClaimsOnlyWhereNobodyServes() {
    var w = World()
    guard case .claim(let draft) = fence(nil).decide(w.state, patient: true) else { return miss("empty log") }
    #expect(draft.body.kind == .claimed && draft.body.job == World.job)
    w.append(.claimed, t1)
    guard case .leave = fence(nil).decide(w.state, patient: true) else { return miss("somebody claimed") }
  }
}

@Suite struct Supervising {
  private let start = Instant(sinceBoot: .seconds(1000))

  private func serving() -> (Supervision, LogFold) {
    var w = World()
    w.append(.claimed, t1)
    w.append(.started, t1, by: World.author("job", 1001, "node1"))
    var s = Supervision(token: t1, nonce: "job", startLimit: .seconds(60), claimed: start, now: start)
    #expect(s.begin(now: start) == [.launch])
    #expect(s.handle(.tick, now: start) == [.beat(.starting), .probe(within: .seconds(1))])
    #expect(s.handle(.beatCompleted(w.tail.fold(), began: start), now: start) == [])
    return (s, w.tail.fold())
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
