import CoordCore

/// The simulated directory alone, for tests of what every lock directory has to do.
public final class SimDirectory {
  private let world: SimWorld

  public init(seed: UInt64, faults: (inout Faults) -> Void) {
    world = SimWorld(seed: seed) { _ in
      var f = Faults.none
      faults(&f)
      return f
    }
  }

  /// Runs `count` processes at the same moment, on the login nodes in turn, until all are through.
  public func race(_ count: Int, _ body: @escaping (Int, SimFiles, _ wait: () -> Void) -> Void) {
    for i in 0..<count {
      let host = world.logins[i % world.logins.count]
      world.processes.append(SimRacer(world, host: host) { body(i, SimFiles($0), $0.waitABit) })
    }
    let end = world.time + .seconds(100_000)
    while world.time < end, world.processes.contains(where: { !$0.dead }) {
      world.run(until: world.time + .seconds(10))
    }
    // Links that are still under way arrive.
    world.run(until: world.time + .seconds(200))
  }

  /// The promises that the directory itself checks: that no number changed.
  public var violations: [String] { world.violations.map(\.description) }
}

private final class SimRacer: SimProcess {
  private let body: (SimRacer) -> Void

  init(_ world: SimWorld, host: SimHost, _ body: @escaping (SimRacer) -> Void) {
    self.body = body
    super.init(world, host: host, uid: 1000, wake: world.time + .milliseconds(1))
  }

  override func step() {
    body(self)
    dead = true
  }

  func waitABit() { world.run(until: world.time + .milliseconds(300)) }
}
