/// What a process sees in one look around. Plain values: the same decision code runs on the machine and in a simulation.
public struct Observation: Sendable {
  /// The claimant of the last claim, as far as this host can tell.
  public enum Claimant: Hashable, Sendable { case alive, dead, unknown }

  /// Before anything was read.
  public var began: Instant
  /// After everything was read.
  public var now: Instant
  public var wall: WallTime
  public var info: InfoReading
  /// nil: not read in this look.
  public var log: Result<LogTail, StorageFailure>?
  public var queue: QueueReading?
  public var claimant: Claimant
  /// What sbatch left in the directory for the live token, so that a killed claimant loses nothing.
  public var submitOutput: String
  /// A reason why this user could not run a job from here at all.
  public var obstacle: CoordError?
  /// Random bits for a claim, should one be made.
  public var freshToken: Token
  /// Where this lock directory is; nil: not looked at.
  public var place: LogPlace?
  /// Whether the lock that server_info.txt names is there, and is the `started` of its token.
  public var infoIsInLog = false
  /// Whether it is the heartbeat of a server that another project's log names.
  public var infoIsElsewhere = false
  /// Whether the last claimant began to call sbatch, as far as its host can tell; nil: not known.
  public var submitBegan: Bool?
  /// Logs of jobs or a cookie secret are there: a server was started here before.
  public var hasTraces = false
  /// How long the slowest action on the shared directory took so far, by this process.
  public var slowest = Duration.zero
  /// Why the scheduler cannot be asked from here at all; nil: it can.
  public var noScheduler: CoordError?
  /// What the whole log tells of tokens; nil: its end tells all that matters.
  public var tokens: KnownTokens?

  /// server_info.txt is there, and cannot be read.
  var isBlind: Bool { info.unreadable != nil }

  /// What is said of a disk that is as slow as it is seldom; nil where it is not.
  var slowDisk: String? {
    slowest < Limits.slowAction
      ? nil : "the shared disk is very slow: one action on hpc_utils/locks took \(slowest.spoken)"
  }

  public init(
    began: Instant, now: Instant, wall: WallTime, info: InfoReading, log: Result<LogTail, StorageFailure>?,
    queue: QueueReading?,
    claimant: Claimant = .unknown, submitOutput: String = "", obstacle: CoordError? = nil, freshToken: Token
  ) {
    (self.began, self.now, self.wall, self.info, self.log, self.queue) = (began, now, wall, info, log, queue)
    (self.claimant, self.submitOutput, self.obstacle, self.freshToken) =
      (claimant, submitOutput, obstacle, freshToken)
  }
}
