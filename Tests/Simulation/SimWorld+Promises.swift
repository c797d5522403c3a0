import CoordCore

/// A promise of docs/protocol.md that did not hold.
public struct Violation: Error, CustomStringConvertible {
  public let description: String
  /// Which one.
  var promise: Substring { description.prefix { $0 != ":" } }
}

// What must hold, after every step.
extension SimWorld {
  /// An append is tried: its entry may be there whatever is reported.
  func begins(_ draft: LockDraft, by process: SimProcess) {
    begun[draft.body.kind, default: []].insert(draft.body.token)
    if draft.body.kind == .claimed { claims[draft.body.token] = (process, process.now) }
  }

  /// I3: what follows a number names it, and nobody passes over one while it is being written. Whoever was held up in it for
  /// longer does nothing with it any more.
  func won(_ entry: LockEntry, after taken: Duration) {
    let before = LockName.name(entry.number - 1)
    if !touched, let (writer, since) = disk.writing[before], !writer.dead, time - since < Limits.submitWindow,
      let there = disk[before], LockEntry(decoding: there.bytes, number: entry.number - 1) == nil
    {
      violate("I3: number \(entry.number) passes over the one before, which \(writer.author.nonce) is writing")
    }
    if let last, !touched, entry.number > last.number {
      var wanted = entry.previous
      for number in stride(from: entry.number - 1, to: last.number, by: -1) where wanted != last.digest {
        guard let file = disk[LockName.name(number)] else { continue }
        if case .entry(let between, wanted) = Slot(bytes: file.bytes, number: number) { wanted = between.previous }
      }
      if wanted != last.digest {
        violate("I3: number \(entry.number) passes over \(last.number), which was taken")
      }
    }
    if entry.number > last?.number ?? 0 { last = taken < Limits.selfFence ? (entry.number, entry.digest) : nil }
  }

  /// Whether its claimant's time for sbatch is over.
  func isLate(_ token: Token, _ process: SimProcess) -> Bool {
    claims[token].map { process.now - $0.at > Limits.submitWindow } ?? false
  }

  /// I6, no submission is lost: a job that waits, or is on its way to its server, is never declared over by others but at a stop.
  func recorded(_ draft: LockDraft, by process: SimProcess, after taken: Duration) {
    let token = draft.body.token
    if draft.body.kind == .claimed, claim == 0 { claim = operations }
    // One that was held up in it for longer may read it back in the moment before the next number passes over it.
    if draft.body.kind == .stopRequested, taken < Limits.selfFence { stops[token] = draft.number }
    if draft.body.kind == .started { starts[token] = draft.number }
    // That nobody does needs no proof before a stop is the end.
    if let stop = stops[token], let start = starts[token], stop < start, !touched {
      violate("I1: a server starts after its stop")
    }
    func has(_ kind: EntryKind) -> Bool { begun[kind]?.contains(token) ?? false }
    guard draft.body.kind == .ended, !touched else { return }
    // One that is suspended stands still; where a directory was touched its log may be another one's.
    for server in servers.values where server.token == token && server !== process && server.frozenUntil <= time {
      violate("I6: the server of job \(server.id) lives, and is declared over: \(draft.body.reason ?? "")")
    }
    guard !has(.started), !has(.stopRequested) else { return }
    if let claimant = claims[token]?.by, claimant !== process, !claimant.dead, slurm.submitted[token] == nil,
      !isLate(token, claimant)
    {
      violate("I6: a claimant may still submit, and is declared over: \(draft.body.reason ?? "")")
    }
    for job in slurm.jobs where job.token == token && job.run !== process && !job.isLate {
      // One whose number is not in the log and that shows no token can be known by nobody.
      if job.isRenamed, !disk.names(token, "\(job.id)") { continue }
      guard ["PENDING", "RUNNING", "SUSPENDED"].contains(job.state) else { continue }
      violate("I6: job \(job.id) is \(job.state), and its token is declared over: \(draft.body.reason ?? "")")
    }
  }

  /// I7: no answer names another server than the last one that was started, as far as one look can know.
  func answered(_ info: ServerInfo) {
    // Nor one that is gone: by its port alone nobody is known. A clock that is set to just that time may believe its heartbeat.
    if let at = gone[info.token], time - at > .seconds(60), clocksAgree {
      violate("I7: the answer names a server that was gone at \(at.components.seconds)s")
    }
    guard !touched, let last = servedInOrder.last, last.token != info.token else { return }
    // Whoever looked before it started may say so for as long as one look takes and a heartbeat counts as fresh.
    if time - last.at > .seconds(60) {
      violate("I7: the answer names a server of before \(last.at.components.seconds)s")
    }
  }

  /// I1: nobody passes the fence by a `started` that another run took, whatever keeps him from serving after that.
  func passed(_ job: SimJob, _ state: ServiceState) {
    guard state.start?.author.nonce != job.author.nonce else { return }
    violate("I1: job \(job.id) passes its fence by the `started` of another run")
  }

  func serverStarted(_ job: SimJob, token: Token) {
    note("server of \(job.author.nonce) (job \(job.id)) starts")
    // One that is suspended does nothing, and its guardian ends it before it does. But where the scheduler says so, nobody
    // takes its place. Where somebody touched the locks after its start, one whose heartbeat was removed as well cannot be
    // known of, nor a suspended one that shows neither name nor token.
    func mayBeKnown(_ other: SimJob) -> Bool {
      let isInLog = other.startedAt > locksTouched
      if other.frozenUntil <= time { return isInLog || !other.lostHeartbeat }
      return schedulerIsReliable && (isInLog || !other.lostHeartbeat && !other.job.isRenamed)
    }
    if let other = servers.values.first(where: mayBeKnown) {
      violate("two live servers: job \(other.id) and job \(job.id)")
    }
    job.startedAt = time
    // Somebody who removes a `started` by hand undoes what it decided; two at once there may not be even then.
    if !servedTokens.insert(token).inserted, !touched { violate("I1: token \(token) is served twice") }
    servers[ObjectIdentifier(job)] = job
    gone[token] = nil
    if start == 0 { start = operations }
    servedInOrder.append((token, time))
  }

  /// A suspended job went on a moment ago.
  func serverResumed(_ job: SimJob) {
    guard servers[ObjectIdentifier(job)] != nil, servers.values.filter({ $0.frozenUntil <= time }).count > 1 else {
      return
    }
    violate("two live servers: job \(job.id) was suspended, and goes on beside another")
  }

  func serverEnded(_ job: SimJob) {
    guard servers.removeValue(forKey: ObjectIdentifier(job)) != nil else { return }
    note("server of job \(job.id) is gone")
    gone[job.token] = time
  }
}
