import CoordCore
import Testing

private let t1 = World.token(1)

@Suite struct AbsenceFromTheQueue {
  /// A cache may stand before squeue: what was never seen is not gone.
  @Test func jobThatWasNotSeenYetNeedsTwoLooksAMinuteApart() {
    var w = World.submitted()
    var c = w.observer()
    let end = c.watchQueue(&w, seconds: 200) { w, _ in w.answer([]) }
    #expect(end?.body.outcome == .failed && (60...75).contains(end?.at ?? 0))
  }

  @Test func emptyAnswersForLessThanAMinuteProveNothing() {
    var w = World.submitted()
    var c = w.observer()
    let end = c.watchQueue(&w, seconds: 400) { w, second in
      w.answer(second % 60 == 55 ? [World.queued("PENDING", token: t1)] : [])
    }
    #expect(end == nil)
  }

  @Test func jobOnThisMachineIsSeenAtOnce() {
    var w = World()
    w.append(.claimed, t1) { $0.scheduler = "local" }
    w.append(.submitted, t1)
    var c = w.observer()
    let end = c.watchQueue(&w, seconds: 50) { w, _ in w.answerLocally([]) }
    #expect((5...20).contains(end?.at ?? 0))
  }

  @Test func lookAtTheKnownJobAloneProvesNothingOfOthers() {
    var w = World()
    w.append(.claimed, t1)
    w.claimant = .dead
    var c = w.observer()
    let job = World.queued("PENDING", token: World.token(2))
    #expect(c.watchQueue(&w, seconds: 200) { w, _ in w.answer([job], narrow: true) } == nil)
  }

  @Test func jobThatDoesNotShowTheTokenIsNeitherFoundNorGone() {
    for kind in [EntryKind.claimed, .submitted] {
      var w = World()
      w.append(.claimed, t1) { if kind == .claimed { $0.job = World.job } }
      if kind == .submitted { w.append(.submitted, t1) }
      var c = w.observer()
      #expect(c.watchQueue(&w, seconds: 200) { w, _ in w.answer([World.queued("CANCELLED")]) } == nil)
    }
  }

  /// One that was submitted by hand may be anywhere: with its number and its user, what is over there is over here.
  @Test func jobByHandThatLostItsCommentAndIsOverIsGone() {
    var w = World()
    w.append(.claimed, t1) { $0.job = World.job }
    var c = w.observer()
    var row = World.queued("CANCELLED")
    (row.comment, row.workDir) = ("ticket", "/home/ann1")
    #expect((90...110).contains(c.watchQueue(&w, seconds: 200) { w, _ in w.answer([row]) }?.at ?? 0))
  }

  @Test func lineThatMayBeOursAndCannotBeReadProvesNothing() {
    var w = World.submitted()
    var c = w.observer()
    #expect(c.watchQueue(&w, seconds: 200) { w, _ in w.answer([], odd: ["4711|?"]) } == nil)
    #expect(c.next(w.observation()).progress?.text.contains("4711|?") == true)
  }

  @Test(arguments: [(nil, 75...90), (1, 15...35), (0, 120...125), (2, 75...90)] as [(Int?, ClosedRange<Int>)])
  func terminalStateProvesTheEndOfItsOwnRunOnly(shown: Int?, after: ClosedRange<Int>) {
    var w = World.submitted()
    w.append(.started, t1) { $0.restarts = 1 }
    w.beat(1, token: t1)
    var c = w.observer()
    let end = c.watchQueue(&w, seconds: 150) { w, _ in w.answer([World.queued("FAILED", token: t1, restarts: shown)]) }
    #expect(end?.body.outcome == .lost && after.contains(end?.at ?? 0))
  }
}

/// A job that hangs in COMPLETING and never took `started`: over means over once its fence cannot be passed any more.
@Suite struct Completing {
  private static let job = World.queued("COMPLETING", token: t1)

  @Test func jobThatHangsAtItsEndIsOverAfterAMinute() {
    var w = World.submitted()
    var c = w.observer()
    let end = c.watchQueue(&w, seconds: 200) { w, _ in w.answer([Self.job]) }
    #expect(end?.body.outcome == .failed && (60...75).contains(end?.at ?? 0))
    #expect(end?.body.reason?.contains("hangs on its node (COMPLETING") == true)
  }

  @Test(arguments: ["RUNNING", "PENDING"])
  func jobThatIsSeenOtherwiseMeanwhileIsNot(state: String) {
    var w = World.submitted()
    var c = w.observer()
    let end = c.watchQueue(&w, seconds: 400) { w, second in
      w.answer([second % 60 == 55 ? World.queued(state, token: t1) : Self.job])
    }
    #expect(end == nil)
  }

  @Test func serverOfAJobInThatStateIsNotOver() {
    var w = World.submitted()
    w.append(.started, t1)
    w.beat(1, token: t1)
    var c = w.observer()
    #expect(c.watchQueue(&w, seconds: 119) { w, _ in w.answer([Self.job]) } == nil)
  }

  /// It may be held up before sbatch, and a cache before squeue show what was before that.
  @Test(arguments: [(nil, 132...150), (0, 60...75), (30, 90...105)] as [(Int?, ClosedRange<Int>)])
  func looksBeforeItsSbatchWasOverDoNotCount(dies: Int?, within: ClosedRange<Int>) {
    var w = World()
    w.append(.claimed, t1)
    var c = w.observer()
    let end = c.watchQueue(&w, seconds: 200) { w, second in
      if second == dies { w.claimant = .dead }
      w.answer([])
    }
    #expect(within.contains(end?.at ?? 0), "\(end?.at ?? 0)")
  }

  @Test(arguments: ["COMPLETING", "FAILED"])
  func jobByHandThatClaimedAndIsOver(state: String) {
    var w = World()
    w.append(.claimed, t1) { $0.job = World.job }
    var c = w.observer()
    let end = c.watchQueue(&w, seconds: 200) { w, _ in w.answer([World.queued(state, token: t1)]) }
    #expect((90...110).contains(end?.at ?? 0))
  }

  /// I1: what is recorded while its script still runs takes the number that its fence needs.
  @Test func fenceOfAJobThatWasGivenUpIsLost() {
    var w = World.submitted()
    w.append(.ended, t1) { $0.outcome = .failed }
    guard case .state(let state) = w.tail.fold() else { return #expect(Bool(false)) }
    let fence = Fence(
      token: t1, nonce: "job", job: World.job, restarts: 0, node: "node1", scheduler: "slurm", statusFile: "", log: nil,
      obstacle: nil, freshToken: World.token(2))
    guard case .leave = fence.decide(state, patient: true) else { return #expect(Bool(false)) }
  }

  @Test func teamGoesOnBesideIt() {
    var w = World.submitted()
    w.append(.ended, t1) { $0.outcome = .failed }
    var c = w.observer()
    var job = Self.job
    job.workDir = "/project"
    let claim = c.watchQueue(&w, seconds: 20) { w, _ in w.answer([job]) }
    #expect(claim?.body.kind == .claimed)
  }
}
