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
    let (tail, listing) = try log.end()
    guard case .state(let state) = tail.fold() else { return }
    let now = try fileSystemTime()
    // Of what the tail shows, not of what came since: a claim of this moment is nobody's surplus.
    try cancelSurplus(state, log, upTo: tail.lastNumber, now)
    try removeStaleInfo(state) { token throws(StorageFailure) in
      try log.known(leadingTo: state, tail, among: listing.numbers) { $0.served.contains(token) }
    }
    let others = listing.others.compactMap { file($0, in: project.locks, now) }
    for name in CleanupPlan.leftovers(others, asked: listing.asked, live: state.liveToken) {
      _ = remove(project.locks + "/" + name, "old temporary file")
    }
    removeLocks(CleanupPlan.oldLocks(listing.numbers, tail: tail) { file($0, in: project.locks, now)?.age })
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

  /// A log may be long: they go in one line.
  private mutating func removeLocks(_ numbers: ArraySlice<Int>) {
    var removed = 0
    // A gap must never appear: what cannot be removed keeps all that came after it.
    for number in numbers {
      guard dryRun || delete(project.locks + "/" + LockName.name(number)) else { break }
      removed += 1
    }
    guard removed > 0, let first = numbers.first else { return }
    let last = numbers[numbers.startIndex + removed - 1]
    let what = first == last ? LockName.name(first) : "\(LockName.name(first)) to \(LockName.name(last))"
    tell("\(dryRun ? "would remove" : "removed") the old lock numbers \(what)", isNews: false)
  }

  private mutating func cancelSurplus(
    _ state: ServiceState, _ log: LockLog<PosixLockFiles>, upTo end: Int, _ now: WallTime
  ) throws(StorageFailure) {
    var search = CleanupPlan.SurplusSearch(me: machine.author.uid, live: state.liveToken)
    _ = try log.last(from: end) { entry in
      search.ends(at: entry, age: file(LockName.name(entry.number), in: project.locks, now)?.age ?? .zero)
    }
    guard search.found else { return }
    if let missing = scheduler.obstacle {
      tell("a job of yours may be left over, and cannot be looked for: \(missing.why)")
      return
    }
    guard let snapshot = ask(state), case .answered(let jobs) = snapshot.outcome else { return }
    // Of other projects' jobs this log knows nothing, however far back it is read.
    let ours = jobs.filter { $0.uid == machine.author.uid && ($0.log == nil || $0.log == state.identity?.id) }
    let shown = Set(ours.compactMap(\.token))
    var known: Set<Token> = []
    _ = try log.last(from: end) { entry in
      if shown.contains(entry.token) { known.insert(entry.token) }
      return known == shown
    }
    for job in CleanupPlan.surplusJobs(
      snapshot, me: machine.author.uid, state: state, known: known, log: state.identity?.id)
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
      try? board.publish(snapshot, number: number, among: listing)
      return snapshot
    }
    return nil
  }

  private mutating func removeStaleInfo(
    _ state: ServiceState, known: (Token) throws(StorageFailure) -> KnownTokens
  ) throws(StorageFailure) {
    let status = StatusFile(path: project.statusFile)
    let first = status.read()
    guard let token = first.info?.token, token != state.liveToken,
      CleanupPlan.isStale(first, state: state, known: try known(token))
    else { return }
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
    ((try? entries(of: directory)) ?? []).compactMap { file($0, in: directory, now, sinceMoved: sinceMoved) }
  }

  private func file(
    _ name: String, in directory: String, _ now: WallTime, sinceMoved: Bool = false
  ) -> CleanupPlan.File? {
    guard let s = status(of: directory + "/" + name) else { return nil }
    let since = sinceMoved ? max(s.st_mtim.tv_sec, s.st_ctim.tv_sec) : s.st_mtim.tv_sec
    return CleanupPlan.File(name: name, age: .seconds(max(0, now.seconds - Int64(since))))
  }

  private mutating func remove(_ path: String, _ kind: String, isNews: Bool = false) -> Bool {
    let name = project.relative(path)
    if dryRun {
      tell("would remove \(name) (\(kind))", isNews: isNews)
      return true
    }
    guard delete(path) else { return false }
    tell("removed \(name) (\(kind))", isNews: isNews)
    return true
  }
  /// In a sticky directory only its owner can: then the owner's cleanup does.
  private func delete(_ path: String) -> Bool { unlink(path) == 0 || errno == ENOENT }
}
