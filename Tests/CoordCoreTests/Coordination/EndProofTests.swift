import CoordCore
import Testing

private let t1 = World.token(1)

@Suite struct ProofsBeforeEnded {
  @Test func deadClaimantNeedsTwoLooksSixtySecondsApart() {
    var w = World()
    w.append(.claimed, t1)
    w.claimant = .dead
    var c = w.observer()
    var asked: [Int] = []
    let end = c.watch(&w, seconds: 200) { w, second in
      if second % 5 == 1 {
        w.answer([])
        asked.append(second)
      }
    }
    #expect(end?.outcome == .lost)
    #expect((60...75).contains(asked.last! - asked.first!))
  }

  @Test func liveClaimIsLeftAloneForNinetySeconds() {
    var w = World()
    w.append(.claimed, t1)
    var c = w.observer()
    var c2 = c
    #expect(c.watch(&w, seconds: 88) { w, second in if second % 5 == 0 { w.answer([]) } } == nil)
    #expect(c2.watch(&w, seconds: 200) { w, second in if second % 5 == 0 { w.answer([]) } } != nil)
  }

  @Test func jobThatIsFoundIsRecordedInsteadOfBeingEnded() {
    var w = World()
    w.append(.claimed, t1)
    w.claimant = .dead
    w.answer([World.queued("PENDING", token: t1)])
    var c = w.observer()
    #expect(c.watch(&w, seconds: 3)?.kind == .submitted)
  }

  @Test func sbatchFileOfAKilledClaimantIsEnough() {
    var w = World()
    w.append(.claimed, t1)
    w.claimant = .dead
    w.submitOutput = "4711;main\n"
    var c = w.observer()
    #expect(c.next(w.observation()).appended?.job == JobID("4711;main"))
  }

  @Test(arguments: [EntryKind.claimed, .submitted, .started])
  func neitherSilenceOfTheSchedulerNorHiddenJobsProveAnything(last: EntryKind) {
    for hidden in [true, false] {
      var w = World()
      w.append(.claimed, t1)
      if last != .claimed { w.append(.submitted, t1) }
      if last == .started { w.append(.started, t1) }
      w.claimant = .dead
      var c = w.observer()
      let end = c.watch(&w, seconds: 110) { w, second in
        if second % 5 == 0 { if hidden { w.answer([], seesEverybody: false) } else { w.noAnswer() } }
      }
      #expect(end == nil)
    }
  }

  @Test func ownerMayProveItWhereJobsAreHidden() {
    var w = World()
    w.append(.claimed, t1)
    w.append(.submitted, t1)
    var c = w.observer(uid: 1001)
    let end = c.watch(&w, seconds: 80) { w, second in
      if second % 5 == 1 { w.answer([], askedBy: 1001, seesEverybody: false) }
    }
    #expect(end?.kind == .ended)
  }

  @Test func oldAnswersProveNothing() {
    var w = World()
    w.answer([])
    w.append(.claimed, t1)
    w.append(.submitted, t1)
    var c = w.observer()
    #expect(c.watch(&w, seconds: 300) == nil)
  }

  @Test(arguments: [("NODE_FAIL", Outcome.lost), ("PREEMPTED", .lost), ("FAILED", .failed), ("CANCELLED", .stopped)])
  func terminalJobNeedsTwoLooks(state: String, outcome: Outcome) {
    var w = World()
    w.append(.claimed, t1)
    w.append(.submitted, t1)
    var c = w.observer()
    w.answer([World.queued(state, token: t1)])
    _ = c.next(w.observation())
    let end = c.watch(&w, seconds: 30) { w, second in
      if second % 5 == 1 { w.answer([World.queued(state, token: t1)]) }
    }
    #expect(end?.outcome == outcome)
  }

  @Test(arguments: ["CONFIGURING", "SUSPENDED", "REQUEUED", "RUNNING", "A_STATE_OF_TOMORROW"])
  func jobInAnyOtherStateIsNotOver(state: String) {
    var w = World()
    w.append(.claimed, t1)
    w.append(.submitted, t1)
    var c = w.observer()
    let end = c.watch(&w, seconds: 200) { w, second in
      if second % 5 == 0 { w.answer([World.queued(state, token: t1)]) }
    }
    #expect(end == nil)
  }

  @Test func silentServerIsOverAfterD() {
    var w = World()
    for kind in [EntryKind.claimed, .submitted, .started] { w.append(kind, t1) }
    w.beat(1, token: t1)
    var c = w.observer()
    #expect(
      c.watch(&w, seconds: 119) { w, s in if s % 5 == 0 { w.answer([World.queued("RUNNING", token: t1)]) } } == nil)
    // It may have been suspended since.
    #expect(c.watch(&w, seconds: 3) == nil, "what the scheduler said before is no answer")
    #expect(c.watch(&w, seconds: 3) { w, _ in w.answer([World.queued("RUNNING", token: t1)]) }?.outcome == .lost)
  }

  /// It might say that the job is suspended; and nobody could claim without it either.
  @Test func silentServerIsNotOverWhileTheSchedulerDoesNotAnswer() {
    var w = World()
    for kind in [EntryKind.claimed, .submitted, .started] { w.append(kind, t1) }
    w.beat(1, token: t1)
    var c = w.observer()
    #expect(c.watch(&w, seconds: 300) { w, s in if s % 5 == 0 { w.noAnswer() } } == nil)
    // Where it hides the job from this user, it never will.
    #expect(c.watch(&w, seconds: 10) { w, _ in w.answer([], seesEverybody: false) }?.outcome == .lost)
  }

  @Test(arguments: [("FAILED", 15...35), ("NODE_FAIL", 75...90), ("BOOT_FAIL", 75...90), ("", 75...90)])
  func silentServerOfAJobThatIsOver(state: String, after: ClosedRange<Int>) {
    var w = World()
    for kind in [EntryKind.claimed, .submitted, .started] { w.append(kind, t1) }
    w.beat(1, token: t1)
    var c = w.observer()
    var end: EntryBody?
    var at = 0
    for second in 0..<100 where end == nil {
      if second % 5 == 0 { w.answer(state.isEmpty ? [] : [World.queued(state, token: t1)]) }
      end = c.next(w.observation()).appended
      at = second
      w.wait(1)
    }
    #expect(end?.outcome == .lost && after.contains(at))
  }

  /// A cache may show an older file, or none, for a minute.
  @Test(arguments: [true, false])
  func silenceOfAnotherTokensFileIsNoSilenceOfThisOne(absent: Bool) {
    var w = World()
    for kind in [EntryKind.claimed, .submitted, .started] { w.append(kind, t1) }
    if !absent { w.beat(1, token: World.token(9)) }
    var c = w.observer()
    var at: Int?
    for second in 0..<100 where at == nil {
      if second % 5 == 0 { w.answer([World.queued("FAILED", token: t1)]) }
      if c.next(w.observation()).appended != nil { at = second }
      w.wait(1)
    }
    #expect((75...90).contains(at ?? 0))
  }

  /// The file that lay there while its job still waited tells nothing of a server that starts now.
  @Test(arguments: [("RUNNING", 120), ("NODE_FAIL", 75), ("FAILED", 75)])
  func silenceCountsFromWhenTheStartWasSeen(state: String, least: Int) {
    var w = World()
    for kind in [EntryKind.claimed, .submitted] { w.append(kind, t1) }
    w.beat(1, token: World.token(9))
    var c = w.observer()
    let answer = { (w: inout World, second: Int, state: String) in
      if second % 5 == 0 { w.answer([World.queued(state, token: t1)]) }
    }
    #expect(c.watch(&w, seconds: 150) { w, second in answer(&w, second, "PENDING") } == nil)
    w.append(.started, t1)
    #expect(c.watch(&w, seconds: least) { w, second in answer(&w, second, state) } == nil)
    #expect(c.watch(&w, seconds: 20) { w, second in answer(&w, second, state) }?.outcome == .lost)
  }

  /// An observer that was held up in the middle of a look saw nothing in between.
  @Test func timeInWhichTheObserverWasHeldUpIsNotWatched() {
    var w = World()
    for kind in [EntryKind.claimed, .submitted, .started] { w.append(kind, t1) }
    w.beat(1, token: t1, skew: 86_400)
    var c = w.observer()
    _ = c.next(w.observation())
    let began = w.now
    w.wait(130)
    w.beat(2, token: t1, skew: 86_400)
    #expect(c.next(w.observation(began: began)).appended == nil)
    w.wait(1)
    #expect(c.next(w.observation()).appended == nil)
  }

  @Test func serverThatBeatsIsNeverEndedWhateverTheSchedulerSays() {
    var w = World()
    for kind in [EntryKind.claimed, .submitted, .started] { w.append(kind, t1) }
    var c = w.observer(.settle)
    // A heartbeat a day off is watched, not believed.
    w.beat(0, token: t1, skew: 86_400)
    _ = c.next(w.observation())
    var answer = w.observer()
    let end = answer.watch(&w, seconds: 300) { w, second in
      if second % 5 == 0 {
        w.beat(second, token: t1, skew: 86_400)
        w.answer([])
      }
    }
    #expect(end == nil)
  }

  @Test func fileThatCannotBeReadIsNoSilence() {
    var w = World()
    for kind in [EntryKind.claimed, .submitted, .started] { w.append(kind, t1) }
    w.info = .unreadable("EIO")
    var c = w.observer()
    #expect(c.watch(&w, seconds: 400) { w, s in if s % 5 == 0 { w.answer([]) } } == nil)
  }
}
