import CoordCore

/// What the suites share that are about jobs and servers beside the log.
protocol Neighbours {}

extension Neighbours {
  func job(_ id: String, _ state: String, comment: String = "", name: String = "py_accel_viewer", dir: String)
    -> QueuedJob
  {
    var job = QueuedJob(id: JobID(id)!, user: "megan", uid: 1009, state: state, comment: comment)
    (job.name, job.workDir) = (name, dir)
    return job
  }

  /// What a connect does first, other than looking and waiting.
  func outcome(
    _ w: inout World, seconds: Int = 30, query: QueueQuery = QueueQuery(), jobs: [QueuedJob], portAnswers: Bool = true
  ) -> (claimedAfter: Int?, error: CoordError?, progress: Progress?) {
    var c = w.observer()
    _ = c.next(w.observation())
    var progress: Progress?
    for second in 0..<seconds {
      w.answer(jobs, query: query)
      let actions = c.next(w.observation())
      if actions.appended?.kind == .claimed { return (second, nil, progress) }
      if let error = actions.error { return (nil, error, progress) }
      for case .probe(let place) in actions {
        let reach = portAnswers ? Reach.reached(place.endpoint) : .refused(place.endpoint)
        c.handle(.probed(place, reach), now: w.now)
      }
      progress = actions.progress ?? progress
      w.wait(1)
    }
    return (nil, nil, progress)
  }

  /// After how many seconds a connect claims. `look`: what it finds each second. No port answers.
  func claim(
    _ w: inout World, _ connect: Coordinator? = nil, within seconds: Int, _ look: (inout World, Int) -> Void,
    sees: (Int, [Action]) -> Void = { _, _ in }
  ) -> Int? {
    var c = connect ?? w.observer()
    _ = c.next(w.observation())
    for second in 0..<seconds {
      look(&w, second)
      let actions = c.next(w.observation())
      sees(second, actions)
      for case .probe(let place) in actions { c.handle(.probed(place, .refused(place.endpoint)), now: w.now) }
      if actions.appended?.kind == .claimed { return second }
      w.wait(1)
    }
    return nil
  }
}
