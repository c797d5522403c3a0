import Foundation
import Simulation
import Testing

@testable import CoordCore

/// Every state of a small world, in every order of its steps: not bounded in depth, and none is left out.
///
/// Mistakes made on purpose that it finds: "a job that waits is over" (I6, where nothing goes wrong), "a second job of
/// a token serves" (I1: a node dies, and its job is requeued), "D is 20 s" (I0: with a death and a lie).
@Suite(.serialized) struct StateSpace {
  /// Visits all states that can be reached; the way to the first one that breaks a promise.
  static func search(
    _ steps: SmallSteps, _ budget: SmallWorld.Budget, each visit: (SmallWorld) -> Void = { _ in }
  ) -> (states: Int, ends: Int, way: [String]?) {
    var seen = Fingerprints()
    var ends = 0
    // What is still to be visited, and for each state of the way where its part of that begins.
    var open: [SmallWorld] = [steps.start(budget)]
    var way: [(world: SmallWorld, begin: Int)] = []
    while true {
      while let last = way.last, open.count == last.begin { way.removeLast() }
      guard let world = open.popLast() else { return (seen.count, ends, nil) }
      guard seen.insert(steps.book.fingerprint(world)) else { continue }
      visit(world)
      if world.violation != .none { return (seen.count, ends, tell(steps, way.map(\.world) + [world])) }
      if steps.isOver(world) {
        ends += 1
        continue
      }
      way.append((world, open.count))
      steps.successors(of: world)
      open += steps.found
    }
  }

  /// What happened between these states.
  private static func tell(_ steps: SmallSteps, _ way: [SmallWorld]) -> [String] {
    let labels = zip(way, way.dropFirst()).map { before, after in
      steps.successors(of: before, tells: true)
      return steps.found.firstIndex(of: after).map { steps.labels[$0] } ?? "?"
    }
    return labels + way.suffix(1).map(\.violation.words)
  }

  /// Deaths take a minute of optimised code, and 2 GB: where schedules are asked for.
  private static let deaths = Story.schedules != nil && !Story.isBrief
  private static let worlds =
    [SmallWorld.Budget(), SmallWorld.Budget(lies: 1), SmallWorld.Budget(lies: 2)]
    + (deaths ? [SmallWorld.Budget(crashes: 1), SmallWorld.Budget(crashes: 1, lies: 1)] : [])

  @Test(arguments: worlds)
  func complete(budget: SmallWorld.Budget) { Self.visitAll(budget, hosts: ["login1", "login2"]) }

  @Test(arguments: [SmallWorld.Budget(lies: 1)] + (deaths ? [SmallWorld.Budget(crashes: 1)] : []))
  func completeOnOneHost(budget: SmallWorld.Budget) { Self.visitAll(budget, hosts: ["login1", "login1"]) }

  private static func visitAll(_ budget: SmallWorld.Budget, hosts: [String]) {
    let began = Date()
    let (states, ends, way) = search(SmallSteps(hosts: hosts), budget)
    let seconds = Int(Date().timeIntervalSince(began))
    let place = hosts[0] == hosts[1] ? " on one host" : ""
    print("state space: \(budget)\(place): \(states) states, \(ends) ends, \(seconds) s")
    #expect(way == nil, "\(way?.joined(separator: "\n") ?? "")")
  }

  /// Two processes with one key do the same.
  @Test func keysLoseNothing() {
    let steps = SmallSteps(isChecked: true)
    _ = Self.search(steps, SmallWorld.Budget(lies: 1))
    #expect(steps.book.clients.checks > 10_000)
    #expect(steps.book.clients.mistakes.first == nil)
    #expect(steps.book.runs.mistakes.first == nil)
  }

  /// Where each step is taken by itself, in every order, and deaths come anywhere, what everybody sees is the same.
  @Test(arguments: [SmallWorld.Budget(lies: 1)] + (Story.isLong ? [SmallWorld.Budget(crashes: 1)] : []))
  func stepsTakenAtOnceLoseNothing(budget: SmallWorld.Budget) {
    #expect(Self.shared(budget, isReduced: true) == Self.shared(budget, isReduced: false))
  }

  /// How many states there are of what everybody sees. Their numbers depend on the order in which they are found.
  private static func shared(_ budget: SmallWorld.Budget, isReduced: Bool) -> Int {
    var shared: Set<UInt64> = []
    let steps = SmallSteps(isReduced: isReduced)
    _ = search(steps, budget) { shared.insert(steps.book.sharedFingerprint($0)) }
    return shared.count
  }
}
