/// What one of Slurm's job states means for the service.
public enum JobLife: Hashable, Sendable {
  case pending
  /// On its node, or about to be, or just leaving it: its processes may exist.
  case active
  /// On its node, but its processes do not run (scontrol suspend): they may go on at any moment.
  case suspended
  /// No process of it exists and none will.
  case over
  /// The scheduler does not wait for it any more, but did not see its processes end: a node that it lost may still run them.
  case givenUp
  /// Nothing certain: a state that this program does not know, or that does not tell of processes. Never taken for "over".
  case undetermined

  /// Of a word that squeue prints, long or compact.
  public init(slurmState word: String) { self = SlurmState(word)?.life ?? .undetermined }
}

/// A job state of Slurm 17.11 to 25.11. Sources: squeue(1) and sacct(1), JOB STATE CODES and JOB STATE FLAGS; slurm.h, `enum
/// job_states` and JOB_STATE_FLAGS. squeue's %T shows one word: a flag, where one is set, else the base state.
public struct SlurmState: Hashable, Sendable {
  public var name: String
  /// squeue's %t; nil where it has none.
  public var compact: String?
  public var life: JobLife
  /// What people are told beside the word, where that does not say it: a clause about the job.
  public var means: String?

  /// - Parameter word: as squeue prints it, long or compact; nil for one that is not in the table.
  public init?(_ word: String) {
    guard let state = Self.byWord[word] else { return nil }
    self = state
  }

  private init(_ name: String, _ compact: String?, _ life: JobLife, _ means: String? = nil) {
    (self.name, self.compact, self.life, self.means) = (name, compact, life, means)
  }

  private static let byWord = Dictionary(
    uniqueKeysWithValues: all.flatMap { state in [state.name, state.compact].compactMap { $0 }.map { ($0, state) } })

  public static let all = [
    // Base states.
    SlurmState("PENDING", "PD", .pending), SlurmState("RUNNING", "R", .active),
    SlurmState("SUSPENDED", "S", .suspended), SlurmState("COMPLETED", "CD", .over),
    SlurmState("CANCELLED", "CA", .over), SlurmState("FAILED", "F", .over), SlurmState("TIMEOUT", "TO", .over),
    SlurmState("NODE_FAIL", "NF", .givenUp), SlurmState("PREEMPTED", "PR", .over),
    SlurmState("BOOT_FAIL", "BF", .givenUp, "its node could not be booted"),
    SlurmState("DEADLINE", "DL", .over, "its --deadline passed"), SlurmState("OUT_OF_MEMORY", "OOM", .over),
    // Flags of a job that waits.
    SlurmState("REQUEUED", "RQ", .pending, "it goes back into the queue"),
    SlurmState("REQUEUE_FED", "RF", .pending, "the federation puts it back into its queues"),
    SlurmState("REQUEUE_HOLD", "RH", .pending, "it went back into the queue and is held there"),
    SlurmState(
      "SPECIAL_EXIT", "SE", .pending, "it went back into the queue after a special exit code, and is held there"),
    SlurmState("RESV_DEL_HOLD", "RD", .pending, "its reservation was deleted, and it is held"),
    // Flags of a job that has a node.
    SlurmState("CONFIGURING", "CF", .active), SlurmState("POWER_UP_NODE", nil, .active, "its node is being booted"),
    SlurmState("RESIZING", "RS", .active), SlurmState("SIGNALING", "SI", .active, "a signal is on its way to it"),
    SlurmState("COMPLETING", "CG", .active), SlurmState("STAGE_OUT", "SO", .active, "its files are being staged out"),
    SlurmState("STOPPED", "ST", .suspended),
    // A sibling of another cluster has it: whether and what that runs is not to be seen here.
    SlurmState("REVOKED", "RV", .undetermined, "another cluster of the federation has it"),
    // Flags beside a base state that they hide: they tell what is to be done with a job, not whether its processes are gone.
    SlurmState("LAUNCH_FAILED", nil, .undetermined, "its node could not launch it"),
    SlurmState("RECONFIG_FAIL", nil, .undetermined, "its node could not be configured for it"),
    SlurmState("GETENV_FAILED", nil, .undetermined, "its user's environment could not be read"),
    SlurmState("UPDATE_DB", nil, .undetermined), SlurmState("EXPEDITING", nil, .undetermined),
  ]
}
