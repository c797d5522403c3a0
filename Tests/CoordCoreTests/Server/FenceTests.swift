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

  /// The file server took the claim of a job by hand, and told it something else.
  @Test func claimThatWasTakenForLostIsTheJobsOwn() {
    let own = World.token(77)
    var w = World()
    w.append(.claimed, own)
    guard case .start(let draft) = fence(nil).decide(w.state, patient: true) else { return miss("its own claim") }
    #expect(draft.body.token == own)
    w.append(.stopRequested, own)
    guard case .end = fence(nil).decide(w.state, patient: true) else { return miss("a stop") }
    w.append(.ended, own)
    guard case .leave = fence(nil).decide(w.state, patient: true) else { return miss("served after its stop") }
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
