/// The heartbeat: what has to be complete before the server is launched, and for how long it may then be away.
extension Supervision {
  /// Shows a first heartbeat, unless this process was held up for so long that the team may have another server.
  public mutating func begin(now: Instant) -> [Self.Action] {
    let late = fence(now)
    return late.isEmpty ? beat(now) : late
  }

  /// No server without a heartbeat that others can see, and a `started` that was there afterwards: whoever puts an older
  /// directory in this one's place after that look leaves a heartbeat whose token the older log does not know.
  mutating func confirmed(_ fold: LogFold, _ now: Instant) -> [Self.Action] {
    let ordered = fence(now) + obey(fold, now)
    guard ordered.isEmpty, case .starting = stage, !running else { return ordered }
    switch fold {
    case .beingWritten, .missing: return []
    case .newer:
      // It may say that nothing is to start.
      var ending = Ending(.lost, "a newer coord has written into the log before the server was started")
      ending.record = false
      return stop(ending, now)
    case .state: break
    }
    (running, hasLaunched) = (true, true)
    stage = .starting(since: now)
    (nextBeat, nextProbe) = (lastBeat + Limits.beat, now)
    return [.launch]
  }

  mutating func beat(_ now: Instant) -> [Self.Action] {
    nextBeat = now + (running ? Limits.beat : Limits.firstBeatPace)
    switch stage {
    case .starting: return [.beat(.starting)]
    case .ready: return [.beat(.ready)]
    case .hung: return [.beat(.hung)]
    case .stopping: return [.beat(.stopping)]
    case .over: return []
    }
  }

  /// No complete beat for S: the server stops first; why is for afterwards.
  mutating func fence(_ now: Instant) -> [Self.Action] {
    let watchman = Watchman(lastBeat: lastBeat)
    switch watchman.decide(now: now) {
    case .wait: return []
    case .terminate: return stop(silent(now), now)
    case .kill: return stop(silent(now), now, atOnce: true)
    }
  }

  private func silent(_ now: Instant) -> Ending {
    let isSecond = causeBefore == .heartbeatNotWritten && now - claimed < Limits.shortLife
    return beats.ending(silence: now - lastBeat, isSecond: isSecond)
  }

  mutating func obey(_ fold: LogFold, _ now: Instant) -> [Self.Action] {
    guard case .state(let state) = fold else { return [] }
    if state.phase == .started, let start = state.start, start.token == token, start.author.nonce == nonce {
      guard let stop = state.stop else { return [] }
      return self.stop(Ending(stop.asked.outcome, stop.asked.reason), now)
    }
    // Somebody ended this token, or claimed a newer one: that is law, whatever the reason.
    var ending = Ending(.lost, "the log says that this job is over")
    ending.record = false
    return stop(ending, now)
  }
}
