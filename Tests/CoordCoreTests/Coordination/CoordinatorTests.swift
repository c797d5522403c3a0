import CoordCore
import Testing

private let t1 = World.token(1)

/// Runs a coordinator over a world for some seconds, one look a second; what it appended first, if anything.
private func watch(
  _ c: inout Coordinator, _ w: inout World, seconds: Int, each: (inout World, Int) -> Void = { _, _ in }
) -> EntryBody? {
  for second in 0..<seconds {
    each(&w, second)
    if let body = c.next(w.observation()).appended { return body }
    w.wait(1)
  }
  return nil
}

@Suite struct Answering {
  @Test func readyServerIsAnsweredWithoutLogOrScheduler() {
    var w = World()
    w.beat(1, token: t1)
    var c = w.observer()
    let place = ServerPlace(Endpoint(node: "node1", port: 7860)!)
    #expect(c.next(w.observation(log: false)) == [.probe(place)])
    c.handle(.probed(place, .reached(place.endpoint)), now: w.now)
    #expect(c.next(w.observation(log: false)) == [.answer(w.info.info!)])
  }

  @Test func clockThatDisagreesIsWatchedForOneBeat() {
    for skew in [-86_400, 86_400] as [Int64] {
      var w = World()
      for kind in [EntryKind.claimed, .submitted, .started] { w.append(kind, t1) }
      w.beat(1, token: t1, skew: skew)
      var c = w.observer()
      #expect(c.next(w.observation(log: false)) == [.readLog])
      #expect(c.next(w.observation()).progress == .starting(World.job, node: "node1"))
      w.wait(4)
      w.beat(2, token: t1, skew: skew)
      #expect(c.next(w.observation()) == [.probe(w.info.info!.place)])
    }
  }

  /// However often it is asked, and whatever else is so: no answer, no claim.
  @Test func nothingIsClaimedOnADoubt() {
    var w = World()
    var c = w.observer()
    _ = c.next(w.observation())
    for _ in 0..<100 {
      w.noAnswer()
      let actions = c.next(w.observation())
      #expect(actions.appended == nil && actions.looks)
      w.wait(5)
    }
  }

  /// Another one than two minutes ago is no beat that was seen to come: its server may be gone for a minute.
  @Test(arguments: [(1, true), (120, false)])
  func changeBetweenTwoLooksIsAsOldAsTheFirst(apart: Int, answers: Bool) {
    var w = World()
    for kind in [EntryKind.claimed, .submitted, .started] { w.append(kind, t1) }
    var c = w.observer()
    _ = c.next(w.observation(log: false))
    w.wait(apart)
    w.beat(17, token: t1, skew: -90)
    _ = c.next(w.observation())
    c.handle(.probed(w.info.info!.place, .reached(w.info.info!.endpoint)), now: w.now)
    #expect(c.next(w.observation()).contains(.answer(w.info.info!)) == answers)
  }

  @Test func openPortProvesNothingOnceTheBeatIsStale() {
    var w = World()
    for kind in [EntryKind.claimed, .submitted, .started] { w.append(kind, t1) }
    w.beat(1, token: t1, skew: -3600)
    var c = w.observer()
    c.handle(.probed(w.info.info!.place, .reached(w.info.info!.endpoint)), now: w.now)
    for _ in 0..<9 {
      #expect(!c.next(w.observation()).contains(.answer(w.info.info!)))
      w.wait(1)
    }
  }

  @Test func heartbeatOfAnotherTokenIsNoAnswer() {
    var w = World()
    for kind in [EntryKind.claimed, .submitted, .started] { w.append(kind, t1) }
    w.beat(1, token: World.token(2))
    var c = w.observer()
    #expect(c.next(w.observation()).progress == .starting(World.job, node: "node1"))
  }
}

@Suite struct Claiming {
  /// One that the log says has claimed just now, before it does anything more.
  private func claimant(_ w: inout World) -> (coordinator: Coordinator, token: Token) {
    var c = w.observer(uid: 1001)
    _ = c.next(w.observation())
    w.answer([])
    let claim = c.next(w.observation()).appended!
    w.append(.claimed, claim.token)
    return (c, claim.token)
  }

  @Test func onlyAfterTheSchedulerAnswered() {
    var w = World()
    var c = w.observer()
    #expect(c.next(w.observation()).looks)
    w.noAnswer()
    #expect(watch(&c, &w, seconds: 30) == nil)
    w.answer([])
    let claim = c.next(w.observation()).appended
    #expect(claim?.kind == .claimed && claim?.scheduler == "slurm")
  }

  @Test func sbatchIsCalledOnceAndOnlyByTheClaimant() {
    var w = World()
    let claimant = claimant(&w)
    var c = claimant.coordinator
    #expect(c.next(w.observation()).submits)
    #expect(!c.next(w.observation()).submits)
    var other = w.observer()
    #expect(!other.next(w.observation()).submits)
    c.handle(.submitted(claimant.token, .accepted(World.job)), now: w.now)
    #expect(c.next(w.observation()).appended?.job == World.job)
  }

  @Test func claimantThatWasHeldUpMustNotSubmit() {
    var w = World()
    var c = claimant(&w).coordinator
    w.wait(60)
    let actions = c.next(w.observation())
    #expect(!actions.submits && actions.appended?.outcome == .withdrawn)
  }

  @Test func refusalNeedsALookAndIsReportedToThoseWhoWaited() {
    var w = World()
    let claimant = claimant(&w)
    var c = claimant.coordinator
    var waiter = w.observer()
    _ = waiter.next(w.observation())
    _ = c.next(w.observation())
    c.handle(.submitted(claimant.token, .refused("Invalid account")), now: w.now)
    #expect(c.next(w.observation()).looks)
    w.answer([], askedBy: 1001)
    let end = c.next(w.observation()).appended!
    #expect(end.outcome == .refused && end.reason == "Invalid account")
    w.append(.ended, claimant.token) { $0 = end }
    #expect(waiter.next(w.observation()).error?.exitCode == 69)
  }

  @Test func refusedJobThatTheControllerKeepsIsRefused() {
    for (state, kind) in [("FAILED", EntryKind.ended), ("PENDING", .submitted), ("RUNNING", .submitted)] {
      var w = World()
      let claimant = claimant(&w)
      var c = claimant.coordinator
      _ = c.next(w.observation())
      c.handle(.submitted(claimant.token, .refused("Requested node configuration is not available")), now: w.now)
      _ = c.next(w.observation())
      w.answer([World.queued(state, token: claimant.token)], askedBy: 1001)
      let appended = c.next(w.observation()).appended
      #expect(appended?.kind == kind, "\(state)")
      if kind == .ended { #expect(appended?.outcome == .refused) }
    }
  }

  /// A full disk is no word of the scheduler: tried again, and the claim given back if it lasts.
  @Test func claimantThatCannotWriteForSbatchWithdraws() {
    var w = World()
    let claimant = claimant(&w)
    var c = claimant.coordinator
    var waiter = w.observer()
    _ = waiter.next(w.observation())
    #expect(c.next(w.observation()).submits)
    c.handle(.notSubmitted(claimant.token, lasting: nil), now: w.now)
    #expect(c.next(w.observation()).submits)
    c.handle(.notSubmitted(claimant.token, lasting: StorageFailure(.full, "quota").error), now: w.now)
    let actions = c.next(w.observation())
    let end = actions.appended!
    #expect(end.outcome == .withdrawn && actions.error?.exitCode == 74)
    w.append(.ended, claimant.token) { $0 = end }
    #expect(waiter.next(w.observation()).error == nil)
  }

  @Test func interruptedClaimantWithdraws() {
    var w = World()
    var c = claimant(&w).coordinator
    c.interrupt(signal: 2)
    let actions = c.next(w.observation())
    #expect(actions.appended?.outcome == .withdrawn && actions.error == .interrupted(signal: 2))
  }
}

@Suite struct ProofsBeforeEnded {
  @Test func deadClaimantNeedsTwoLooksSixtySecondsApart() {
    var w = World()
    w.append(.claimed, t1)
    w.claimant = .dead
    var c = w.observer()
    var asked: [Int] = []
    let end = watch(&c, &w, seconds: 200) { w, second in
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
    #expect(watch(&c, &w, seconds: 88) { w, second in if second % 5 == 0 { w.answer([]) } } == nil)
    #expect(watch(&c2, &w, seconds: 200) { w, second in if second % 5 == 0 { w.answer([]) } } != nil)
  }

  @Test func jobThatIsFoundIsRecordedInsteadOfBeingEnded() {
    var w = World()
    w.append(.claimed, t1)
    w.claimant = .dead
    w.answer([World.queued("PENDING", token: t1)])
    var c = w.observer()
    #expect(watch(&c, &w, seconds: 3)?.kind == .submitted)
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
      let end = watch(&c, &w, seconds: 110) { w, second in
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
    let end = watch(&c, &w, seconds: 80) { w, second in
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
    #expect(watch(&c, &w, seconds: 300) == nil)
  }

  @Test(arguments: [("NODE_FAIL", Outcome.lost), ("PREEMPTED", .lost), ("FAILED", .failed), ("CANCELLED", .stopped)])
  func terminalJobNeedsTwoLooks(state: String, outcome: Outcome) {
    var w = World()
    w.append(.claimed, t1)
    w.append(.submitted, t1)
    var c = w.observer()
    w.answer([World.queued(state, token: t1)])
    _ = c.next(w.observation())
    let end = watch(&c, &w, seconds: 30) { w, second in
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
    let end = watch(&c, &w, seconds: 200) { w, second in
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
      watch(&c, &w, seconds: 119) { w, s in if s % 5 == 0 { w.answer([World.queued("RUNNING", token: t1)]) } } == nil)
    #expect(watch(&c, &w, seconds: 3)?.outcome == .lost)
  }

  /// It might say that the job is suspended; and nobody could claim without it either.
  @Test func silentServerIsNotOverWhileTheSchedulerDoesNotAnswer() {
    var w = World()
    for kind in [EntryKind.claimed, .submitted, .started] { w.append(kind, t1) }
    w.beat(1, token: t1)
    var c = w.observer()
    #expect(watch(&c, &w, seconds: 300) { w, s in if s % 5 == 0 { w.noAnswer() } } == nil)
    // Where it hides the job from this user, it never will.
    #expect(watch(&c, &w, seconds: 10) { w, _ in w.answer([], seesEverybody: false) }?.outcome == .lost)
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
    #expect(watch(&c, &w, seconds: 150) { w, second in answer(&w, second, "PENDING") } == nil)
    w.append(.started, t1)
    #expect(watch(&c, &w, seconds: least) { w, second in answer(&w, second, state) } == nil)
    #expect(watch(&c, &w, seconds: 20) { w, second in answer(&w, second, state) }?.outcome == .lost)
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
    let end = watch(&answer, &w, seconds: 300) { w, second in
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
    #expect(watch(&c, &w, seconds: 400) { w, s in if s % 5 == 0 { w.answer([]) } } == nil)
  }
}

@Suite struct Stopping {
  private let stop = Coordinator.Goal.stop(.stopped, reason: "stopped by ann2")

  @Test func isRequestedOnceAndSeenDone() {
    var w = World()
    for kind in [EntryKind.claimed, .submitted, .started] { w.append(kind, t1) }
    var c = w.observer(stop)
    let request = c.next(w.observation()).appended!
    #expect(request.kind == .stopRequested && request.outcome == .stopped)
    w.append(.stopRequested, t1) { $0 = request }
    #expect(c.next(w.observation()).progress != nil)
    w.append(.ended, t1) { $0.outcome = .stopped }
    let last = c.next(w.observation())
    #expect(last.count == 1 && last.appended == nil && last.error == nil && last.progress == nil)
  }

  /// A laptop that heals itself must not undo a teammate's stop; a server that ended otherwise it may start anew.
  @Test(arguments: [Outcome.stopped, .finished, .lost, .failed, .restarting])
  func serverThatWasHadIsNotStartedAgainAfterAStop(outcome: Outcome) {
    var w = World()
    w.append(.claimed, t1)
    w.append(.started, t1)
    w.append(.ended, t1) {
      $0.outcome = outcome
      $0.reason = "why"
    }
    var c = w.observer(seen: t1)
    _ = c.next(w.observation(log: false))
    let actions = c.next(w.observation())
    #expect((actions.error?.why == "why") == (outcome == .stopped) && actions.looks == (outcome != .stopped))
    var other = w.observer(seen: World.token(99))
    _ = other.next(w.observation(log: false))
    #expect(other.next(w.observation()).looks)
  }

  @Test func stoppedServerIsFollowedByANewOne() {
    var w = World()
    for kind in [EntryKind.claimed, .submitted, .started, .stopRequested, .ended] { w.append(kind, t1) }
    var c = w.observer()
    #expect(c.next(w.observation()).looks)
    w.answer([])
    #expect(c.next(w.observation()).appended?.kind == .claimed)
  }

  @Test func ofNothingIsDoneAtOnce() {
    var w = World()
    var c = w.observer(stop)
    #expect(c.next(w.observation()) == [.settle(ServiceState(next: 1, previous: LockEntry.nothingBefore))])
  }

  @Test func ownerCancelsAPendingJobOnce() {
    var w = World()
    w.append(.claimed, t1)
    w.append(.submitted, t1)
    w.append(.stopRequested, t1)
    w.answer([World.queued("PENDING", token: t1)])
    var c = w.observer(stop, uid: 1001)
    let actions = c.next(w.observation())
    #expect(actions.first == .cancel(World.job, token: t1) && actions.appended?.outcome == .stopped)
    #expect(c.next(w.observation()).first != .cancel(World.job, token: t1))
  }
}

@Suite struct DamagedLogs {
  @Test func tornLastNumberCountsAsTakenByNobodyAfterTheClaimLimit() {
    var w = World()
    w.tail.slots.append(.torn(digest: "torn"))
    w.answer([])
    var c = w.observer()
    #expect(watch(&c, &w, seconds: 88) { w, s in if s % 5 == 0 { w.answer([]) } } == nil)
    var number = 0
    for second in 0..<20 where number == 0 {
      if second % 5 == 0 { w.answer([]) }
      for case .append(let draft) in c.next(w.observation()) { number = draft.number }
      w.wait(1)
    }
    #expect(number == 2)
  }

  /// Its writer was held up between creating and writing it, where links are not supported.
  @Test func numberThatIsCompletedAfterTheLogWentOnStaysVoid() {
    var w = World()
    w.append(.claimed, t1)
    var late = w
    late.append(.submitted, t1)
    var other = w
    other.tail.slots.append(.torn(digest: "torn"))
    guard case .state(let void) = other.tail.fold(void: "torn") else {
      Issue.record("not void")
      return
    }
    let entry = LockEntry(
      number: void.next, previous: void.previous, time: w.wall, author: World.owner, body: EntryBody(.ended, t1))
    #expect(entry.number == 3)
    other.tail.slots.append(.entry(entry, digest: entry.digest))
    let torn = other.tail.fold()
    other.tail.slots[1] = late.tail.slots[1]
    for fold in [torn, other.tail.fold()] {
      guard case .state(let state) = fold else {
        Issue.record("\(fold)")
        return
      }
      #expect(state.phase == .idle && state.submission == nil && state.next == 4)
    }
  }
}
