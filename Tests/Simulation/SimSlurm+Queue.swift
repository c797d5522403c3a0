import CoordCore

// What squeue answers.
extension SimSlurm {
  /// What squeue shows to those who may see everything.
  private func rows(_ cluster: String, _ world: SimWorld) -> [QueuedJob] {
    if let cached = cached[cluster], world.time - cached.at < .seconds(world.faults.queueCache) { return cached.rows }
    let rows = known(cluster, world)
    cached[cluster] = (world.time, rows)
    return rows
  }

  /// What the controller knows now. It forgets what is over after a while (MinJobAge).
  private func known(_ cluster: String, _ world: SimWorld) -> [QueuedJob] {
    jobs.filter { job in
      let isForgotten = job.over.map { world.time - $0 >= .seconds(world.faults.memory) } ?? false
      // Where it did not begin, a job that another has is forgotten when that is over.
      let isShown = job.cluster == cluster || (world.faults.federation && (job.over == nil || job.origin == cluster))
      return !isForgotten && isShown
    }.map { job in
      var row = row(job, world)
      // The one that has not got it shows that another has; where it began, also how it ended.
      if job.cluster != cluster, job.state != "PENDING", job.over == nil { row.state = "REVOKED" }
      return row
    }
  }

  private func row(_ job: Job, _ world: SimWorld) -> QueuedJob {
    let isCompleting = job.killAt != nil || (job.over != nil && world.time < job.completingUntil)
    var row = QueuedJob(
      id: JobID("\(job.id)")!, user: "u", uid: job.uid, state: isCompleting ? "COMPLETING" : job.state,
      comment: job.isRenamed ? "ticket" : job.shownToken?.comment(log: nil) ?? "coord",
      name: job.isRenamed ? "x" : Self.home.jobName, workDir: Self.home.root, restarts: job.restarts)
    row.isHere = true
    guard world.faults.strangers else { return row }
    // A host that cannot resolve the user; a scontrol that did not answer.
    if world.random.once(in: 4) { row.user = "" }
    if world.random.once(in: 8) { row.restarts = nil }
    return row
  }

  /// Others' jobs: one with a token of another log, a teammate's own in the same folder, one that has a number of ours.
  private func strangers(_ query: QueueQuery) -> [QueuedJob] {
    var rows = [
      QueuedJob(
        id: JobID("7")!, user: "u", uid: 1001, state: "RUNNING",
        comment: Token(random: 7, 7).comment(log: "00000000000000ff"), name: Self.home.jobName, workDir: "/other"),
      QueuedJob(
        id: JobID("8")!, user: "v", uid: 1002, state: "RUNNING", comment: "a\nb", name: "sweep", workDir: Self.home.root
      ),
    ]
    if let job = query.job, !jobs.contains(where: { "\($0.id)" == job.number }) {
      rows.append(QueuedJob(id: job, user: "w", uid: 2000, state: "RUNNING", name: "x", workDir: "/w"))
    }
    return rows
  }

  /// What squeue prints, read as the adapter reads it: whole, or damaged on its way.
  private func read(_ rows: [QueuedJob], _ query: QueueQuery, _ world: SimWorld) -> QueueSnapshot.Outcome {
    var listing = QueueListing(query, roots: [Self.home.root], name: Self.home.jobName, random: world.random.next())
    func line(_ values: [String]) -> String {
      let keys = ["%A", "%U", "%T", "%S", "%u", "%r", "%k", "%j", "%Z"]
      return zip(keys, values).reduce(listing.format) { text, pair in
        text.split(separator: pair.0, maxSplits: 1, omittingEmptySubsequences: false).joined(separator: pair.1)
      } + "\n"
    }
    var text = line(["JOBID", "UID", "STATE", "START_TIME", "USER", "REASON", "COMMENT", "NAME", "WORK_DIR"])
    for row in rows {
      text += line([
        row.id.number, row.uid.map(String.init) ?? "", row.state, "N/A", row.user, "None", row.comment, row.name,
        row.workDir,
      ])
    }
    if world.random.fault(world.faults.damagedText) {
      switch Int.random(in: 0...3, using: &world.random) {
      case 0: text = String(text.prefix(Int.random(in: 0..<text.count, using: &world.random)))
      case 1: text = ""
      case 2: text = "Notice: maintenance on Friday\n" + text + "bye\n"
      default: text = "slurm_load_jobs error: Invalid job id specified\n"
      }
    }
    _ = listing.take(Array(text.utf8))
    guard case .answered(let jobs) = listing.end() else { return listing.end() }
    // The run of a job that is over is asked for by itself.
    return .answered(
      jobs.map { job in
        var job = job
        job.restarts = rows.first { $0.id == job.id }?.restarts
        return job
      })
  }

  /// As the adapter asks: the known job first, then all, then scontrol for the known one.
  func queue(_ query: QueueQuery, by process: SimProcess) -> QueueSnapshot {
    let world = process.world
    world.operation(process)
    let hidden = world.faults.hiddenJobs
    func mayBeSeen(_ job: QueuedJob) -> Bool { !hidden || job.uid == process.author.uid }
    var snapshot = QueueSnapshot(
      scheduler: "slurm", query: query, cluster: process.cluster, askedBy: process.author.uid, host: process.host.name,
      seesEverybody: !hidden,
      outcome: .unknown("Unable to contact slurm controller"))
    if isAway(world) { return snapshot }
    let cluster = process.cluster
    var shown = rows(cluster, world).filter(mayBeSeen)
    if let known = shown.first(where: { $0.id == query.job && $0.token == query.token }) {
      (shown, snapshot.narrow) = ([known], true)
    } else if let token = query.token, !shown.contains(where: { $0.token == token }) {
      shown += known(cluster, world).filter { $0.id == query.job && mayBeSeen($0) }
    }
    if world.faults.strangers, !snapshot.narrow { shown += strangers(query) }
    snapshot.outcome = world.faults.damagedText == .infinity ? .answered(shown) : read(shown, query, world)
    return snapshot
  }
}
