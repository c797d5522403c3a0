@testable import CoordCore

/// The two who ask are alike but for their names. The twin of a part is what it would be, had they changed places.
struct Twins {
  /// By the number of a part; -1 where it was not asked for yet.
  fileprivate var (logs, infos, boards, queues): ([Int32], [Int32], [Int32], [Int32]) = ([], [], [], [])

  fileprivate static let tokens: [Token: Token] = {
    let pairs = (0...99).map { (Token(random: 1001, $0), Token(random: 1002, $0)) }
    return Dictionary(uniqueKeysWithValues: pairs + pairs.map { ($0.1, $0.0) })
  }()
}

extension SmallBook {
  /// Of two worlds that are twins, one is visited: what may happen in the other is the same but for the names, and no
  /// promise is about names. So a state is known by the lower of their fingerprints.
  func fingerprint(_ w: SmallWorld) -> UInt64 {
    var twin = w
    if w.asker >= 0 { twin.asker = 1 - w.asker }
    (twin.log, twin.info, twin.queue) = (twinLog(w.log), twinInfo(w.info), twinQueue(w.queue))
    twin.board = twinBoard(w.board)
    twin.clients = SIMD2(twinClient(w.clients[1]), twinClient(w.clients[0]))
    for i in 0...3 where w.runs[i] >= 0 { twin.runs[i] = twinRun(w.runs[i]) }
    return min(w.fingerprint, twin.fingerprint)
  }

  /// Of what everybody sees alone.
  func sharedFingerprint(_ w: SmallWorld) -> UInt64 {
    var shared = w
    (shared.budget, shared.asker, shared.isAsked) = (SmallWorld.Budget(), -1, false)
    (shared.clients, shared.runs) = (SIMD2(repeating: -1), SIMD4(repeating: -1))
    return fingerprint(shared)
  }

  private func twin(_ token: Token) -> Token { Twins.tokens[token] ?? token }
  private func twin(_ uid: UInt32) -> UInt32 { uid == 1001 ? 1002 : uid == 1002 ? 1001 : uid }

  private func twin(_ author: Author) -> Author {
    if let i = team.firstIndex(where: { $0.author == author }) { return team[1 - i].author }
    var author = author
    author.uid = twin(author.uid)
    return author
  }

  private func twin(_ job: SmallQueue.Job) -> SmallQueue.Job {
    var job = job
    (job.token, job.uid) = (twin(job.token), twin(job.uid))
    return job
  }

  private func find(_ twins: WritableKeyPath<Twins, [Int32]>, _ number: Int32, _ make: () -> Int32) -> Int32 {
    let twin = make()
    for (one, other) in [(number, twin), (twin, number)] {
      while self.twins[keyPath: twins].count <= one { self.twins[keyPath: twins].append(-1) }
      self.twins[keyPath: twins][Int(one)] = other
    }
    return twin
  }

  private func twinLog(_ log: Int32) -> Int32 {
    if log < twins.logs.count, twins.logs[Int(log)] >= 0 { return twins.logs[Int(log)] }
    return find(\.logs, log) {
      let key = logKeys[Int(log)]
      if key.before < 0 { return log }
      var body = key.body
      body.token = twin(body.token)
      return append(body, by: twin(key.author), to: twinLog(key.before))
    }
  }

  private func twinInfo(_ info: Int32) -> Int32 {
    if info < twins.infos.count, twins.infos[Int(info)] >= 0 { return twins.infos[Int(info)] }
    return find(\.infos, info) {
      var value = infos[info]
      if let token = value.server?.token { value.server?.token = twin(token) }
      return number(value)
    }
  }

  private func twinBoard(_ board: Int32) -> Int32 {
    if board < 0 { return board }
    if board < twins.boards.count, twins.boards[Int(board)] >= 0 { return twins.boards[Int(board)] }
    return find(\.boards, board) {
      var value = boards[board]
      value.query.token = value.query.token.map(twin)
      if case .answered(var rows) = value.outcome {
        for i in rows.indices {
          rows[i].uid = rows[i].uid.map(twin)
          rows[i].comment = rows[i].token.map { twin($0).comment(log: nil) } ?? ""
        }
        value.outcome = .answered(rows)
      }
      return number(value)
    }
  }

  private func twinQueue(_ queue: Int32) -> Int32 {
    if queue < twins.queues.count, twins.queues[Int(queue)] >= 0 { return twins.queues[Int(queue)] }
    return find(\.queues, queue) {
      var value = queues[queue]
      value.jobs = value.jobs.map(twin)
      value.late = value.late.map(twin)
      value.submitted = value.submitted.map(twin)
      return number(value)
    }
  }

  // MARK: - processes

  /// It came of its first state by steps whose twins its twin took.
  private func twinClient(_ client: Int32) -> Int32 {
    if client < 0 { return client }
    if clients.twins[Int(client)] >= 0 { return clients.twins[Int(client)] }
    let (before, step) = clients.origins[Int(client)]
    let twin =
      before < 0
      ? clients.number(team[1 - clients[client].index], self)
      : clients.after(twinClient(before), twinOfClients(step), self)
    precondition([-1, client].contains(clients.twins[Int(twin)]), "a twin's twin is another one")
    (clients.twins[Int(client)], clients.twins[Int(twin)]) = (twin, client)
    return twin
  }

  private func twinOfClients(_ step: SmallStep) -> SmallStep {
    var twin = step
    switch step.deed {
    case .look, .lookAndDecide:
      twin.a = twinLog(step.a)
      let board = twinBoard((step.b & 0xFFFFF) - 1)
      twin.b = step.b & ~0xFFFFF | (board + 1)
    case .file: twin.a = twinInfo(step.a)
    case .ask: twin.a = twinBoard(step.a)
    default: break
    }
    return twin
  }

  private func twinRun(_ run: Int32) -> Int32 {
    if runs.twins[Int(run)] >= 0 { return runs.twins[Int(run)] }
    let (before, step) = runs.origins[Int(run)]
    let twin =
      before < 0
      ? runs.number(SmallRun(twin(runs[run].job)), self) : runs.after(twinRun(before), twinOfRuns(step), self)
    precondition([-1, run].contains(runs.twins[Int(twin)]), "a twin's twin is another one")
    (runs.twins[Int(run)], runs.twins[Int(twin)]) = (twin, run)
    return twin
  }

  private func twinOfRuns(_ step: SmallStep) -> SmallStep {
    var twin = step
    switch step.deed {
    case .look, .lookAndDecide, .serve, .decide: twin.a = twinLog(step.a)
    case .around: (twin.a, twin.b) = (twinInfo(step.a), twinQueue(step.b))
    default: break
    }
    return twin
  }
}
