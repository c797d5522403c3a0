import CoordCore
import Testing

private let t1 = World.token(1)

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

  @Test func clockThatDisagreesIsWatchedForTwoBeats() {
    for skew in [-86_400, 86_400] as [Int64] {
      var w = World()
      for kind in [EntryKind.claimed, .submitted, .started] { w.append(kind, t1) }
      w.beat(1, token: t1, skew: skew)
      var c = w.observer()
      #expect(c.next(w.observation(log: false)) == [.readLog])
      #expect(c.next(w.observation()).progress == .starting(World.job, node: "node1"))
      w.wait(4)
      w.beat(2, token: t1, skew: skew)
      // It may be one that its writer was held up in until now.
      #expect(c.next(w.observation()).progress == .starting(World.job, node: "node1"))
      w.wait(4)
      w.beat(3, token: t1, skew: skew)
      #expect(c.next(w.observation()) == [.probe(w.info.info!.place)])
    }
  }

  /// Its supervisor was stopped in the middle of writing a beat, and its server ended. Each change by itself looks like life.
  @Test func beatsThatComeLateOneByOneAreNoLife() {
    var w = World()
    for kind in [EntryKind.claimed, .submitted, .started] { w.append(kind, t1) }
    w.beat(1, token: t1, skew: -600)
    var c = w.observer()
    _ = c.next(w.observation(log: false))
    _ = c.next(w.observation())
    for number in 2...4 {
      for _ in 0..<50 {
        w.wait(1)
        _ = c.next(w.observation())
      }
      w.beat(number, token: t1, skew: -600)
      #expect(c.next(w.observation()) != [.probe(w.info.info!.place)])
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

  /// Others than minutes ago are no beats that were seen to come: their server may be gone for a minute.
  @Test(arguments: [(1, true), (120, false)])
  func changeBetweenTwoLooksIsAsOldAsTheFirst(apart: Int, answers: Bool) {
    var w = World()
    for kind in [EntryKind.claimed, .submitted, .started] { w.append(kind, t1) }
    var c = w.observer()
    _ = c.next(w.observation(log: false))
    for beat in [17, 18] {
      w.wait(apart)
      w.beat(beat, token: t1, skew: -90)
      _ = c.next(w.observation())
    }
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
    #expect(c.watch(&w, seconds: 30) == nil)
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

  /// What others asked while sbatch was under way may be older than a job that was made all the same.
  @Test func refusalWaitsForAQuestionOfItsOwn() {
    var w = World()
    let claimant = claimant(&w)
    var c = claimant.coordinator
    _ = c.next(w.observation())
    w.answer([])
    c.handle(.submitted(claimant.token, .refused("no")), now: w.now)
    #expect(c.next(w.observation()).appended == nil)
    w.answer([World.queued("PENDING", token: claimant.token)], askedBy: 1001)
    #expect(c.next(w.observation()).appended?.kind == .submitted)
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
