import CoordCore

/// One seeded story of a team on a bad cluster, told to its end.
public struct Schedule {
  public let seed: UInt64
  public private(set) var world: SimWorld

  /// How long things may go wrong, in true time.
  static let faulty = Duration.seconds(400)
  /// I4: after faults stopped, somebody is answered within this.
  static let bound = Duration.seconds(900)

  public init(
    seed: UInt64, cut: Cut = Cut(), tracing: Bool = false, faults: (inout Seeded) -> Faults = Faults.random
  ) {
    self.seed = seed
    world = SimWorld(seed: seed) { random in
      var drawn = faults(&random)
      for lasting in cut.without { drawn.remove(lasting) }
      random.happening = cut.happening
      return drawn
    }
    world.tracing = tracing
  }

  /// Runs it; the first promise that did not hold, if any.
  public func run() -> Violation? {
    defer { world.end() }
    populate()
    world.run(until: Self.faulty)
    if let violation = world.violations.first { return violation }
    calm()
    return world.violations.first ?? settle()
  }

  /// Two clients that come at the same moment and the job that they make, disturbed as planned; nothing else goes wrong.
  /// The first promise that did not hold, how many operations there were in the first 20 s, and those between which a server
  /// came to be: from before the claim to the first beats.
  public static func small(
    _ plan: [Int: SimWorld.Disturbance], seed: UInt64 = 1
  ) -> (Violation?, operations: Int, birth: ClosedRange<Int>) {
    let schedule = Schedule(seed: seed) { _ in .none }
    let world = schedule.world
    defer { world.end() }
    world.plan = plan
    schedule.client(at: .zero, goal: .answer, uid: 1001)
    schedule.client(at: .milliseconds(1), goal: .answer, uid: 1002)
    world.run(until: .seconds(20))
    let operations = world.operations
    world.run(until: .seconds(250))
    let before = max(1, world.claim - 5)
    let birth = before...max(before, world.start + 50)
    return (world.violations.first ?? schedule.settle(), operations, birth)
  }

  private func populate() {
    let count = Int.random(in: 2...6, using: &world.random)
    for i in 0..<count {
      world.random.enter(process: 0, operation: i)
      guard world.random.fault(1) else { continue }
      let at = world.random.once(in: 2) ? world.random.seconds(0...1) : world.random.seconds(0...300)
      client(at: at, goal: .answer)
    }
    if world.faults.stopRequests {
      for i in 0..<2 {
        world.random.enter(process: 0, operation: 10 + i)
        guard world.random.fault(1) else { continue }
        client(
          at: world.random.seconds(0...300), goal: .stop(world.random.once(in: 2) ? .stopped : .restarting, reason: "x")
        )
      }
    }
    world.random.enter(process: 0, operation: 20)
    if world.random.fault(3) { client(at: world.random.seconds(50...300), goal: .settle) }
    world.processes.append(SimFate(world))
  }

  @discardableResult private func client(
    at: Duration, goal: Coordinator.Goal, uid: UInt32? = nil, host: SimHost? = nil
  ) -> SimClient {
    let host = host ?? world.logins.randomElement(using: &world.random) ?? world.logins[0]
    let client = SimClient(
      world, host: host, uid: uid ?? UInt32.random(in: 1001...1003, using: &world.random), wake: at, goal: goal,
      wait: .seconds(120))
    world.processes.append(client)
    return client
  }

  /// Nothing goes wrong any more; what has gone wrong stays.
  private func calm() {
    world.note("faults stop")
    let old = world.faults
    world.faults = .none
    world.faults.linkSupported = old.linkSupported
    world.faults.clockRates = old.clockRates
    world.faults.hiddenJobs = old.hiddenJobs
    world.faults.twoClusters = old.twoClusters
    world.faults.federation = old.federation
    world.faults.strangers = old.strangers
    world.faults.memory = old.memory
    world.faults.sticky = old.sticky
    world.disk.infoDeniedUntil = world.time
    world.slurm.awayUntil = world.time
  }

  private func settle() -> Violation? {
    // It takes a while until it is the turn of the one who sees all.
    let end = world.time + (world.faults.twoClusters ? Self.bound * 2 : Self.bound)
    var turn: UInt32 = 0
    while world.time < end {
      // Everybody in turn, from each login node: where jobs are hidden it takes the owner, of two clusters the one that has the job.
      let last = client(
        at: world.time + .milliseconds(1), goal: .answer, uid: 1001 + turn % 3,
        host: world.logins[Int(turn / 3) % world.logins.count])
      turn += 1
      while !last.dead, world.time < end, world.violations.isEmpty { world.run(until: world.time + .seconds(5)) }
      if let violation = world.violations.first { return violation }
      if last.answer != nil { return nil }
      if world.hasNewer, last.failure?.what.contains("newer coord") ?? false { return nil }
      // Refused or failed: people try again.
      world.run(until: world.time + .seconds(5))
    }
    return Violation(description: "I4: nobody was answered within \(Self.bound.spoken) after faults stopped")
  }
}
