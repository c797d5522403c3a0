import Simulation
import Synchronization
import Testing

/// 40,000 in CI and more by night (Tests/run.sh sets SIM_SCHEDULES), and these everywhere.
private let count = Story.schedules ?? 400
private let first = Story.first ?? 1
private let isEnough = Atomic(false)

@Suite struct Schedules {
  /// Two halves, so that two processors work.
  @Test(arguments: [0, 1] as [UInt64])
  func ofEverySort(half: UInt64) {
    var found = 0
    for seed in stride(from: first + half, to: first + count, by: 2) where !isEnough.load(ordering: .relaxed) {
      guard let violation = Schedule(seed: seed).run() else { continue }
      if Story.isBrief {
        isEnough.store(true, ordering: .relaxed)
        Issue.record("seed \(seed): \(violation)")
        return
      }
      Issue.record("seed \(seed): \(violation)\n\(Schedule.shrunk(seed: seed, violation))")
      found += 1
      // A few tell enough.
      if found == 3 { return }
    }
  }

  /// SIM_SEED=N swift test --filter oneSeed
  @Test(.enabled(if: Story.seed != nil)) func oneSeed() {
    let schedule = Schedule(seed: Story.seed ?? 0, tracing: true)
    // As they are before they stop.
    print(schedule.world.faults)
    let violation = schedule.run()
    print(schedule.world.trace.joined(separator: "\n"))
    print(violation.map(\.description) ?? "no violation")
  }
}
