import CoordCore

/// A coord process on a login node: the shipped coordinator over a simulated machine.
final class SimClient: SimProcess {
  private var coordinator: Coordinator
  private var board: QueueBoard<SimFiles>!
  private var listing = LockListing([])
  private var readsLog = false
  private var pace = Limits.queuePace
  private var hasNews = false
  private(set) var answer: ServerInfo?
  private(set) var failure: CoordError?
  private let goal: Coordinator.Goal
  /// How much longer than it was told to it waits, on a machine that has other things to do.
  private let laziness: Double

  init(_ world: SimWorld, host: SimHost, uid: UInt32, wake: Duration, goal: Coordinator.Goal = .answer, wait: Duration)
  {
    self.goal = goal
    laziness = [1, 6, 20].randomElement(using: &world.random) ?? 1
    coordinator = Coordinator(
      goal: goal, me: uid, scheduler: "slurm", wait: wait, insists: false, home: SimSlurm.home,
      now: host.now(wake))
    super.init(world, host: host, uid: uid, wake: wake)
    board = QueueBoard(SimFiles(self), nonce: author.nonce)
  }

  private lazy var log = LockLog(SimFiles(self))

  override func step() {
    wake = world.time + .milliseconds(5)
    let o = observe()
    if dead { return }
    hasNews = false
    var actions = coordinator.next(o)
    if let place = actions.onlyProbe {
      perform(.probe(place), o)
      if dead { return }
      actions = coordinator.afterProbe(o, now: now)
    }
    pace = coordinator.questionPace(actions)
    for action in actions where !dead { perform(action, o) }
  }

  private func observe() -> Observation {
    var o = Observation(
      began: now, now: now, wall: wall, info: .absent, log: nil, queue: nil,
      freshToken: Token(random: world.random.next(), world.random.next()))
    if readsLog {
      do throws(StorageFailure) {
        let tail: LogTail
        (tail, listing) = try log.look(now: o.began)
        o.log = .success(tail)
        o.queue = board.latest(listing)
        if case .state(let state) = tail.fold() { try lookAround(state, tail, &o) }
      } catch {
        o.log = .failure(error)
      }
    }
    o.info = SimFiles(self).readInfo()
    if case .success(let tail)? = o.log {
      do throws(StorageFailure) {
        o.tokens = try log.known(
          beyond: tail, among: listing.numbers, info: o.info.info, jobs: o.queue?.snapshot, home: SimSlurm.home)
      } catch {
        o.log = .failure(error)
      }
    }
    if !readsLog, let info = o.info.info, let entry = ((try? log.read(info.lock)) ?? nil)?.entry {
      o.infoIsInLog = entry.kind == .started && entry.token == info.token
    }
    world.operation(self)
    mayBeHeldUp(world.faults.heldInLook, 10...200, "in its look")
    (o.now, o.wall) = (now, wall)
    return o
  }

  private func lookAround(_ state: ServiceState, _ tail: LogTail, _ o: inout Observation) throws(StorageFailure) {
    if state.phase == .idle {
      o.hasTraces = world.slurm.runs > 0 && state.previous == LockEntry.nothingBefore
    }
    if state.phase == .claimed, let claim = state.claim, claim.author.host == host.name {
      o.claimant = world.processes.contains { $0.author.nonce == claim.author.nonce && !$0.dead } ? .alive : .dead
      o.submitBegan = world.slurm.submitted[claim.token] != nil
    }
  }

  private func perform(_ action: Action, _ o: Observation) {
    switch action {
    case .readLog: readsLog = true
    case .probe(let place):
      world.operation(self)
      // Others take ports that fall free.
      let up = world.faults.strangers || world.servers.values.contains { $0.host.name == place.endpoint.node }
      coordinator.handle(.probed(place, up ? .reached(place.endpoint) : .refused(place.endpoint)), now: now)
    case .look(let query):
      // An answer that could not be published is lost; the right times out and another one asks.
      guard let number = (try? board.takeRight(listing, pace: pace, now: now)) ?? nil, !dead else { return }
      let answer = world.slurm.queue(query, by: self)
      mayBeHeldUp(world.faults.heldInAsk, 5...80, "with an answer")
      hasNews = (try? board.publish(answer, number: number, among: listing)) != nil
    case .append(let draft): append(draft, o)
    case .submit(let token, _, let end):
      // The files for what sbatch prints.
      world.operation(self)
      guard now < end else { return coordinator.handle(.notSubmitted(token, lasting: nil), now: now) }
      if world.random.fault(world.faults.storageError) {
        let full = StorageFailure(.full, "simulated failure").error
        return coordinator.handle(.notSubmitted(token, lasting: world.random.once(in: 2) ? full : nil), now: now)
      }
      let reply = world.slurm.submit(token, by: self)
      if !dead { coordinator.handle(.submitted(token, reply), now: now) }
    case .cancel(let job, let token): world.slurm.cancel(job, token: token, by: self)
    case .wait(let duration, _):
      if hasNews { return }
      let lazy = min(duration * laziness, .seconds(20))
      wake = world.time + lazy * Double.random(in: 0.75...1.25, using: &world.random)
    case .answer(let info): finish(answer: info)
    case .settle: dead = true
    case .fail(let error):
      failure = error
      world.note("\(author.nonce) gives up: \(error.what): \(error.why)")
      dead = true
    }
  }

  private func append(_ draft: LockDraft, _ o: Observation) {
    if draft.body.kind == .claimed {
      guard case .answered? = o.queue?.snapshot.outcome else { return world.violate("I5: claimed on a doubt") }
    }
    _ = try? append(draft, log, within: Coordinator.appendLimit)
  }

  private func finish(answer info: ServerInfo) {
    world.note("\(author.nonce) answers: the server of job \(info.jobID), beat \(info.beat) \(info.state)")
    world.answered(info)
    answer = info
    world.answers += 1
    dead = true
  }
}
