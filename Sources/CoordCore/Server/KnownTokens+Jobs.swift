// What the tokens of the log tell of jobs and of servers.
extension KnownTokens {
  /// Whether this job was submitted for one of the tokens: the newest, or one that has ended. A controller that lost its state
  /// gives numbers anew, so that of the older ones only what waits is: it meets its fence. What runs may be anybody's server.
  func names(_ job: QueuedJob) -> Bool {
    job.uid != nil && jobs[job.id.number] == job.uid && (job.life == .pending || job.id.number == latest)
  }

  /// Whether it is of a server that nobody started here: its log was another one, or its `started` was removed.
  func isUnstarted(_ info: ServerInfo) -> Bool { !served.contains(info.token) }

  /// A job at work in the project whose `started` is not in the log: its log was another one, or lost that.
  /// - Parameters:
  ///   - live: the token that is about to start.
  ///   - traces: something tells of a server that the log does not know.
  public func olderJob(
    in snapshot: QueueSnapshot, _ home: Home, besides live: Token? = nil, traces: Bool
  ) -> QueuedJob? {
    guard case .answered(let found) = snapshot.outcome else { return nil }
    return found.first { job in
      guard home.holds(job), job.isAtWork else { return false }
      if let token = job.token { return token != live && !served.contains(token) }
      // One by hand shows no token. Silence tells nothing of one that is suspended.
      return traces && job.isOurScript && job.life == .suspended && jobs[job.id.number] != job.uid
    }
  }

  /// What such a job is.
  func older(_ job: QueuedJob) -> String {
    let isNamed = job.token.map(named.contains) ?? false
    return "job \(job.id) of \(job.user) "
      + (isNamed
        ? "was to end before it started a server, and is \(job.state)" : "is of a log that is not here any more")
  }
}

extension LockLog {
  /// What the log tells of tokens, read as far back as the project's jobs and server_info.txt need; nil: nobody claims.
  ///
  /// - Parameter numbers: of the listing that led to `tail`.
  public func known(
    beyond tail: LogTail, among numbers: [Int], info: ServerInfo?, jobs snapshot: QueueSnapshot?, home: Home
  ) throws(StorageFailure) -> KnownTokens? {
    guard case .state(let state) = tail.fold(), state.phase == .idle else { return nil }
    let question = TokenQuestion(info: info, snapshot, home)
    let known = tail.known(state)
    if question.isAnswered(by: known) { return known }
    return try self.known(leadingTo: state, tail, among: numbers, until: question.isAnswered)
  }

  /// The same for who asks it once.
  public func known(
    leadingTo state: ServiceState, jobs snapshot: QueueSnapshot, home: Home
  ) throws(StorageFailure) -> KnownTokens {
    let (tail, listing) = try end()
    return try known(
      leadingTo: state, tail, among: listing.numbers, until: TokenQuestion(info: nil, snapshot, home).isAnswered)
  }
}

/// What the project's jobs and server_info.txt leave to be asked of the log.
private struct TokenQuestion {
  private var tokens: Set<Token> = []
  private var tokenless: [QueuedJob] = []

  init(info: ServerInfo?, _ snapshot: QueueSnapshot?, _ home: Home) {
    if let info { tokens.insert(info.token) }
    guard case .answered(let all)? = snapshot?.outcome else { return }
    // Other projects' jobs are asked nothing of.
    for job in all where home.holds(job) {
      if let token = job.token { tokens.insert(token) } else { tokenless.append(job) }
    }
  }

  /// Whether older entries change nothing.
  func isAnswered(by known: KnownTokens) -> Bool {
    tokens.allSatisfy { known.served.contains($0) || known.claimed.contains($0) } && tokenless.allSatisfy(known.names)
  }
}
