/// What one of Slurm's job states means for the service. Names: squeue(1), JOB STATE CODES, Slurm 17.11 to 24.11.
public enum JobLife: Hashable, Sendable {
  case pending
  /// On its node, or about to be, or just leaving it: its processes may exist.
  case active
  /// On its node, but its processes do not run (scontrol suspend): they may go on at any moment.
  case suspended
  /// No process of it exists and none will.
  case over
  /// A state that this program does not know. Never taken for "over".
  case undetermined

  public init(slurmState state: String) {
    switch state {
    case "PENDING", "REQUEUED", "REQUEUE_HOLD", "REQUEUE_FED", "SPECIAL_EXIT", "RESV_DEL_HOLD", "POWER_UP_NODE":
      self = .pending
    case "RUNNING", "CONFIGURING", "COMPLETING", "RESIZING", "SIGNALING", "STAGE_OUT":
      self = .active
    case "SUSPENDED", "STOPPED": self = .suspended
    case "BOOT_FAIL", "CANCELLED", "COMPLETED", "DEADLINE", "FAILED", "LAUNCH_FAILED", "NODE_FAIL",
      "OUT_OF_MEMORY", "PREEMPTED", "RECONFIG_FAIL", "REVOKED", "TIMEOUT":
      self = .over
    default: self = .undetermined
    }
  }
}

/// One job of a queue listing.
public struct QueuedJob: Hashable, Sendable {
  public var id: JobID
  public var user: String
  public var uid: UInt32?
  public var state: String
  public var reason: String
  /// When the scheduler expects it to start, as it says it; nil where it does not.
  public var expectedStart: String?
  public var comment: String
  /// Empty where it is not known, as is `workDir`.
  public var name: String
  public var workDir: String
  /// How often it was requeued, where the scheduler said so.
  public var restarts: Int?

  public init(
    id: JobID, user: String, uid: UInt32?, state: String, reason: String = "", expectedStart: String? = nil,
    comment: String = "", name: String = "", workDir: String = "", restarts: Int? = nil
  ) {
    (self.id, self.user, self.uid, self.state) = (id, user, uid, state)
    (self.reason, self.expectedStart, self.comment) = (reason, expectedStart, comment)
    (self.name, self.workDir, self.restarts) = (name, workDir, restarts)
  }

  public var life: JobLife { JobLife(slurmState: state) }
  public var token: Token? { JobComment(comment)?.token }
  /// The log that its token belongs to, where the comment names it.
  public var log: String? { JobComment(comment)?.log }
  /// Whether it was made of start_server.sh, by coord or by hand.
  public var isOurScript: Bool { comment == JobComment.byHand || token != nil }
}

/// How a job carries its token, `sbatch --comment`: `coord:TOKEN`, or `coord:TOKEN:LOG`.
struct JobComment {
  /// Of a job that was submitted by hand: start_server.sh sets it.
  static let byHand = "coord"
  /// What all of ours begin with.
  static let beginning = byHand

  var token: Token
  /// 16 lower-case hexadecimal digits.
  var log: String?

  init?(_ comment: some StringProtocol) {
    let parts = comment.split(separator: ":", omittingEmptySubsequences: false)
    guard parts[0] == "coord", (2...3).contains(parts.count), let token = Token(parts[1]) else { return nil }
    self.token = token
    if parts.count == 3 {
      guard parts[2].utf8.count == 16, parts[2].utf8.allSatisfy(isLowerHexadecimal) else { return nil }
      log = String(parts[2])
    }
  }
}
