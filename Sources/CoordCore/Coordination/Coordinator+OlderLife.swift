// What may live in a project that its log does not know: nobody claims beside it. docs/protocol.md, "Before a claim".
extension Coordinator {
  /// Nil where there is no server that coord did not start.
  mutating func foreignServer(
    _ snapshot: QueueSnapshot, _ state: ServiceState, _ known: KnownTokens, _ o: Observation, waited: Bool = false
  ) -> [Action]? {
    switch ForeignServer.find(in: snapshot, plain: o.info.plain, home: home, known: known, waited: waited) {
    case .none: return nil
    case .found(let server): return [.fail(server.error)]
    case .ending(let server):
      // Its server may still save. Longer than KillWait (slurm.conf(5)) nothing of it runs, whatever its epilog does.
      leaving.see(server.ending, began: o.began, ended: o.now)
      guard leaving.unchanged < snapshot.killWait else {
        // What was waited for is done: the claim is not given up at this moment.
        if o.now >= deadline { renewDeadline(o) }
        return foreignServer(snapshot, state, known, o, waited: true)
      }
      proofEnds = o.now + (snapshot.killWait - leaving.unchanged)
      let why =
        "job \(server.job?.id.description ?? "") of \(server.job?.user ?? ""), which coord did not start, is ending"
      return [.look(query(state, o))] + pause(o, .milliseconds(1000), .olderLife(why, .zero))
    case .askQueue: return [.look(query(state, o))] + pause(o, .milliseconds(500), .askingScheduler)
    case .askPort(let endpoint):
      var place = ServerPlace(endpoint)
      place.mayBeHere = true
      guard let probed, probed.place == place, o.now - probed.at < .seconds(5) else { return [.probe(place)] }
      // Doubt never submits.
      if case .slowNames = probed.reach { return pause(o, .milliseconds(1000), .unclear(endpoint, probed.reach)) }
      return probed.reach.isReached ? [.fail(ForeignServer(job: nil, endpoint: endpoint).error)] : nil
    }
  }

  /// A server whose log was removed, emptied or replaced: it stops itself within S, and is waited for. `known`: what
  /// the log tells of tokens.
  mutating func olderLife(
    _ snapshot: QueueSnapshot, _ state: ServiceState, _ known: KnownTokens, _ o: Observation
  ) -> [Action]? {
    if let job = Self.olderJob(in: snapshot, known, home) {
      // Its fence lets it start no server; yet it may hang in env.sh, or in a state that it does not leave by itself.
      var cancels: [Action] = []
      if let token = job.token, known.named.contains(token), job.uid == me, mayCancel(token, o) {
        cancels = [.cancel(job.id, token: token)]
      }
      return cancels + [.look(query(state, o))]
        + pause(o, .milliseconds(1000), .olderJob(job, why: Self.older(job, known)))
    }
    // It may be of a live server that the log does not know. One that stays so tells nothing, and nobody waits for it for ever: it
    // is written anew by rename.
    if let why = o.info.unreadable, file.blind.unchanged < Limits.beatPause {
      return pause(o, .milliseconds(500), .directory("the heartbeat: \(why)"))
    }
    if let refusal = sharedStatusFile(known.served, o) { return refusal }
    let quiet = min(file.silence, last.unchanged)
    guard
      let (why, needed) = QuietWait.needed(
        state, known: known, info: o.info.info, beat: file.beat, hasTraces: o.hasTraces, wall: o.wall)
    else { return nil }
    guard quiet < needed else {
      // What was waited for is done: the claim is not given up at this moment.
      if o.now >= deadline { renewDeadline(o) }
      return nil
    }
    proofEnds = o.now + (needed - quiet)
    let unreadable = o.info.unreadable.map { ", and server_info.txt cannot be read: \($0)" } ?? ""
    return pause(o, .milliseconds(500), .olderLife(why + unreadable, quiet))
  }

  /// A job at work in the project whose `started` is not in the log: its log was another one, or lost that.
  /// - Parameter live: the token that is about to start.
  public static func olderJob(
    in snapshot: QueueSnapshot, _ known: KnownTokens, _ home: Home, besides live: Token? = nil
  ) -> QueuedJob? {
    guard case .answered(let jobs) = snapshot.outcome else { return nil }
    return jobs.first { job in
      home.holds(job) && job.isAtWork && (job.token.map { $0 != live && !known.served.contains($0) } ?? false)
    }
  }

  /// What such a job is.
  static func older(_ job: QueuedJob, _ known: KnownTokens) -> String {
    let isNamed = job.token.map(known.named.contains) ?? false
    return "job \(job.id) of \(job.user) "
      + (isNamed
        ? "was to end before it started a server, and is \(job.state)" : "is of a log that is not here any more")
  }

  /// Whether server_info.txt is another project's: two are set to one file. `served`: the tokens that are ours.
  func sharedStatusFile(_ served: Set<Token>, _ o: Observation) -> [Action]? {
    guard let info = o.info.info, !served.contains(info.token), !info.project.isEmpty, info.project != home.root,
      home.statusIsOutside ? QuietWait.isAlive(info, file.beat, o.wall) : o.infoIsElsewhere && file.beat.hasChanged
    else { return nil }
    return [.fail(.sharedStatusFile(with: info.project))]
  }
}

/// How long server_info.txt has to stand still before a claim, so that a server of another life has stopped itself.
public struct QuietWait: Hashable, Sendable {
  private var last = Watch<Int>()

  public init() {}

  /// For a job that claims for itself: whether it may by now. `file`: what it saw of server_info.txt, `info` the last.
  public mutating func isOver(
    _ state: ServiceState, known: KnownTokens, info: InfoReading, file: InfoWatch, hasTraces: Bool, began: Instant,
    now: Instant, wall: WallTime
  ) -> Bool {
    last.see(state.lastNumber, began: began, ended: now)
    let needed = Self.needed(state, known: known, info: info.info, beat: file.beat, hasTraces: hasTraces, wall: wall)
    return min(file.silence, last.unchanged) >= needed?.time ?? .zero
  }

  /// Nil: nothing has to be waited for.
  static func needed(
    _ state: ServiceState, known: KnownTokens, info: ServerInfo?, beat: Watch<InfoReading>, hasTraces: Bool,
    wall: WallTime
  ) -> (why: String, time: Duration)? {
    var wait: (why: String, time: Duration)?
    if !state.isFounded || (state.previous == LockEntry.nothingBefore && hasTraces) {
      wait = ("the log does not show what came before", Limits.lostNodeSilence)
    }
    if let info, known.isUnstarted(info) {
      // Its supervisor may be held up, and its clock be off: what is seen to beat has to stop for D, else for S and a grace.
      let time = isAlive(info, beat, wall) ? Limits.silence : Limits.lostNodeSilence
      wait = ("server_info.txt is of a server that the log does not know", max(wait?.time ?? .zero, time))
    }
    return wait
  }

  static func isAlive(_ info: ServerInfo, _ beat: Watch<InfoReading>, _ wall: WallTime) -> Bool {
    beat.hasChanged || info.heartbeat.distance(to: wall) <= Limits.freshness
  }
}

extension CoordError {
  public static func sharedStatusFile(with project: String) -> CoordError {
    .configuration(
      what: "two projects share one server_info.txt", why: "STATUS_FILE is written by the server of \(project)",
      next: "give each project a STATUS_FILE of its own in hpc_utils/coord.conf")
  }
}
