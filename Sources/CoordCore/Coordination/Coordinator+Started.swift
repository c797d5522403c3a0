// What to do while a server is there, or was: what its silence proves. docs/protocol.md has the table of proofs.
extension Coordinator {
  mutating func started(_ state: ServiceState, _ o: Observation) -> [Action] {
    guard let start = state.start else { return [.fail(.bug("a start without an entry"))] }
    if goal == .answer, let actions = answerIfReady(o, token: start.token) { return actions }
    // The file of another token says nothing of this one; that it stays is silence too.
    let info = o.info.info?.token == start.token ? o.info.info : nil
    let alive = info.map { file.beat.hasChanged || $0.heartbeat.distance(to: o.wall) <= Limits.freshness } ?? false
    let silence = silence(o)
    if goal == .settle, alive, silence < Limits.beatPause { return [.settle(state)] }
    return silent(state, o, silence, running(state, o))
  }

  /// How long the heartbeat stood still. Where it cannot be read, neither a beat nor its absence can be seen: then only what
  /// the scheduler saw end tells, and late.
  func silence(_ o: Observation) -> Duration {
    o.isBlind ? min(last.unchanged, Limits.lostNodeSilence) : min(file.beat.unchanged, last.unchanged)
  }

  private func running(_ state: ServiceState, _ o: Observation) -> Progress {
    if let why = o.info.unreadable { return .directory("the heartbeat: \(why)") }
    let node = state.start?.body.node ?? "its node"
    if let info = o.info.info, info.token == state.liveToken, info.state == .hung { return .hung(node: node) }
    if let info = o.info.info, info.token == state.liveToken, info.state == .ready, let reach = probed?.reach,
      !reach.isReached
    {
      return .unreachable(reach)
    }
    return .starting(state.job, node: node)
  }

  /// A started server whose beat stands still: what that proves, and when.
  mutating func silent(
    _ state: ServiceState, _ o: Observation, _ silence: Duration, _ progress: Progress
  ) -> [Action] {
    if let refusal = sharedStatusFile(state.liveToken.map { [$0] } ?? [], o) { return refusal }
    let node = state.start?.body.node ?? "its node"
    if silence >= Limits.beatPause, case .found(let job) = sighting(state, o), job.life == .suspended {
      // It does not beat, and it has not ended: it goes on one day.
      (proofEnds, askedInSilence) = (nil, nil)
      absence.begin()
      return lookIfUseful(state, o)
        + pause(o, .milliseconds(1000), .suspended(job.id, by: state.owner?.user ?? "its owner"))
    }
    if silence >= Limits.silence {
      // It might say "suspended": what it said before is no answer. Nobody could claim without its answer either.
      let gate = askedInSilence ?? absence.latestNumber
      askedInSilence = gate
      guard schedulerHasSpoken(after: gate, state, o) else {
        return lookIfUseful(state, o) + pause(o, .milliseconds(1000), silentScheduler(o) ?? progress)
      }
      let ended = [Action.append(lost(state, "no heartbeat from \(node) for \(silence.spoken)", job: nil))]
      let sighting = sighting(state, o)
      switch sighting {
      case .found, .hidden: return ended
      case .gone: return proveGone(state, o, apart: Limits.jobLooks, enough: true, job: nil, progress)
      // It might say "suspended", of what was not asked for or cannot be read.
      case .unknown: return lookIfUseful(state, o) + pause(o, .milliseconds(1000), doubt(sighting, progress))
      }
    }
    askedInSilence = nil
    guard silence >= Limits.beatPause else {
      absence.begin()
      return pause(o, .milliseconds(goal == .answer ? 300 : 500), progress)
    }
    proofEnds = o.now + (Limits.silence - silence)
    let quiet = Progress.beatSilent(node: node, silence)
    switch sighting(state, o) {
    case .found(let job) where job.isOver && !isEarlierRun(job, state):
      // A file of another token, or none, may be what a cache shows (NFS: for 60 s): its standing still proves less.
      let isWatched = o.info.info?.token == state.liveToken || state.schedulerName == "local"
      let isSeen = job.life != .givenUp && isRun(job, state) && isWatched
      let isLong = silence >= Limits.lostNodeSilence
      let sure = o.isBlind ? isLong && job.life != .givenUp && isRun(job, state) : isSeen || isLong
      return proveGone(state, o, apart: Limits.jobLooks, enough: sure, job: job, quiet)
    case .gone:
      // /proc of the job's own host knows; a scheduler may only have given up.
      let sure = !o.isBlind && (state.schedulerName == "local" || silence >= Limits.lostNodeSilence)
      return proveGone(state, o, apart: Limits.jobLooks, enough: sure, job: nil, quiet)
    case .found, .unknown, .hidden: return lookIfUseful(state, o) + pause(o, .milliseconds(500), quiet)
    }
  }

  /// Whether a terminal state may be that of the run that took `started`: a job that was requeued since, and ended then, says
  /// nothing of it. Where Slurm does not tell, it may have been; a process has one run.
  private func isRun(_ job: QueuedJob, _ state: ServiceState) -> Bool {
    guard let shown = job.restarts, let started = state.start?.body.restarts else {
      return state.schedulerName == "local"
    }
    return shown == started
  }

  /// An answer from before the run that took `started`.
  private func isEarlierRun(_ job: QueuedJob, _ state: ServiceState) -> Bool {
    guard let shown = job.restarts, let started = state.start?.body.restarts else { return false }
    return shown < started
  }

  private func silentScheduler(_ o: Observation) -> Progress? {
    if case .unknown(let why)? = o.queue?.snapshot.outcome { .schedulerSilent(why) } else { nil }
  }

  /// Whether it answered a question that was asked after this number, or would not tell this user anything.
  private func schedulerHasSpoken(after gate: Int, _ state: ServiceState, _ o: Observation) -> Bool {
    guard let queue = o.queue, case .answered = queue.snapshot.outcome else { return false }
    return queue.number > gate || lookIfUseful(state, o).isEmpty
  }
}
