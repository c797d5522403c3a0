import Simulation
import Testing

/// A failing seed is told as the shortest story that still fails.
@Suite struct Shrinking {
  @Test func whatMattersIsLeft() {
    for needed in [[3, 17], [1], [40], [5, 6, 7, 33]] as [Set<Int>] {
      var runs = 0
      let cut = Schedule.Cut.shortest(
        drawn: { _ in Array(1...40) },
        holds: { cut in
          runs += 1
          return needed.isSubset(of: cut.happening ?? Set(1...40)) && !cut.without.contains(.staleness)
        })
      #expect(cut.happening == needed)
      #expect(cut.without == Set(Faults.Lasting.allCases).subtracting([.staleness]))
      #expect(runs < 200)
    }
  }

  /// A story in which a job is requeued needs somebody who asks, and little else.
  @Test func storyIsShort() throws {
    func holds(_ schedule: Schedule) -> Bool {
      schedule.isTold { $0.contains("is requeued") }
    }
    let seeds = (1...200 as ClosedRange<UInt64>).lazy.filter { holds(Schedule(seed: $0, tracing: true)) }
    // Not each seed leads to the shortest of all stories.
    let stories = seeds.prefix(3).map { Schedule.shrunk(seed: $0, holds) }
    let story = try #require(stories.min { $0.cut.happening?.count ?? 0 < $1.cut.happening?.count ?? 0 })
    #expect(story.cut.happening?.count ?? 99 <= 12 && story.cut.without.count > 5, "\(story)")
    #expect(holds(Schedule(seed: story.seed, cut: story.cut, tracing: true)))
    #expect("\(story)".contains("Schedule(seed: \(story.seed), cut: cut).run()"))
  }
}
