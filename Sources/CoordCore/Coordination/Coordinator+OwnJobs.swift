// Jobs that can serve nobody any more: only their owner can take them out of the queue.
extension Coordinator {
  /// This user's jobs that wait for a token which ended before they started, or which the log passed over.
  mutating func cancelEnded(_ tail: LogTail, _ state: ServiceState, _ o: Observation) -> [Action] {
    guard case .answered(var jobs)? = o.queue?.snapshot.outcome else { return [] }
    jobs.removeAll { $0.uid != me || ($0.life != .pending && $0.life != .suspended) || $0.token == nil }
    if jobs.isEmpty { return [] }
    var over = Set(tail.slots.compactMap { $0.entry?.kind == .ended ? $0.entry?.token : nil })
    let passed = Set(tail.passedOver)
    for slot in tail.slots { if let entry = slot.entry, passed.contains(entry.number) { over.insert(entry.token) } }
    if let live = state.liveToken { over = tail.tokens.subtracting([live]) }
    return jobs.compactMap { job in
      guard let token = job.token, over.contains(token), job.log == nil || job.log == state.identity?.id,
        mayCancel(token, o)
      else { return nil }
      return .cancel(job.id, token: token)
    }
  }

  /// Not at every look: a cancel takes a while to show.
  mutating func mayCancel(_ token: Token, _ o: Observation) -> Bool {
    if let last = cancelled[token], o.now - last < Limits.queuePatience { return false }
    cancelled[token] = o.now
    return true
  }

  /// This process's claim ended while sbatch was under way: it looks for the job, which `cancelEnded` then cancels. Nil:
  /// there is nothing to look for, or it was looked for long enough; its owner's next command sees it.
  mutating func takeOut(_ state: ServiceState, _ o: Observation) -> [Action]? {
    guard let mine, mine.token != state.liveToken, mine.mayHaveJob(mine.token), state.start?.token != mine.token,
      cancelled[mine.token] == nil, case .replied(_, let seen?) = mine.stage
    else { return nil }
    let began = mine.soughtSince ?? o.now
    self.mine?.soughtSince = began
    guard o.now - began < Limits.beatPause else {
      self.mine = nil
      return nil
    }
    if let queue = o.queue, queue.number > seen, case .answered(let jobs) = queue.snapshot.outcome,
      jobs.contains(where: { $0.token == mine.token && $0.uid == me })
    {
      // It was seen, and it does not wait: its fence does not let it serve.
      self.mine = nil
      return nil
    }
    return [.look(QueueQuery(token: mine.token)), .wait(.milliseconds(500), .ending("its claim ended meanwhile"))]
  }
}
