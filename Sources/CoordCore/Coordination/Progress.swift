/// What a process waits for, in the words that its user reads.
public enum Progress: Hashable, Sendable {
  case directory(String)
  /// A cache of the shared filesystem is behind.
  case lag(String)
  case schedulerSilent(String)
  /// It answers, and what there is of the job cannot be told from its answer.
  case untold(String)
  case askingScheduler
  case claimed(by: String, host: String)
  case submitted(JobID, by: String)
  /// It has ended, or is being ended, and its node does not let go of it.
  case completing(JobID, by: String)
  case pending(QueuedJob, by: String)
  /// Its state tells nothing certain.
  case oddState(QueuedJob, by: String)
  case starting(JobID?, node: String)
  case beatSilent(node: String, Duration)
  case unreachable(Reach)
  /// A server that coord did not start may be there.
  case unclear(Endpoint, Reach)
  /// It beats, but its pages do not answer.
  case hung(node: String)
  case stopping(JobID?, by: String)
  case ending(String)
  /// The scheduler took its processors away: it stands still, and goes on one day.
  case suspended(JobID, by: String)
  /// A server of a log that is not here any more may live; how long it was quiet.
  case olderLife(String, Duration)
  /// A job of an older life is at work.
  case olderJob(QueuedJob, why: String)

  /// What shows first that it has happened.
  public enum Sign: Hashable, Sendable {
    /// Somebody takes the next number, or asks the scheduler.
    case locks
    /// server_info.txt is another one.
    case heartbeat
  }

  public var sign: Sign? {
    switch self {
    case .claimed, .submitted, .completing, .pending, .oddState: .locks
    case .starting, .hung: .heartbeat
    case .directory, .lag, .schedulerSilent, .untold, .askingScheduler, .beatSilent, .unreachable, .unclear, .stopping,
      .ending, .suspended, .olderLife, .olderJob:
      nil
    }
  }

  /// Whether the scheduler's answer is what is missing.
  var needsScheduler: Bool {
    switch self {
    case .schedulerSilent, .untold, .askingScheduler, .claimed, .beatSilent, .ending, .olderLife, .olderJob: true
    case .directory, .lag, .submitted, .completing, .pending, .oddState, .starting, .unreachable, .unclear, .hung,
      .stopping, .suspended:
      false
    }
  }

  /// What is said while it is waited for: where waiting alone does not help, what does.
  public var text: String {
    if case .pending(let job, _) = self, job.pending.outlook != .waits, let advice = job.adviceWhileWaiting {
      return "\(why); \(advice)"
    }
    return why
  }

  /// What it is, without advice.
  public var why: String {
    switch self {
    case .directory(let why): "the shared directory cannot be read: \(why)"
    case .lag(let why): "waiting for the shared filesystem: \(why)"
    case .schedulerSilent(let why): "the scheduler does not answer: \(why)"
    case .untold(let why): "the queue does not tell how the job stands: \(why)"
    case .askingScheduler: "asking the scheduler"
    case .claimed(let by, let host): "\(by) on \(host) is submitting the job"
    case .submitted(let job, let by): "job \(job) of \(by) is in the queue"
    case .completing(let job, let by): "job \(job) of \(by) is leaving its node (COMPLETING)"
    case .pending(let job, let by):
      "job \(job.id) of \(by) \(job.waitingInWords)"
    case .oddState(let job, let by): "job \(job.id) of \(by) \(job.waitingInWords)"
    case .starting(let job, let node): "\(job.map { "job \($0)" } ?? "the job") is starting the server on \(node)"
    case .beatSilent(let node, _): "the server on \(node) has gone quiet: making sure that it is gone"
    case .unreachable(let reach): "the server is alive, but \(reach.why)"
    case .unclear(let endpoint, let reach):
      "a server that coord did not start may be at \(endpoint): \(reach.why)"
    case .hung(let node): "the server on \(node) is alive, but does not answer HTTP"
    case .stopping(let job, let by): "\(job.map { "job \($0)" } ?? "the server") is stopping, as \(by) asked"
    case .suspended(let job, let by): "job \(job) of \(by) is suspended by the scheduler: its server stands still"
    case .olderLife(let why, _), .olderJob(_, let why): "making sure that no server from before is alive (\(why))"
    case .ending(let why): "making sure that the last job is gone (\(why))"
    }
  }
}
