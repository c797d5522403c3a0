// What may live in a project that its log does not know: nobody claims beside it. docs/protocol.md, "Before a claim".
extension Coordinator {
  /// Nil where there is no server that coord did not start.
  mutating func foreignServer(_ snapshot: QueueSnapshot, _ state: ServiceState, _ o: Observation) -> [Action]? {
    let ours = [state.job, state.end?.body.job]
    switch ForeignServer.find(in: snapshot, plain: o.info.plain, home: home, ours: ours) {
    case .none: return nil
    case .found(let server): return [.fail(server.error)]
    case .askQueue: return [.look(query(state, o))] + pause(o, .milliseconds(500), .askingScheduler)
    case .askPort(let endpoint):
      guard let probed, probed.endpoint == endpoint, o.now - probed.at < .seconds(5) else { return [.probe(endpoint)] }
      return probed.reached ? [.fail(ForeignServer(job: nil, endpoint: endpoint).error)] : nil
    }
  }

  /// A server whose log was removed, emptied or replaced: it stops itself within S, and is waited for. `known`: the tokens
  /// of the log.
  mutating func olderLife(
    _ snapshot: QueueSnapshot, _ state: ServiceState, _ known: Set<Token>, _ o: Observation
  ) -> [Action]? {
    if case .answered(let jobs) = snapshot.outcome,
      let job = jobs.first(where: { home.holds($0) && $0.isAtWork && $0.token.map { !known.contains($0) } ?? false })
    {
      let progress = Progress.olderLife("job \(job.id) of \(job.user) is of a log that is not here any more", .zero)
      return [.look(query(state, o))] + pause(o, .milliseconds(1000), progress)
    }
    var why: String?
    var needed = Duration.zero
    if !state.isFounded || (state.previous == LockEntry.nothingBefore && o.hasTraces) {
      why = "the log does not show what came before"
      needed = Limits.lostNodeSilence
    }
    if let info = o.info.info, !known.contains(info.token) {
      if home.statusIsOutside, !info.project.isEmpty, info.project != home.root, isAlive(info, o) {
        return [.fail(.sharedStatusFile(with: info.project))]
      }
      why = "server_info.txt is of a server that the log does not know"
      // Its supervisor may be held up, and its clock be off: what is seen to beat has to stop for D, else for S and a grace.
      needed = max(needed, isAlive(info, o) ? Limits.silence : Limits.lostNodeSilence)
    }
    let quiet = min(beat.unchanged, last.unchanged)
    guard let why else { return nil }
    guard quiet < needed else {
      // What was waited for is done: the claim is not given up at this moment.
      if o.now >= deadline { renewDeadline(o) }
      return nil
    }
    proofEnds = o.now + (needed - quiet)
    return pause(o, .milliseconds(500), .olderLife(why, quiet))
  }

  private func isAlive(_ info: ServerInfo, _ o: Observation) -> Bool {
    beat.changes > 0 || info.heartbeat.distance(to: o.wall) <= Limits.freshness
  }
}

extension CoordError {
  static func sharedStatusFile(with project: String) -> CoordError {
    .configuration(
      what: "two projects share one server_info.txt", why: "STATUS_FILE is written by the server of \(project)",
      next: "give each project a STATUS_FILE of its own in hpc_utils/coord.conf")
  }
}
