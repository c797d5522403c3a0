import CoordCore
import Testing

private let t1 = World.token(1)
private let other = JobID("99999")!

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
    var w = World.submitted()
    var c = w.observer()
    w.answer([])
    w.queue?.number = 2000
    w.queue?.highestAsked = 2000
    _ = c.next(w.observation())
    w.queue = nil
    // Far below what this process has seen: the numbers began anew.
    let end = c.watchQueue(&w, seconds: 200) { w, _ in w.answer([]) }
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
    let end = c.watchQueue(&w, seconds: 30) { w, _ in w.answer([]) }
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
    let end = c.watchQueue(&w, seconds: 300) { w, _ in w.answer([]) }
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

  @Test func everyClaimOfAProcessIsLookedFor() {
    var w = World()
    var (c, token) = claimant(&w, .doubtful("timeout"))
    for _ in 0..<2 {
      w.append(.ended, token) { $0.outcome = .lost }
      var (waited, next): (Int, Token?) = (0, nil)
      while waited < 100, next == nil {
        w.answer([])
        next = c.next(w.observation()).appended?.token
        w.wait(1)
        waited += 1
      }
      #expect((9...13).contains(waited), "it claims anew, but not before")
      token = next ?? token
      w.append(.claimed, token)
      _ = c.next(w.observation())
      c.handle(.submitted(token, .doubtful("timeout")), now: w.now)
    }
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
