@testable import CoordCore

extension SmallSteps {
  /// A death is seen by others only by what is not written any more: so it comes right before a client writes. (Before a look it is
  /// the same as after it.) On one host it is seen at once, and may come at any time.
  func clientMay(_ w: SmallWorld, _ i: Int) {
    let next = book.clientNext[Int(w.clients[i])]
    if next.isOver { return }
    if next.isPaused {
      return then("\(i) goes on", w) { self.change(&$0, client: i, .goOn) { $0.paused = false } }
    }
    if next.sort != .none {
      then("\(i) \(deed(w, i))", w) { self.step(&$0, client: i) }
      if w.budget.lies > 0 { lies(w, i) }
    }
    if w.budget.crashes > 0, next.sort == .writes || book.oneHost {
      then("\(i) dies", w) {
        $0.budget.crashes -= 1
        self.end(&$0, client: i)
      }
    }
    pause(w, client: i)
  }

  func pause(_ w: SmallWorld, client i: Int) {
    guard w.budget.pauses > 0 else { return }
    then("\(i) pauses", w) {
      $0.budget.pauses -= 1
      self.change(&$0, client: i, .pause) { $0.paused = true }
    }
  }

  private func lies(_ w: SmallWorld, _ i: Int) {
    guard case .acting(let deeds) = book.clients[w.clients[i]].stage else { return }
    let names: [String]
    switch deeds[0] {
    case .look: names = ["it shows nothing", "it does not answer"]
    case .submit: names = ["it reports a failure", "nothing comes of it", "the job comes later", "it refuses"]
    case .probe, .append, .cancel, .answer, .leave: return
    }
    for (lie, name) in names.enumerated() {
      then("\(i) \(deed(w, i)), but \(name)", w) {
        $0.budget.lies -= 1
        self.step(&$0, client: i, lie: lie + 1)
      }
    }
  }

  private func deed(_ w: SmallWorld, _ i: Int) -> String {
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
    change(&w, client: i, .die) { $0.die() }
    if w.asker == i { w.asker = -1 }
  }

  func step(_ w: inout SmallWorld, client i: Int, lie: Int = 0) {
    let number = w.clients[i]
    let client = book.clients[number]
    switch client.stage {
    case .over: break
    case .ready: look(&w, i)
    case .looked(let view):
      w.clients[i] = book.client(number, .decide) { $0.decide(view, self.book.logs[view.log]) }
    case .asked(let board, let asked, let rest): publish(&w, i, client, board, asked, rest)
    case .called(let token, let reply, let rest):
      w.clients[i] = book.client(number, .reply) { $0.readsReply(token, reply, rest) }
    case .acting(let deeds):
      let rest = Array(deeds.dropFirst())
      switch deeds[0] {
      case .probe(let place):
        let isUp = (0...3).contains {
          w.runs[$0] >= 0 && book.runNext[Int(w.runs[$0])].isUp && book.runs[w.runs[$0]].node == place.endpoint.node
        }
        w.clients[i] = book.client(number, .probed, isUp ? 1 : 0) { $0.probed(place, isUp: isUp, rest) }
      case .look(let query): ask(&w, i, query, rest, lie)
      case .append(let body, let log):
        let won = w.log == log
        if won {
          let longer = book.once(number, .append) { self.book.append(body, by: client.author, to: log) }
          if body.kind == .ended { checkEnd(&w, body.token) }
          setLog(&w, longer)
        }
        w.clients[i] = book.client(w.clients[i], .took, won ? 1 : 0) { $0.took(body, won: won, rest) }
      case .submit(let token): submit(&w, i, token, client.author.uid, rest, lie)
      case .cancel(let id, let token):
        w.queue = changed(w.queue) { $0.cancel(id, token, uid: client.author.uid) }
        w.clients[i] = book.client(number, .cancel) { $0.goOn(rest) }
      case .answer(let isOld):
        if isOld { w.violate(.olderAnswer) }
        end(&w, client: i)
      case .leave: end(&w, client: i)
      }
    }
  }

  private func look(_ w: inout SmallWorld, _ i: Int) {
    let number = w.clients[i]
    let claim = claim(w, i)
    let isOwn = w.asker == i
    let (log, board) = (w.log, w.board)
    let seen = board + 1 | (isOwn ? 1 << 20 : 0) | claim.code << 21
    // Nobody comes between a look and what is decided, but for a pause.
    let isWhole = w.budget.pauses == 0
    w.clients[i] = book.client(number, isWhole ? .decide : .look, log, seen) {
      $0.look(log, board < 0 ? nil : self.book.boards[board], isOwn: isOwn, claim)
      if isWhole, case .looked(let view) = $0.stage { $0.decide(view, self.book.logs[log]) }
    }
  }

  /// What can be seen of the last claimant, and what its sbatch said.
  private func claim(_ w: SmallWorld, _ i: Int) -> SmallClient.ClaimView {
    var view = SmallClient.ClaimView()
    guard case .entry(let claim, _)? = book.logs[w.log].slots.last, claim.kind == .claimed else { return view }
    let queue = book.queues[w.queue]
    let author = claim.author.uid == 1001 ? 0 : 1
    if author == i || book.oneHost {
      view.claimant = book.clientNext[Int(w.clients[author])].isOver ? .dead : .alive
      view.submitBegan = queue.submitted.contains(claim.token)
    }
    if queue.submitted.contains(claim.token) { view.job = queue.jobs.first { $0.token == claim.token }?.number }
    return view
  }

  // MARK: - the scheduler

  private func ask(_ w: inout SmallWorld, _ i: Int, _ query: QueueQuery, _ rest: [SmallClient.Deed], _ lie: Int) {
    let number = w.clients[i]
    guard !w.isAsked else {
      w.clients[i] = book.client(number, .mayNotAsk) { $0.mayNotAsk(rest) }
      return
    }
    w.isAsked = true
    let queue = w.queue
    let snapshot = book.once(number, .question, queue, Int32(lie)) {
      var snapshot = self.book.queues[queue].snapshot(query)
      if lie > 0 { snapshot.outcome = lie == 1 ? .answered([]) : .unknown("away") }
      return self.book.boards.number(snapshot, snapshot)
    }
    w.clients[i] = book.client(number, .asks, snapshot) { $0.asks(snapshot, rest) }
    change(&w, client: 1 - i, .othersAsk) { $0.asked += 1 }
  }

  private func publish(
    _ w: inout SmallWorld, _ i: Int, _ client: SmallClient, _ board: Int32, _ asked: Int, _ rest: [SmallClient.Deed]
  ) {
    let isNewer = asked > client.board ?? 0
    let behind = client.asked - asked
    w.clients[i] = book.client(w.clients[i], .publish) {
      if isNewer { $0.board = $0.asked - behind }
      $0.goOn(rest)
    }
    guard isNewer else { return }
    (w.board, w.asker) = (board, Int8(i))
    if !book.clientNext[Int(w.clients[1 - i])].isOver {
      w.clients[1 - i] = book.client(w.clients[1 - i], .othersPublish, Int32(behind)) { $0.board = $0.asked - behind }
    }
  }

  private func submit(
    _ w: inout SmallWorld, _ i: Int, _ token: Token, _ uid: UInt32, _ rest: [SmallClient.Deed], _ lie: Int
  ) {
    var queue = book.queues[w.queue]
    if queue.submitted.contains(token) { w.violate(.submittedTwice) } else { queue.submitted.append(token) }
    let job = SmallQueue.Job(number: 100 + queue.submitted.count, token: token, uid: uid)
    switch lie {
    case 0, 1: queue.add(job)
    case 3: queue.late = job
    default: break
    }
    w.queue = book.number(queue)
    let reply: SubmitReply = lie == 0 ? .accepted(job.id) : lie == 4 ? .refused("no") : .doubtful("timed out")
    w.clients[i] = book.client(w.clients[i], .submit, Int32(lie), Int32(job.number)) {
      $0.stage = .called(token, reply, rest)
    }
  }
}
