import CoordCore

/// What befalls machines rather than processes.
final class SimFate: SimProcess {
  private var backup: [String: SimDisk.File]?
  private var lost: [String: SimDisk.File] = [:]
  private var undone: SimJob?
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
    if world.random.fault(faults.undone) { undoAStart() }
    if world.random.fault(faults.byHand) { world.slurm.submitByHand(world) }
  }

  private func undoAStart() {
    let starting = world.processes.lazy.compactMap { $0 as? SimJob }.filter { $0.isStarting }
    guard let run = starting.first(where: { $0 !== self.undone }) else { return }
    undone = run
    world.note("somebody restores the lock directory to before the start of job \(run.id)")
    (world.touched, world.locksTouched) = (true, world.time)
    for name in world.disk.names {
      if let number = LockName.number(name), number >= run.startNumber { world.disk[name] = nil }
    }
    world.slurm.giveUp(run.job, world)
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
    // What was suspended a second time meanwhile goes on when that is over; so does a later run of a job.
    for (run, _) in suspended
    where run.frozenUntil <= world.time && run.job.run === run && run.job.state == "SUSPENDED" {
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
    let hand = Int.random(in: 0...6, using: &world.random)
    if hand < 6 { world.locksTouched = world.time }
    switch hand {
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
      for case let job as SimJob in world.processes { job.lostHeartbeat = true }
    }
  }
}
