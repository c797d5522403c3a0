import Simulation
import Testing

/// Two clients and one job: a death at every operation, together with a pause at every operation, shorter than all limits
/// of the protocol and longer than all of them.
@Suite struct Exhaustive {
  private static let pauses = [Duration.seconds(1), .seconds(65), .seconds(200)]

  private func check(_ plan: [Int: SimWorld.Disturbance]) -> Bool {
    guard let violation = Schedule.small(plan).0 else { return true }
    Issue.record("\(plan): \(violation)")
    return false
  }

  @Test func undisturbed() {
    let (violation, operations) = Schedule.small([:])
    #expect(violation == nil)
    #expect(operations > 60)
  }

  @Test func everyDeath() {
    for at in 1...Schedule.small([:]).operations where !check([at: .crash]) { return }
  }

  /// Two halves, so that two processors work.
  @Test(arguments: [0, 1])
  func everyDeathWithEveryPause(half: Int) {
    let last = Schedule.small([:]).operations
    // Everywhere the operations in which numbers are taken and jobs are made; all with SIM_SCHEDULES set.
    let end = Story.schedules == nil ? min(last, 30) : last
    for pause in stride(from: 1 + half, through: end, by: 2) {
      for death in 1...end where death != pause {
        for length in Self.pauses where !check([pause: .pause(length), death: .crash]) { return }
      }
    }
  }

  @Test(arguments: [0, 1])
  func everyTwoPauses(half: Int) {
    let last = Schedule.small([:]).operations
    let end = Story.schedules == nil ? min(last, 30) : last
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
