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

/// What befalls machines rather than processes.
final class SimFate: SimProcess {
  private var backup: [String: SimDisk.File]?
  private var lost: [String: SimDisk.File] = [:]
  private var suspended: [(run: SimJob, until: Duration)] = []

  init(_ world: SimWorld) { super.init(world, host: world.logins[0], uid: 1000, wake: .seconds(1)) }

  override func step() {
    wake = world.time + .seconds(5)
    if world.random.fault(world.faults.nodeCrash), let node = world.nodes.randomElement(using: &world.random) {
      world.note("\(node.name) loses power")
      for case let run as SimJob in world.processes where run.host === node && !run.dead { run.killed("NODE_FAIL") }
    }
    if world.faults.wallOffset != 0...0, world.random.fault(10) {
      let host = (world.logins + world.nodes).randomElement(using: &world.random) ?? world.logins[0]
      host.offset = Int64.random(in: world.faults.wallOffset, using: &world.random)
      world.note("the clock of \(host.name) is stepped")
    }
    resume()
    if world.random.fault(world.faults.suspend) { suspend() }
    if world.random.fault(world.faults.rename), let job = world.slurm.jobs.randomElement(using: &world.random) {
      world.note("job \(job.id) loses its name and comment")
      job.isRenamed = true
    }
    happen()
    if backup == nil || world.random.once(in: 6) { backup = world.disk.backup }
    if world.random.fault(world.faults.hands) { touch() }
    if world.time > Schedule.faulty, suspended.isEmpty { dead = true }
  }

  /// What befalls the scheduler and the place of the project.
  private func happen() {
    let faults = world.faults
    if world.random.fault(faults.nodeLost), let job = world.slurm.jobs.randomElement(using: &world.random) {
      world.slurm.giveUp(job, world)
    }
    if world.random.fault(faults.amnesia) { world.slurm.forget(world) }
    if world.random.fault(faults.replace) {
      world.note("the project is replaced by a copy")
      world.disk.place += 1
    }
    if world.random.fault(faults.infoDenied) {
      world.disk.infoDeniedUntil = world.time + world.random.seconds(5...200)
      world.note("server_info.txt cannot be written until \(world.disk.infoDeniedUntil.components.seconds)s")
    }
    if world.random.fault(faults.newer) { writeNewer() }
    if world.random.fault(faults.byHand) { world.slurm.submitByHand(world) }
  }

  /// An entry of a FORMAT that this coord does not know.
  private func writeNewer() {
    let numbers = world.disk.names.filter { LockName.number($0) != nil }
    guard let last = numbers.last, let number = LockName.number(last), let file = world.disk[last],
      case .entry(let entry) = LockEntry.decode(file.bytes, number: number)
    else { return }
    let next = LockEntry(
      number: number + 1, previous: entry.digest, time: entry.time, author: entry.author,
      body: EntryBody(.ended, entry.token))
    let lines = String(decoding: next.encoded, as: UTF8.self).split(separator: "\n").dropLast()
    let text = lines.map { $0 == "FORMAT=1" ? "FORMAT=2\n" : $0 + "\n" }.joined()
    let bytes = Array((text + "CHECKSUM=\(SHA256.hex(Array(text.utf8)))\n").utf8)
    world.note("a newer coord takes \(number + 1)")
    (world.touched, world.hasNewer) = (true, true)
    world.disk[LockName.name(number + 1)] = SimDisk.File(bytes: bytes, at: world.time, host: "newer")
  }

  private func suspend() {
    let running = world.processes.compactMap { $0 as? SimJob }.filter { !$0.dead && $0.job.state == "RUNNING" }
    guard let run = running.randomElement(using: &world.random) else { return }
    let until = world.time + world.random.seconds(5...300)
    world.note("job \(run.id) is suspended until \(until.components.seconds)s")
    run.job.state = "SUSPENDED"
    for process in run.processes { process.frozenUntil = until }
    suspended.append((run, until))
  }

  private func resume() {
    // What was suspended a second time meanwhile goes on when that is over.
    for (run, _) in suspended where run.frozenUntil <= world.time && run.job.state == "SUSPENDED" {
      world.note("job \(run.id) goes on")
      run.job.state = "RUNNING"
    }
    // Its guardian has a moment.
    let over = world.time - .seconds(2)
    for (run, until) in suspended where until <= over && run.frozenUntil <= over { world.serverResumed(run) }
    suspended.removeAll { $0.until <= over }
  }

  /// What people do to directories.
  private func touch() {
    world.touched = true
    let disk = world.disk
    let numbers = disk.names.filter { LockName.number($0) != nil }
    switch Int.random(in: 0...6, using: &world.random) {
    case 0:
      world.note("somebody removes the lock directory")
      if disk.backup.count > lost.count { lost = disk.backup }
      for name in disk.names { disk[name] = nil }
    case 1:
      world.note("somebody restores the lock directory")
      for name in numbers { disk[name] = nil }
      for (name, file) in (backup ?? [:]).sorted(by: { $0.key < $1.key }) { disk[name] = file }
    case 2:
      guard let name = numbers.randomElement(using: &world.random) else { return }
      world.note("somebody removes lock \(name)")
      disk[name] = nil
    case 3:
      guard let last = numbers.last.flatMap(LockName.number), let some = numbers.randomElement(using: &world.random)
      else { return }
      let name = LockName.name(
        last + (world.random.once(in: 2) ? 1 : Int.random(in: 2...900_000_000, using: &world.random)))
      world.note("somebody copies lock \(some) to \(name)")
      disk[name] = disk[some]
    case 4:
      world.note("somebody puts a strange file there")
      let number = (numbers.last.flatMap(LockName.number) ?? 0) + Int.random(in: 1...3, using: &world.random)
      disk[LockName.name(number)] = SimDisk.File(bytes: Array("?".utf8), at: world.time, host: "by hand")
    case 5:
      guard !lost.isEmpty else { return }
      world.note("somebody restores what was lost beside what is there")
      for (name, file) in lost.sorted(by: { $0.key < $1.key }) where disk[name] == nil { disk[name] = file }
    default:
      world.note("somebody removes server_info.txt")
      disk.write(.absent, at: world.time, host: "by hand")
    }
  }
}
