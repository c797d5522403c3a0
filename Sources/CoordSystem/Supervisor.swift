public import CoordCore
import Glibc

/// The compute-node side: passes the fence, runs the server, beats, and records the end.
public struct Supervisor {
  private let project: Project
  private let machine: Machine
  private let signals: Signals
  private let lineage: Lineage
  private let writer: LogWriter
  private let command: [String]
  private let job: JobID
  private let place: ThisNode
  private let logPath: String?
  private let status: StatusFile
  private let heartbeat: HeartbeatWriter
  private let say: (String) -> Void
  /// When the job's time limit ends it.
  private let ends: WallTime?

  public init(
    project: Project, machine: Machine, signals: Signals, command: [String], job: JobID, ends: WallTime?,
    lineage: Lineage, say: @escaping (String) -> Void
  ) {
    (self.project, self.machine, self.signals, self.command) = (project, machine, signals, command)
    (self.job, self.ends, self.lineage, self.say) = (job, ends, lineage, say)
    writer = LogWriter(project: project, author: machine.author)
    place = ThisNode(project: project, machine: machine)
    logPath = Supervisor.outputFile()
    if logPath?.hasPrefix(project.logs + "/") == true { JobLog.share(1, in: project) }
    status = StatusFile(path: project.statusFile)
    heartbeat = HeartbeatWriter(path: project.statusFile, nonce: machine.author.nonce)
  }

  /// The regular file that our output goes to, if it is one.
  private static func outputFile() -> String? {
    guard let path = target(ofLink: "/proc/self/fd/1"), let s = CoordSystem.status(of: path),
      s.st_mode & S_IFMT == S_IFREG
    else { return nil }
    return path
  }

  /// Runs to the end of the job. The exit code is the job's.
  ///
  /// - Parameter token: what the claimant gave the job; nil for a job that was submitted by hand.
  public func run(token: Token?) -> Result<Int32, CoordError> {
    let restarts = machine.environment["SLURM_RESTART_COUNT"].flatMap { Int($0) } ?? 0
    var fence = Fence(
      token: token, nonce: machine.author.nonce, job: job, restarts: restarts, node: place.name ?? machine.author.host,
      scheduler: project.settings.scheduler.rawValue, statusFile: project.settings.statusFile,
      log: logPath.map(relative), obstacle: obstacle,
      freshToken: Machine.freshToken())
    if project.settings.scheduler == .slurm { fence.cluster = machine.environment["SLURM_CLUSTER_NAME"] }
    defer { heartbeat.discard() }
    switch pass(fence) {
    case .success(let entry?): return .success(serve(entry.state, since: entry.since))
    case .success(nil): return .success(0)
    case .failure(let error): return .failure(error)
    }
  }

  /// Why no server can be run here.
  private var obstacle: CoordError? {
    (project.unreadable(TeamFile.ofTheJob) ?? project.credentialsProblem)
      .map { project.withGroups($0, on: place.name ?? "this node") }
      ?? (place.name == nil ? ThisNode.nameless(host: machine.author.host) : nil)
      ?? project.findProgram(command.first ?? "", machine.environment).failure
  }

  private func relative(_ path: String) -> String {
    path.hasPrefix(project.root + "/") ? String(path.dropFirst(project.root.utf8.count + 1)) : path
  }

  /// Takes `started`; nil where this job is not to serve. `since`: before it was taken.
  private func pass(_ given: Fence) -> Result<(state: ServiceState, since: Instant)?, CoordError> {
    var fence = given
    var (first, since): (Instant?, Instant?)
    // Directory caches of a compute node may be a minute old (NFS acdirmax).
    let patience = Machine.now + .seconds(70)
    // A torn last number is waited for until it counts as nobody's.
    let givingUp = Machine.now + Limits.claimWatch + .seconds(30)
    // A job by hand that may not claim beside what is there.
    let leaving = Machine.now + Limits.silence + Limits.claimWatch
    var torn = Watch<String>()
    var quiet = QuietWait()
    do throws(CoordError) { try project.prepare() } catch {
      return .failure(project.withGroups(error, on: place.name ?? "this node"))
    }
    while true {
      if !lineage.holds { fence.obstacle = .scriptIsOver }
      if let signal = signals.interruption(within: .zero) {
        if first != nil { recordThatNothingServes(signal) }
        return .failure(.interrupted(signal: signal))
      }
      do throws(StorageFailure) {
        let began = Machine.now
        let tail = try writer.log.tail()
        let state: ServiceState
        switch tail.fold(watching: &torn, began: began, ended: Machine.now) {
        case .state(let folded): state = folded
        case .newer(let number): return .failure(.newerCoord(lock: number))
        case .beingWritten, .missing: throw StorageFailure(.lag, "the end of the lock log is not whole")
        }
        if let identity = state.identity, let place = project.logPlace, identity.isCopied(to: place) {
          return .failure(.copiedLog(identity, to: place))
        }
        switch fence.decide(state, patient: Machine.now < patience) {
        case .claim(let draft):
          // As any claimant: not beside a server of another life, nor one that coord did not start.
          if let delay = try mayNotClaim(state, &quiet, began: began) {
            if let error = wait(delay, until: leaving) { return .failure(error) }
            continue
          }
          if try writer.append(draft, within: .seconds(30)) { fence.token = draft.body.token }
        case .start(let draft):
          // A restored older log may have let this job in, beside a server that it knows nothing of.
          if let info = status.read().info, !tail.known(state).served.contains(info.token),
            try !writer.log.known(leadingTo: state).served.contains(info.token),
            let delay = try mayNotClaim(state, &quiet, began: began)
          {
            if let error = wait(delay, until: leaving) { return .failure(error) }
            continue
          }
          if first == nil {
            // What would hold up the first beat on a slow disk; S begins with the number.
            heartbeat.prepare()
            _ = CookieSecret.load(project: project)
            first = Machine.now
          }
          since = since ?? Machine.now
          // A number that somebody else has is none that ours may still come to: S begins anew with the next one.
          if try !writer.append(draft, within: .seconds(30)) { since = nil }
        case .serve(let state): return .success((state, since ?? first ?? Machine.now))
        case .end(let draft, let error):
          if try writer.append(draft, within: .seconds(30)) {
            if let error { return .failure(error) }
            say("this job was stopped before it started: \(draft.body.reason ?? "")")
            return .success(nil)
          }
        case .leave(let why):
          if let obstacle = fence.obstacle, why.isEmpty { return .failure(obstacle) }
          say("not serving: \(why)")
          return .success(nil)
        case .lookAgain: Machine.sleep(.milliseconds(500))
        }
      } catch {
        if error.kind == .permission { return .failure(project.withGroups(error.error, on: place.name ?? "this node")) }
        if Machine.now >= givingUp { return .failure(error.error) }
        Machine.sleep(.milliseconds(500))
      }
    }
  }

  /// A signal came in the moment in which `started` was taken: nobody has to wait until this job is proven over.
  private func recordThatNothingServes(_ signal: Int32) {
    guard case .state(let state)? = (try? writer.log.tail())?.fold(), state.phase == .started,
      let start = state.start, start.author.nonce == machine.author.nonce
    else { return }
    record(
      Supervision.Ending(.finished, "the job was told to end (\(signalName(signal))) before its server started"),
      start.token)
  }

  /// Why a job that was submitted by hand may not claim: not yet, or not at all. Nil where it may.
  private func mayNotClaim(
    _ state: ServiceState, _ quiet: inout QuietWait, began: Instant
  ) throws(StorageFailure) -> Result<String, CoordError>? {
    let info = project.recognised(
      StatusFile(path: project.statusFile).read(), ProjectPaths(), environment: machine.environment)
    let snapshot = scheduler.queue(QueueQuery(others: info.plain?.job.map { [$0] } ?? []))
    let known = try writer.log.known(leadingTo: state)
    if case .unknown(let why) = snapshot.outcome { return .success("the scheduler does not answer: " + why) }
    if let server = ForeignServerSearch(project: project, machine: machine).find(
      in: snapshot, info.plain, beside: state)
    {
      return .failure(server.error)
    }
    if let job = Coordinator.olderJob(in: snapshot, known, project.home, besides: state.liveToken) {
      return .success("job \(job.id) of \(job.user) is of a log that is not here any more")
    }
    if let info = info.info, !known.served.contains(info.token), project.isElsewhere(info) {
      return .failure(.sharedStatusFile(with: info.project))
    }
    let own = logPath ?? ""
    let isOver = quiet.isOver(
      state, known: known, info: info, hasTraces: project.hasTraces(besides: own), began: began, now: Machine.now,
      wall: Machine.wall)
    return isOver ? nil : .success("a server of a log that is not here any more may be alive")
  }

  /// Waits a little; an error once that makes no sense any more.
  private func wait(_ delay: Result<String, CoordError>, until end: Instant) -> CoordError? {
    switch delay {
    case .failure(let error): return error
    case .success(let why):
      if Machine.now >= end {
        return .tryAgain(
          what: "this job does not serve", why: why, next: "run `coord connect`: it makes sure, and starts another one")
      }
      Machine.sleep(.seconds(1))
      return nil
    }
  }

  private var scheduler: any Scheduler {
    switch project.settings.scheduler {
    case .slurm: Slurm(project: project, machine: machine)
    case .local: LocalScheduler(project: project, machine: machine)
    }
  }

  /// Runs the server until it ended, and records why.
  private func serve(_ state: ServiceState, since: Instant) -> Int32 {
    let token = state.start?.token ?? Token(random: 0, 0)
    var run = ServerRun(
      token: token, lock: state.lastNumber, started: Machine.wall,
      supervision: Supervision(
        token: token, nonce: machine.author.nonce, startLimit: project.settings.startLimit,
        hangLimit: project.settings.hangLimit, checks: true, claimed: since, now: Machine.now))
    run.supervision.causeBefore = state.endBefore?.body.cause
    let ending = run.toTheEnd(
      ServerRun.Surroundings(
        project: project, machine: machine, signals: signals, lineage: lineage, writer: writer, command: command,
        job: job, place: place, logPath: logPath, heartbeat: heartbeat, say: say, ends: ends))
    say("the server is over: \(ending.reason)" + (ending.tail.map { "\n" + $0 } ?? ""))
    record(ending, token)
    status.remove(token: token)
    return ending.outcome == .failed || ending.outcome == .lost ? 1 : 0
  }

  /// Writes `ended`, unless somebody did. If the directory does not let us, observers will prove it.
  private func record(_ ending: Supervision.Ending, _ token: Token) {
    let end = Machine.now + .seconds(15)
    while ending.record, Machine.now < end {
      do throws(StorageFailure) {
        guard case .state(let state) = try writer.log.tail().fold(), state.liveToken == token else { return }
        let draft = LockDraft(
          after: state,
          EntryBody(.ended, token).with {
            $0.job = job
            $0.outcome = ending.outcome
            $0.reason = ending.reason
            $0.cause = ending.cause
            $0.logTail = ending.tail
            $0.log = logPath.map(relative)
          })
        if try writer.append(draft, within: .seconds(5)) { return }
      } catch {
        say("the end could not be recorded yet: \(error.text)")
        Machine.sleep(.seconds(1))
      }
    }
  }
}
