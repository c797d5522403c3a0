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
  ///
  /// - Parameter newest: the last question to the scheduler.
  public static func leftovers(_ files: [File], asked newest: Int, live: Token?) -> [String] {
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
  ///
  /// - Parameter age: asked of the oldest ones only, up to one that stays.
  public static func oldLocks(
    _ numbers: [Int], tail: LogTail, age: (String) -> Duration?
  ) -> ArraySlice<Int> {
    // A stray number above the end is none of them.
    guard let highest = numbers.last.map({ min($0, tail.lastNumber) }) else { return [] }
    return numbers.prefix { number in
      number <= highest - Limits.keptNumbers && number < tail.first
        && age(LockName.name(number)).map { $0 > Limits.keptAge } ?? false
    }
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

  /// Looks backwards through the log, for whether a job of this user may be left over, so that the scheduler has to be asked: a
  /// token that this user claimed, that is not live and never started, and for which sbatch may have made a job. sbatch is called
  /// once per token: what started has left no other job.
  public struct SurplusSearch {
    private let me: UInt32
    private let live: Token?
    private var jobless: Set<Token> = []
    public private(set) var found = false

    public init(me: UInt32, live: Token?) { (self.me, self.live) = (me, live) }

    /// Takes the next older entry; true where the search is over.
    ///
    /// - Parameter age: of its file. Before one that is so old, none has left a job.
    public mutating func ends(at entry: LockEntry, age: Duration) -> Bool {
      guard age < surplusAge else { return true }
      switch entry.kind {
      case .started: jobless.insert(entry.token)
      case .ended where [.withdrawn, .refused].contains(entry.body.outcome): jobless.insert(entry.token)
      case .claimed:
        let mayHaveJob = jobless.remove(entry.token) == nil
        found = mayHaveJob && entry.author.uid == me && entry.token != live
      case .submitted, .stopRequested, .ended: break
      }
      return found
    }
  }

  /// Jobs of this user that carry a token of this log which is not, or no longer, theirs to serve.
  ///
  /// - Parameter known: those tokens of the log that the jobs show.
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

  /// Whether server_info.txt is of a server that the log proves over. One of another life of this directory may still beat, and whoever
  /// claims waits for its silence: without the file nobody would.
  ///
  /// - Parameter known: what the log tells of that token.
  public static func isStale(_ info: InfoReading, state: ServiceState, known: KnownTokens) -> Bool {
    switch info {
    case .info(let info, _): info.token != state.liveToken && known.served.contains(info.token)
    // Nobody's: the next server replaces it.
    case .absent, .plain, .invalid, .unreadable: false
    }
  }
}
