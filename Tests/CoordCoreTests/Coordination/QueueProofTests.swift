import CoordCore
import Testing

private let t1 = World.token(1)
private let other = JobID("99999")!

/// Runs a coordinator for some seconds, one look a second and an answer of the queue every five; what it appended, and when.
private func watch(
  _ c: inout Coordinator, _ w: inout World, seconds: Int, answer: (inout World, Int) -> Void
) -> (body: EntryBody, at: Int)? {
  for second in 0..<seconds {
    if second % 5 == 0 { answer(&w, second) }
    if let body = c.next(w.observation()).appended { return (body, second) }
    w.wait(1)
  }
  return nil
}

private func submitted() -> World {
  var w = World()
  w.append(.claimed, t1)
  w.append(.submitted, t1)
  return w
}

@Suite struct AbsenceFromTheQueue {
  /// A cache may stand before squeue: what was never seen is not gone.
  @Test func jobThatWasNotSeenYetNeedsTwoLooksAMinuteApart() {
    var w = submitted()
    var c = w.observer()
    let end = watch(&c, &w, seconds: 200) { w, _ in w.answer([]) }
    #expect(end?.body.outcome == .failed && (60...75).contains(end?.at ?? 0))
  }

  @Test func emptyAnswersForLessThanAMinuteProveNothing() {
    var w = submitted()
    var c = w.observer()
    let end = watch(&c, &w, seconds: 400) { w, second in
      w.answer(second % 60 == 55 ? [World.queued("PENDING", token: t1)] : [])
    }
    #expect(end == nil)
  }

  @Test func jobOnThisMachineIsSeenAtOnce() {
    var w = World()
    w.append(.claimed, t1) { $0.scheduler = "local" }
    w.append(.submitted, t1)
    var c = w.observer()
    let end = watch(&c, &w, seconds: 50) { w, _ in w.answerLocally([]) }
    #expect((5...20).contains(end?.at ?? 0))
  }

  @Test func lookAtTheKnownJobAloneProvesNothingOfOthers() {
    var w = World()
    w.append(.claimed, t1)
    w.claimant = .dead
    var c = w.observer()
    let job = World.queued("PENDING", token: World.token(2))
    #expect(watch(&c, &w, seconds: 200) { w, _ in w.answer([job], narrow: true) } == nil)
  }

  @Test func jobThatDoesNotShowTheTokenIsNeitherFoundNorGone() {
    for kind in [EntryKind.claimed, .submitted] {
      var w = World()
      w.append(.claimed, t1) { if kind == .claimed { $0.job = World.job } }
      if kind == .submitted { w.append(.submitted, t1) }
      var c = w.observer()
      #expect(watch(&c, &w, seconds: 200) { w, _ in w.answer([World.queued("CANCELLED")]) } == nil)
    }
  }

  /// One that was submitted by hand may be anywhere: with its number and its user, what is over there is over here.
  @Test func jobByHandThatLostItsCommentAndIsOverIsGone() {
    var w = World()
    w.append(.claimed, t1) { $0.job = World.job }
    var c = w.observer()
    var row = World.queued("CANCELLED")
    (row.comment, row.workDir) = ("ticket", "/home/ann1")
    #expect((90...110).contains(watch(&c, &w, seconds: 200) { w, _ in w.answer([row]) }?.at ?? 0))
  }

  @Test func lineThatMayBeOursAndCannotBeReadProvesNothing() {
    var w = submitted()
    var c = w.observer()
    #expect(watch(&c, &w, seconds: 200) { w, _ in w.answer([], odd: ["4711|?"]) } == nil)
    #expect(c.next(w.observation()).progress?.text.contains("4711|?") == true)
  }

  @Test(arguments: [(nil, 75...90), (1, 15...35), (0, 120...125), (2, 75...90)] as [(Int?, ClosedRange<Int>)])
  func terminalStateProvesTheEndOfItsOwnRunOnly(shown: Int?, after: ClosedRange<Int>) {
    var w = submitted()
    w.append(.started, t1) { $0.restarts = 1 }
    w.beat(1, token: t1)
    var c = w.observer()
    let end = watch(&c, &w, seconds: 150) { w, _ in w.answer([World.queued("FAILED", token: t1, restarts: shown)]) }
    #expect(end?.body.outcome == .lost && after.contains(end?.at ?? 0))
  }
}

/// A job that hangs in COMPLETING and never took `started`: over means over once its fence cannot be passed any more.
@Suite struct Completing {
  private static let job = World.queued("COMPLETING", token: t1)

  @Test func jobThatHangsAtItsEndIsOverAfterAMinute() {
    var w = submitted()
    var c = w.observer()
    let end = watch(&c, &w, seconds: 200) { w, _ in w.answer([Self.job]) }
    #expect(end?.body.outcome == .failed && (60...75).contains(end?.at ?? 0))
    #expect(end?.body.reason?.contains("hangs on its node (COMPLETING") == true)
  }

  @Test(arguments: ["RUNNING", "PENDING"])
  func jobThatIsSeenOtherwiseMeanwhileIsNot(state: String) {
    var w = submitted()
    var c = w.observer()
    let end = watch(&c, &w, seconds: 400) { w, second in
      w.answer([second % 60 == 55 ? World.queued(state, token: t1) : Self.job])
    }
    #expect(end == nil)
  }

  @Test func serverOfAJobInThatStateIsNotOver() {
    var w = submitted()
    w.append(.started, t1)
    w.beat(1, token: t1)
    var c = w.observer()
    #expect(watch(&c, &w, seconds: 119) { w, _ in w.answer([Self.job]) } == nil)
  }

  @Test(arguments: ["COMPLETING", "FAILED"])
  func jobByHandThatClaimedAndIsOver(state: String) {
    var w = World()
    w.append(.claimed, t1) { $0.job = World.job }
    var c = w.observer()
    let end = watch(&c, &w, seconds: 200) { w, _ in w.answer([World.queued(state, token: t1)]) }
    #expect((90...110).contains(end?.at ?? 0))
  }

  /// I1: what is recorded while its script still runs takes the number that its fence needs.
  @Test func fenceOfAJobThatWasGivenUpIsLost() {
    var w = submitted()
    w.append(.ended, t1) { $0.outcome = .failed }
    guard case .state(let state) = w.tail.fold() else { return #expect(Bool(false)) }
    let fence = Fence(
      token: t1, nonce: "job", job: World.job, restarts: 0, node: "node1", scheduler: "slurm", statusFile: "", log: nil,
      obstacle: nil, freshToken: World.token(2))
    guard case .leave = fence.decide(state, patient: true) else { return #expect(Bool(false)) }
  }

  @Test func teamGoesOnBesideIt() {
    var w = submitted()
    w.append(.ended, t1) { $0.outcome = .failed }
    var c = w.observer()
    var job = Self.job
    job.workDir = "/project"
    let claim = watch(&c, &w, seconds: 20) { w, _ in w.answer([job]) }
    #expect(claim?.body.kind == .claimed)
  }
}

@Suite struct NumbersOfQuestions {
  @Test(arguments: [
    ([], 0), ([1, 1, 2], 2), ([7, 8], 8), ([2_000_000, 2_000_001], 2_000_001), ([1, 2, 999_999_998], 2),
    // Whoever planted it: numbers go on above it, and begin anew above those that count.
    ([999_999_999], 999_999_999), ([999_999_999, 1_000_000_000], 1_000_000_000), ([1_000_000_000, 1_000_000_001], 0),
    ([1, 1_000_000_000], 1), ([999_999_999_999_999], 0), ([1, 999_999_999_999_999], 1),
  ])
  func highestThatCounts(numbers: [Int], highest: Int) {
    #expect(QueueName.highest(numbers) == highest && QueueName.highest(numbers.reversed()) == highest)
  }

  @Test func emptiedBoardIsNotWaitedFor() {
    var w = submitted()
    var c = w.observer()
    w.answer([])
    w.queue?.number = 2000
    w.queue?.highestAsked = 2000
    _ = c.next(w.observation())
    w.queue = nil
    // Far below what this process has seen: the numbers began anew.
    let end = watch(&c, &w, seconds: 200) { w, _ in w.answer([]) }
    #expect(end?.body.outcome == .failed)
  }

  @Test func refusedClaimGoesOnWhereTheBoardWasEmptied() {
    var w = World()
    var c = w.observer(uid: 1001)
    _ = c.next(w.observation())
    w.answer([])
    w.queue?.highestAsked = 2000
    w.queue?.number = 2000
    let token = c.next(w.observation()).appended!.token
    w.append(.claimed, token)
    _ = c.next(w.observation())
    c.handle(.submitted(token, .refused("no")), now: w.now)
    w.queue = nil
    let end = watch(&c, &w, seconds: 30) { w, _ in w.answer([]) }
    #expect(end?.body.outcome == .refused)
  }
}

@Suite struct NumbersOfJobs {
  /// A claimant that has called sbatch and got `reply`.
  private func claimant(_ w: inout World, _ reply: SubmitReply) -> (
    coordinator: Coordinator, token: Token
  ) {
    var c = w.observer(uid: 1001)
    _ = c.next(w.observation())
    w.answer([])
    let token = c.next(w.observation()).appended!.token
    w.append(.claimed, token)
    _ = c.next(w.observation())
    c.handle(.submitted(token, reply), now: w.now)
    return (c, token)
  }

  @Test func tokenIsLookedUpWhereSbatchPrintedSeveral() {
    var w = World()
    let reply = SubmitReply(status: 0, output: "4711\n99999\n", errors: "")
    var (c, token) = claimant(&w, reply)
    w.submitOutput = "4711\n99999\n"
    #expect(c.next(w.observation()).looks)
    w.answer([World.queued("PENDING", token: token)])
    #expect(c.next(w.observation()).appended?.job == World.job)
  }

  @Test func doubtThatEndsWithoutAJobSaysWhatSbatchSaid() {
    var w = World()
    var c = claimant(&w, .doubtful("use --account\nSocket timed out")).coordinator
    let end = watch(&c, &w, seconds: 300) { w, _ in w.answer([]) }
    #expect(end?.body.outcome == .lost && end?.body.reason?.contains("use --account\nSocket timed out") == true)
  }

  /// What sbatch printed may be the number of another job: only what the queue shows with our token is cancelled.
  @Test func stopCancelsWhatShowsTheTokenAndNothingElse() {
    var w = World()
    var (c, token) = claimant(&w, .accepted(other))
    w.append(.stopRequested, token)
    w.answer([World.queued("RUNNING", id: other)])
    for _ in 0..<5 {
      #expect(!c.next(w.observation()).cancels)
      w.wait(1)
    }
    w.answer([World.queued("RUNNING", id: other), World.queued("PENDING", token: token)])
    #expect(c.next(w.observation()).first == .cancel(World.job, token: token))
  }

  @Test func claimantWhoseClaimEndedMeanwhileCancelsItsOwnJob() {
    for reply in [SubmitReply.accepted(other), .doubtful("timeout")] {
      var w = World()
      var (c, token) = claimant(&w, reply)
      w.append(.stopRequested, token)
      w.append(.ended, token) { $0.outcome = .stopped }
      for _ in 0..<5 {
        let actions = c.next(w.observation())
        #expect(actions.looks && actions.error == nil && !actions.cancels)
        w.wait(1)
      }
      w.answer([World.queued("RUNNING", id: other), World.queued("PENDING", token: token)])
      let actions = c.next(w.observation())
      #expect(actions.first == .cancel(World.job, token: token) && actions.error != nil)
    }
  }

  @Test func claimantWhoseJobNeverShowsDoesNotLookForEver() {
    var w = World()
    var (c, token) = claimant(&w, .doubtful("timeout"))
    w.append(.ended, token) { $0.outcome = .stopped }
    var waited = 0
    while waited < 100, c.next(w.observation()).error == nil {
      w.answer([])
      w.wait(1)
      waited += 1
    }
    #expect((9...12).contains(waited))
  }

  @Test func jobOfATokenThatTheLogPassedOverIsCancelledByItsOwner() {
    var w = World()
    w.append(.submitted, t1)
    w.append(.claimed, World.token(2))
    w.tail.isCutOff = true
    w.answer([World.queued("PENDING", token: t1), World.queued("PENDING", token: World.token(2), id: other)])
    var c = w.observer(uid: 1001)
    #expect(c.next(w.observation()).first == .cancel(World.job, token: t1))
    var teammate = w.observer(uid: 1002)
    #expect(!teammate.next(w.observation()).cancels)
  }

  @Test func recordedNumberIsNotCancelledWhereTheTokenHasAnother() {
    var w = World()
    w.append(.claimed, t1)
    w.append(.submitted, t1) { $0.job = other }
    w.append(.stopRequested, t1)
    w.answer([World.queued("PENDING", id: other), World.queued("PENDING", token: t1)])
    var c = w.observer(.stop(.stopped, reason: "x"), uid: 1001)
    #expect(c.next(w.observation()).first == .cancel(World.job, token: t1))
    var teammate = w.observer(.stop(.stopped, reason: "x"), uid: 1002)
    #expect(!teammate.next(w.observation()).cancels)
  }

  @Test func statusShowsTheNumberThatTheQueueShows() {
    var w = World()
    w.append(.claimed, t1)
    w.append(.submitted, t1) { $0.job = other }
    guard case .state(let state) = w.tail.fold() else { return }
    var report = StatusReport(service: state)
    #expect(report.job == other)
    report.sighting = .found(World.queued("PENDING", token: t1))
    #expect(report.job == World.job && report.why.hasPrefix("job 4711"))
  }
}
