import CoordCore
import Testing

private let t1 = World.token(1)

@Suite struct JobsThatDoNotEnd {
  @Test func suspendedJobHasNotEndedHoweverSilentItIs() {
    var w = World()
    for kind in [EntryKind.claimed, .submitted, .started] { w.append(kind, t1) }
    w.beat(1, token: t1)
    var c = w.observer()
    var progress: Progress?
    for second in 0..<600 {
      if second % 5 == 0 { w.answer([World.queued("SUSPENDED", token: t1)]) }
      let actions = c.next(w.observation())
      #expect(actions.appended == nil)
      progress = actions.progress ?? progress
      w.wait(1)
    }
    #expect(progress == .suspended(World.job, by: "ann1"))
    #expect(Coordinator.gaveUp(.answer, progress!).next.contains("scontrol resume 4711"))
    // Cancelled in the queue, it is over.
    var ended: EntryBody?
    for second in 0..<100 where ended == nil {
      if second % 5 == 0 { w.answer([World.queued("CANCELLED", token: t1)]) }
      ended = c.next(w.observation()).appended
      w.wait(1)
    }
    #expect(ended?.kind == .ended)
  }

  /// Held, or hidden: nobody could prove it gone, and nobody has to.
  @Test(arguments: [[EntryKind.claimed], [.claimed, .submitted]])
  func stopBeforeStartedNeedsNoProof(before: [EntryKind]) {
    var w = World()
    for kind in before + [.stopRequested] { w.append(kind, t1) }
    var c = w.observer(.stop(.stopped, reason: "x"))
    let body = c.next(w.observation()).appended
    #expect(body?.kind == .ended && body?.outcome == .stopped)
    var started = World()
    for kind in before + [.started, .stopRequested] { started.append(kind, t1) }
    var other = started.observer(.stop(.stopped, reason: "x"))
    #expect(other.next(started.observation()).appended == nil)
  }

  @Test func itsOwnersNextCommandCancelsIt() {
    var w = World()
    for kind in [EntryKind.claimed, .submitted, .stopRequested, .ended] { w.append(kind, t1) }
    w.answer([World.queued("PENDING", token: t1)])
    var owner = w.observer(.settle, uid: 1001)
    #expect(owner.next(w.observation()).first == .cancel(World.job, token: t1))
    var other = w.observer(.settle)
    #expect(other.next(w.observation()).first != .cancel(World.job, token: t1))
  }

  @Test func claimantThatDiedBeforeSbatchOnThisHostNeedsNoQueue() {
    for began in [true, false] {
      var w = World()
      w.append(.claimed, t1)
      w.claimant = .dead
      w.submitBegan = began
      w.answer([], seesEverybody: false)
      var c = w.observer()
      #expect((c.next(w.observation()).appended?.kind == .ended) == !began)
    }
  }
}
