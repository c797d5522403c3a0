internal import CoordCore
import Glibc

/// Carries out what `Supervision` decides: one loop that waits for signals until the next thing is due.
struct ServerRun: ~Copyable {
  struct Surroundings {
    let project: Project
    let machine: Machine
    let signals: Signals
    let lineage: Lineage
    let writer: LogWriter
    let command: [String]
    let job: JobID
    let place: ThisNode
    let logPath: String?
    let heartbeat: HeartbeatWriter
    let say: (String) -> Void
    let ends: WallTime?

    var node: String { place.name ?? machine.author.host }
  }

  let token: Token
  let lock: Int
  let started: WallTime
  var supervision: Supervision
  var server: ServerProcess?
  var exited = false
  var port: Int?
  var beats = 0
  /// How often the kernel's memory killer had struck when the server began.
  var killsBefore: Int?
  var saidSlow = false
  var checked = false

  init(token: Token, lock: Int, started: WallTime, supervision: Supervision) {
    (self.token, self.lock, self.started, self.supervision) = (token, lock, started, supervision)
  }

  mutating func toTheEnd(_ around: Surroundings) -> Supervision.Ending {
    if let ending = perform(supervision.begin(now: Machine.now), around) { return ending }
    while true {
      // Signals first: Slurm sends the server the same one, and its end then needs no other reason.
      if let ending = heed(around.signals.interruption(within: .zero), around) { return ending }
      if !around.lineage.holds, let ending = feed(.signalled(nil), around) { return ending }
      if let ending = feed(.tick, around) { return ending }
      for event in reap(around) {
        if let ending = feed(event, around) { return ending }
      }
      let wait = min(supervision.nextWake - Machine.now, .seconds(1))
      if let ending = heed(around.signals.next(within: wait), around) { return ending }
    }
  }

  private mutating func feed(_ event: Supervision.Event, _ around: Surroundings) -> Supervision.Ending? {
    perform(supervision.handle(event, now: Machine.now), around)
  }

  private mutating func heed(_ signal: Int32?, _ around: Surroundings) -> Supervision.Ending? {
    guard let signal, signal != SIGCHLD else { return nil }
    return feed(.signalled(signal), around)
  }

  /// What became of the server's processes since the last look.
  private mutating func reap(_ around: Surroundings) -> [Supervision.Event] {
    guard let group = server?.group else { return [] }
    if !exited {
      if let check = server?.checked() { return [judge(check, around)] }
      var raw: Int32 = 0
      guard waitpid(group, &raw, WNOHANG) == group else {
        server?.keepGuarded(alive: supervision.lastBeat)
        return []
      }
      exited = true
      let (signal, code) = (raw & 0x7f, (raw >> 8) & 0xff)
      let tail = server?.tail() ?? ""
      var events: [Supervision.Event] = []
      // Whoever told both of us to end may have told the server a moment sooner. So may our guardian, where the job is over.
      if let mine = around.signals.interruption(within: .milliseconds(100)) {
        events.append(.signalled(mine))
      } else if !around.lineage.holds {
        events.append(.signalled(nil))
      }
      if signal == SIGKILL || code == 128 + SIGKILL, let before = killsBefore, let now = MemoryKills.count(),
        now > before
      {
        return events + [.ranOutOfMemory(tail: tail)]
      }
      let how = signal == 0 ? "exit \(code)" : SignalName.text(signal)
      let portTaken = signal == 0 && (tail.contains("already in use") || tail.contains("Address already"))
      return events + [.exited(how, portTaken: portTaken, tail: tail)]
    }
    guard !ProcessTable.groupExists(group) else { return [] }
    dismissServer()
    return [.groupEmptied]
  }

  private mutating func judge(_ check: (status: Int32, tail: String), _ around: Surroundings) -> Supervision.Event {
    switch check.status {
    case 0:
      checked = true
      around.say("the app was checked")
      return .checkPassed
    case AppCheck.skipped:
      checked = true
      around.say("the app was not checked: \(check.tail)")
      return .checkPassed
    default: return .checkFailed("the check of the app failed (exit \(check.status); CHECK_COMMAND)", tail: check.tail)
    }
  }

  private mutating func dismissServer() {
    guard let gone = server.take() else { return }
    gone.release()
  }

  /// Carries out actions, and what follows from them; the ending if it is over.
  private mutating func perform(_ actions: [Supervision.Action], _ around: Surroundings) -> Supervision.Ending? {
    for action in actions {
      var events: [Supervision.Event] = []
      switch action {
      case .launch: events = launch(around)
      case .probe(let limit): events = [probe(within: limit, around)]
      case .beat(let state): events = beat(state, around)
      case .confirm: events = [confirm(around)]
      case .terminate: if let group = server?.group { kill(-group, SIGTERM) }
      case .kill: if let group = server?.group { kill(-group, SIGKILL) }
      case .explain(let signal):
        let facts = SignalFacts.gathered(
          signal: signal, job: around.job, ends: around.ends, project: around.project,
          environment: around.machine.environment)
        events = [.explained(Supervision.Ending(facts))]
      case .finish(let ending): return ending
      }
      for event in events {
        if let ending = feed(event, around) { return ending }
      }
      // Not before the beat counts: this may take as long as one.
      if case .beat(let state) = action, state != .stopping { around.heartbeat.prepare() }
    }
    return nil
  }

  private mutating func probe(within limit: Duration, _ around: Surroundings) -> Supervision.Event {
    guard let port, let group = server?.group,
      let status = Network.httpStatus(port: port, path: around.project.settings.healthPath, within: limit)
    else { return .unanswered }
    switch supervision.stage {
    case .starting:
      guard status < 500, !Listeners.isForeign(port: port, group: group) else { return .unanswered }
      if supervision.lastAnswer == nil { around.say("the server answers on \(around.node):\(port)") }
      return .answered
    // Whatever it says, it does not hang.
    case .ready, .hung, .stopping, .over: return .answered
    }
  }

  private mutating func launch(_ around: Surroundings) -> [Supervision.Event] {
    guard around.project.isWhereItWas else { return [.moved(isServing: server != nil)] }
    if let old = server.take() {
      // Its port was taken by somebody else between our look and its start.
      ProcessTable.end(group: old.group)
      old.release()
    }
    // The one that the first heartbeat shows, unless somebody else has it by now.
    if let none = findPort(around) { return [none] }
    guard let free = port else { return [] }
    exited = false
    killsBefore = MemoryKills.count()
    do throws(SystemFailure) {
      server = try ServerProcess.start(
        around.command, port: free, alive: supervision.lastBeat, project: around.project, machine: around.machine,
        log: around.logPath, lineage: around.lineage,
        cookieSecret: CookieSecret.load(project: around.project))
    } catch {
      return [.couldNotLaunch("\(error.text) (on \(around.node); is its environment set in start_server.sh?)")]
    }
    guard !checked, let why = server?.startCheck(around.project, port: free) else { return [] }
    checked = true
    around.say("the app is not checked: \(why)")
    return [.checkPassed]
  }

  /// Nil: there is one.
  private mutating func findPort(_ around: Surroundings) -> Supervision.Event? {
    // Those that lost a port together would meet again at the next one.
    let tries = supervision.portTries
    let further = tries == 0 ? 0 : Int.random(in: 1...(1 << min(tries, 6)))
    let first = (port ?? around.project.settings.port) + further
    port = Network.freePort(from: first)
    return port == nil ? .couldNotLaunch("no port is free on \(around.node) from \(first) upward") : nil
  }

  private func confirm(_ around: Surroundings) -> Supervision.Event {
    // On a slow disk the first heartbeat took a while: nothing is launched only to be ended.
    if let signal = around.signals.interruption(within: .zero) { return .signalled(signal) }
    if !around.lineage.holds { return .signalled(nil) }
    do throws(StorageFailure) {
      return .confirmed(try around.writer.log.foldForServer(lock: lock, nonce: around.machine.author.nonce))
    } catch {
      return .beatFailed(error.text, isWrite: false)
    }
  }

  private mutating func beat(_ state: ServerInfo.State, _ around: Surroundings) -> [Supervision.Event] {
    if port == nil, let none = findPort(around) { return [none] }
    guard let port else { return [] }
    return [beat(state, port, around)]
  }

  /// A complete beat: the log's end was read, and server_info.txt was written.
  private mutating func beat(
    _ state: ServerInfo.State, _ port: Int, _ around: Surroundings
  ) -> Supervision.Event {
    guard let endpoint = Endpoint(node: around.node, port: port) else {
      return .beatFailed("the name of this node, \(around.node), is none that anybody could connect to", isWrite: false)
    }
    guard around.project.isWhereItWas else { return .moved(isServing: server != nil) }
    beats += 1
    // What the file says is so was so then.
    let (began, wall) = (Machine.now, Machine.wall)
    do throws(StorageFailure) {
      let log = around.writer.log
      let fold = try log.foldForServer(lock: lock, nonce: around.machine.author.nonce, now: began)
      // The file belongs to whoever holds `started`.
      if case .state(let now) = fold, now.phase != .started || now.start?.author.nonce != around.machine.author.nonce {
        return .beatCompleted(fold, began: began)
      }
      // Held up since: others may serve by now, and this would be their file.
      guard Watchman(lastBeat: began).mayBegin(now: Machine.now) else {
        return .beatFailed("held up for \((Machine.now - began).spoken)", isWrite: false)
      }
      var info = ServerInfo(
        endpoint: endpoint, jobID: around.job.number, started: started, state: state, beat: beats,
        heartbeat: wall, ends: around.ends, lock: lock, token: token, user: around.machine.author.user,
        project: around.project.root)
      info.otherNames = Array(around.place.names.dropFirst())
      info.addresses = around.place.addresses
      if state == .hung, let answered = supervision.lastAnswer {
        let since = Machine.wall.seconds - (Machine.now - answered).wholeSeconds
        info.hungSince = WallTime(seconds: since)
        info.hungUntil = WallTime(seconds: since + around.project.settings.hangLimit.wholeSeconds)
      }
      do throws(SystemFailure) {
        try around.heartbeat.write(info)
      } catch {
        around.say("heartbeat failed: \(error.text)")
        let place = Filesystem(of: around.heartbeat.path)
        return .beatFailed("\(around.heartbeat.path): \(error.text) (filesystem \(place.point), \(place.type))")
      }
      switch fold {
      // A newer coord's decisions are not known here: what serves goes on serving.
      case .state, .newer: break
      case .beingWritten, .missing: return .beatFailed("the end of the lock log is not whole", isWrite: false)
      }
      server?.guardian.completedBeat(began: began)
      complain(took: Machine.now - began, around)
      return .beatCompleted(fold, began: began)
    } catch {
      around.say("heartbeat failed: \(error.text)")
      return .beatFailed(error.text, isWrite: false)
    }
  }

  /// Says once that the disk is slow.
  private mutating func complain(took: Duration, _ around: Surroundings) {
    guard took > Limits.slowBeat, !saidSlow else { return }
    saidSlow = true
    let (call, longest) = around.heartbeat.slowest
    around.say(
      "the shared disk takes \(longest.spoken) for a call (\(call)): a heartbeat took \(took.spoken); "
        + "the server is ended when none is complete for \(Limits.selfFence.spoken)")
  }
}
