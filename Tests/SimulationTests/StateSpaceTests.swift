import Foundation
import Simulation
import Testing

@testable import CoordCore

/// Every state of a small world, in every order of its steps: not bounded in depth, and none is left out.
@Suite(.serialized) struct StateSpace {
  /// Visits all states that can be reached; the way to the first one that breaks a promise.
  static func search(_ steps: SmallSteps, _ start: SmallWorld) -> (states: Int, answered: Int, way: [String]?) {
    var seen = Fingerprints()
    var answered = 0
    let full = ProcessInfo.processInfo.environment["SHARED"] != nil
    var shared = Set<UInt64>()
    defer { if full { print("shared", shared.count) } }
    // What is still to be visited, and for each state of the way where its part of that begins.
    var open: [SmallWorld] = [start]
    var way: [(world: SmallWorld, begin: Int)] = []
    while true {
      while let last = way.last, open.count == last.begin { way.removeLast() }
      guard let world = open.popLast() else { return (seen.count, answered, nil) }
      guard seen.insert(steps.book.fingerprint(world)) else { continue }
      if world.violation != .none { return (seen.count, answered, tell(steps, way.map(\.world) + [world])) }
      if steps.isOver(world) {
        answered += 1
        continue
      }
      var g = world; g.clients = [0,0]; g.runs = [0,0,0,0]; g.asker = 0; g.budget = SmallWorld.Budget()
      if full { shared.insert(min(g.fingerprint, steps.book.twinShared(g).fingerprint)) }
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

  private static let worlds: [SmallWorld.Budget] = (ProcessInfo.processInfo.environment["BUDGETS"] ?? "0,0 0,1").split(separator: " ").map { let p = $0.split(separator: ",").map { UInt8($0)! }; return SmallWorld.Budget(crashes: p[0], lies: p[1]) }

  @Test(arguments: worlds)
  func complete(budget: SmallWorld.Budget) {
    let began = Date()
    let steps = SmallSteps(hosts: ["login1", "login2"], isReduced: ProcessInfo.processInfo.environment["FULL"] == nil)
    let (states, ends, way) = Self.search(steps, steps.start(budget))
    let seconds = Date().timeIntervalSince(began)
    print("state space: \(budget): \(states) states, \(ends) ends, \(Int(seconds)) s")
    let b = steps.book
    print("parts:", b.logs.count, b.infos.count, b.boards.count, b.queues.count, b.clients.count, b.runs.count)
    print(MemoryLayout<SmallClient>.stride, MemoryLayout<SmallRun>.stride, MemoryLayout<ClientKey>.stride,  MemoryLayout<SmallWorld>.stride, MemoryLayout<SmallClient.Stage>.stride, MemoryLayout<Coordinator>.stride, MemoryLayout<InfoReading>.stride)
    if checks { print("checked", checked, "wrong", wrong) }
    #expect(way == nil, "\(way?.joined(separator: "\n") ?? "")")
  }
}
