// What may live in a project that its log does not know: nobody claims beside it. docs/protocol.md, the rule Claim.
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
    let traces = QuietWait.needed(
      state, known: known, info: o.info.info, beat: file.beat, hasTraces: o.hasTraces, wall: o.wall)
    if let job = known.olderJob(in: snapshot, home, traces: traces != nil) {
      // Its fence lets it start no server; yet it may hang in env.sh, or in a state that it does not leave by itself.
      var cancels: [Action] = []
      if let token = job.token, known.named.contains(token), job.uid == me, mayCancel(token, o) {
        cancels = [.cancel(job.id, token: token)]
      }
      return cancels + [.look(query(state, o))]
        + pause(o, .milliseconds(1000), .olderJob(job, why: known.older(job)))
    }
    // It may be of a live server that the log does not know. One that stays so tells nothing, and nobody waits for it for ever: it
    // is written anew by rename.
    if let why = o.info.unreadable, file.blind.unchanged < Limits.beatPause {
      return pause(o, .milliseconds(500), .directory("the heartbeat: \(why)"))
    }
    if let refusal = sharedStatusFile(known.served, o) { return refusal }
    let quiet = min(file.silence, last.unchanged)
    guard let (why, needed) = traces else { return nil }
    guard quiet < needed else {
      // What was waited for is done: the claim is not given up at this moment.
      if o.now >= deadline { renewDeadline(o) }
      return nil
    }
    proofEnds = o.now + (needed - quiet)
    let unreadable = o.info.unreadable.map { ", and server_info.txt cannot be read: \($0)" } ?? ""
    return pause(o, .milliseconds(500), .olderLife(why + unreadable, quiet))
  }

  /// Whether server_info.txt is another project's: two are set to one file. `served`: the tokens that are ours.
  func sharedStatusFile(_ served: Set<Token>, _ o: Observation) -> [Action]? {
    guard let info = o.info.info, !served.contains(info.token), !info.project.isEmpty, info.project != home.root,
      home.statusIsOutside ? QuietWait.isAlive(info, file.beat, o.wall) : o.infoIsElsewhere && file.beat.hasChanged
    else { return nil }
    return [.fail(.sharedStatusFile(with: info.project))]
  }
}
