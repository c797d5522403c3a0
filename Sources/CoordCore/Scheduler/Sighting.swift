/// What one snapshot says of one job.
public enum Sighting: Hashable, Sendable {
  /// It shows the token, and is its owner's.
  case found(QueuedJob)
  /// It is not there, and the one who looked would have seen it.
  case gone
  /// What there is of it cannot be seen from here, or not be told for sure: of a server only its own silence tells.
  case hidden(String)
  /// Nothing was learned: asking again may tell.
  case unknown(String)

  public init(of wanted: Wanted, in snapshot: QueueSnapshot) {
    guard snapshot.scheduler == wanted.scheduler else {
      self = .hidden("the job belongs to scheduler \(wanted.scheduler), not \(snapshot.scheduler)")
      return
    }
    if let theirs = wanted.cluster, theirs != snapshot.cluster {
      self =
        snapshot.cluster.map { .hidden("the job belongs to cluster \(theirs); this host asks \($0)") }
        ?? .unknown(
          "the job belongs to cluster \(theirs); which one this host asks is not known (`scontrol show config`)")
      return
    }
    switch snapshot.outcome {
    case .unknown(let why): self = .unknown(why)
    case .answered(let jobs):
      if let job = wanted.job(in: jobs) {
        self = .found(job)
      } else {
        self = wanted.doubt(jobs, snapshot) ?? .gone
      }
    }
  }
}

extension Wanted {
  /// The job that shows the token, or that claimed for itself. What another user calls by it is an imitation.
  fileprivate func job(in jobs: [QueuedJob]) -> QueuedJob? {
    let ours = jobs.filter { $0.token == token && $0.uid == owner }
    // Where the token was given to more than one job, the known one is meant; else one that may still run.
    return ours.first { $0.id.number == job?.number } ?? ours.first { !$0.isOver } ?? ours.first
      ?? (isByHand
        ? jobs.first { $0.id.number == job?.number && $0.uid == owner && $0.isOurScript && $0.token == nil } : nil)
  }

  /// Why the job's absence from these rows proves nothing; nil if it does.
  fileprivate func doubt(_ jobs: [QueuedJob], _ snapshot: QueueSnapshot) -> Sighting? {
    let query = snapshot.query
    // Comments and names may be changed, by people and by a site's plugins. But where the directory differs, it is another job
    // that got the number.
    if let job, let other = jobs.first(where: { mayBe($0, job) }), !isOverHere(other) {
      // Somebody changed its comment. That it stands still matters all the same.
      return other.life == .suspended
        ? .found(other)
        : .hidden(
          "job \(other.id) of \(other.user) \(other.waitingInWords), and does not show our token: its comment was changed"
        )
    }
    let signs = QueueQuery(job: job, token: token)
    if let line = snapshot.odd.first(where: signs.isMentioned) {
      return .unknown("the queue shows what cannot be read: \(line)")
    }
    if let host, host != snapshot.host { return .hidden("only \(host) can see that process") }
    if !snapshot.seesEverybody, snapshot.askedBy != owner {
      return .hidden("the jobs of other users are hidden here (PrivateData)")
    }
    // A whole listing shows every token; a job's number, where it was asked for.
    if snapshot.narrow || query.cluster != job?.cluster || !(job.map(query.names) ?? true) {
      return .unknown(Self.notAsked)
    }
    if isUnclaimed { return .hidden("its claim is not in the log any more") }
    return nil
  }

  /// What is said where nobody has asked for it yet.
  static let notAsked = "not asked yet"

  /// Whatever it is called by now: ours is over, or another job got its number since. That is no more than gone: a token alone tells
  /// which run a row is of.
  private func isOverHere(_ row: QueuedJob) -> Bool {
    row.isOver && (row.isHere || (workDir ?? row.workDir) == row.workDir && !row.workDir.isEmpty)
  }

  /// What became of the job, as a row tells that lost the token: for words, not for proofs.
  func overWithoutToken(in snapshot: QueueSnapshot?) -> QueuedJob? {
    guard let job, case .answered(let jobs)? = snapshot?.outcome else { return nil }
    return jobs.first { mayBe($0, job) && isOverHere($0) }
  }

  private func mayBe(_ row: QueuedJob, _ job: JobID) -> Bool {
    guard row.id.number == job.number, row.uid == owner, row.token == nil else { return false }
    return workDir.map { row.isHere || row.workDir.isEmpty || row.workDir == $0 } ?? true
  }
}
