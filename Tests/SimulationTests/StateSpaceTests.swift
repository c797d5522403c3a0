import Foundation
import Simulation
import Testing

@testable import CoordCore

/// Every state of a small world, in every order of its steps: not bounded in depth, and none is left out.
///
/// Mistakes made on purpose that it finds: "a job that waits is over" (I6, where nothing goes wrong), "a second job of
/// a token serves" (I1: a node dies, and its job is requeued), "D is 20 s" (I6: with a pause).
@Suite(.serialized) struct StateSpace {
  /// What may go wrong, and where.
  struct World: Sendable, CustomTestStringConvertible {
    var budget = SmallWorld.Budget()
    var isOneHost = false
    var waits = SmallQueue.Waits()

    var testDescription: String {
      let place = isOneHost ? ", on one host" : ""
      return "\(budget), \(waits)\(place)"
    }

    func steps(isReduced: Bool = true, isChecked: Bool = false) -> SmallSteps {
      SmallSteps(
        hosts: ["login1", isOneHost ? "login1" : "login2"], waits: waits, isReduced: isReduced, isChecked: isChecked)
    }
  }

  struct Found {
    var states = 0
    /// Those in which both who asked are done.
    var ends = 0
    /// Those that nothing comes after, although a job is there, or somebody asks.
    var stuck = 0
    var broken: Set<SmallWorld.Violation> = []
    /// To the first state that breaks a promise.
    var way: [String]?
  }

  /// Visits all states that can be reached, to the first one that breaks a promise or, where that is told, beyond it.
  static func search(
    _ steps: SmallSteps, _ budget: SmallWorld.Budget, isWhole: Bool = true, each visit: (SmallWorld) -> Void = { _ in }
  ) -> Found {
    var seen = Fingerprints()
    var found = Found()
    // What is still to be visited, and for each state of the way where its part of that begins.
    var open: [SmallWorld] = [steps.start(budget)]
    var way: [(world: SmallWorld, begin: Int)] = []
    while true {
      while let last = way.last, open.count == last.begin { way.removeLast() }
      guard var world = open.popLast() else { break }
      guard seen.insert(steps.book.fingerprint(world)) else { continue }
      visit(world)
      if world.violation != .none {
        if found.broken.insert(world.violation).inserted, found.way == nil {
          found.way = tell(steps, way.map(\.world) + [world])
        }
        if !isWhole { break }
        world.violation = .none
      }
      if steps.nobodyAsks(world) { found.ends += 1 }
      if steps.isOver(world) { continue }
      way.append((world, open.count))
      steps.successors(of: world)
      if steps.found.isEmpty { found.stuck += 1 }
      open += steps.found
    }
    found.states = seen.count
    return found
  }

  /// What happened between these states.
  private static func tell(_ steps: SmallSteps, _ way: [SmallWorld]) -> [String] {
    let labels = zip(way, way.dropFirst()).map { before, after in
      steps.successors(of: before, tells: true)
      return steps.found.firstIndex(of: after).map { steps.labels[$0] } ?? "?"
    }
    return labels + way.suffix(1).map(\.violation.words)
  }

  /// Deaths and pauses take minutes of optimised code, and 2.3 GB: where schedules are asked for.
  private static let deaths = Story.schedules != nil && !Story.isBrief
  private static let lie = SmallWorld.Budget(lies: 1)
  private static let death = SmallWorld.Budget(crashes: 1)
  private static let both = SmallWorld.Budget(crashes: 1, lies: 1)
  private static let pause = SmallWorld.Budget(pauses: 1)

  private static let brief = [
    World(waits: .long), World(budget: lie, waits: .long), World(budget: lie, isOneHost: true, waits: .long),
    World(budget: SmallWorld.Budget(lies: 2)),
  ]
  private static let long = [
    World(budget: pause, waits: .long), World(budget: pause, isOneHost: true, waits: .long),
    World(budget: death, waits: .long), World(budget: death, isOneHost: true, waits: .long),
    World(budget: both, waits: SmallQueue.Waits(queued: 6)),
  ]

  @Test(arguments: brief + (deaths ? long : []))
  func complete(world: World) {
    let found = Self.visitAll(world, isWhole: false)
    #expect(found.broken.isEmpty, "\(found.way?.joined(separator: "\n") ?? "")")
  }

  /// "Scheduler proofs are true" is what I6 needs: two answers a minute apart that do not show a job that waits end its
  /// token. Nothing else comes of them, then or later; where no job waits for a minute, nothing at all.
  @Test func twoLiesLoseASubmission() {
    let found = Self.visitAll(World(budget: SmallWorld.Budget(lies: 2), waits: .long), isWhole: Self.deaths)
    #expect(found.broken == [.endedInTheQueue], "\(found.way?.joined(separator: "\n") ?? "")")
  }

  private static func visitAll(_ world: World, isWhole: Bool) -> Found {
    let began = Date()
    let found = search(world.steps(), world.budget, isWhole: isWhole)
    let seconds = Int(Date().timeIntervalSince(began))
    print("state space: \(world.testDescription): \(found.states) states, \(found.ends) ends, \(seconds) s")
    #expect(found.stuck == 0)
    #expect(found.ends > 0 || !found.broken.isEmpty)
    return found
  }

  /// Two processes with one key do the same.
  @Test(arguments: [lie] + (deaths ? [pause] : []) + (Story.isLong ? [both] : []))
  func keysLoseNothing(budget: SmallWorld.Budget) {
    let steps = SmallSteps(isChecked: true)
    _ = Self.search(steps, budget)
    let (clients, runs) = (steps.book.clients, steps.book.runs)
    print("state space: \(budget): \(clients.checks) steps of who asks and \(runs.checks) of runs were checked")
    #expect(clients.checks > 10_000 && runs.checks > 50)
    #expect(clients.mistakes.first == nil)
    #expect(runs.mistakes.first == nil)
  }

  /// Where each step is taken by itself, in every order, and deaths come anywhere, what everybody sees is the same.
  @Test(arguments: [lie] + (Story.isLong ? [death] : []))
  func stepsTakenAtOnceLoseNothing(budget: SmallWorld.Budget) {
    #expect(Self.shared(budget, isReduced: true) == Self.shared(budget, isReduced: false))
  }

  /// How many states there are of what everybody sees. Their numbers depend on the order in which they are found.
  private static func shared(_ budget: SmallWorld.Budget, isReduced: Bool) -> Int {
    var shared: Set<UInt64> = []
    let steps = SmallSteps(isReduced: isReduced)
    let found = search(steps, budget) { shared.insert(steps.book.sharedFingerprint($0)) }
    print("state space: \(budget), \(isReduced ? "reduced" : "whole"): \(found.states) states, \(shared.count) shared")
    return shared.count
  }
}
