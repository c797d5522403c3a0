@testable import CoordCore

extension SmallSteps {
  /// A death is seen by others only by what is not written any more: one that comes before a look, or while there is
  /// nothing to do, is the same for them as one right before the next write. On one host it is seen at once.
  func clientMay(_ w: SmallWorld, _ i: Int) {
    let next = client(w, i)
    if next.isOver { return }
    if next.isPaused { return then("\(i) goes on", w) { change(&$0, client: i, SmallStep(.goOn)) } }
    if next.sort != .none {
      then("\(i) \(deed(w, i))", w) { step(&$0, client: i) }
      if w.budget.lies > 0 { lies(w, i) }
    }
    if w.budget.crashes > 0, next.sort == .writes || book.isOneHost || !isReduced {
      then("\(i) dies", w) {
        $0.budget.crashes -= 1
        end(&$0, client: i)
      }
    }
    if next.sort != .none || !isReduced { pause(w, client: i) }
  }

  /// While there is nothing to do it is the same as right before what comes next.
  func pause(_ w: SmallWorld, client i: Int) {
    guard w.budget.pauses > 0 else { return }
    then("\(i) pauses", w) {
      $0.budget.pauses -= 1
      change(&$0, client: i, SmallStep(.pause))
    }
  }

  private func lies(_ w: SmallWorld, _ i: Int) {
    if case .submit(isLate: true) = client(w, i).doing { return }
    guard case .acting(let deeds) = book.clients[w.clients[i]].stage else { return }
    let names: [String]
    switch deeds[0] {
    case .look where w.isAsked: return
    case .look: names = ["it shows nothing", "it does not answer"]
    case .submit: names = ["it reports a failure", "nothing comes of it", "the job comes later", "it refuses"]
    case .probe, .append, .cancel, .answer, .leave: return
    }
    for (lie, name) in names.enumerated() {
      then("\(i) \(deed(w, i)), but \(name)", w) {
        $0.budget.lies -= 1
        step(&$0, client: i, lie: Int32(lie + 1))
      }
    }
  }

  func deed(_ w: SmallWorld, _ i: Int) -> String {
    switch book.clients[w.clients[i]].stage {
    case .ready, .looked: "looks"
    case .asked: "publishes"
    case .called: "reads sbatch's reply"
    case .over: ""
    case .acting(let deeds):
      switch deeds[0] {
      case .probe: "tries the port"
      case .look: w.isAsked ? "may not ask" : "asks squeue"
      case .append(let body, _): "takes \(body.kind)"
      case .submit: "calls sbatch"
      case .cancel(let job, _): "cancels \(job)"
      case .answer: "answers"
      case .leave: "gives up"
      }
    }
  }

  private func end(_ w: inout SmallWorld, client i: Int) {
    change(&w, client: i, SmallStep(.die))
    if w.asker == i { w.asker = -1 }
  }

  func step(_ w: inout SmallWorld, client i: Int, lie: Int32 = 0) {
    let number = w.clients[i]
    switch client(w, i).doing {
    case .nothing: break
    case .look: look(&w, i)
    case .decide: change(&w, client: i, SmallStep(.decide))
    case .reply: change(&w, client: i, SmallStep(.reply))
    case .probe(let node):
      let isUp = (0...3).contains { w.runs[$0] >= 0 && run(w, $0).isUp && run(w, $0).node == node }
      change(&w, client: i, SmallStep(.probe, isUp ? 1 : 0))
    case .append(let log, let isEnd):
      let won = w.log == log
      if won {
        setLog(&w, book.once(number, SmallStep(.append)) { longer(number) })
        if isEnd { checkEnd(&w, claimant: i) }
      }
      change(&w, client: i, SmallStep(.took, won ? 1 : 0))
    case .ask: ask(&w, i, lie)
    case .publish(let board, let behind, let isNewer):
      change(&w, client: i, SmallStep(.publish))
      guard isNewer else { return }
      (w.board, w.asker) = (board, Int8(i))
      change(&w, client: 1 - i, SmallStep(.othersPublish, behind))
    case .submit(isLate: true): change(&w, client: i, SmallStep(.submit, 5))
    case .submit: submit(&w, i, lie)
    case .cancel:
      let queue = w.queue
      w.queue = book.once(number, SmallStep(.cancel, queue)) {
        guard case .acting(let deeds) = book.clients[number].stage, case .cancel(let id, let token) = deeds[0] else {
          return queue
        }
        return changed(queue) { $0.cancel(id, token, uid: book.team[i].author.uid) }
      }
      change(&w, client: i, SmallStep(.cancel))
    case .answer(let isOld):
      if isOld { w.violate(.olderAnswer) }
      end(&w, client: i)
    case .leave: end(&w, client: i)
    }
  }

  private func longer(_ number: Int32) -> Int32 {
    let client = book.clients[number]
    guard case .acting(let deeds) = client.stage, case .append(let body, let log) = deeds[0] else { return -1 }
    return book.append(body, by: client.author, to: log)
  }

  private func look(_ w: inout SmallWorld, _ i: Int) {
    let code = book.once(w.log, SmallStep(.look, w.queue, others(w, i))) { claim(w, i).code }
    let seen = w.board + 1 | (w.asker == i ? 1 << 20 : 0) | code << 21
    change(&w, client: i, SmallStep(goesOnAtOnce(w) ? .lookAndDecide : .look, w.log, seen))
  }

  private func others(_ w: SmallWorld, _ i: Int) -> Int32 { Int32(i) << 1 | (client(w, 1 - i).isOver ? 1 : 0) }

  /// What can be seen of the last claimant, and what its sbatch said.
  private func claim(_ w: SmallWorld, _ i: Int) -> SmallClient.ClaimView {
    var view = SmallClient.ClaimView()
    guard let claim = book.logs[w.log].slots.last?.entry, claim.kind == .claimed else { return view }
    let queue = book.queues[w.queue]
    let isOwn = claim.author == book.team[i].author
    if isOwn || book.isOneHost {
      view.claimant = isOwn || !client(w, 1 - i).isOver ? .alive : .dead
      view.submitBegan = queue.submitted.contains(claim.token)
    }
    view.job = queue.jobs.first { $0.token == claim.token && $0.isPrinted }?.number
    return view
  }

  // MARK: - the scheduler

  private func ask(_ w: inout SmallWorld, _ i: Int, _ lie: Int32) {
    guard !w.isAsked else { return change(&w, client: i, SmallStep(.mayNotAsk)) }
    w.isAsked = true
    let (number, queue) = (w.clients[i], w.queue)
    let board = book.once(number, SmallStep(.question, queue, lie)) {
      guard case .acting(let deeds) = book.clients[number].stage, case .look(let query) = deeds[0] else { return -1 }
      var snapshot = book.queues[queue].snapshot(query)
      if lie > 0 { snapshot.outcome = lie == 1 ? .answered([]) : .unknown("away") }
      return book.number(snapshot)
    }
    change(&w, client: i, SmallStep(.ask, board))
    change(&w, client: 1 - i, SmallStep(.othersAsk))
  }

  private func submit(_ w: inout SmallWorld, _ i: Int, _ lie: Int32) {
    let stage = book.clients[w.clients[i]].stage
    guard case .acting(let deeds) = stage, case .submit(let token) = deeds[0] else { return }
    var queue = book.queues[w.queue]
    if queue.submitted.contains(token) { w.violate(.submittedTwice) } else { queue.submitted.append(token) }
    var job = SmallQueue.Job(number: 100 + queue.submitted.count, token: token, uid: book.team[i].author.uid)
    job.isPrinted = lie == 0
    switch lie {
    case 0, 1: queue.add(job)
    case 3: queue.late = job
    default: break
    }
    w.queue = book.number(queue)
    change(&w, client: i, SmallStep(.submit, lie, Int32(job.number)))
  }
}
