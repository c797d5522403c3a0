import CoordCore

/// The scheduler: jobs that wait, run and end; a controller that may be away; replies that may be lost.
final class SimSlurm {
  final class Job {
    let id: Int
    /// Where it was submitted; in a federation, the one that started it.
    let origin: String
    var cluster: String
    /// Of one that was submitted by hand: what it claimed for itself.
    var token: Token?
    let isByHand: Bool
    let uid: UInt32
    var state = "PENDING"
    /// When it ended, and until when it shows COMPLETING.
    var over: Duration?
    var completingUntil = Duration.zero
    /// What is left of it is killed then.
    var killAt: Duration?
    var startAt: Duration
    var run: SimJob?
    var restarts = 0
    /// Its claimant was held up between its last look at the clock and sbatch: its minute was over.
    var isLate = false
    /// A plugin or a person rewrote its name and comment.
    var isRenamed = false

    init(id: Int, cluster: String, token: Token?, uid: UInt32, startAt: Duration) {
      (self.id, origin, self.cluster, self.uid, self.startAt) = (id, cluster, cluster, uid, startAt)
      (self.token, isByHand) = (token, token == nil)
    }

    /// What its comment says.
    var shownToken: Token? { isByHand || isRenamed ? nil : token }
  }

  static let home = Home(root: "/project")

  var jobs: [Job] = []
  private var nextID = 100
  /// How many jobs ran here: their logs stay.
  private(set) var runs = 0
  var awayUntil = Duration.zero
  /// Requests that the controller executes later, though their sender was told nothing or a failure.
  private var late: [(at: Duration, token: Token, by: SimProcess)] = []
  /// Runs of jobs that nobody knows any more: their nodes end them.
  private var orphans: [(at: Duration, run: SimJob)] = []
  var submitted: [Token: Int] = [:]
  var cached: [String: (at: Duration, rows: [QueuedJob])] = [:]

  var nextEvent: Duration? {
    var next: Duration?
    func soon(_ at: Duration) { next = min(next ?? at, at) }
    for job in jobs {
      if job.state == "PENDING" { soon(job.startAt) }
      if let kill = job.killAt { soon(kill) }
    }
    for request in late { soon(request.at) }
    for orphan in orphans { soon(orphan.at) }
    return next
  }

  func perform(_ world: SimWorld) {
    for request in late where request.at <= world.time { add(request.token, request.by, world) }
    late.removeAll { $0.at <= world.time }
    for orphan in orphans where orphan.at <= world.time && !orphan.run.dead { orphan.run.killed("NODE_FAIL") }
    orphans.removeAll { $0.at <= world.time }
    for job in jobs where job.killAt.map({ $0 <= world.time }) ?? false {
      job.killAt = nil
      if let run = job.run, !run.dead { run.killed("CANCELLED") }
    }
    for job in jobs where job.state == "PENDING" && job.startAt <= world.time {
      job.state = "RUNNING"
      if world.faults.federation { job.cluster = world.logins.randomElement(using: &world.random)?.cluster ?? "" }
      let node = world.nodes.randomElement(using: &world.random) ?? world.logins[0]
      let run = SimJob(world, job: job, host: node)
      job.run = run
      runs += 1
      world.note("job \(job.id) starts on \(node.name) as \(run.author.nonce)")
      world.processes.append(run)
    }
  }

  /// Somebody runs `sbatch hpc_utils/start_server.sh`.
  func submitByHand(_ world: SimWorld) {
    let host = world.logins.randomElement(using: &world.random) ?? world.logins[0]
    world.note("by hand:")
    add(nil, host.cluster, UInt32.random(in: 1001...1003, using: &world.random), world)
  }

  @discardableResult private func add(_ token: Token, _ by: SimProcess, _ world: SimWorld) -> Job {
    add(token, by.cluster, by.author.uid, world)
  }

  @discardableResult private func add(_ token: Token?, _ cluster: String, _ uid: UInt32, _ world: SimWorld) -> Job {
    let wait = world.random.once(in: 4) ? world.random.seconds(5...150) : world.random.seconds(0...2)
    let job = Job(id: nextID, cluster: cluster, token: token, uid: uid, startAt: world.time + wait)
    nextID += 1
    jobs.append(job)
    world.note("job \(job.id) is queued")
    return job
  }

  /// The controller lost its state: jobs that wait are gone, nodes end what they run, numbers begin anew.
  func forget(_ world: SimWorld) {
    world.note("the controller forgets all jobs")
    for job in jobs {
      if let run = job.run, !run.dead { orphans.append((world.time + world.random.seconds(0...60), run)) }
    }
    (jobs, cached, nextID) = ([], [:], 100)
  }

  /// A node does not answer the controller any more; the job lives on, and may or may not reach the disk.
  func giveUp(_ job: Job, _ world: SimWorld) {
    guard let run = job.run, !run.dead, job.state == "RUNNING" else { return }
    world.note("the controller gives up the node of job \(job.id)")
    if world.random.once(in: 2) {
      let until = world.time + world.random.seconds(5...400)
      for process in run.processes { process.cutUntil = until }
    }
    if world.random.once(in: 2) {
      (job.state, job.over) = ("NODE_FAIL", world.time)
    } else {
      job.restarts += 1
      (job.state, job.startAt) = ("PENDING", world.time + world.random.seconds(1...120))
    }
  }

  func isAway(_ world: SimWorld) -> Bool {
    if world.random.fault(world.faults.controllerAway) { awayUntil = world.time + world.random.seconds(1...100) }
    return world.time < awayUntil
  }

  func submit(_ token: Token, by process: SimProcess) -> SubmitReply {
    let world = process.world
    world.operation(process)
    if process.dead { return .doubtful("dead") }
    submitted[token, default: 0] += 1
    if submitted[token]! > 1 { world.violate("I2: sbatch twice for one token") }
    if isAway(world) { return .doubtful("Unable to contact slurm controller") }
    if world.random.fault(world.faults.diesInSubmit) { process.kill() }
    if world.random.fault(world.faults.doubtfulSubmit) {
      switch Int.random(in: 0...2, using: &world.random) {
      case 0: add(token, process, world).isLate = world.isLate(token, process)
      // A minute by a clock that is 10 % fast: what is made so late and hidden by a cache besides is given up, and its fence knows.
      case 1: late.append((world.time + world.random.seconds(0...54 - world.faults.queueCache), token, process))
      default: break
      }
      return .doubtful("Socket timed out on send/recv operation")
    }
    if world.random.fault(world.faults.doubtfulSubmit * 3) {
      // Some controllers keep what they refused.
      if world.random.once(in: 2) {
        let kept = add(token, process, world)
        (kept.state, kept.over) = ("FAILED", world.time)
      }
      return .refused("Invalid account")
    }
    let job = add(token, process, world)
    job.isLate = world.isLate(token, process)
    // The claimant may die before it reads the reply.
    world.operation(process)
    return .accepted(JobID("\(job.id)")!)
  }

  func cancel(_ id: JobID, token: Token, by process: SimProcess) {
    let world = process.world
    world.operation(process)
    guard !process.dead,
      let job = jobs.first(where: { "\($0.id)" == id.number && $0.cluster == process.cluster }),
      job.uid == process.author.uid,
      job.shownToken == token
    else { return }
    if job.state == "PENDING" { (job.state, job.over) = ("CANCELLED", world.time) }
    guard let run = job.run, !run.dead, job.state != "NODE_FAIL" else { return }
    run.signalled = true
    if job.killAt == nil { job.killAt = world.time + .seconds(30) }
  }

  /// The job's processes are all gone.
  func ended(_ run: SimJob, _ state: String) {
    guard run.job.run === run, ["RUNNING", "SUSPENDED"].contains(run.job.state) else { return }
    let world = run.world
    run.job.completingUntil = world.time + world.random.seconds(0...max(world.faults.completing, 0.001))
    if run.job.killAt == nil, world.random.fault(world.faults.requeue), run.job.restarts < 2 {
      run.job.restarts += 1
      run.job.state = "PENDING"
      run.job.startAt = world.time + world.random.seconds(1...60)
      world.note("job \(run.job.id) is requeued")
    } else {
      (run.job.state, run.job.over) = (run.job.killAt == nil ? state : "CANCELLED", world.time)
    }
    run.job.killAt = nil
  }
}
