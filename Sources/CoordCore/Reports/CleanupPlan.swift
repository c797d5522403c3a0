/// What a cleanup may remove. Safe on every login node at once: each rule looks only at what can no longer matter.
public enum CleanupPlan {
  public struct File: Hashable, Sendable {
    public var name: String
    /// By the file system's own clock.
    public var age: Duration

    public init(name: String, age: Duration) { (self.name, self.age) = (name, age) }
  }

  /// Older temporary files are left over: no write takes so long.
  static let staleTemporary = Duration.seconds(3600)

  /// Files of the lock directory that are not lock numbers.
  public static func leftovers(_ files: [File], live: Token?) -> [String] {
    let newest = LockListing(files.map(\.name)).asked
    return files.filter { file in
      if file.name.hasPrefix("tmp.") { return file.age > staleTemporary }
      // The last ones stay: their numbers must go on.
      if let queue = QueueName.parse(file.name) { return queue.number < newest - 3 && file.age > .seconds(300) }
      if file.name.hasPrefix("sbatch.") {
        let token = file.name.split(separator: ".").dropFirst().first.flatMap { Token($0) }
        return token != live && file.age > staleTemporary
      }
      return false
    }.map(\.name).sorted()
  }

  /// The oldest lock numbers, in the order in which they have to go: never with a gap, never one of the last 64, none
  /// younger than 30 days, and none of the token that is live.
  public static func oldLocks(_ files: [File], tail: LogTail) -> [String] {
    let numbered = files.compactMap { file in LockName.number(file.name).map { (number: $0, age: file.age) } }
      .sorted { $0.number < $1.number }
    // A stray number above the end is none of them.
    guard let highest = numbered.last.map({ min($0.number, tail.lastNumber) }) else { return [] }
    return numbered.prefix { entry in
      entry.number <= highest - Limits.keptNumbers && entry.age > Limits.keptAge && entry.number < tail.first
    }.map { LockName.name($0.number) }
  }

  /// Logs of jobs that are long over.
  public static func oldLogs(_ files: [File], keep: Duration) -> [String] {
    files.filter { file in
      ["panel-server-", "trial-"].contains { file.name.hasPrefix($0) } && file.name.hasSuffix(".log") && file.age > keep
    }.map(\.name)
      .sorted()
  }

  /// Temporary files beside server_info.txt.
  public static func oldInfoTemporaries(_ files: [File]) -> [String] {
    files.filter { $0.name.hasPrefix(".server_info.") && $0.age > staleTemporary }.map(\.name).sorted()
  }

  /// What a change of credentials.json that died halfway left beside it: `name.` and 16 hexadecimal digits.
  public static func oldCredentials(_ files: [File], of name: String) -> [String] {
    files.filter { file in
      let rest = file.name.without(name + ".")
      return file.name.hasPrefix(name + ".") && rest.utf8.count == 16 && rest.utf8.allSatisfy(\.isLowerHexadecimal)
        && file.age > staleTemporary
    }.map(\.name).sorted()
  }

  /// What `coord doctor --repair` put aside, long ago.
  public static func oldStrangeFiles(_ files: [File]) -> [String] {
    files.filter { $0.age > Limits.keptAge }.map(\.name).sorted()
  }

  /// A claim that never started is looked for in the queue for so long: no job waits longer, and one that did would meet
  /// its fence.
  static let surplusAge = Duration.seconds(7 * 86_400)

  /// Whether a job of this user may be left over, so that the scheduler has to be asked: a token that this user claimed, that
  /// is not live and never started, and for which sbatch may have made a job. sbatch is called once per token: what started
  /// has left no other job.
  ///
  /// - Parameter entries: all of the log, with the age of each number's file.
  public static func mayHaveSurplus(_ entries: [(entry: LockEntry, age: Duration)], me: UInt32, live: Token?) -> Bool {
    let started = Set(entries.filter { $0.entry.kind == .started }.map(\.entry.token))
    let jobless = Set(
      entries.filter { $0.entry.kind == .ended && [.withdrawn, .refused].contains($0.entry.body.outcome) }
        .map(\.entry.token))
    return entries.contains { entry, age in
      entry.kind == .claimed && entry.author.uid == me && entry.token != live && age < surplusAge
        && !started.contains(entry.token) && !jobless.contains(entry.token)
    }
  }

  /// Jobs of this user that carry a token of this log which is not, or no longer, theirs to serve.
  ///
  /// - Parameter log: the log's identity: a copy of the project knows the same tokens, and the jobs are the original's.
  public static func surplusJobs(
    _ snapshot: QueueSnapshot, me: UInt32, state: ServiceState, known: Set<Token>, log: String?
  ) -> [QueuedJob] {
    guard case .answered(let jobs) = snapshot.outcome else { return [] }
    return jobs.filter { job in
      guard job.uid == me, [.pending, .active, .suspended].contains(job.life), !job.isCompleting,
        let token = job.token, known.contains(token), job.log == nil || job.log == log
      else { return false }
      if token != state.liveToken { return true }
      // The live token has one job. Another one with the same token cannot pass its fence any more.
      return state.phase == .started && state.job.map { $0.number != job.id.number } ?? false
    }
  }

  /// Whether server_info.txt is of a job that is over.
  public static func isStale(_ info: InfoReading, state: ServiceState) -> Bool {
    switch info {
    case .info(let info, _): info.token != state.liveToken
    // Nobody's: the next server replaces it.
    case .absent, .plain, .invalid, .unreadable: false
    }
  }
}
