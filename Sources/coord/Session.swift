import CoordCore
import CoordSystem

/// What every verb that works on a project has at hand.
struct Session {
  let arguments: Arguments
  let machine: Machine
  let signals: Signals
  let project: Project

  init(_ arguments: Arguments, signals: Signals = Signals.block()) throws(CoordError) {
    self.signals = signals
    machine = Machine()
    self.arguments = arguments
    project = try Project(
      flag: arguments.values["--root"], script: arguments.settings, environment: machine.environment)
    guard !arguments.has("--quiet") else { return }
    let unknown = CoordCore.Settings.unknown(in: machine.environment)
    for name in unknown { Console.note(CoordCore.Settings.note(name)) }
  }

  /// Runs the coordinator with this project's scheduler.
  func coordinate(
    _ goal: Coordinator.Goal, wait: Duration, insists: Bool, seen: Token? = nil, dryRun: Bool = false
  ) -> CoordinationResult {
    run(goal, scheduler, wait, insists, seen, dryRun)
  }

  /// Whose log this is, where the project is a copy.
  var copiedFrom: LogIdentity? {
    guard let tail = try? LockLog(PosixLockFiles(directory: project.locks)).tail(),
      case .state(let state) = tail.fold(void: tail.unsettled), let place = project.logPlace
    else { return nil }
    return state.copied(to: place)
  }

  /// What the log's end says now, for verbs that decide nothing: what is being written is passed over.
  func readState() throws(CoordError) -> ServiceState {
    guard project.hasLocks else { return ServiceState(next: 1, previous: LockEntry.nothingBefore) }
    let (tail, listing): (LogTail, LockListing)
    do throws(StorageFailure) {
      (tail, listing) = try LockLog(PosixLockFiles(directory: project.locks)).end()
    } catch {
      throw error.error
    }
    switch tail.fold(void: tail.unsettled) {
    case .newer(let number): throw .newerCoord(lock: number)
    case .beingWritten(let number), .missing(let number): throw .bug("lock \(number) is not settled")
    case .state(let state):
      if let place = project.logPlace, let identity = state.copied(to: place) {
        throw .copiedLog(identity, to: place)
      }
      if !arguments.has("--quiet"), let note = StrangeFile.note(StrangeFile.find(among: listing, tail: tail)) {
        Console.note(note)
      }
      return state
    }
  }

  /// What the files answer at once, if they do.
  func answerAtOnce() -> ServerInfo? { answerAtOnce(scheduler) }

  private func answerAtOnce<Cluster: Scheduler>(_ scheduler: Cluster) -> ServerInfo? {
    var loop = CoordinatorLoop(
      goal: .answer, project: project, machine: machine, signals: signals, scheduler: scheduler, wait: .zero,
      insists: true)
    return loop.answerAtOnce()
  }

  /// The one that the team's settings name.
  var scheduler: any Scheduler {
    switch project.settings.scheduler {
    case .slurm: Slurm(project: project, machine: machine)
    case .local: LocalScheduler(project: project, machine: machine)
    }
  }

  private func run<Cluster: Scheduler>(
    _ goal: Coordinator.Goal, _ scheduler: Cluster, _ wait: Duration, _ insists: Bool, _ seen: Token?,
    _ dryRun: Bool
  ) -> CoordinationResult {
    var loop = CoordinatorLoop(
      goal: goal, project: project, machine: machine, signals: signals, scheduler: scheduler, wait: wait,
      insists: insists, seen: seen, dryRun: dryRun)
    let quiet = arguments.has("--quiet")
    return loop.run { if !quiet { Console.note($0) } }
  }

  /// `--timeout`, else the team's WAIT; and whether to give up exactly then.
  func patience() throws(CoordError) -> (wait: Duration, insists: Bool) {
    let given = try arguments.timeout()
    return (given ?? project.settings.wait, given != nil)
  }
}
