/// What an entry says beside its place in the log and its author.
public struct EntryBody: Hashable, Sendable {
  public var kind: EntryKind
  public var token: Token
  public var job: JobID?
  /// SLURM_RESTART_COUNT of the job that takes `started`.
  public var restarts: Int?
  public var node: String?
  public var port: Int?
  public var outcome: Outcome?
  public var reason: String?
  public var cause: EndCause?
  /// What those can do who wait for what has failed.
  public var next: String?
  /// The last lines of the server's log, where it died.
  public var logTail: String?
  /// Path of the job's log.
  public var log: String?
  /// Which scheduler the claimant uses: another one knows nothing of its jobs.
  public var scheduler: String?
  /// Where the job that took `started` writes its heartbeat.
  public var statusFile: String?
  /// The cluster whose scheduler the claimant asks (ClusterName of slurm.conf): another one knows nothing of its jobs.
  public var cluster: String?

  public init(_ kind: EntryKind, _ token: Token) { (self.kind, self.token) = (kind, token) }

  /// The same, changed by `change`: for building one in an expression.
  public func with(_ change: (inout EntryBody) -> Void) -> EntryBody {
    var copy = self
    change(&copy)
    return copy
  }
}
