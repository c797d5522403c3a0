internal import CoordCore
import Glibc

/// Carries out what `Supervision` decides: one loop that waits for signals until the next thing is due.
struct ServerRun: ~Copyable {
  struct Surroundings {
    let project: Project
    let machine: Machine
    let signals: Signals
    let writer: LogWriter
    let command: [String]
    let job: JobID
    let node: String
    let logPath: String?
    let status: StatusFile
    let say: (String) -> Void
    let ends: WallTime?
  }

  let token: Token
  let lock: Int
  let started: WallTime
  var supervision: Supervision
  var server: ServerProcess?
  var exited = false
  var port: Int?
  var beats = 0

  init(token: Token, lock: Int, started: WallTime, supervision: Supervision) {
    (self.token, self.lock, self.started, self.supervision) = (token, lock, started, supervision)
  }

  mutating func toTheEnd(_ around: Surroundings) -> Supervision.Ending {
    if let ending = perform(supervision.begin(now: Machine.now), around) { return ending }
    while true {
      if let ending = perform(supervision.handle(.tick, now: Machine.now), around) { return ending }
      if let event = reap(), let ending = perform(supervision.handle(event, now: Machine.now), around) { return ending }
      let wait = min(supervision.nextWake - Machine.now, .seconds(1))
      if let signal = around.signals.next(within: wait), signal != SIGCHLD,
        let ending = perform(supervision.handle(.signalled(signal), now: Machine.now), around)
      {
        return ending
      }
    }
  }

  /// What became of the server's processes since the last look.
  private mutating func reap() -> Supervision.Event? {
    guard let group = server?.group else { return nil }
    if !exited {
      var raw: Int32 = 0
      guard waitpid(group, &raw, WNOHANG) == group else {
        server?.keepGuarded(alive: supervision.lastBeat)
        return nil
      }
      exited = true
      let how = raw & 0x7f == 0 ? "exit \((raw >> 8) & 0xff)" : "signal \(raw & 0x7f)"
      let tail = server?.tail() ?? ""
      let portTaken = raw & 0x7f == 0 && (tail.contains("already in use") || tail.contains("Address already"))
      return .exited(how, portTaken: portTaken, tail: tail)
    }
    guard !ProcessTable.groupExists(group) else { return nil }
    dismissServer()
    return .groupEmptied
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
      case .launch: events = launch(around).map { [$0] } ?? []
      case .probe:
        if let port, let group = server?.group,
          let status = Network.httpStatus(
            port: port, path: around.project.settings.healthPath, within: .seconds(1)), status < 500,
          !Listeners.isForeign(port: port, group: group)
        {
          around.say("the server answers on \(around.node):\(port)")
          events = [.answered]
        }
      case .beat(let state): events = [beat(state, around)]
      case .terminate: if let group = server?.group { kill(-group, SIGTERM) }
      case .kill: if let group = server?.group { kill(-group, SIGKILL) }
      case .finish(let ending): return ending
      }
      for event in events {
        if let ending = perform(supervision.handle(event, now: Machine.now), around) { return ending }
      }
    }
    return nil
  }

  private mutating func launch(_ around: Surroundings) -> Supervision.Event? {
    if let old = server.take() {
      // Its port was taken by somebody else between our look and its start.
      ProcessTable.end(group: old.group)
      old.release()
    }
    // Those that lost a port together would meet again at the next one.
    let spread = 1 << min(supervision.portTries, 6)
    let first = port.map { $0 + Int.random(in: 1...spread) } ?? around.project.settings.port
    guard let free = Network.freePort(from: first) else {
      return .couldNotLaunch("no port is free on \(around.node) from \(first) upward")
    }
    port = free
    exited = false
    do throws(SystemFailure) {
      server = try ServerProcess.start(
        around.command, port: free, alive: supervision.lastBeat, project: around.project, machine: around.machine,
        log: around.logPath,
        cookieSecret: CookieSecret.load(project: around.project))
      return nil
    } catch {
      return .couldNotLaunch("\(error.text) (on \(around.node); is its environment set in start_server.sh?)")
    }
  }

  /// A complete beat: the log's end was read, and server_info.txt was written.
  private mutating func beat(_ state: ServerInfo.State, _ around: Surroundings) -> Supervision.Event {
    guard let port, let endpoint = Endpoint(node: around.node, port: port) else {
      return .beatFailed("no port yet")
    }
    beats += 1
    let began = Machine.now
    do throws(StorageFailure) {
      let fold = try around.writer.log.tail().foldBeforeTornEnd
      // The file belongs to whoever holds `started`.
      if case .state(let now) = fold, now.phase != .started || now.start?.author.nonce != around.machine.author.nonce {
        return .beatCompleted(fold, began: began)
      }
      let info = ServerInfo(
        endpoint: endpoint, jobID: around.job.number, started: started, state: state, beat: beats,
        heartbeat: Machine.wall, ends: around.ends, lock: lock, token: token, user: around.machine.author.user,
        project: around.project.root)
      do throws(SystemFailure) {
        try around.status.write(info, nonce: around.machine.author.nonce)
      } catch {
        around.say("heartbeat failed: \(error.text)")
        return .beatFailed(error.text)
      }
      switch fold {
      // A newer coord's decisions are not known here: what serves goes on serving.
      case .state, .newer: break
      case .beingWritten, .missing: return .beatFailed("the end of the lock log is not whole")
      }
      server?.guardian.completedBeat(began: began)
      return .beatCompleted(fold, began: began)
    } catch {
      around.say("heartbeat failed: \(error.text)")
      return .beatFailed(error.text)
    }
  }
}
