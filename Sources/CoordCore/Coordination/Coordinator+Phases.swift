// What to do in each phase of the live token. docs/protocol.md has the table of proofs.
extension Coordinator {
  /// Answers from server_info.txt, if its beat may be believed and the port accepts a connection.
  /// `token` nil: the fast path, before anything else was read.
  mutating func answerIfReady(_ o: Observation, token: Token?) -> [Action]? {
    guard let info = o.info.info, info.state == .ready, token == nil || token == info.token else { return nil }
    let believed = info.heartbeat.distance(to: o.wall) <= Limits.freshness
    // Whoever is held up for longer ends its server.
    let watched = file.begunAfter.map { o.now - $0 <= Limits.selfFence } ?? false
    // Once a beat was watched standing still for longer than it may, its time of day proves nothing.
    guard believed || watched, file.beat.unchanged < Limits.freshness else { return nil }
    guard let probed, probed.place == info.place, o.now - probed.at < .seconds(2) else { return [.probe(info.place)] }
    guard case .reached(let endpoint) = probed.reach else { return nil }
    // By what it was reached, ssh will reach it too.
    var answer = info
    answer.endpoint = endpoint
    return [.answer(answer)]
  }

  mutating func idle(_ state: ServiceState, _ known: KnownTokens, _ o: Observation) -> [Action] {
    guard goal == .answer else { return [.settle(state)] }
    if let end = state.end, witnessed.contains(end.token) {
      if let error = CoordError(ending: end) { return [.fail(error)] }
      // Whoever made them, and however long the wait is: a team must not spend its hours on jobs that end.
      if jobs.count > Limits.renewals { return [.fail(CoordError(manyEnds: jobs.count, last: end))] }
      witnessed.remove(end.token)
      renewDeadline(o)
    }
    if let end = state.end, end.token == seen, end.body.outcome == .stopped, let error = CoordError(ending: end) {
      return [.fail(error)]
    }
    if let obstacle = o.obstacle ?? o.noScheduler { return [.fail(obstacle)] }
    // Doubt never submits: the controller has to answer, now, before anything is claimed.
    guard let queue = o.queue, queue.number > absence.floor, !queue.snapshot.narrow else {
      return [.look(query(state, o))] + pause(o, .milliseconds(200), .askingScheduler)
    }
    if case .unknown(let why) = queue.snapshot.outcome {
      return [.look(query(state, o))] + pause(o, .milliseconds(1000), .schedulerSilent(why))
    }
    if scheduler == "slurm", queue.snapshot.cluster == nil, clusterless.insert(queue.number).inserted,
      clusterless.count <= 3
    {
      // Another cluster's jobs could not be told apart later. Where it never says, there is one cluster.
      absence.begin()
      return [.look(query(state, o))] + pause(o, .milliseconds(500), .askingScheduler)
    }
    if let actions = foreignServer(queue.snapshot, state, known, o) ?? olderLife(queue.snapshot, state, known, o) {
      return actions
    }
    // And that is the one which this process's sbatch calls, for this user: two people on one host may have two clusters.
    guard queue.isOwn else { return [.look(query(state, o))] + pause(o, .milliseconds(200), .askingScheduler) }
    if o.now >= deadline { return pause(o, .zero, .askingScheduler) }
    mine = Claim(token: o.freshToken, at: o.now)
    let body = EntryBody(.claimed, o.freshToken).with {
      $0.scheduler = scheduler
      $0.cluster = queue.snapshot.cluster
    }
    return [.append(LockDraft(after: state, body))]
  }

  mutating func claimed(_ state: ServiceState, _ o: Observation) -> [Action] {
    guard let claim = state.claim else { return [.fail(.bug("a claim without an entry"))] }
    if let mine, mine.token == claim.token, let actions = ownClaim(mine, state, o) { return actions }
    let progress = Progress.claimed(by: claim.author.user, host: claim.author.host)
    // While sbatch is under way it may have said half of it.
    if o.claimant == .dead || last.unchanged >= Limits.beatPause, let job = SlurmText.submittedJob(o.submitOutput) {
      return [.append(submission(state, job))]
    }
    // The claimant itself needs the scheduler first; others begin to look when it takes long.
    let gone = o.claimant == .dead || last.unchanged >= Limits.claimWatch
    if o.claimant == .dead, o.submitBegan == false {
      // It makes the files that sbatch writes to before it calls it: no job of it can be in any queue.
      return [.append(ending(state, .lost, "the claimant died before it called sbatch"))]
    }
    guard gone || mine?.token == claim.token || last.unchanged >= Limits.beatPause else {
      return pause(o, .milliseconds(300), progress)
    }
    let seen = sighting(state, o)
    switch seen {
    case .found(let job):
      // A job that was submitted by hand claims for itself and has no `submitted`.
      if claim.body.job == nil { return [.append(submission(state, job.id))] }
      if job.isOver || job.isCompleting {
        return proveGone(state, o, apart: Limits.tokenLooks, enough: gone, job: job, progress)
      }
      absence.begin()
    case .gone:
      // What stands before squeue may show for a minute what was before: both looks come after the last moment for its sbatch.
      guard gone || sbatchIsOver(claim, o) else {
        proofEnds = last.since + Limits.submitOver + Limits.tokenLooks + Limits.queuePatience
        return pause(o, .milliseconds(500), progress)
      }
      return proveGone(state, o, apart: Limits.tokenLooks, enough: gone, job: nil, progress)
    case .unknown, .hidden: return lookIfUseful(state, o) + pause(o, .milliseconds(1000), doubt(seen, progress))
    }
    return lookIfUseful(state, o) + pause(o, .milliseconds(1000), progress)
  }

  /// Whether sbatch of a claim is over, whatever came of it.
  private func sbatchIsOver(_ claim: LockEntry, _ o: Observation) -> Bool {
    if let mine, mine.token == claim.token, case .replied = mine.stage { return true }
    // A job that was submitted by hand claims for itself.
    if claim.body.job != nil { return true }
    return last.unchanged >= Limits.submitOver
  }

  /// What only the claimant may do; nil: it may do no more than anybody.
  private mutating func ownClaim(_ claim: Claim, _ state: ServiceState, _ o: Observation) -> [Action]? {
    switch claim.stage {
    case .claimed:
      guard o.now - claim.at < Limits.submitWindow else {
        let why = o.slowDisk ?? "the claimant was held up for too long before sbatch"
        return [.append(ending(state, .withdrawn, why))]
      }
      mine?.stage = .submitting
      // sbatch retries by itself for minutes: it is ended when the window closes.
      let end = max(claim.at + Limits.submitWindow, o.now + .seconds(5))
      return [.submit(claim.token, log: state.identity?.id, by: end)]
    case .hindered(let error):
      return [.append(ending(state, .withdrawn, "before sbatch: " + error.why)), .fail(error)]
    case .submitting: return nil
    case .replied(.accepted(let job), _): return [.append(submission(state, job))]
    case .replied(.doubtful, _): return nil
    case .replied(.refused(let why), let seen):
      // "No job with the TOKEN in the queue": asked after the refusal.
      guard let queue = o.queue, let seen, queue.number > seen else {
        return [.look(query(state, o))] + pause(o, .milliseconds(200), .ending("sbatch refused"))
      }
      let sighting = sighting(state, o)
      switch sighting {
      // A controller may keep what it refused, as a job that is over (FAILED, BadConstraints).
      case .found(let job) where !job.isOver: return [.append(submission(state, job.id))]
      case .gone, .found: return [.append(ending(state, .refused, why))]
      case .unknown, .hidden:
        return [.look(query(state, o))] + pause(o, .milliseconds(1000), doubt(sighting, .ending("sbatch refused")))
      }
    }
  }

  mutating func submitted(_ state: ServiceState, _ o: Observation) -> [Action] {
    guard let job = state.job else { return [.fail(.bug("a submission without a job"))] }
    let owner = state.claim?.author.user ?? "?"
    let inQueue = Progress.submitted(job, by: owner)
    let sighting = sighting(state, o)
    switch sighting {
    case .found(let seen) where seen.isOver:
      return proveGone(state, o, apart: Limits.jobLooks, enough: true, job: seen, inQueue)
    case .found(let seen) where seen.isCompleting:
      // Its fence is lost once this is recorded, whatever still runs there.
      return proveGone(
        state, o, apart: Limits.tokenLooks, enough: true, job: seen, .completing(seen.id, by: owner))
    case .gone:
      let row = wanted(state)?.overWithoutToken(in: o.queue?.snapshot)
      return proveGone(state, o, apart: neverSeenLooks(state), enough: true, job: row, inQueue)
    case .found(let seen):
      absence.begin()
      if goal == .settle { return [.settle(state)] }
      let progress: Progress =
        switch seen.life {
        case .pending: .pending(seen, by: owner)
        case .suspended: .suspended(seen.id, by: owner)
        case .undetermined: .oddState(seen, by: owner)
        case .active, .over, .givenUp: .submitted(seen.id, by: owner)
        }
      return [.look(query(state, o))] + pause(o, .milliseconds(500), progress)
    case .unknown, .hidden: return lookIfUseful(state, o) + pause(o, .milliseconds(500), doubt(sighting, inQueue))
    }
  }

  /// Between two looks that do not show a job which did not start yet. One that was never seen is not gone: what stands before
  /// squeue may remember an answer for a minute. /proc does not.
  private func neverSeenLooks(_ state: ServiceState) -> Duration {
    state.phase == .submitted && state.schedulerName == "local" ? Limits.jobLooks : Limits.tokenLooks
  }

  mutating func stopping(_ state: ServiceState, _ o: Observation) -> [Action] {
    let progress = Progress.stopping(state.job, by: state.stop?.author.user ?? "a teammate")
    if state.phase == .started {
      return silent(state, o, silence(o), progress)
    }
    // No proof is needed: a fence that is taken after the stop is lost in any case.
    let (outcome, reason) = state.stop?.asked ?? (.stopped, "stopped")
    let end = Action.append(ending(state, outcome, reason))
    // But its owner takes the job out of the queue, if that is there to be seen soon.
    guard state.owner?.uid == me, let token = state.liveToken, cancelled[token] == nil,
      last.unchanged < Limits.beatPause, state.phase == .submitted || mine?.mayHaveJob(token) == true
    else { return [end] }
    switch sighting(state, o) {
    case .found(let job) where !job.isOver:
      cancelled[token] = o.now
      return [.cancel(job.id, token: token), end]
    case .found, .gone: return [end]
    case .unknown, .hidden: return [.look(query(state, o))] + pause(o, .milliseconds(500), progress)
    }
  }

  /// Waits for the second look, then records the end. `enough`: the other half of the proof is there.
  mutating func proveGone(
    _ state: ServiceState, _ o: Observation, apart: Duration, enough: Bool, job: QueuedJob?, _ progress: Progress
  ) -> [Action] {
    let number = o.queue?.number ?? 0
    if absence.take(number: number, began: o.began, ended: o.now, apart: apart), enough {
      return [.append(lost(state, nil, job: job))]
    }
    let claim = state.phase == .claimed ? last.since + Limits.claimWatch : o.now
    let proof = max(absence.secondLookDue(apart: apart) ?? o.now, claim) + Limits.queuePatience
    proofEnds = max(proofEnds ?? proof, proof)
    // The first look is not refreshed before the second one is due.
    let due = absence.secondLookDue(apart: apart).map { o.now >= $0 } ?? true
    let ending = state.phase == .claimed || !absence.hasFirst ? progress : Progress.ending(progress.text)
    return (due ? [.look(query(state, o))] : []) + pause(o, .milliseconds(500), ending)
  }

  /// What is said where nothing certain was seen; `progress` where nobody has asked yet.
  func doubt(_ sighting: Sighting, _ progress: Progress) -> Progress {
    switch sighting {
    case .unknown(Wanted.notAsked), .found, .gone: progress
    case .unknown(let why): .schedulerSilent(why)
    case .hidden(let why): .untold(why)
    }
  }
}
