import Foundation
import Simulation
import Testing

@testable import CoordCore

/// Every state of a small world, in every order of its steps: not bounded in depth, and none is left out.
@Suite(.serialized) struct StateSpace {
  /// Visits all states that can be reached; the way to the first one that breaks a promise.
  static func search(_ start: SmallWorld) -> (states: Int, answered: Int, way: [String]?) {
    var seen: Set<Int> = [start.hashValue]
    var answered = 0
    var stack: [(next: [(String, SmallWorld)], label: String)] = []
    func open(_ world: SmallWorld, _ label: String) {
      var next: [(String, SmallWorld)] = []
      if world.isOver { answered += 1 } else { world.successors { next.append(($0, $1)) } }
      stack.append((next, label))
    }
    open(start, "")
    while !stack.isEmpty {
      guard let (label, world) = stack[stack.count - 1].next.popLast() else {
        stack.removeLast()
        continue
      }
      guard seen.insert(world.hashValue).inserted else { continue }
      if let violation = world.violation { return (seen.count, answered, stack.map(\.label) + [label, violation]) }
      open(world, label)
    }
    return (seen.count, answered, nil)
  }

  /// By night with deaths as well: that takes the better part of an hour.
  private static let worlds =
    [SmallWorld.Budget(), SmallWorld.Budget(lies: 1)] + (Story.isLong ? [SmallWorld.Budget(crashes: 1)] : [])

  @Test(arguments: worlds)
  func complete(budget: SmallWorld.Budget) {
    let began = Date()
    let (states, ends, way) = Self.search(SmallWorld(budget: budget, hosts: ["login1", "login2"]))
    let seconds = Date().timeIntervalSince(began)
    print("state space: \(budget): \(states) states, \(ends) ends, \(Int(seconds)) s")
    #expect(way == nil, "\(way?.joined(separator: "\n") ?? "")")
  }
}
