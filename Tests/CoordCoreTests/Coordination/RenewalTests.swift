import CoordCore
import Testing

/// A team must not spend its hours on jobs that end, whatever its patience.
@Suite struct Renewals {
  /// One token to its end, as a waiter sees it; what it does then.
  private static func life(
    _ kinds: [EntryKind], _ n: UInt64, _ c: inout Coordinator, _ w: inout World
  ) -> [CoordCore.Action] {
    for kind in kinds {
      w.append(kind, World.token(n)) {
        if kind == .ended { ($0.outcome, $0.reason) = (.lost, "number \(n) was lost") }
      }
      w.wait(15)
      w.answer([])
      let actions = c.next(w.observation())
      if actions.error != nil { return actions }
    }
    // The question for the claim is asked after the end was seen.
    w.answer([])
    return c.next(w.observation())
  }

  @Test(
    arguments: [[EntryKind.claimed, .submitted, .ended], [.claimed, .submitted, .started, .ended]], [60, 100_000])
  func oneJobAfterTheOtherEnds(kinds: [EntryKind], patience: Int) {
    var w = World()
    var c = Coordinator(
      goal: .answer, me: 1002, scheduler: "slurm", wait: .seconds(patience), insists: patience > 60,
      home: Home(root: "/project"), now: w.now)
    for n in 1...3 { #expect(Self.life(kinds, UInt64(n), &c, &w).appended?.kind == .claimed) }
    let error = Self.life(kinds, 4, &c, &w).error
    #expect(error?.exitCode == 69 && error?.what.hasPrefix("4 jobs ended") == true)
    #expect(error?.why.contains("number 4 was lost") == true && error?.next.contains("coord history") == true)
  }

  @Test func claimsWithoutAJobCostNobodyAnything() {
    var w = World()
    var c = w.observer()
    for n in 1...20 { #expect(Self.life([.claimed, .ended], UInt64(n), &c, &w).appended?.kind == .claimed) }
  }

  @Test func whoSawNoneOfThemGoesOn() {
    var w = World()
    for n in 1...20 {
      for kind in [EntryKind.claimed, .submitted, .ended] {
        w.append(kind, World.token(UInt64(n))) { $0.outcome = .lost }
      }
    }
    var c = w.observer()
    _ = c.next(w.observation())
    w.answer([])
    #expect(c.next(w.observation()).appended?.kind == .claimed)
  }
}
