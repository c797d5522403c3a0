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
    writer = LogWriter(project: project, machine: machine)
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
      log: logPath.map(project.relative), obstacle: obstacle,
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
      .map(explained)
      ?? (place.name == nil ? ThisNode.nameless(host: machine.author.host) : nil)
      ?? project.findProgram(command.first ?? "", machine.environment).failure
  }

  /// Takes `started`; nil where this job is not to serve. `since`: before it was taken.
  private func pass(_ fence: Fence) -> Result<(state: ServiceState, since: Instant)?, CoordError> {
    var entrance = Entrance(fence, now: Machine.now)
    do throws(CoordError) { try project.prepare() } catch { return .failure(explained(error)) }
    while true {
      // By its path it would take a number in another directory's log.
      guard project.isWhereItWas else { return .failure(.movedAway(project.root)) }
      if !lineage.holds { entrance.meets(.scriptIsOver) }
      if let signal = signals.interruption(within: .zero) {
        if entrance.mayHaveStarted { recordThatNothingServes(signal) }
        return .failure(.interrupted(signal: signal))
      }
      var step: Entrance.Step?
      do throws(StorageFailure) {
        let began = Machine.now
        let (tail, listing) = try writer.log.end()
        step = entrance.next(tail, place: project.logPlace, began: began, now: Machine.now)
        if case .lookAround(let question)? = step {
          let around = try surroundings(question, tail, among: listing.numbers)
          step = entrance.looked(around, question, now: Machine.now, wall: Machine.wall)
        }
        if case .append(let draft)? = step {
          if draft.body.kind == .started {
            if !entrance.mayHaveStarted {
              // What would hold up the first beat on a slow disk.
              heartbeat.prepare()
              _ = CookieSecret.load(project: project)
            }
            entrance.takes(now: Machine.now)
          }
          let won = try writer.append(draft, within: Entrance.appendLimit)
          step = entrance.appended(draft, won: won, now: Machine.now)
        }
      } catch {
        step = entrance.failed(error, now: Machine.now)
        if case .fail(let error)? = step { return .failure(explained(error)) }
      }
      switch step {
      case nil, .lookAround, .append: continue
      case .wait(let duration): Machine.sleep(duration)
      case .serve(let state, let since): return .success((state, since))
      case .leave(let why):
        say(why)
        return .success(nil)
      case .fail(let error): return .failure(error)
      }
    }
  }

  private func explained(_ error: CoordError) -> CoordError {
    project.withGroups(error, on: place.name ?? "this node")
  }

  /// A signal came in the moment in which `started` was taken: nobody has to wait until this job is proven over.
  private func recordThatNothingServes(_ signal: Int32) {
    guard case .state(let state)? = (try? writer.log.tail())?.fold(), state.phase == .started,
      let start = state.start, start.author.nonce == machine.author.nonce
    else { return }
    record(
      Supervision.Ending(.finished, "the job was told to end (\(SignalName.text(signal))) before its server started"),
      start.token)
  }

  /// What of another life is about; nil where that does not have to be known.
  private func surroundings(
    _ question: Entrance.Question, _ tail: LogTail, among numbers: [Int]
  ) throws(StorageFailure) -> Entrance.Surroundings? {
    let reading = StatusFile(path: project.statusFile).read()
    guard question.isNeeded(for: reading, tail.known(question.state)) else { return nil }
    let known = try writer.log.known(leadingTo: question.state, tail, among: numbers)
    guard question.isNeeded(for: reading, known) else { return nil }
    let info = project.recognised(reading, ProjectPaths(), environment: machine.environment)
    let snapshot = scheduler.queue(QueueQuery(others: info.plain?.job.map { [$0] } ?? [])).besides(job.number)
    var around = Entrance.Surroundings(
      info: info, known: known, snapshot: snapshot, hasTraces: project.hasTraces(besides: logPath ?? ""),
      home: project.home)
    let search = ForeignServerSearch(project: project, machine: machine)
    let foreign = search.find(in: snapshot, info.plain, known: known)
    if let foreign, foreign.isEnding {
      around.ending = foreign
      around.foreign = search.find(in: snapshot, info.plain, known: known, waited: true)?.error
    } else {
      around.foreign = foreign?.error
    }
    if let info = info.info, project.isElsewhere(info) { around.otherProject = info.project }
    return around
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
    let (started, node) = (Machine.wall, place.name ?? machine.author.host)
    var run = ServerRun(
      token: token, lock: state.lastNumber, started: started,
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
    if run.supervision.hasLaunched {
      status.remove { $0.token == token && $0.endpoint.node == node && $0.started == started }
    }
    return ending.outcome == .failed || ending.outcome == .lost ? 1 : 0
  }

  /// Writes `ended`, unless somebody did. If the directory does not let us, observers will prove it.
  private func record(_ ending: Supervision.Ending, _ token: Token) {
    let farewell = Farewell(
      ending, token, nonce: machine.author.nonce, job: job, log: logPath.map(project.relative), now: Machine.now)
    while true {
      do throws(StorageFailure) {
        switch farewell.next(try writer.log.tail().fold(), now: Machine.now) {
        case .append(let draft): if try writer.append(draft, within: Farewell.appendLimit) { return }
        case .lookAgain(let pause): Machine.sleep(pause)
        case .over: return
        }
      } catch {
        say("the end could not be recorded yet: \(error.text)")
        guard case .lookAgain(let pause) = farewell.next(nil, now: Machine.now) else { return }
        Machine.sleep(pause)
      }
    }
  }
}
