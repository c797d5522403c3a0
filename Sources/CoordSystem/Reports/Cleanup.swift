public import CoordCore
import Glibc

/// Carries out a cleanup, or says what it would do.
public struct Cleanup<Cluster: Scheduler> {
  private let project: Project
  private let machine: Machine
  private let scheduler: Cluster
  private let dryRun: Bool
  private let files: PosixLockFiles
  /// What was done, in the words that its user reads.
  public private(set) var done: [String] = []
  /// What of it is not mere housekeeping: a server that nobody ended, a job too many.
  public private(set) var news: [String] = []

  public init(project: Project, machine: Machine, scheduler: Cluster, dryRun: Bool) {
    (self.project, self.machine, self.scheduler, self.dryRun) = (project, machine, scheduler, dryRun)
    files = PosixLockFiles(directory: project.locks)
  }

  /// Whether there is anything that could need one.
  public var isNeeded: Bool { project.hasLocks }

  /// Everything but the log's last token, which a `CoordinatorLoop` with the goal `settle` has looked after before.
  public mutating func run() throws(StorageFailure) {
    let log = LockLog(files)
    let tail = try log.tail()
    guard case .state(let state) = tail.fold() else { return }
    let now = try fileSystemTime()
    let locks = list(project.locks, now)
    // Of what the tail shows, not of what came since: a claim of this moment is nobody's surplus.
    let known = try log.all().filter { $0.number <= tail.lastNumber }.compactMap(\.slot.entry)
    cancelSurplus(state, known, ages: locks)
    removeStaleInfo(state)
    for name in CleanupPlan.leftovers(locks, live: state.liveToken) {
      _ = remove(project.locks + "/" + name, "old temporary file")
    }
    for name in CleanupPlan.oldLocks(locks, tail: tail) {
      // A gap must never appear: what cannot be removed keeps all that came after it.
      guard remove(project.locks + "/" + name, "old lock number") else { break }
    }
    for name in CleanupPlan.oldLogs(list(project.logs, now), keep: project.settings.keepLogs) {
      _ = remove(project.logs + "/" + name, "old log")
    }
    let beside = Project.parent(of: project.statusFile)
    for name in CleanupPlan.oldInfoTemporaries(list(beside, now)) {
      _ = remove(beside + "/" + name, "old temporary file")
    }
    let credentials = followed(project.resolve(project.settings.credentials))
    let folder = Project.parent(of: credentials)
    for name in CleanupPlan.oldCredentials(list(folder, now), of: credentials.without(folder + "/")) {
      _ = remove(folder + "/" + name, "passwords that a change left over")
    }
    for name in CleanupPlan.oldStrangeFiles(list(project.strange, now, sinceMoved: true)) {
      _ = remove(project.strange + "/" + name, "file that was none of coord's")
    }
  }

  private mutating func cancelSurplus(_ state: ServiceState, _ entries: [LockEntry], ages: [CleanupPlan.File]) {
    let age = Dictionary(ages.map { ($0.name, $0.age) }) { first, _ in first }
    let dated = entries.map { (entry: $0, age: age[LockName.name($0.number)] ?? .zero) }
    guard CleanupPlan.mayHaveSurplus(dated, me: machine.author.uid, live: state.liveToken) else { return }
    if let missing = scheduler.obstacle {
      tell("a job of yours may be left over, and cannot be looked for: \(missing.why)")
      return
    }
    guard let snapshot = ask(state) else { return }
    for job in CleanupPlan.surplusJobs(
      snapshot, me: machine.author.uid, state: state, known: Set(entries.map(\.token)), log: state.identity?.id)
    {
      guard let token = job.token else { continue }
      if dryRun {
        tell("would cancel surplus job \(job.id)")
      } else {
        let problem = scheduler.cancel(job.id, token: token)
        tell(problem.map { "could not cancel surplus job \(job.id): \($0)" } ?? "cancelled surplus job \(job.id)")
      }
    }
  }

  private mutating func tell(_ text: String, isNews: Bool = true) {
    done.append(text)
    if isNews { news.append(text) }
  }

  /// One fresh answer of the scheduler, in turn with everybody else; nil if the turn did not come.
  private func ask(_ state: ServiceState) -> QueueSnapshot? {
    var board = QueueBoard(files, nonce: machine.author.nonce)
    let end = Machine.now + Limits.queuePatience
    while Machine.now < end {
      guard let listing = try? files.list(), let number = try? board.takeRight(listing, now: Machine.now) else {
        Machine.sleep(.milliseconds(500))
        continue
      }
      // Without a token: a look at the known job alone would not show the others.
      let snapshot = scheduler.queue(QueueQuery(job: state.job, cluster: state.job?.cluster))
      try? board.publish(snapshot, number: number)
      return snapshot
    }
    return nil
  }

  private mutating func removeStaleInfo(_ state: ServiceState) {
    let status = StatusFile(path: project.statusFile)
    let first = status.read()
    guard CleanupPlan.isStale(first, state: state) else { return }
    // A job that has just started may not have replaced it yet; one that beats changes it within a beat.
    Machine.sleep(Limits.beatPause)
    if status.read() == first { _ = remove(project.statusFile, "heartbeat of a job that is over", isNews: true) }
  }

  private func fileSystemTime() throws(StorageFailure) -> WallTime {
    let name = "tmp.\(machine.author.nonce).clock"
    defer { files.unstage(name, durable: false) }
    return try files.stage([], as: name, durable: false)
  }

  /// - Parameter sinceMoved: the age in this folder, whatever its own is.
  private func list(_ directory: String, _ now: WallTime, sinceMoved: Bool = false) -> [CleanupPlan.File] {
    ((try? entries(of: directory)) ?? []).compactMap { name in
      guard let s = status(of: directory + "/" + name) else { return nil }
      let since = sinceMoved ? max(s.st_mtim.tv_sec, s.st_ctim.tv_sec) : s.st_mtim.tv_sec
      return CleanupPlan.File(name: name, age: .seconds(max(0, now.seconds - Int64(since))))
    }
  }

  private mutating func remove(_ path: String, _ kind: String, isNews: Bool = false) -> Bool {
    let name = project.relative(path)
    if dryRun {
      tell("would remove \(name) (\(kind))", isNews: isNews)
      return true
    }
    // In a sticky directory only its owner can: then the owner's cleanup does.
    guard unlink(path) == 0 else { return errno == ENOENT }
    tell("removed \(name) (\(kind))", isNews: isNews)
    return true
  }
}
