import CoordCore

/// The scheduler: jobs that wait, run and end; a controller that may be away; replies that may be lost.
final class SimSlurm {
  final class Job {
    let id: Int
    let token: Token
    let uid: UInt32
    var state = "PENDING"
    var startAt: Duration
    var run: SimJob?
    var restarts = 0
    /// A plugin or a person rewrote its name and comment.
    var isRenamed = false

    init(id: Int, token: Token, uid: UInt32, startAt: Duration) {
      (self.id, self.token, self.uid, self.startAt) = (id, token, uid, startAt)
    }
  }

  static let home = Home(root: "/project")

  var jobs: [Job] = []
  /// A job ran here: its log stays.
  var everRan = false
  var awayUntil = Duration.zero
  /// Requests that the controller executes later, though their sender was told nothing or a failure.
  private var late: [(at: Duration, token: Token, uid: UInt32)] = []
  var submitted: [Token: Int] = [:]
  private var cached: (at: Duration, rows: [QueuedJob])?

  var nextEvent: Duration? {
    (jobs.filter { $0.state == "PENDING" }.map(\.startAt) + late.map(\.at)).min()
  }

  func perform(_ world: SimWorld) {
    for request in late where request.at <= world.time { add(request.token, request.uid, world) }
    late.removeAll { $0.at <= world.time }
    for job in jobs where job.state == "PENDING" && job.startAt <= world.time {
      job.state = "RUNNING"
      let node = world.nodes.randomElement(using: &world.random) ?? world.logins[0]
      let run = SimJob(world, job: job, host: node)
      job.run = run
      everRan = true
      world.note("job \(job.id) starts on \(node.name) as \(run.author.nonce)")
      world.processes.append(run)
    }
  }

  private func add(_ token: Token, _ uid: UInt32, _ world: SimWorld) {
    let wait = world.random.once(in: 4) ? world.random.seconds(5...150) : world.random.seconds(0...2)
    jobs.append(Job(id: 100 + jobs.count, token: token, uid: uid, startAt: world.time + wait))
    world.note("job \(99 + jobs.count) is queued")
  }

  private func isAway(_ world: SimWorld) -> Bool {
    if world.random.once(in: world.faults.controllerAway) { awayUntil = world.time + world.random.seconds(1...100) }
    return world.time < awayUntil
  }

  func submit(_ token: Token, by process: SimProcess) -> SubmitReply {
    let world = process.world
    world.operation(process)
    if process.dead { return .doubtful("dead") }
    submitted[token, default: 0] += 1
    if submitted[token]! > 1 { world.violate("I2: sbatch twice for one token") }
    if isAway(world) { return .doubtful("Unable to contact slurm controller") }
    if world.random.once(in: world.faults.doubtfulSubmit) {
      switch Int.random(in: 0...2, using: &world.random) {
      case 0: add(token, process.author.uid, world)
      case 1: late.append((world.time + world.random.seconds(0...50), token, process.author.uid))
      default: break
      }
      return .doubtful("Socket timed out on send/recv operation")
    }
    if world.random.once(in: world.faults.doubtfulSubmit * 3) {
      // Some controllers keep what they refused.
      if world.random.once(in: 2) {
        add(token, process.author.uid, world)
        jobs.last?.state = "FAILED"
      }
      return .refused("Invalid account")
    }
    add(token, process.author.uid, world)
    // The claimant may die before it reads the reply.
    world.operation(process)
    return .accepted(JobID("\(99 + jobs.count)")!)
  }

  /// What squeue shows to those who may see everything.
  private func rows(_ world: SimWorld) -> [QueuedJob] {
    if let cached, world.time - cached.at < .seconds(world.faults.queueCache) { return cached.rows }
    let rows = jobs.map(row)
    cached = (world.time, rows)
    return rows
  }

  private func row(_ job: Job) -> QueuedJob {
    QueuedJob(
      id: JobID("\(job.id)")!, user: "u", uid: job.uid, state: job.state,
      comment: job.isRenamed ? "ticket" : job.token.comment(log: nil),
      name: job.isRenamed ? "x" : Self.home.jobName, workDir: Self.home.root, restarts: job.restarts)
  }

  /// As the adapter asks: the known job first, then all, then scontrol for the known one.
  func queue(_ query: QueueQuery, by process: SimProcess) -> QueueSnapshot {
    let world = process.world
    world.operation(process)
    let hidden = world.faults.hiddenJobs
    func mayBeSeen(_ job: QueuedJob) -> Bool { !hidden || job.uid == process.author.uid }
    var snapshot = QueueSnapshot(
      scheduler: "slurm", query: query, cluster: "sim", askedBy: process.author.uid, host: process.host.name,
      seesEverybody: !hidden,
      outcome: .unknown("Unable to contact slurm controller"))
    if isAway(world) { return snapshot }
    var shown = rows(world).filter(mayBeSeen)
    if let known = shown.first(where: { $0.id == query.job && $0.token == query.token }) {
      (shown, snapshot.narrow) = ([known], true)
    } else if let token = query.token, !shown.contains(where: { $0.token == token }) {
      shown += jobs.map(row).filter { $0.id == query.job && mayBeSeen($0) }
    }
    snapshot.outcome = .answered(shown)
    return snapshot
  }

  func cancel(_ id: JobID, token: Token, by process: SimProcess) {
    let world = process.world
    world.operation(process)
    guard !process.dead, let job = jobs.first(where: { "\($0.id)" == id.number }), job.uid == process.author.uid,
      job.token == token
    else { return }
    if job.state == "PENDING" { job.state = "CANCELLED" }
    job.run?.signalled = true
  }

  /// The job's processes are all gone.
  func ended(_ run: SimJob, _ state: String) {
    guard run.job.run === run, ["RUNNING", "SUSPENDED"].contains(run.job.state) else { return }
    let world = run.world
    if world.random.once(in: world.faults.requeue), run.job.restarts < 2 {
      run.job.restarts += 1
      run.job.state = "PENDING"
      run.job.startAt = world.time + world.random.seconds(1...60)
      world.note("job \(run.job.id) is requeued")
    } else {
      run.job.state = state
    }
  }
}
