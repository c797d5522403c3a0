import CoordCore

/// A job's run on its node: the shipped fence and supervision over a simulated server and guardian.
final class SimJob: SimProcess {
  let job: SimSlurm.Job
  var signalled = false
  private var entrance: Entrance!
  private var supervision: Supervision?
  private var info: ServerInfo?
  private var serverUp = false
  private var exitSeen = false
  /// True time at which the server, told to end, is gone; nil: it was not told.
  private var goneAt: Duration?
  private var answersAt: Duration?
  private var lastBeat: Instant?
  /// When its server started.
  var startedAt = Duration.zero
  /// Somebody removed its heartbeat.
  var lostHeartbeat = false
  private var farewell: Farewell?
  /// It has taken `started`, and written no heartbeat yet.
  var isStarting: Bool { info?.beat == 0 && !dead && farewell == nil }
  var startNumber: Int { info?.lock ?? 0 }

  /// The directory that it began in.
  private let place: Int

  private weak var guardian: SimGuardian?
  var id: Int { job.id }
  /// Of the server that it runs.
  private(set) var token = Token(random: 0, 0)
  override var cluster: String { job.cluster }
  /// What stands still when the job is suspended.
  var processes: [SimProcess] { [self, guardian].compactMap { $0 } }

  init(_ world: SimWorld, job: SimSlurm.Job, host: SimHost) {
    self.job = job
    // By hand, it claims for itself, and once more after a requeue.
    if job.isByHand { job.token = nil }
    place = world.disk.place
    var fence = Fence(
      token: job.token, nonce: "", job: JobID("\(job.id)"), restarts: job.restarts, node: host.name,
      scheduler: "slurm", statusFile: "info", log: nil, obstacle: nil,
      freshToken: job.token ?? Token(random: world.random.next(), world.random.next()))
    fence.cluster = job.cluster
    super.init(world, host: host, uid: job.uid, wake: world.time + .milliseconds(100))
    fence.nonce = author.nonce
    entrance = Entrance(fence, now: host.now(wake))
    // The guardian is a process of its own: it goes on while the supervisor is paused or dead.
    let guardian = SimGuardian(self)
    self.guardian = guardian
    world.processes.append(guardian)
  }

  private lazy var log = LockLog(SimFiles(self))

  override func step() {
    if let farewell {
      record(farewell)
    } else if supervision != nil {
      serve()
    } else {
      pass()
    }
  }

  private func leave(_ state: String) {
    dead = true
    world.slurm.ended(self, state)
  }

  override func died() {
    // Only the supervisor: its guardian notices. Slurm sees the batch script's end, and reports it when all is gone.
    if !serverUp { world.slurm.ended(self, "FAILED") }
  }

  /// Everything of it on the node dies at once.
  func killed(_ state: String) {
    dead = true
    serverGone()
    world.slurm.ended(self, state)
  }

  private func pass() {
    if signalled { return leave("CANCELLED") }
    // As by CoordError.movedAway.
    if place != world.disk.place { return leave("FAILED") }
    wake = world.time
    do throws(StorageFailure) {
      let began = now
      let (tail, listing) = try log.end()
      if dead { return }
      var step = entrance.next(tail, place: nil, began: began, now: now)
      if case .lookAround(let question) = step {
        let around = try surroundings(question, tail, among: listing.numbers)
        if dead { return }
        step = entrance.looked(around, question, now: now, wall: wall)
      }
      if case .append(let draft) = step {
        if draft.body.kind == .started { entrance.takes(now: now) }
        let won = try append(draft, log, within: Entrance.appendLimit)
        if won, draft.body.kind == .claimed { job.token = draft.body.token }
        if dead { return }
        guard let next = entrance.appended(draft, won: won, now: now) else { return }
        step = next
      }
      take(step)
    } catch {
      if !dead { take(entrance.failed(error, now: now)) }
    }
  }

  private func take(_ step: Entrance.Step) {
    switch step {
    case .wait(let duration): wake = world.time + duration
    case .serve(let state, let since): begin(state, since: since)
    case .leave: leave("COMPLETED")
    case .fail: leave("FAILED")
    case .lookAround, .append: world.violate("an entrance that waits for an answer is asked for more")
    }
  }

  private func surroundings(
    _ question: Entrance.Question, _ tail: LogTail, among numbers: [Int]
  ) throws(StorageFailure) -> Entrance.Surroundings? {
    if question.draft.body.kind == .claimed, !job.isByHand { world.violate("a job with a token claims") }
    let info = SimFiles(self).readInfo()
    guard question.isNeeded(for: info, tail.known(question.state)) else { return nil }
    let known = try log.known(leadingTo: question.state, tail, among: numbers)
    guard question.isNeeded(for: info, known) else { return nil }
    let snapshot = world.slurm.queue(QueueQuery(), by: self).besides("\(id)")
    return Entrance.Surroundings(
      info: info, known: known, snapshot: snapshot, hasTraces: world.slurm.runs > 1, home: SimSlurm.home)
  }

  private func begin(_ state: ServiceState, since: Instant) {
    token = state.start?.token ?? token
    world.passed(self, state)
    supervision = Supervision(
      token: token, nonce: author.nonce, startLimit: .seconds(60), claimed: since, now: now)
    info = ServerInfo(
      endpoint: Endpoint(node: host.name, port: 7860)!, jobID: "\(job.id)", started: wall, state: .starting, beat: 0,
      heartbeat: wall, ends: nil, lock: state.lastNumber, token: token, user: author.user)
    perform(supervision!.begin(now: now))
  }

  private func serve() {
    if signalled {
      signalled = false
      feed(.signalled(15))
    }
    feed(.tick)
    // What it leaves behind is its guardian's.
    if dead { return }
    if let goneAt, world.time >= goneAt { serverGone() }
    if !serverUp, supervision!.running {
      if !exitSeen { feed(.exited("signal 15", portTaken: false, tail: "")) }
      exitSeen = true
      feed(.groupEmptied)
    }
    wake = max(world.time + .milliseconds(20), world.time + (supervision!.nextWake - now) * 0.9)
    if farewell != nil || signalled { wake = world.time + .milliseconds(20) }
    wake = min(wake, world.time + .seconds(1))
  }

  private func feed(_ event: Supervision.Event) {
    guard !dead, let actions = supervision?.handle(event, now: now) else { return }
    perform(actions)
  }

  private func perform(_ actions: [Supervision.Action]) {
    for action in actions where !dead {
      switch action {
      case .launch:
        let alive = supervision?.lastBeat ?? now
        world.operation(self)
        if place != world.disk.place { return feed(.moved(isServing: serverUp)) }
        if dead || !Watchman(lastBeat: alive).mayBegin(now: now) { return }
        serverUp = true
        lastBeat = alive
        // Some apps read much before they answer.
        answersAt = world.time + world.random.seconds(world.random.once(in: 3) ? 8...55 : 0.5...8)
        world.serverStarted(self, token: token)
      case .probe:
        world.operation(self)
        let answers = serverUp && answersAt.map { world.time >= $0 } ?? false
        feed(answers ? .answered : .unanswered)
      case .explain(let signal):
        world.operation(self)
        feed(.explained(Supervision.Ending(SignalFacts(signal: signal, at: wall))))
      case .beat(let state): beat(state)
      case .confirm: confirm()
      case .terminate: terminate()
      case .kill:
        world.operation(self)
        if !dead { serverGone() }
      case .finish(let ending):
        farewell = Farewell(
          ending, token, nonce: author.nonce, job: JobID("\(job.id)"), log: nil, now: now)
      }
    }
  }

  private func confirm() {
    do throws(StorageFailure) {
      let fold = try log.foldForServer(lock: info?.lock ?? 0, nonce: author.nonce)
      feed(.confirmed(fold))
    } catch {
      feed(.beatFailed(error.text, isWrite: false))
    }
  }

  private func beat(_ state: ServerInfo.State) {
    let files = SimFiles(self)
    if place != world.disk.place { return feed(.moved(isServing: supervision!.running)) }
    let (began, wall) = (now, wall)
    mayBeHeldUp(world.faults.silence, 100...250, "in its beat")
    if dead { return }
    do throws(StorageFailure) {
      let fold = try log.foldForServer(lock: info?.lock ?? 0, nonce: author.nonce, now: began)
      if case .state(let s) = fold, s.phase != .started || s.start?.author.nonce != author.nonce {
        return feed(.beatCompleted(fold, began: began))
      }
      mayBeHeldUp(world.faults.undone, 5...60, "between its look and its beat")
      if dead { return }
      guard Watchman(lastBeat: began).mayBegin(now: now) else { return feed(.beatFailed("held up", isWrite: false)) }
      info?.beat += 1
      info?.state = state
      info?.heartbeat = wall
      world.note("\(author.nonce) beats \(info?.beat ?? 0) \(state)")
      guard files.writeInfo(info?.encoded), case .state = fold else { return feed(.beatFailed("simulated")) }
      lastBeat = began
      lostHeartbeat = false
      feed(.beatCompleted(fold, began: began))
    } catch {
      feed(.beatFailed(error.text))
    }
  }

  /// TERM: most servers end soon, some only at KILL.
  private func terminate() {
    world.note("\(author.nonce) tells its server to end: \(supervision.map { "\($0.stage)" } ?? "")")
    world.operation(self)
    if !dead, goneAt == nil {
      goneAt = world.time + (world.random.once(in: 5) ? .seconds(60) : world.random.seconds(0...3))
    }
  }

  private func serverGone() {
    guard serverUp else { return }
    serverUp = false
    world.serverEnded(self)
  }

  private func record(_ farewell: Farewell) {
    wake = world.time
    do throws(StorageFailure) {
      let fold = try log.tail().fold()
      if dead { return }
      switch farewell.next(fold, now: now) {
      case .append(let draft):
        guard try append(draft, log, within: Farewell.appendLimit) else { return }
      case .lookAgain(let pause):
        wake = world.time + pause
        return
      case .over: break
      }
    } catch {
      if dead { return }
      if case .lookAgain(let pause) = farewell.next(nil, now: now) {
        wake = world.time + pause
        return
      }
    }
    if dead { return }
    if supervision?.hasLaunched == true, let left = SimFiles(self).readInfo().info, left.token == token,
      left.endpoint == info?.endpoint,
      left.started == info?.started
    {
      _ = SimFiles(self).writeInfo(nil)
    }
    if !dead { leave("COMPLETED") }
  }

  // MARK: - the guardian's view

  var guards: Bool { serverUp }

  /// By the node's own clock.
  var guardianDecides: Watchman.Decision {
    guard let lastBeat else { return .wait(.seconds(1)) }
    return Watchman(lastBeat: lastBeat).decide(now: now, supervised: !dead)
  }

  func guardianEnds() {
    let wasDead = dead
    serverGone()
    if wasDead { world.slurm.ended(self, "FAILED") }
  }
}
