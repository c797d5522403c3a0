@testable import CoordCore

extension SmallSteps {
  /// A death before a look is the same as one after it, for it leaves nothing of what was seen: so it comes before what
  /// a run writes, where it has nothing to do, and before a look after which it leaves. A death of its node or of its
  /// supervisor is seen by others at once.
  func runMay(_ w: SmallWorld, _ i: Int) {
    let next = run(w, i)
    if next.isPaused {
      then("run \(i) goes on", w) { change(&$0, run: i, SmallStep(.goOn)) }
    } else if !next.isDead {
      var leaves = false
      if next.sort != .none {
        then("run \(i) \(deed(book.runs[w.runs[i]]))", w) { step(&$0, run: i) }
        leaves = found.last.map { $0.runCount < w.runCount } ?? false
        if w.budget.lies > 0, case .append = next.doing { lies(w, i) }
      }
      if w.budget.crashes > 0, next.sort != .reads || leaves || !isReduced { deaths(w, i) }
      if next.sort != .none || !isReduced { pause(w, run: i) }
    }
    if next.isGoing {
      then("server \(i) is gone", w) {
        change(&$0, run: i, SmallStep(.gone))
        bury(&$0, i)
      }
    }
  }

  private func lies(_ w: SmallWorld, _ i: Int) {
    guard case .appending = book.runs[w.runs[i]].stage else { return }
    for (lie, name) in ["it is told a failure", "it fails"].enumerated() {
      then("run \(i) \(deed(book.runs[w.runs[i]])), but \(name)", w) {
        $0.budget.lies -= 1
        step(&$0, run: i, lie: Int32(lie + 1))
      }
    }
  }

  private func deaths(_ w: SmallWorld, _ i: Int) {
    then("run \(i) dies", w) {
      $0.budget.crashes -= 1
      change(&$0, run: i, SmallStep(.die))
      bury(&$0, i)
    }
    for requeued in [false, true] {
      then("the node of run \(i) dies\(requeued ? ", its job is requeued" : "")", w) {
        $0.budget.crashes -= 1
        let run = book.runs[$0.runs[i]]
        change(&$0, run: i, SmallStep(.nodeDies))
        bury(&$0, i)
        if requeued { $0.queue = changed($0.queue) { $0.requeue(run.job.number, mayHaveStarted: run.mayHaveStarted) } }
      }
    }
  }

  func pause(_ w: SmallWorld, run i: Int) {
    guard w.budget.pauses > 0 else { return }
    then("run \(i) pauses", w) {
      $0.budget.pauses -= 1
      change(&$0, run: i, SmallStep(.pause))
    }
  }

  func deed(_ run: SmallRun) -> String {
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

  func step(_ w: inout SmallWorld, run i: Int, lie: Int32 = 0) {
    let number = w.runs[i]
    switch run(w, i).doing {
    case .nothing: break
    case .look: change(&w, run: i, SmallStep(goesOnAtOnce(w) ? .lookAndDecide : .look, w.log))
    case .decide: change(&w, run: i, SmallStep(.decide))
    case .farewell: change(&w, run: i, SmallStep(.decide, w.log))
    case .around: change(&w, run: i, SmallStep(.around, w.info, w.queue))
    case .tend: change(&w, run: i, SmallStep(.serve, w.log))
    case .serve(let isLaunch):
      change(&w, run: i, SmallStep(.serve, w.log))
      if isLaunch { launched(&w, i) }
    case .append(let draft, let isEnd):
      let log = w.log
      // What fails is not written; what is only told a failure is.
      let won = lie < 2 && draft == book.logs[log].next
      if won {
        setLog(&w, book.once(number, SmallStep(.took, log)) { longer(number, log) })
        if isEnd { checkEnd(&w, by: w.runs[i]) }
      }
      change(&w, run: i, SmallStep(.took, won ? 1 : 0, lie))
    case .beat(let age):
      let isLate = SmallWorld.quantum * Int(age) >= Limits.selfFence
      if !isLate { setInfo(&w, book.once(number, SmallStep(.beat)) { heartbeat(book.runs[number], Int(age)) }) }
      change(&w, run: i, SmallStep(.beat, isLate ? 1 : 0))
    }
    bury(&w, i)
  }

  private func longer(_ number: Int32, _ log: Int32) -> Int32 {
    let run = book.runs[number]
    switch run.stage {
    case .appending(let draft), .recording(_, let draft):
      return book.append(draft.body.wordless, by: run.author, to: log)
    default: return -1
    }
  }

  private func heartbeat(_ run: SmallRun, _ age: Int) -> Int32 {
    guard case .beating(let state, _, _, _) = run.stage, let place = Endpoint(node: run.node, port: 7860) else {
      return 0
    }
    let server = ServerInfo(
      endpoint: place, jobID: "\(run.job.number)", started: WallTime(seconds: 0), state: state, beat: 0,
      heartbeat: WallTime(seconds: 0), ends: nil, lock: run.lock, token: run.job.token, user: "u")
    return book.number(SmallInfo(server: server, age: age))
  }

  private func launched(_ w: inout SmallWorld, _ i: Int) {
    guard run(w, i).isUp else { return }
    if (0...3).contains(where: { $0 != i && w.runs[$0] >= 0 && run(w, $0).isUp }) { w.violate(.twoServers) }
    let number = book.runs[w.runs[i]].job.number
    guard let j = book.queues[w.queue].jobs.firstIndex(where: { $0.number == number }) else { return }
    if book.queues[w.queue].jobs[j].isServed { w.violate(.servedTwice) }
    w.queue = changed(w.queue) { $0.jobs[j].isServed = true }
  }
}
