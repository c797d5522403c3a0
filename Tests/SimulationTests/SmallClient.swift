@testable import CoordCore

/// One who asks for the server, between two of its operations.
struct SmallClient: Hashable {
  /// What one look saw.
  struct Look: Hashable {
    var began: Instant
    var wall: WallTime
    var info: InfoReading
    var entries: Int
    var board: QueueReading?
    var claimant: Observation.Claimant
    var submitBegan: Bool?
    var output = ""
  }

  enum Stage: Hashable {
    case ready
    case looked(Look)
    case acting([Action], Look)
    case asked(QueueSnapshot, number: Int, [Action], Look)
    case called(Token, SubmitReply, [Action], Look)
    case over
  }

  let author: Author
  let coordinatorHost: String
  var coordinator: Coordinator
  var stage = Stage.ready
  var readsLog = false
  /// Nothing is to be done before something changes.
  var quiet = false
  var stale = false
  var paused = false
  var claims: UInt64 = 0

  init(_ index: Int, host: String, wait: Duration) {
    coordinatorHost = host
    author = Author(
      user: "ann\(index)", uid: 1001 + UInt32(index), host: host, bootID: "b", pid: Int32(index), pidStart: 1,
      nonce: "c\(index)")
    coordinator = Coordinator(
      goal: .answer, me: author.uid, scheduler: "slurm", wait: wait, insists: false, home: SmallWorld.home,
      now: Instant(sinceBoot: .seconds(5000)))
  }

  var isOver: Bool { stage == .over }

  /// What it knew is of no meaning any more: two worlds that differ in that are the same.
  mutating func die() {
    self = SmallClient(Int(author.pid), host: coordinatorHost, wait: .zero)
    (stage, quiet) = (.over, true)
  }

  /// Whether nothing that others do makes its next step another one. `mayAsk`: the scheduler, at this moment.
  func isLocal(_ mayAsk: Bool) -> Bool {
    switch stage {
    case .looked, .called: true
    case .acting(let actions, _):
      switch actions[0] {
      case .answer, .settle, .fail: true
      case .look: !mayAsk
      case .readLog, .probe, .append, .submit, .cancel, .wait: false
      }
    case .ready, .asked, .over: false
    }
  }

  /// One that would be taken, were it to claim now.
  var freshToken: Token { Token(random: UInt64(author.uid), claims + 1) }
}

extension SmallWorld {
  func step(_ i: Int, _ visit: Visit) {
    switch clients[i].stage {
    case .over: break
    case .ready: then("\(i) looks", visit) { $0.look(i) }
    case .looked(let look): then("\(i) decides", visit) { $0.decide(i, look) }
    case .acting(let actions, let look): act(i, actions, look, visit)
    case .asked(let snapshot, let number, let rest, let look):
      then("\(i) publishes", visit) {
        $0.publish(snapshot, number, by: i)
        $0.goOn(i, rest, look)
      }
    case .called(let token, let reply, let rest, let look):
      then("\(i) reads sbatch's reply", visit) {
        $0.clients[i].coordinator.handle(.submitted(token, reply), now: $0.now)
        $0.goOn(i, rest, look)
      }
    }
  }

  private mutating func look(_ i: Int) {
    clients[i].stale = false
    var look = SmallClient.Look(
      began: now, wall: wall, info: info, entries: log.count, board: board, claimant: .unknown)
    look.board?.highestAsked = asked
    look.board?.isOwn = asker == i
    if let claim = log.last.flatMap({ Book.slots[$0].entry }), claim.kind == .claimed {
      if claim.author.host == clients[i].coordinatorHost {
        let isAlive = clients.contains { $0.author == claim.author && !$0.isOver }
        look.claimant = isAlive ? .alive : .dead
        look.submitBegan = submitted.contains(claim.token)
      }
      if let job = jobs.first(where: { $0.token == claim.token }), submitted.contains(claim.token) {
        look.output = "Submitted batch job \(job.number)\n"
      }
    }
    clients[i].stage = .looked(look)
  }

  private mutating func decide(_ i: Int, _ look: SmallClient.Look) {
    let tail = tail(look.entries)
    var o = Observation(
      began: look.began, now: now, wall: look.wall, info: look.info,
      log: clients[i].readsLog ? .success(tail) : nil, queue: clients[i].readsLog ? look.board : nil,
      claimant: look.claimant, submitOutput: look.output, freshToken: clients[i].freshToken)
    o.submitBegan = look.submitBegan
    if let info = look.info.info, info.lock > 0, info.lock <= tail.slots.count {
      let entry = tail.slots[info.lock - 1].entry
      o.infoIsInLog = entry?.kind == .started && entry?.token == info.token
    }
    let all = clients[i].coordinator.next(o)
    if all == [.readLog] {
      clients[i].readsLog = true
      clients[i].stage = .ready
      return
    }
    let actions = all.filter { if case .wait = $0 { false } else { true } }
    goOn(i, actions, look)
    if actions.isEmpty { clients[i].quiet = !clients[i].stale }
  }

  private mutating func goOn(_ i: Int, _ rest: [Action], _ look: SmallClient.Look) {
    clients[i].stage = rest.isEmpty ? .ready : .acting(rest, look)
  }

  private func act(_ i: Int, _ actions: [Action], _ look: SmallClient.Look, _ visit: Visit) {
    let rest = Array(actions.dropFirst())
    let client = clients[i]
    switch actions[0] {
    case .readLog, .wait: then("\(i) goes on", visit) { $0.goOn(i, rest, look) }
    case .probe(let place):
      then("\(i) tries the port", visit) {
        let up = $0.runs.contains { $0.up && $0.node == place.endpoint.node }
        $0.clients[i].coordinator.handle(
          .probed(place, up ? .reached(place.endpoint) : .refused(place.endpoint)), now: $0.now)
        $0.goOn(i, rest, look)
      }
    case .look(let query):
      guard quanta > askedAt else {
        return then("\(i) may not ask", visit) {
          $0.goOn(i, rest, look)
          if rest.isEmpty { $0.clients[i].quiet = !$0.clients[i].stale }
        }
      }
      func ask(_ world: inout SmallWorld, _ outcome: QueueSnapshot.Outcome?) {
        world.asked += 1
        world.askedAt = world.quanta
        var snapshot = world.snapshot(query, uid: client.author.uid, host: client.coordinatorHost)
        snapshot.outcome = outcome ?? snapshot.outcome
        world.clients[i].stage = .asked(snapshot, number: world.asked, rest, look)
      }
      orLie(
        "\(i) asks squeue", visit,
        lies: [
          "it shows nothing": { ask(&$0, .answered([])) },
          "it does not answer": { ask(&$0, .unknown("away")) },
        ]
      ) { ask(&$0, nil) }
    case .append(let draft):
      then("\(i) takes \(draft.number) \(draft.body.kind)", visit) {
        let won = $0.append(draft, by: client.author)
        if won, draft.body.kind == .claimed { $0.clients[i].claims += 1 }
        $0.goOn(i, rest, look)
      }
    case .submit(let token, _, _): submit(i, token, rest, look, visit)
    case .cancel(let id, let token):
      then("\(i) cancels \(id)", visit) {
        if let j = $0.jobs.firstIndex(where: { $0.id == id && $0.token == token && $0.uid == client.author.uid }) {
          $0.cancel(j)
        }
        $0.goOn(i, rest, look)
      }
    case .answer(let answer):
      then("\(i) answers", visit) {
        // I7: nothing that was served after it, and seen by this process, is passed over.
        let last = $0.tail(look.entries).slots.last { $0.entry?.kind == .started }?.entry?.token
        if client.readsLog, let last, last != answer.token { $0.violate("I7: the answer names an older server") }
        $0.clients[i].die()
      }
    case .settle, .fail: then("\(i) gives up", visit) { $0.clients[i].die() }
    }
  }

  private func submit(_ i: Int, _ token: Token, _ rest: [Action], _ look: SmallClient.Look, _ visit: Visit) {
    let client = clients[i]
    func call(_ world: inout SmallWorld, _ reply: (Job) -> SubmitReply, _ make: (inout SmallWorld, Job) -> Void) {
      if !world.submitted.insert(token).inserted { world.violate("I2: sbatch twice for one token") }
      var job = Job(number: 100 + world.submitted.count, token: token, uid: client.author.uid)
      job.since = world.quanta
      make(&world, job)
      world.clients[i].stage = .called(token, reply(job), rest, look)
    }
    orLie(
      "\(i) calls sbatch", visit,
      lies: [
        "it reports a failure": { call(&$0, { _ in .doubtful("timed out") }, { $0.add($1) }) },
        "nothing comes of it": { call(&$0, { _ in .doubtful("timed out") }, { _, _ in }) },
        "the job comes later": { call(&$0, { _ in .doubtful("timed out") }, { $0.late = $1 }) },
        "it refuses": { call(&$0, { _ in .refused("no") }, { _, _ in }) },
      ]
    ) { call(&$0, { .accepted($0.id) }, { $0.add($1) }) }
  }
}
