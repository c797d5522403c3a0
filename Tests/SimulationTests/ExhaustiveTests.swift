import Simulation
import Testing

/// Two clients and one job: a death at every operation, in many orders of their steps; then a death together with a pause,
/// and two pauses, at every pair of operations in which numbers are taken and the job is made. The pauses are shorter than
/// all limits of the protocol and longer than all of them.
@Suite struct Exhaustive {
  private static let pauses = [Duration.seconds(1), .seconds(65), .seconds(200)]

  /// The operations that pairs are made of.
  private static let early = Story.isLong ? 60 : 30

  private func check(_ plan: [Int: SimWorld.Disturbance], seed: UInt64 = 1) -> Bool {
    guard let violation = Schedule.small(plan, seed: seed).0 else { return true }
    Issue.record("seed \(seed), \(plan): \(violation)")
    return false
  }

  @Test func undisturbed() {
    let (violation, operations) = Schedule.small([:])
    #expect(violation == nil)
    #expect(operations > 60)
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
    let end = Self.early
    for pause in stride(from: 1 + half, through: end, by: 2) {
      for death in 1...end where death != pause {
        for length in Self.pauses where !check([pause: .pause(length), death: .crash]) { return }
      }
    }
  }

  @Test(arguments: [0, 1])
  func everyTwoPauses(half: Int) {
    let end = Self.early
    for first in stride(from: 1 + half, through: end, by: 2) {
      for second in first + 1...end + 1 {
        for (a, b) in [(1, 2), (2, 2), (2, 0)]
        where
          !check([first: .pause(Self.pauses[a]), second: .pause(Self.pauses[b])])
        { return }
      }
    }
  }
}
