/// What is looked for.
public struct QueueQuery: Hashable, Sendable {
  public var job: JobID?
  public var token: Token?
  public var others: [JobID]
  public var cluster: String?

  public init(job: JobID? = nil, token: Token? = nil, others: [JobID] = [], cluster: String? = nil) {
    (self.job, self.token, self.others, self.cluster) = (job, token, others, cluster)
  }
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
  /// Who asked: with PrivateData=jobs one sees only one's own.
  public var askedBy: UInt32
  /// The host that asked, which matters where jobs are local processes.
  public var host: String
  public var seesEverybody: Bool
  public var outcome: Outcome
  public var cluster: String?
  public var narrow = false

  public init(
    scheduler: String, query: QueueQuery, cluster: String? = nil, askedBy: UInt32, host: String, seesEverybody: Bool,
    outcome: Outcome
  ) {
    self.cluster = cluster
    (self.scheduler, self.query, self.askedBy, self.host) = (scheduler, query, askedBy, host)
    (self.seesEverybody, self.outcome) = (seesEverybody, outcome)
  }

  public var encoded: [UInt8] {
    var t = KeyValueText()
    t.add("SCHEDULER", scheduler)
    t.add("CLUSTER", query.cluster)
    t.add("ASKED_BY", "\(askedBy)")
    t.add("HOST", host)
    t.add("SEES_EVERYBODY", seesEverybody ? "yes" : "no")
    switch outcome {
    case .unknown(let why): t.add("UNKNOWN", why)
    case .answered(let jobs):
      for job in jobs {
        let fields = [
          job.id.description, job.user, job.uid.map(String.init) ?? "", job.state, job.expectedStart ?? "",
          job.reason.filter { $0 != "|" }, job.comment,
        ]
        t.add("JOB", fields.joined(separator: "|"))
      }
    }
    return Array((t.encoded + "COMPLETE=yes\n").utf8)
  }

  public init?(decoding bytes: [UInt8]) {
    guard let t = KeyValueText(bytes), t["COMPLETE"] == "yes", let scheduler = t["SCHEDULER"],
      let askedBy = t["ASKED_BY"].flatMap({ UInt32($0) }), let host = t["HOST"], let sees = t["SEES_EVERYBODY"]
    else { return nil }
    var jobs: [QueuedJob] = []
    for (_, value) in t.pairs.filter({ $0.key == "JOB" }) {
      let f = value.split(separator: "|", maxSplits: 6, omittingEmptySubsequences: false).map(String.init)
      guard f.count == 7, let id = JobID(f[0]) else { return nil }
      jobs.append(
        QueuedJob(
          id: id, user: f[1], uid: UInt32(f[2]), state: f[3], reason: f[5],
          expectedStart: f[4].isEmpty ? nil : f[4], comment: f[6]))
    }
    self.init(
      scheduler: scheduler,
      query: QueueQuery(cluster: t["CLUSTER"]),
      askedBy: askedBy, host: host, seesEverybody: sees == "yes",
      outcome: t["UNKNOWN"].map { .unknown($0) } ?? .answered(jobs))
  }
}

/// Whose job is looked for, and how it may be recognised.
public struct Wanted: Hashable, Sendable {
  public var token: Token
  public var job: JobID?
  public var owner: UInt32
  public var scheduler: String
  /// Where the job is a local process, the host that can tell.
  public var host: String?
  public var cluster: String?
  public var workDir: String?
  public var name: String?

  public init(
    token: Token, job: JobID?, owner: UInt32, scheduler: String, host: String? = nil, cluster: String? = nil,
    workDir: String? = nil, name: String? = nil
  ) {
    (self.cluster, self.workDir, self.name) = (cluster, workDir, name)
    (self.token, self.job, self.owner, self.scheduler, self.host) = (token, job, owner, scheduler, host)
  }
}

/// What one snapshot says of one job.
public enum Sighting: Hashable, Sendable {
  case found(QueuedJob)
  /// It is not there, and the one who looked would have seen it.
  case gone
  case unknown(String)

  public init(of wanted: Wanted, in snapshot: QueueSnapshot) {
    guard snapshot.scheduler == wanted.scheduler else {
      self = .unknown("the job belongs to scheduler \(wanted.scheduler), not \(snapshot.scheduler)")
      return
    }
    switch snapshot.outcome {
    case .unknown(let why): self = .unknown(why)
    case .answered(let jobs):
      // The token is the surer sign where it is shown: after a scheduler lost its state, ids begin anew.
      let match = jobs.first {
        $0.token == wanted.token || ($0.token == nil && $0.id.number == wanted.job?.number && $0.uid == wanted.owner)
      }
      if let match {
        self = .found(match)
      } else if let host = wanted.host, host != snapshot.host {
        self = .unknown("only \(host) can see that process")
      } else if snapshot.query.cluster != wanted.job?.cluster {
        self = .unknown("not asked yet")
      } else if !snapshot.seesEverybody, snapshot.askedBy != wanted.owner {
        self = .unknown("the jobs of other users are hidden here (PrivateData)")
      } else {
        self = .gone
      }
    }
  }
}
