public import CoordCore
import Glibc

/// How a run ended.
public enum CoordinationResult: Sendable {
  case answer(ServerInfo)
  case settled(ServiceState)
  case failed(CoordError)
}

/// Runs a `Coordinator` on the real machine: observes, asks it, and does what it says.
public struct CoordinatorLoop<Cluster: Scheduler> {
  private let project: Project
  private let machine: Machine
  private let signals: Signals
  private let scheduler: Cluster
  private let writer: LogWriter
  private lazy var board = QueueBoard(writer.log.files, nonce: machine.author.nonce)
  /// As the last look saw the lock directory.
  private var listing = LockListing([])
  private var coordinator: Coordinator
  private var readsLog = false
  /// Say what would be recorded instead of recording it.
  private let dryRun: Bool
  private var obstacle: CoordError??
  private let paths = ProjectPaths()
  /// What is to be said of the lock directory, once.
  private var remark: String?
  /// The slowest action on the shared directory so far.
  private var slowest = Duration.zero
  /// Where the job that holds `started` writes its heartbeat, if that is not where our settings say.
  private var statusFile: StatusFile
  /// Where the log is, as of the last number and moment that it was asked for.
  private var logPlace: (place: LogPlace?, of: Int, at: Instant)?
  /// What the lock directory and server_info.txt were when the last look began.
  private var sights: Sights
  /// What to look at while the last look's wait lasts.
  private var glance: Glance?
  /// This process has just told the team what the scheduler says.
  private var hasNews = false
  private var questionPace = Limits.queuePace
  /// How often this process asked the scheduler.
  public private(set) var questions = 0
  private var lastStorageFailure: (since: Instant, failure: StorageFailure)?

  public init(
    goal: Coordinator.Goal, project: Project, machine: Machine, signals: Signals, scheduler: Cluster, wait: Duration,
    insists: Bool, seen: Token? = nil, dryRun: Bool = false
  ) {
    self.dryRun = dryRun
    (self.project, self.machine, self.signals, self.scheduler) = (project, machine, signals, scheduler)
    writer = LogWriter(project: project, machine: machine)
    statusFile = StatusFile(path: project.statusFile)
    sights = Sights(project.locks)
    coordinator = Coordinator(
      goal: goal, me: getuid(), scheduler: scheduler.name, wait: wait, insists: insists,
      seen: seen, home: project.home, now: Machine.now)
  }

  /// Runs to the end. `say` gets each new thing that is waited for.
  public mutating func run(say: (String) -> Void) -> CoordinationResult {
    var said = ""
    while true {
      switch step(say: say) {
      case .over(let result): return result
      case .again: continue
      case .wait(let duration, let progress):
        if progress.text != said {
          said = progress.text
          say(said)
        }
        sleep(duration)
      }
    }
  }

  private mutating func sleep(_ duration: Duration) {
    let end = Machine.now + duration
    repeat {
      let left = max(end - Machine.now, .zero)
      if let signal = signals.interruption(within: min(left, glancePace ?? left)) { return interrupt(signal: signal) }
    } while Machine.now < end && !glances()
  }

  /// How often to glance while a step's wait lasts; nil: there is nothing to see.
  public var glancePace: Duration? { glance?.pace }

  /// One small look: true where the wait is over.
  public mutating func glances() -> Bool {
    glance.map { sights.end($0) } ?? false
  }

  /// What server_info.txt tells at once; nothing is written, nor waited for.
  public mutating func answerAtOnce() -> ServerInfo? {
    for case .answer(let info) in decide() { return info }
    return nil
  }

  public enum Step {
    case over(CoordinationResult)
    case wait(Duration, Progress)
    case again
  }

  public mutating func interrupt(signal: Int32) { coordinator.interrupt(signal: signal) }

  /// One observation, one decision, and what it asks for. `say` gets what a dry run would do.
  public mutating func step(say: (String) -> Void) -> Step {
    hasNews = false
    let actions = decide()
    questionPace = coordinator.questionPace(actions)
    for action in actions {
      switch action {
      case .answer(let info): return .over(.answer(info))
      case .settle(let state): return .over(.settled(state))
      case .fail(.tryAgain) where lastStorageFailure?.failure.kind == .lag:
        return .over(.failed(lastStorageFailure?.failure.error ?? .bug("no failure")))
      case .fail(let error): return .over(.failed(error))
      // Not all at the same moment, and not after their time.
      case .wait(let duration, let progress):
        if hasNews { return .again }
        let pause = duration * Double.random(in: 0.7...1)
        glance = readsLog ? sights.glance(for: progress.sign, heartbeat: statusFile.path, pause: pause) : nil
        return .wait(pause, progress)
      case .append(let draft) where dryRun:
        say("would record lock \(draft.number): \(draft.body.kind.rawValue) (\(draft.body.reason ?? ""))")
        return .over(.settled(ServiceState(next: draft.number, previous: draft.previous)))
      case .cancel(let job, _) where dryRun: say("would cancel job \(job)")
      default:
        if let error = perform(action) { return .over(.failed(error)) }
        if let remark {
          say(remark)
          self.remark = nil
        }
      }
    }
    return .again
  }

  /// What to do after a look around.
  private mutating func decide() -> [Action] {
    let o = observe()
    let actions = coordinator.next(o)
    guard let place = actions.onlyProbe else { return actions }
    probe(place)
    return coordinator.afterProbe(o, now: Machine.now)
  }

  private mutating func probe(_ place: ServerPlace) {
    coordinator.handle(.probed(place, Network.reach(place, machine: machine)), now: Machine.now)
  }

  private mutating func observe() -> Observation {
    var o = Observation(
      began: Machine.now, now: Machine.now, wall: Machine.wall, info: .absent, log: nil, queue: nil,
      // Nobody claims before the log was read.
      freshToken: readsLog ? Machine.freshToken() : Token(random: 0, 0))
    if readsLog {
      do throws(StorageFailure) {
        let tail: LogTail
        sights.lookAtLocks()
        (tail, listing) = try writer.log.look(now: o.began)
        o.log = .success(tail)
        o.queue = board.latest(listing)
        o.place = place(tail)
        if case .state(let state) = tail.fold() { try lookAround(state, tail, &o) }
      } catch {
        o.log = .failure(error)
      }
    }
    if readsLog { markHeartbeat(o) }
    o.info = project.recognised(statusFile.read(), paths, environment: machine.environment)
    if !readsLog, let info = o.info.info, info.state == .ready { o.infoIsInLog = project.isOurs(info) }
    if case .success(let tail)? = o.log {
      do throws(StorageFailure) {
        o.tokens = try writer.log.known(
          beyond: tail, among: listing.numbers, info: o.info.info, jobs: o.queue?.snapshot, home: project.home)
      } catch {
        o.log = .failure(error)
      }
      if let info = o.info.info, !tail.tokens.contains(info.token) { o.infoIsElsewhere = project.isElsewhere(info) }
    }
    (o.now, o.wall, o.obstacle, o.slowest) = (Machine.now, Machine.wall, obstacle ?? nil, slowest)
    if readsLog { o.noScheduler = scheduler.obstacle }
    return o
  }

  /// A path takes many look-ups: while nothing happens, seldom.
  private mutating func place(_ tail: LogTail) -> LogPlace? {
    let isFresh = logPlace.map { $0.of == tail.lastNumber && Machine.now - $0.at < Limits.calmestPoll * 4 } ?? false
    if isFresh, case .state(let state) = tail.fold(), state.phase != .idle { return logPlace?.place }
    logPlace = (project.logPlace, tail.lastNumber, Machine.now)
    return logPlace?.place
  }

  /// Before the file is read. Where no server has started it is not what is waited for.
  private mutating func markHeartbeat(_ o: Observation) {
    if case .success(let tail)? = o.log, case .state(let state) = tail.fold(), state.phase != .started { return }
    sights.lookAtHeartbeat(statusFile.path)
  }

  private mutating func lookAround(
    _ state: ServiceState, _ tail: LogTail, _ o: inout Observation
  ) throws(StorageFailure) {
    switch state.phase {
    case .idle:
      if obstacle == nil { obstacle = .some(project.obstacle()) }
      if state.previous == LockEntry.nothingBefore { o.hasTraces = project.hasTraces() }
    case .claimed:
      guard let claim = state.claim else { return }
      let files = SubmitFiles(project: project, token: claim.token)
      o.claimant = ProcessTable.claimant(claim.author, seenFrom: machine.author)
      // Only on its own host is what it did not make known not to be there.
      if claim.author.host == machine.author.host { o.submitBegan = files.exist }
      o.submitOutput = files.read("out")
    case .submitted: break
    case .started:
      // Somebody may have set another STATUS_FILE: what counts is where the job writes.
      if let path = state.start?.body.statusFile { statusFile = StatusFile(path: project.resolve(path)) }
    }
  }

  /// Carries out one action; an error ends the run.
  private mutating func perform(_ action: Action) -> CoordError? {
    do throws(StorageFailure) {
      switch action {
      case .readLog:
        do throws(CoordError) { try project.prepare() } catch { return error }
        readsLog = true
        let (tail, listing) = try writer.log.end()
        remark = StrangeFile.note(StrangeFile.find(among: listing, tail: tail))
      case .probe(let place):
        probe(place)
      case .look(let query):
        if let number = try board.takeRight(listing, pace: questionPace, now: Machine.now) {
          questions += 1
          try board.publish(scheduler.queue(query), number: number, among: listing)
          hasNews = true
        }
      case .append(let draft):
        let began = Machine.now
        defer { slowest = max(slowest, Machine.now - began) }
        let won = try writer.append(JobLog.added(to: draft, in: project), within: Coordinator.appendLimit)
        if won, draft.body.kind == .submitted { SubmitFiles(project: project, token: draft.body.token).remove() }
      case .submit(let token, let log, let end):
        do throws(StorageFailure) {
          let reply = try scheduler.submit(token, log: log, by: end)
          coordinator.handle(.submitted(token, reply), now: Machine.now)
        } catch {
          // Not the end of the run: it has a claim to give back.
          coordinator.handle(.notSubmitted(token, lasting: tolerate(error)), now: Machine.now)
          return nil
        }
      case .cancel(let job, let token):
        let problem = scheduler.cancel(job, token: token)
        if coordinator.goal == .settle, problem == nil { remark = "cancelled surplus job \(job)" }
      case .wait, .answer, .settle, .fail: break
      }
      lastStorageFailure = nil
      return nil
    } catch {
      return tolerate(error)
    }
  }

  /// A storage failure may pass: it is one only after it stayed for a while.
  private mutating func tolerate(_ failure: StorageFailure) -> CoordError? {
    if failure.kind == .permission { return failure.error }
    // Removed while we work: it is made anew, and what that means is for the next look.
    if failure.kind == .missing { try? project.prepare() }
    let since = lastStorageFailure?.since ?? Machine.now
    lastStorageFailure = (since, failure)
    if failure.kind == .lag {
      // Longer than directory caches are behind: what was tried is tried again, or seen by then.
      remark = Progress.lag(failure.text).text
      return Machine.now - since > Limits.claimWatch ? failure.error : nil
    }
    Machine.sleep(.milliseconds(300))
    return Machine.now - since > failure.patience(within: .seconds(20)) ? failure.error : nil
  }
}
