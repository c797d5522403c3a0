import Simulation
import Testing

/// Two clients and one job: a death at every operation, in many orders of their steps; then a death together with a pause,
/// and two pauses, at every pair of operations from before the claim to the first beats. The pauses are shorter than all limits
/// of the protocol and longer than all of them.
@Suite struct Exhaustive {
  private static let pauses = [Duration.seconds(1), .seconds(65), .seconds(200)]
  private static let pairs = [(pauses[1], pauses[2]), (pauses[2], pauses[2]), (pauses[2], pauses[0])]
  /// Each orders the steps in another way.
  private static let seeds: ClosedRange<UInt64> = Story.isLong ? 1...10 : 1...1

  /// The operations that pairs are made of.
  private func birth(_ seed: UInt64) -> ClosedRange<Int> { Schedule.small([:], seed: seed).birth }

  private func check(_ plan: [Int: SimWorld.Disturbance], seed: UInt64 = 1) -> Bool {
    guard let violation = Schedule.small(plan, seed: seed).0 else { return true }
    Issue.record("seed \(seed), \(plan): \(violation)")
    return false
  }

  @Test func undisturbed() {
    let (violation, operations, birth) = Schedule.small([:])
    #expect(violation == nil)
    #expect(operations > 60 && birth.count > 60)
    print("exhaustive: pairs of operations \(birth)")
  }

  /// Two halves, so that two processors work.
  @Test(arguments: [1, 2] as [UInt64])
  func everyDeath(half: UInt64) {
    for seed in stride(from: half, through: Story.isLong ? 30 : 4, by: 2) {
      for at in 1...Schedule.small([:], seed: seed).operations where !check([at: .crash], seed: seed) { return }
    }
  }

  @Test(arguments: [0, 1])
  func everyDeathWithEveryPause(half: Int) {
    for seed in Self.seeds {
      let birth = birth(seed)
      for pause in stride(from: birth.lowerBound + half, through: birth.upperBound, by: 2) {
        for death in birth where death != pause {
          for length in Self.pauses where !check([pause: .pause(length), death: .crash], seed: seed) { return }
        }
      }
    }
  }

  @Test(arguments: [0, 1])
  func everyTwoPauses(half: Int) {
    for seed in Self.seeds {
      let birth = birth(seed)
      for first in stride(from: birth.lowerBound + half, through: birth.upperBound, by: 2) {
        for second in first + 1...birth.upperBound + 1 {
          for (a, b) in Self.pairs where !check([first: .pause(a), second: .pause(b)], seed: seed) { return }
        }
      }
    }
  }
}
