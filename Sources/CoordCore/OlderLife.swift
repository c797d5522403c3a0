// What may live in a project that its log does not know: nobody claims beside it. docs/protocol.md, "Before a claim".
extension Coordinator {
  /// A server that coord did not start, by the queue, or by a server_info.txt of older scripts.
  mutating func foreignServer(_ snapshot: QueueSnapshot, _ state: ServiceState, _ o: Observation) -> [Action]? {
    guard case .answered(let jobs) = snapshot.outcome else { return nil }
    let ours = [state.job, state.end?.body.job].compactMap { $0?.number }
    let stranger = jobs.first {
      home.holds($0) && $0.name == home.jobName && $0.mayServe && !$0.isOurScript && !ours.contains($0.id.number)
    }
    if let stranger { return [.fail(.foreignServer(job: stranger, endpoint: nil))] }
    guard case .plain(let plain, _) = o.info else { return nil }
    if scheduler != "local", let job = plain.job {
      if let row = jobs.first(where: { $0.id.number == job.number }) {
        return row.mayServe ? [.fail(.foreignServer(job: row, endpoint: plain.endpoint))] : nil
      }
      guard snapshot.query.others.contains(job) else {
        return [.look(query(state, o))] + pause(o, .milliseconds(500), .askingScheduler)
      }
      if snapshot.seesEverybody { return nil }
    }
    // The queue cannot tell: the port does.
    guard let probed, probed.endpoint == plain.endpoint, o.now - probed.at < .seconds(5) else {
      return [.probe(plain.endpoint)]
    }
    return probed.reached ? [.fail(.foreignServer(job: nil, endpoint: plain.endpoint))] : nil
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

extension QueuedJob {
  /// It runs, or stands still and may go on.
  var isAtWork: Bool { (life == .active || life == .suspended) && state != "COMPLETING" }

  /// It runs a server, or will.
  var mayServe: Bool { isAtWork || life == .pending }
}

extension CoordError {
  /// A server of the team's older scripts, or of somebody's own.
  static func foreignServer(job: QueuedJob?, endpoint: Endpoint?) -> CoordError {
    let place = endpoint.map { " at \($0)" } ?? ""
    let who = job.map { "job \($0.id) of \($0.user) (\($0.name.isEmpty ? "" : $0.name + ", ")\($0.state))" }
    let next =
      job.map { "ask \($0.user) to end it (`scancel \($0.id)`), then connect again; " }
      ?? "find out whose it is and have it ended, then connect again; "
    return .noServer(
      what: "a server that coord did not start is there" + place,
      why: (who ?? "server_info.txt names it, and it accepts connections")
        + "; a second one beside it would corrupt the team's annotations",
      next: next + "docs/moving.md tells how a team moves to coord")
  }

  static func sharedStatusFile(with project: String) -> CoordError {
    .configuration(
      what: "two projects share one server_info.txt", why: "STATUS_FILE is written by the server of \(project)",
      next: "give each project a STATUS_FILE of its own in hpc_utils/coord.conf")
  }
}
