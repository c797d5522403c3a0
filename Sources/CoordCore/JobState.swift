/// What one of Slurm's job states means for the service. Names: squeue(1), JOB STATE CODES, Slurm 17.11 to 24.11.
public enum JobLife: Hashable, Sendable {
  case pending
  /// On its node, or about to be, or just leaving it: its processes may exist.
  case active
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
    case "SUSPENDED", "STOPPED":
      self = .suspended
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
  public var name = ""
  public var workDir = ""
  public var restarts: Int?

  public init(
    id: JobID, user: String, uid: UInt32?, state: String, reason: String = "", expectedStart: String? = nil,
    comment: String = ""
  ) {
    (self.id, self.user, self.uid, self.state) = (id, user, uid, state)
    (self.reason, self.expectedStart, self.comment) = (reason, expectedStart, comment)
  }

  public var life: JobLife { JobLife(slurmState: state) }
  public var isOurScript: Bool { comment == "coord" || token != nil }
  public var token: Token? { Token(comment: comment) }
}
