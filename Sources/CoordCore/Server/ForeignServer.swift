/// A server in this project that coord did not start: of the team's older scripts, or of somebody's own. Beside it nobody
/// claims; it is shown, and left alone.
public struct ForeignServer: Hashable, Sendable {
  public var job: QueuedJob?
  public var endpoint: Endpoint?
  /// Slurm is ending these jobs: there is nothing to do but to wait. Empty where it is none of them.
  public private(set) var ending: [JobID] = []

  public init(job: QueuedJob?, endpoint: Endpoint?) { (self.job, self.endpoint) = (job, endpoint) }

  /// What was found out, or what has to be asked to find out.
  public enum Finding: Hashable, Sendable {
    case none
    case found(ForeignServer)
    /// Its job is being ended: its processes may live until KillWait is over, and its epilog may hang for days.
    case ending(ForeignServer)
    /// Whether this job is in the queue: it was not asked for yet.
    case askQueue(JobID)
    /// The queue cannot tell; the port can.
    case askPort(Endpoint)
  }

  /// - Parameters:
  ///   - plain: what server_info.txt says, where it is not of a server of coord's.
  ///   - known: what the whole log tells. A job that it names is ours, whatever it shows by now.
  ///   - waited: jobs that are being ended were waited for long enough: they hide no other server any more.
  public static func find(
    in snapshot: QueueSnapshot, plain: PlainServerInfo?, home: Home, known: KnownTokens, waited: Bool = false
  ) -> Finding {
    guard case .answered(let jobs) = snapshot.outcome else { return .none }
    let strangers = jobs.filter {
      home.holds($0) && $0.name == home.jobName && !$0.isOurScript && !known.names($0)
    }
    let stranger = strangers.first { $0.mayServe }
    if let stranger { return .found(ForeignServer(job: stranger, endpoint: plain?.endpoint)) }
    // A stranger's job elsewhere has got the number since: that one tells nothing.
    let named = snapshot.scheduler == "local" ? nil : plain?.job
    let row = jobs.first { $0.id.number == named?.number && (!$0.isStrangers || home.holds($0)) }
    if let row, row.mayServe { return .found(ForeignServer(job: row, endpoint: plain?.endpoint)) }
    let leaving = jobs.filter { $0.isCompleting && ($0 == row || strangers.contains($0)) }
    if !waited, !leaving.isEmpty { return .ending(ending(leaving, plain)) }
    guard let plain else { return .none }
    if let named, row == nil, !snapshot.query.others.contains(named) { return .askQueue(named) }
    // What is over in the project is over. Elsewhere it may be another job by now; a node that was given up may go on; and what
    // is in no queue here may be in another cluster's.
    if let row, row.isCompleting || (row.life == .over && home.holds(row)) { return .none }
    return .askPort(plain.endpoint)
  }

  private static func ending(_ jobs: [QueuedJob], _ plain: PlainServerInfo?) -> ForeignServer {
    var server = ForeignServer(job: jobs.first, endpoint: plain?.endpoint)
    server.ending = jobs.map(\.id)
    return server
  }

  public var isEnding: Bool { !ending.isEmpty }

  public var what: String {
    "a server that coord did not start is " + (isEnding ? "ending" : "there") + (endpoint.map { " at \($0)" } ?? "")
  }

  public var who: String {
    guard let job else { return "server_info.txt names it, and it accepts connections" }
    return "job \(job.id) of \(job.user) (\(job.name.isEmpty ? "" : job.name + ", ")\(job.state))"
  }

  public var next: String {
    if isEnding { return "connect: what is left of it is waited for" }
    let end =
      job.map { "ask \($0.user) to end it (`scancel \($0.id)`), then connect again" }
      ?? "find out whose it is and have it ended, or remove server_info.txt if it is not the team's; then connect again"
    return end + "; docs/moving.md tells how a team moves to coord"
  }

  public var error: CoordError {
    .noServer(
      what: what, why: who + "; a second one beside it would corrupt the team's annotations", next: next)
  }
}

extension QueuedJob {
  /// It runs, or stands still and may go on; or nobody knows.
  var isAtWork: Bool { [.active, .suspended, .undetermined].contains(life) && !isCompleting }

  /// It runs a server, or will.
  var mayServe: Bool { isAtWork || life == .pending }
}

extension InfoReading {
  /// Of a server that coord did not start.
  public var plain: PlainServerInfo? {
    if case .plain(let plain, _) = self { plain } else { nil }
  }
}
