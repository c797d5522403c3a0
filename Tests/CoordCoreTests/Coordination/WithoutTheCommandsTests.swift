import CoordCore
import Testing

@Suite struct WithoutTheCommands {
  private let missing = CoordError.configuration(what: "nowhere", why: "PATH", next: "SLURM_BIN")
  private let t1 = World.token(1)

  private func next(_ c: inout Coordinator, _ w: inout World) -> [Action] {
    var o = w.observation()
    o.noScheduler = missing
    return c.next(o)
  }

  @Test func nothingIsClaimedWhateverOthersWereAnswered() {
    var w = World()
    w.answer([])
    var c = w.observer()
    #expect(next(&c, &w).error == missing)
  }

  @Test func serverIsWaitedForAllTheSameAndNobodyAsks() {
    var w = World()
    w.append(.claimed, t1)
    w.append(.submitted, t1)
    var c = w.observer(wait: 60)
    for _ in 0..<30 {
      w.wait(1)
      let actions = next(&c, &w)
      #expect(!actions.looks && actions.progress != nil)
    }
    w.append(.started, t1)
    w.beat(1, token: t1)
    #expect(next(&c, &w) == [.probe(w.info.info!.place)])
  }

  @Test func whoWaitedForTheSchedulerInVainReadsWhy() {
    var w = World()
    w.append(.claimed, t1)
    w.wait(100)
    w.noAnswer()
    var c = w.observer(wait: 5)
    #expect(next(&c, &w).progress != nil)
    w.wait(6)
    #expect(next(&c, &w).error == missing)
  }

  @Test func cleanupThatNeedsAProofEndsAtOnceAndAnotherIsWell() {
    var w = World()
    for kind in [EntryKind.claimed, .submitted, .started] { w.append(kind, t1) }
    w.beat(1, token: t1)
    var settling = w.observer(.settle)
    guard case .settle? = next(&settling, &w).first else { return #expect(Bool(false), "a live server needs no proof") }
    settling = w.observer(.settle)
    var errors: [CoordError] = []
    for _ in 0..<40 {
      w.wait(1)
      if let error = next(&settling, &w).error { errors.append(error) }
    }
    #expect(errors.first == missing)
  }
}
