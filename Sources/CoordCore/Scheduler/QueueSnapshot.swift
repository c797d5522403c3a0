/// What is looked for in the queue. It names no user: squeue drops, without a word in its exit status, those that its host's
/// user data base does not know.
public struct QueueQuery: Hashable, Sendable {
  /// The live token's job, where it is known.
  public var job: JobID?
  public var token: Token?
  /// Jobs that are to be shown whatever they carry.
  public var others: [JobID]
  public var cluster: String?

  public init(job: JobID? = nil, token: Token? = nil, others: [JobID] = [], cluster: String? = nil) {
    (self.job, self.token, self.others, self.cluster) = (job, token, others, cluster)
  }

  /// Whether an answer shows the job of this number if there is one.
  func names(_ job: JobID) -> Bool { self.job?.number == job.number || others.contains { $0.number == job.number } }
}

/// One answer of the scheduler, as one process got it for the whole team.
public struct QueueSnapshot: Hashable, Sendable {
  public enum Outcome: Hashable, Sendable {
    case answered([QueuedJob])
    /// It did not answer, or not in a way that can be trusted.
    case unknown(String)
  }

  public var scheduler: String
  public var query: QueueQuery
  /// The cluster that was asked, by its ClusterName, where that is known.
  public var cluster: String?
  /// Who asked: with PrivateData=jobs one sees only one's own.
  public var askedBy: UInt32
  /// The host that asked, which matters where jobs are local processes.
  public var host: String
  public var seesEverybody: Bool
  /// KillWait of the cluster, where it is known.
  public var endsWithin: Duration?
  public var outcome: Outcome
  /// Only the known job was asked for, and it was found: that proves no other job's absence.
  public var narrow: Bool
  /// Lines that could not be read and might be of one of our jobs; a few of them.
  public var odd: [String]

  public init(
    scheduler: String, query: QueueQuery, cluster: String? = nil, askedBy: UInt32, host: String, seesEverybody: Bool,
    endsWithin: Duration? = nil, outcome: Outcome, narrow: Bool = false, odd: [String] = []
  ) {
    (self.scheduler, self.query, self.cluster, self.askedBy) = (scheduler, query, cluster, askedBy)
    (self.host, self.seesEverybody, self.outcome) = (host, seesEverybody, outcome)
    self.endsWithin = endsWithin
    (self.narrow, self.odd) = (narrow, Array(odd.prefix(5)))
  }

  /// How long processes of a job may live that is COMPLETING.
  var killWait: Duration { (endsWithin ?? Limits.killWait) + Limits.killWaitMargin }

  /// What it says of all but one: a job looks for others, and may have any name and comment itself.
  public func besides(_ job: String) -> QueueSnapshot {
    guard case .answered(let jobs) = outcome else { return self }
    var others = self
    others.outcome = .answered(jobs.filter { $0.id.number != job })
    return others
  }

  public var encoded: [UInt8] {
    var t = KeyValueText()
    t.add("SCHEDULER", scheduler)
    t.add("QUERY_JOB", query.job?.description)
    t.add("QUERY_TOKEN", query.token?.description)
    t.add("QUERY_OTHERS", query.others.map(\.description).joined(separator: ","))
    t.add("QUERY_CLUSTER", query.cluster)
    t.add("CLUSTER", cluster)
    t.add("ASKED_BY", "\(askedBy)")
    t.add("HOST", host)
    t.add("SEES_EVERYBODY", seesEverybody ? "yes" : "no")
    t.add("KILL_WAIT", endsWithin.map { "\($0.wholeSeconds)" })
    t.add("NARROW", narrow ? "yes" : "no")
    for line in odd { t.add("ODD", line) }
    switch outcome {
    case .unknown(let why): t.add("UNKNOWN", why)
    case .answered(let jobs): for job in jobs { job.add(to: &t) }
    }
    return Array((t.encoded + "COMPLETE=yes\n").utf8)
  }

  public init?(decoding bytes: [UInt8]) {
    guard let t = KeyValueText(bytes), t["COMPLETE"] == "yes", let scheduler = t["SCHEDULER"],
      let askedBy = t["ASKED_BY"].flatMap({ UInt32($0) }), let host = t["HOST"], let sees = t["SEES_EVERYBODY"],
      let narrow = t["NARROW"], let others = t["QUERY_OTHERS"]
    else { return nil }
    var jobs: [QueuedJob] = []
    var odd: [String] = []
    for (key, value) in t.pairs {
      switch key {
      case "JOB":
        guard let job = QueuedJob(line: value) else { return nil }
        jobs.append(job)
      case "ODD": odd.append(value)
      default: if !jobs.isEmpty { jobs[jobs.count - 1].take(key, value) }
      }
    }
    self.init(
      scheduler: scheduler,
      query: QueueQuery(
        job: t["QUERY_JOB"].flatMap { JobID($0) }, token: t["QUERY_TOKEN"].flatMap { Token($0) },
        others: others.split(separator: ",").compactMap { JobID($0) }, cluster: t["QUERY_CLUSTER"]),
      cluster: t["CLUSTER"], askedBy: askedBy, host: host, seesEverybody: sees == "yes",
      endsWithin: t["KILL_WAIT"].flatMap { Int64($0) }.map { .seconds($0) },
      outcome: t["UNKNOWN"].map { .unknown($0) } ?? .answered(jobs), narrow: narrow == "yes", odd: odd)
  }
}

// A job is a line of what cannot hold a `|`, and one more for each text that can.
extension QueuedJob {
  fileprivate func add(to t: inout KeyValueText) {
    let fields = [
      id.description, uid.map(String.init) ?? "", state, expectedStart ?? "", restarts.map(String.init) ?? "",
    ]
    t.add("JOB", fields.joined(separator: "|"))
    for (key, value) in [
      ("JOB_USER", user), ("JOB_REASON", reason), ("JOB_COMMENT", comment), ("JOB_NAME", name), ("JOB_DIR", workDir),
      ("JOB_RESERVATION", reservation?.line ?? ""),
      ("JOB_EXIT", exit), ("JOB_STILLBORN", stillborn), ("JOB_HERE", isHere ? "yes" : ""),
      ("JOB_STRANGERS", isStrangers ? "yes" : ""),
    ] where !value.isEmpty { t.add(key, value) }
  }

  fileprivate init?(line: String) {
    let f = line.split(separator: "|", omittingEmptySubsequences: false).map(String.init)
    guard f.count == 5, let id = JobID(f[0]) else { return nil }
    self.init(
      id: id, user: "", uid: UInt32(f[1]), state: f[2], expectedStart: f[3].isEmpty ? nil : f[3], restarts: Int(f[4]))
  }

  fileprivate mutating func take(_ key: String, _ value: String) {
    switch key {
    case "JOB_USER": user = value
    case "JOB_REASON": reason = value
    case "JOB_COMMENT": comment = value
    case "JOB_NAME": name = value
    case "JOB_DIR": workDir = value
    case "JOB_RESERVATION": reservation = Reservation(line: value)
    case "JOB_EXIT": exit = value
    case "JOB_STILLBORN": stillborn = value
    case "JOB_HERE": isHere = value == "yes"
    case "JOB_STRANGERS": isStrangers = value == "yes"
    default: break
    }
  }
}
