public import CoordCore
import Glibc

/// Looks at every assumption that coord rests on. Changes nothing but a temporary file of its own.
public struct Doctor {
  let project: Project
  let machine: Machine

  public init(project: Project, machine: Machine) { (self.project, self.machine) = (project, machine) }

  /// All checks, in the order in which they depend on each other.
  /// - Parameter beforeTrial: whether a job then looks from a compute node.
  public func examine(beforeTrial: Bool) -> [Check] {
    do throws(CoordError) { try project.prepare() } catch {
      return [Check("directory hpc_utils", .bad, error.why, next: error.next)]
    }
    return [strayNames()].compactMap { $0 } + directories()
      + [Checkup.filesystem(type: Filesystem(of: project.locks).type)] + linkAndClock()
      + [space(), heartbeatSpace(), log()].compactMap { $0 } + strange() + scheduler() + foreign()
      + [waitingJob()].compactMap { $0 } + needs() + teamFiles() + environmentFile(beforeTrial) + [reachability()]
  }

  /// What in the environment looks like a setting and is none.
  private func strayNames() -> Check? {
    let notes =
      Settings.unknown(in: machine.environment).map(Settings.note)
      + [project.settings.strayNames(in: machine.environment)].compactMap { $0 }
    if notes.isEmpty { return nil }
    return Check("environment", .doubtful, notes.joined(separator: "; "), next: "`coord settings` tells what counts")
  }

  func directories() -> [Check] {
    let beside = Project.parent(of: project.statusFile)
    var checks = [("hpc_utils/locks", project.locks), ("hpc_utils/logs", project.logs)].map { name, path in
      Checkup.directory(name, mode: status(of: path)?.st_mode ?? 0, mayWrite: access(path, W_OK | X_OK) == 0)
    }
    if beside != project.locks {
      let name = beside == project.utils ? "hpc_utils" : beside
      let mode = status(of: beside)?.st_mode ?? 0
      checks.append(Checkup.directory(name, mode: mode, mayWrite: access(beside, W_OK | X_OK) == 0))
      if let sticky = Checkup.heartbeatDirectory(name, mode: mode) { checks.append(sticky) }
    }
    let folders = [
      (project.root, project.root), ("hpc_utils", project.utils), ("hpc_utils/bin", project.utils + "/bin"),
    ]
    checks += folders.filter { $0.1 != beside }.compactMap { name, path in
      Checkup.openFolder(name, mode: status(of: path)?.st_mode ?? 0)
    }
    return checks + [output()].compactMap { $0 }
  }

  /// Nil where the app keeps its annotations elsewhere.
  private func output() -> Check? {
    let name = Project.parent(of: project.settings.appPath) + "/data/output"
    let path = project.resolve(name)
    guard let mode = status(of: path)?.st_mode, mode & S_IFMT == S_IFDIR else { return nil }
    let locked = ((try? entries(of: path)) ?? []).count { access(path + "/" + $0, W_OK) != 0 }
    return Checkup.output(name, mode: mode, mayWrite: access(path, W_OK | X_OK) == 0, locked: locked)
  }

  func linkAndClock() -> [Check] {
    let files = PosixLockFiles(directory: project.locks)
    let temporary = "tmp.\(machine.author.nonce).doctor"
    let second = temporary + ".link"
    defer {
      files.unstage(temporary, durable: false)
      files.discard(second)
    }
    do throws(StorageFailure) {
      let before = Machine.wall
      let written = try files.stage(Array("doctor\n".utf8), as: temporary, durable: true)
      var checks: [Check] = []
      do throws(StorageFailure) {
        try files.link(temporary, to: second)
        checks.append(try linkVerdict(files, temporary, second))
      } catch {
        checks.append(
          Check(
            "link(2)", error.kind == .unsupported ? .doubtful : .bad, error.text,
            next: "coord then creates its locks with O_EXCL, which is safe on local disks, NFSv3 and later only"))
      }
      return checks + [Checkup.clock(ahead: before.seconds - written.seconds)]
    } catch {
      return [Check("writing", .bad, error.text, next: error.error.next)]
    }
  }

  private func linkVerdict(
    _ files: PosixLockFiles, _ temporary: String, _ second: String
  ) throws(StorageFailure) -> Check {
    guard try files.read(second) == Array("doctor\n".utf8) else {
      return Check("link(2)", .bad, "a linked file does not read back", next: "tell your admin; do not use coord here")
    }
    do throws(StorageFailure) {
      try files.link(temporary, to: second)
      return Check(
        "link(2)", .doubtful, "reports success on a name that is taken",
        next: "coord reads every name back and is safe; tell your admin")
    } catch {
      return Check("link(2)", .good, "works, and refuses a name that is taken")
    }
  }

  func space() -> Check? {
    var s = statvfs()
    guard statvfs(project.locks, &s) == 0, s.f_blocks > 0 else { return nil }
    return Checkup.space(free: UInt64(s.f_bavail) * UInt64(s.f_frsize))
  }

  /// What lies among the locks and is none, or decides nothing.
  public func strangeFiles() throws(StorageFailure) -> [StrangeFile] {
    let files = PosixLockFiles(directory: project.locks)
    let (tail, listing) = try LockLog(files).end()
    return StrangeFile.find(among: listing, tail: tail)
  }

  private func strange() -> [Check] {
    ((try? strangeFiles()) ?? []).map { file in
      Check(
        "lock directory", .doubtful, "\(file.name): \(file.why)",
        next: file.isMovable ? "`coord doctor --repair` puts it aside" : nil)
    }
  }

  /// Puts a strange file into a folder beside the locks; what went wrong, if it did.
  public func putAside(_ file: StrangeFile) -> String? {
    let mode = (status(of: project.locks)?.st_mode ?? 0o755) & 0o7777
    let old = umask(0)
    let made = mkdir(project.strange, mode)
    umask(old)
    if made == 0 { project.giveToTeam(project.strange, mode: mode) }
    let target = "\(project.strange)/\(file.name).\(hexadecimal(Machine.random(), digits: 16))"
    return rename("\(project.locks)/\(file.name)", target) == 0 ? nil : SystemFailure("move \(file.name)").text
  }

  private func log() -> Check {
    do throws(StorageFailure) {
      let log = LockLog(PosixLockFiles(directory: project.locks))
      switch try log.tail().fold() {
      case .state(let state):
        if let place = project.logPlace, let identity = state.copied(to: place) {
          let error = CoordError.copiedLog(identity, to: place)
          return Check("lock log", .bad, error.what + ": " + error.why, next: error.next)
        }
        return Check("lock log", .good, "\(state.lastNumber) numbers, whole")
      case .beingWritten(let number):
        return Check("lock log", .doubtful, "number \(number) is being written", next: "look again in two minutes")
      case .missing(let number):
        return Check(
          "lock log", .doubtful, "number \(number) is missing",
          next: "nothing: after two minutes the log goes on without what came before it")
      case .newer(let number):
        let error = CoordError.newerCoord(lock: number)
        return Check("lock log", .bad, error.why, next: error.next)
      }
    } catch {
      return Check("lock log", .bad, error.text, next: error.error.next)
    }
  }

  private func scheduler() -> [Check] {
    guard project.settings.scheduler == .slurm else {
      return [Check("scheduler", .good, "this machine itself (SCHEDULER=local)")]
    }
    let slurm = Slurm(project: project, machine: machine)
    if let missing = slurm.obstacle {
      return [Check("scheduler", .bad, missing.what + ": " + missing.why, next: missing.next)]
    }
    let began = Machine.now
    let snapshot = slurm.queue(QueueQuery())
    switch snapshot.outcome {
    case .answered(let jobs):
      return [
        Check(
          "scheduler", .good,
          "squeue\(slurm.place.map { " in \($0)" } ?? "") answers in \(Int((Machine.now - began) / .milliseconds(1))) ms; "
            + "\(jobs.count { !$0.isOver }) jobs of this project"),
        Checkup.privacy(seesEverybody: snapshot.seesEverybody),
      ]
    case .unknown(let why):
      return [
        Check(
          "scheduler", .bad, why, next: "is this a login node of the cluster, with its modules loaded? `squeue --me`")
      ]
    }
  }

  private func foreign() -> [Check] {
    guard case .state(let state)? = (try? LockLog(PosixLockFiles(directory: project.locks)).tail())?.fold(),
      state.phase == .idle
    else { return [] }
    let scheduler: any Scheduler =
      switch project.settings.scheduler {
      case .slurm: Slurm(project: project, machine: machine)
      case .local: LocalScheduler(project: project, machine: machine)
      }
    let server = ForeignServerSearch(project: project, machine: machine).find(beside: state, asking: scheduler)
    return server.map { [Check("other servers", .bad, "\($0.what): \($0.who)", next: $0.next)] } ?? []
  }

  /// What of the project a server's job needs.
  func needs() -> [Check] {
    var checks: [Check] = []
    if let obstacle = project.obstacle() {
      checks.append(Check("what the job needs", .bad, obstacle.what + ": " + obstacle.why, next: obstacle.next))
    } else {
      checks.append(Check("what the job needs", .good, "start_server.sh and \(project.settings.credentials) are there"))
      let credentials = project.resolve(project.settings.credentials)
      if let closed = Credentials.closed(path: credentials, team: project.team) {
        checks.append(Check("credentials", .doubtful, "\(credentials): \(closed.why)", next: closed.next))
      }
    }
    if access(project.resolve(project.settings.appPath), R_OK) != 0 {
      checks.append(
        Check(
          "application", .bad, "\(project.settings.appPath) cannot be read",
          next:
            "`bash hpc_utils/install.sh --app DIR` puts it there; or correct \(project.settings.place(of: "APP_PATH"))")
      )
    } else {
      checks.append(Check("application", .good, project.settings.appPath))
    }
    return checks
  }

  private func reachability() -> Check {
    guard let info = StatusFile(path: project.statusFile).read().info, info.state == .ready, isLive(info) else {
      return Check(
        "port", .doubtful, "no server is running: whether this host reaches it was not checked",
        next: "look again once `coord status` says ready")
    }
    let reach = Network.reach(info.place, machine: machine)
    return Check("port", reach.isReached ? .good : .bad, reach.why, next: reach.isReached ? nil : reach.next)
  }

  /// Whether the log has not ended that server: a file that stayed behind is no reason to look for a firewall.
  private func isLive(_ info: ServerInfo) -> Bool {
    guard case .state(let state)? = (try? LockLog(PosixLockFiles(directory: project.locks)).tail())?.fold() else {
      return true
    }
    return state.liveToken == info.token
  }
}
