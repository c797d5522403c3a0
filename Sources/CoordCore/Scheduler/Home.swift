/// What the team's jobs look like in the queue.
public struct Home: Hashable, Sendable {
  public var jobName: String
  /// The project's folder; empty: not known.
  public var root: String
  /// STATUS_FILE is not in the project: another one may be set to the same.
  public var statusIsOutside: Bool

  public init(jobName: String = "py_accel_viewer", root: String = "", statusIsOutside: Bool = false) {
    (self.jobName, self.root, self.statusIsOutside) = (jobName, root, statusIsOutside)
  }

  /// Whether a job runs in the project.
  func holds(_ job: QueuedJob) -> Bool {
    job.isHere || !root.isEmpty && (job.workDir == root || job.workDir.hasPrefix(root + "/"))
  }
}
