import CoordCore
import Testing

private let t1 = World.token(1)

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
