/// How long a value has been seen unchanged on this process's own clock. The only proof of silence that the protocol knows.
///
/// A look takes time, and its process may be held up in the middle of it. So a value counts as seen from the end of the
/// look that first had it to the beginning of the one that last had it.
public struct Watch<Value: Hashable & Sendable>: Hashable, Sendable {
  public private(set) var value: Value?
  /// The end of the look that first had the value.
  public private(set) var since = Instant(sinceBoot: .zero)
  private var latest = Instant(sinceBoot: .zero)
  /// The beginning of the last look that had another value: what is there now came after that. nil: it was never seen to change.
  public private(set) var changedAfter: Instant?
  /// Whether it ever changed while being watched.
  public private(set) var hasChanged = false
  private var seen = false

  public init() {}

  public mutating func see(_ new: Value?, began: Instant, ended: Instant) {
    let before = latest
    latest = began
    if seen, new == value { return }
    changedAfter = seen ? before : nil
    hasChanged = hasChanged || seen
    (value, since, seen) = (new, ended, true)
  }

  /// Nothing could be read: what was watched so far proves nothing any more.
  public mutating func lose() { seen = false }

  public var unchanged: Duration { seen ? max(latest - since, .zero) : .zero }
}

/// server_info.txt as a process watches it: how long it stood still, or could not be read.
public struct InfoWatch: Hashable, Sendable {
  private(set) var beat = Watch<InfoReading>()
  /// Whether it could not be read.
  private(set) var blind = Watch<Bool>()

  public init() {}

  public mutating func see(_ info: InfoReading, began: Instant, ended: Instant) {
    let isBlind = info.unreadable != nil
    blind.see(isBlind, began: began, ended: ended)
    if isBlind { beat.lose() } else { beat.see(info, began: began, ended: ended) }
  }

  /// How long it stood still, for whoever waits for a server of another life. One that cannot be read for so long is as good as
  /// still: such a server stops by what it reads in the log, and whoever comes to serve replaces the file.
  var silence: Duration { blind.value == true ? blind.unchanged : beat.unchanged }
}

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

/// An entry to append, and where it belongs.
public struct LockDraft: Hashable, Sendable {
  public var number: Int
  public var previous: String
  public var body: EntryBody
  /// The log's, where it has one.
  public var identity: LogIdentity?

  public init(after state: ServiceState, _ body: EntryBody) {
    (number, previous, self.body) = (state.next, state.previous, body)
    identity = state.identity
  }
}

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

/// What to do next. Carried out in order.
public enum Action: Hashable, Sendable {
  /// Look at the log too from now on.
  case readLog
  case probe(ServerPlace)
  /// Make the scheduler's view newer, if that is due.
  case look(QueueQuery)
  case append(LockDraft)
  /// Call sbatch: at most once per token, by the claimant.
  /// `log`: the identity of the log, which the job shows beside its token.
  case submit(Token, log: String?, within: Duration)
  /// Ends a job of this user that was seen to carry the token; it is looked at once more before.
  case cancel(JobID, token: Token)
  case wait(Duration, Progress)
  case answer(ServerInfo)
  /// The goal of a stop or a cleanup is reached.
  case settle(ServiceState)
  case fail(CoordError)
}

/// What came of an action.
public enum Event: Hashable, Sendable {
  case probed(ServerPlace, Reach)
  case submitted(Token, SubmitReply)
  /// The directory was in the way and sbatch was not called; `lasting` where that has not passed for a while.
  case notSubmitted(Token, lasting: CoordError?)
}
