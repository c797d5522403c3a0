public import CoordCore
import Glibc

/// `coord serve`: one loop that answers everybody of a login node. It has no state of its own: what it knows is in the
/// files, so that it may be killed at any time, and several may run.
public struct Service<Cluster: Scheduler>: ~Copyable {
  private let project: Project
  private let machine: Machine
  private let signals: Signals
  private let scheduler: Cluster
  private let manager: ServiceManager
  private let say: (String) -> Void
  private let log: LockLog<PosixLockFiles>
  private var clients: ServiceClients
  private let socketFile: ino_t?
  private var loop: CoordinatorLoop<Cluster>?
  private var wake = Machine.now
  private var nextWord = Machine.now
  /// The last step ended in a wait.
  private var rests = false
  /// When the last glance was.
  private var glanced = Machine.now
  private var progress = Progress.askingScheduler
  private var metrics = ServiceMetrics()
  private var questionsBefore = 0
  private var nextWarm = Machine.now
  private var failures = 0
  private var nextRound = Machine.now
  private var nextCleanup = Machine.now + .seconds(60)
  private var nextSign = Machine.now
  private var cleanup: Int32?

  public init(
    project: Project, machine: Machine, signals: Signals, scheduler: Cluster, say: @escaping (String) -> Void
  ) throws(CoordError) {
    (self.project, self.machine, self.signals, self.scheduler, self.say) = (project, machine, signals, scheduler, say)
    log = LockLog(PosixLockFiles(directory: project.locks))
    let path = project.settings.socket
    guard !path.isEmpty else {
      throw .configuration(
        what: "there is no socket to serve on", why: "SOCKET is not set",
        next: "set SOCKET=/run/coord/NAME.sock in hpc_utils/coord.conf, the same for all login nodes")
    }
    try project.prepare()
    let group = try Self.group(project, machine)
    do throws(SystemFailure) {
      // The kernel lets in whom the mode lets in; who that may be is then asked of the kernel.
      let listener = try UnixSocket.listen(path, mode: 0o666, group: group)
      clients = ServiceClients(listener: listener) { uid, groups in
        uid == 0 || uid == getuid() || groups.contains(group)
      }
    } catch {
      throw error.code == EADDRINUSE || error.code == EAGAIN
        ? .tryAgain(what: "the service is not started", why: error.text, next: "nothing: that one serves")
        : .configuration(
          what: "the service cannot listen on \(path)", why: error.text,
          next: "make its folder, writable for \(machine.author.user) only, or correct SOCKET")
    }
    socketFile = status(of: path)?.st_ino
    manager = ServiceManager(environment: machine.environment)
  }

  private static func group(_ project: Project, _ machine: Machine) throws(CoordError) -> gid_t {
    let name = project.settings.socketGroup
    if name.isEmpty { return status(of: project.utils)?.st_gid ?? getegid() }
    if let number = gid_t(name) { return number }
    // A static executable cannot use the host's name service modules: getent does it for us.
    let found = ChildProcess(["getent", "group", name], environment: machine.environment).run(deadline: .seconds(10))
    let fields = found.output.split(separator: ":", omittingEmptySubsequences: false)
    guard found.status == 0, fields.count > 2, let number = gid_t(fields[2]) else {
      throw .configuration(
        what: "SOCKET_GROUP=\(name) cannot be", why: "there is no such group", next: "correct SOCKET_GROUP")
    }
    return number
  }

  /// Serves until a signal comes; nil then. An error where going on makes no sense.
  public mutating func run() -> CoordError? {
    manager.tell("READY=1\nSTATUS=serving \(project.root) on \(project.settings.socket)")
    say("serving \(project.root) on \(project.settings.socket)")
    while true {
      if signals.interruption(within: .zero) != nil { break }
      for event in clients.poll(within: min(max(nextWake - Machine.now, .zero), .seconds(1))) { take(event) }
      advance()
      expire()
      if let error = housekeeping() { return error }
    }
    manager.tell("STOPPING=1")
    let error = CoordError.tryAgain(
      what: "the service was stopped while you waited", why: "its machine or its admin ended it",
      next: "run `coord connect` again")
    for (id, _) in clients.waiters { clients.reply(id, .failure(error)) }
    if status(of: project.settings.socket)?.st_ino == socketFile { unlink(project.settings.socket) }
    return nil
  }

  private var nextWake: Instant {
    var next = nextRound
    if let loop { next = min(next, wake, loop.glancePace.map { glanced + $0 } ?? wake) }
    if project.settings.keepWarm != nil { next = min(next, nextWarm) }
    if manager.watchdog != nil { next = min(next, nextSign) }
    return next
  }

  private mutating func take(_ event: ServiceClients.Event) {
    switch event {
    case .asked(let id, let request):
      if let inode = request.project, inode != project.inode {
        metrics.refused += 1
        clients.turnAway(id)
      } else if let seen = request.seen, let error = stopped(seen) {
        metrics.failed += 1
        clients.reply(id, .failure(error))
      } else if loop == nil {
        start()
      } else {
        clients.reply(id, .progress(progress.text))
      }
    case .refused: metrics.refused += 1
    case .dropped(let count): metrics.dropped += count
    }
  }

  /// What became of a server that somebody had, if a teammate stopped it and none runs now.
  private func stopped(_ seen: Token?) -> CoordError? {
    guard case .state(let state)? = try? log.look(now: Machine.now).tail.fold(),
      state.phase == .idle, let end = state.end, end.body.outcome == .stopped, seen == nil || end.token == seen
    else { return nil }
    return CoordError(ending: end)
  }

  private mutating func start() {
    loop = CoordinatorLoop(
      goal: .answer, project: project, machine: machine, signals: signals, scheduler: scheduler,
      wait: .seconds(604_800), insists: true)
    (wake, nextWord) = (Machine.now, Machine.now + Limits.servicePace)
    (rests, progress, questionsBefore) = (false, .askingScheduler, 0)
  }

  /// One look for all who wait.
  private mutating func advance() {
    if loop == nil, isWarmDue() { start() }
    if isForNobody { loop = nil }
    if let pace = loop?.glancePace, Machine.now < wake, Machine.now >= glanced + pace {
      glanced = Machine.now
      if loop?.glances() == true { wake = glanced }
    }
    guard loop != nil, Machine.now >= wake, let step = loop?.step(say: say) else { return }
    if let asked = loop?.questions {
      metrics.schedulerQuestions += asked - questionsBefore
      questionsBefore = asked
    }
    switch step {
    case .again: (rests, wake) = (false, Machine.now)
    case .wait(let duration, let now):
      (rests, glanced) = (true, Machine.now)
      wake = glanced + duration
      progress = now
      for (id, _) in clients.waiters { clients.reply(id, .progress(now.text)) }
    case .over(let result):
      loop = nil
      nextWarm = Machine.now + .seconds(15)
      finish(result)
    }
  }

  /// Nobody waits any more: what is claimed is finished, nothing is begun.
  private var isForNobody: Bool {
    // In the middle of something it is not: a claim is followed by its submission.
    guard rests else { return false }
    if case .claimed = progress { return false }
    return loop != nil && clients.waiters.isEmpty && !isWarm()
  }

  private mutating func finish(_ result: CoordinationResult) {
    let reply: ServiceReply
    switch result {
    case .answer(let info):
      reply = .answer(info)
      failures = 0
    case .failed(let error):
      reply = .failure(error)
      say("\(error.what): \(error.why)")
      // A server that cannot run is not tried again at once and for ever.
      failures += 1
      nextWarm = Machine.now + .seconds(min(600, 15 << min(failures, 6)))
    case .settled: reply = .failure(.bug("connect settled without an answer"))
    }
    for (id, _) in clients.waiters {
      if case .answer = reply { metrics.answered += 1 } else { metrics.failed += 1 }
      clients.reply(id, reply)
    }
  }

  /// Those whose own time is over; the others hear that the service lives.
  private mutating func expire() {
    let now = Machine.now
    if loop != nil, now >= nextWord {
      nextWord = now + Limits.servicePace
      for (id, _) in clients.waiters { clients.reply(id, .progress(progress.text)) }
    }
    for (id, waiter) in clients.waiters where now >= waiter.deadline {
      metrics.failed += 1
      clients.reply(id, .failure(Coordinator.gaveUp(.answer, progress)))
    }
  }

  private func isWarm() -> Bool {
    guard let hours = project.settings.keepWarm else { return false }
    var now = time(nil)
    var parts = tm()
    localtime_r(&now, &parts)
    return hours.contains(hour: Int(parts.tm_hour))
  }

  /// A server that a teammate stopped stays stopped until somebody asks for one.
  private mutating func isWarmDue() -> Bool {
    guard Machine.now >= nextWarm else { return false }
    nextWarm = Machine.now + .seconds(15)
    return isWarm() && stopped(nil) == nil
  }

  /// The watchdog, the metrics and the cleanup, each in its time.
  private mutating func housekeeping() -> CoordError? {
    let now = Machine.now
    if let watchdog = manager.watchdog, now >= nextSign {
      nextSign = now + watchdog
      manager.tell("WATCHDOG=1")
    }
    if let pid = cleanup, waitpid(pid, nil, WNOHANG) == pid { cleanup = nil }
    guard now >= nextRound else { return nil }
    nextRound = now + .seconds(15)
    if cleanup == nil, now >= nextCleanup {
      nextCleanup = now + .seconds(600)
      // By itself: it waits for proofs, and this loop does not.
      var command = ChildProcess(
        ["/proc/self/exe", "cleanup", "--quiet", "--root", project.root], environment: machine.environment)
      command.output = .inherit
      command.errors = .inherit
      cleanup = try? command.start()
    }
    writeMetrics()
    if status(of: project.settings.socket)?.st_ino != socketFile {
      return .tryAgain(
        what: "the service ends", why: "its socket was replaced or removed", next: "nothing, if another one serves now")
    }
    return nil
  }

  private mutating func writeMetrics() {
    let info = StatusFile(path: project.statusFile).read().info
    metrics.waiting = clients.waiters.count
    metrics.heartbeatAge = info.map { Machine.wall.seconds - $0.heartbeat.seconds }
    metrics.ready = info?.state == .ready && (metrics.heartbeatAge ?? 1000).magnitude <= 15
    metrics.lastNumber = (try? log.look(now: Machine.now).tail.lastNumber) ?? 0
    manager.tell(
      "STATUS=\(metrics.waiting) waiting, \(metrics.answered) answered, server \(metrics.ready ? "ready" : "not ready")"
    )
    guard !project.settings.metricsFile.isEmpty else { return }
    let path = project.resolve(project.settings.metricsFile)
    do throws(SystemFailure) {
      let temporary = path + ".\(getpid())"
      _ = try stage(Array(metrics.text(project: project.root).utf8), at: temporary, mode: 0o644)
      try move(temporary, over: path)
    } catch {
      say("metrics: \(error.text)")
    }
  }
}
