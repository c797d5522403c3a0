@testable import CoordCore

extension SmallSteps {
  /// A death before a look is the same as one after it: it comes before what a run writes, and where it has nothing to do.
  func runMay(_ w: SmallWorld, _ i: Int) {
    let next = book.runNext[Int(w.runs[i])]
    if next.isPaused {
      then("run \(i) goes on", w) { $0.runs[i] = self.book.run($0.runs[i], .goOn) { $0.paused = false } }
    } else {
      let run = book.runs[w.runs[i]]
      if next.sort != .none {
        then("run \(i) \(deed(run))", w) { self.step(&$0, run: i) }
        if w.budget.lies > 0, case .appending = run.stage {
          for (lie, name) in ["it is told a failure", "it fails"].enumerated() {
            then("run \(i) \(deed(run)), but \(name)", w) {
              $0.budget.lies -= 1
              self.step(&$0, run: i, lie: lie + 1)
            }
          }
        }
      }
      if w.budget.crashes > 0, !run.dead, next.sort != .reads { deaths(w, i, run) }
      if !run.dead { pause(w, run: i) }
    }
    if next.isGoing {
      then("server \(i) is gone", w) {
        $0.runs[i] = self.book.run($0.runs[i], .gone) { $0.serverGone() }
        self.bury(&$0, i)
      }
    }
  }

  private func deaths(_ w: SmallWorld, _ i: Int, _ run: SmallRun) {
    then("run \(i) dies", w) {
      $0.budget.crashes -= 1
      $0.runs[i] = self.book.run($0.runs[i], .crash) { $0.supervisorDies() }
      self.bury(&$0, i)
    }
    for requeued in [false, true] {
      then("the node of run \(i) dies\(requeued ? ", its job is requeued" : "")", w) {
        $0.budget.crashes -= 1
        $0.runs[i] = self.book.run($0.runs[i], .node) { $0.nodeDies() }
        self.bury(&$0, i)
        guard requeued else { return }
        $0.queue = self.changed($0.queue) { $0.requeue(run.job.number, mayHaveStarted: run.mayHaveStarted) }
      }
    }
  }

  func pause(_ w: SmallWorld, run i: Int) {
    guard w.budget.pauses > 0 else { return }
    then("run \(i) pauses", w) {
      $0.budget.pauses -= 1
      $0.runs[i] = self.book.run($0.runs[i], .pause) { $0.paused = true }
    }
  }

  private func deed(_ run: SmallRun) -> String {
    switch run.stage {
    case .ready, .looked: "looks"
    case .around: "looks around"
    case .appending(let draft): "takes \(draft.body.kind)"
    case .serving(let actions): "serves: \(actions.first.map { "\($0)" } ?? "tick")"
    case .beating: "beats"
    case .farewell: "looks at its end"
    case .recording: "records its end"
    case .gone: ""
    }
  }

  func step(_ w: inout SmallWorld, run i: Int, lie: Int = 0) {
    let number = w.runs[i]
    let run = book.runs[number]
    let log = w.log
    switch run.stage {
    case .gone: break
    case .ready:
      let isWhole = w.budget.pauses == 0
      w.runs[i] = book.run(number, isWhole ? .decide : .look, log) {
        $0.stale = false
        $0.stage = .looked(log: log, began: $0.now)
        if isWhole { $0.decide(self.book.logs[log], began: $0.now) }
      }
    case .looked(let log, let began):
      w.runs[i] = book.run(number, .decide) { $0.decide(self.book.logs[log], began: began) }
    case .around(let question):
      let (info, queue) = (w.info, w.queue)
      w.runs[i] = book.run(number, .around, info, queue) {
        $0.lookAround(question, self.book.logs[log], self.book.infos[info], self.book.queues[queue])
      }
    case .appending(let draft):
      let won = lie < 2 && append(&w, draft, by: i)
      w.runs[i] = book.run(w.runs[i], .took, won ? 1 : 0, Int32(lie)) {
        if lie == 0 { $0.appended(draft, won: won) } else { $0.appendFailed() }
      }
    case .serving(let actions):
      w.runs[i] = book.run(number, .serve, log) {
        if actions.isEmpty { $0.lookAfterServer() } else { $0.serve(log, self.book.logs[log]) }
      }
      if actions.first == .launch { launched(&w, i) }
    case .beating(let state, let looked, let began, let rest):
      let server = ServerInfo(
        endpoint: Endpoint(node: run.node, port: 7860)!, jobID: "\(run.job.number)", started: WallTime(seconds: 0),
        state: state, beat: 0, heartbeat: WallTime(seconds: 0), ends: nil, lock: run.lock, token: run.job.token,
        user: "u")
      setInfo(&w, server)
      w.runs[i] = book.run(number, .beat) { $0.beaten(self.book.logs[looked].foldBeforeTornEnd, began: began, rest) }
    case .farewell(let farewell):
      w.runs[i] = book.run(number, .decide, log) { $0.sayFarewell(farewell, self.book.logs[log].fold()) }
    case .recording(let farewell, let draft):
      let won = append(&w, draft, by: i)
      w.runs[i] = book.run(w.runs[i], .took, won ? 1 : 0) { $0.recorded(farewell, won: won) }
    }
    bury(&w, i)
  }

  /// Whether it takes the number.
  private func append(_ w: inout SmallWorld, _ draft: LockDraft, by i: Int) -> Bool {
    let log = w.log
    guard draft.number == book.logs[log].next else { return false }
    let (number, run) = (w.runs[i], book.runs[w.runs[i]])
    if draft.body.kind == .ended { checkEnd(&w, draft.body.token, by: number) }
    let longer = book.once(number, .took, log) { self.book.append(draft.body.wordless, by: run.author, to: log) }
    setLog(&w, longer)
    return true
  }

  private func launched(_ w: inout SmallWorld, _ i: Int) {
    let run = book.runs[w.runs[i]]
    guard run.up else { return }
    if (0...3).contains(where: { $0 != i && w.runs[$0] >= 0 && book.runNext[Int(w.runs[$0])].isUp }) {
      w.violate(.twoServers)
    }
    guard let j = book.queues[w.queue].jobs.firstIndex(where: { $0.number == run.job.number }) else { return }
    if book.queues[w.queue].jobs[j].isServed { w.violate(.servedTwice) }
    w.queue = changed(w.queue) { $0.jobs[j].isServed = true }
  }
}
