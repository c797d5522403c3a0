internal import CoordCore

// What doctor says of the job that the team waits for, and of the place of its heartbeat.
extension Doctor {
  /// Nil where no job waits, or the scheduler does not show it: that has a check of its own.
  func waitingJob() -> Check? {
    guard case .state(let state)? = (try? LockLog(PosixLockFiles(directory: project.locks)).tail())?.fold(),
      state.phase == .submitted, project.settings.scheduler == .slurm, let token = state.liveToken,
      let owner = state.owner
    else { return nil }
    let scheduler = Slurm(project: project, machine: machine)
    let snapshot = scheduler.queue(QueueQuery(job: state.job, token: token, cluster: state.job?.cluster))
    let wanted = state.wanted(token, of: owner, scheduler: scheduler.name, home: project.home)
    guard case .found(let job) = Sighting(of: wanted, in: snapshot) else { return nil }
    return Checkup.waiting(job)
  }

  /// Of STATUS_FILE, where that is on a filesystem of its own.
  func heartbeatSpace() -> Check? {
    let beside = Project.parent(of: project.statusFile)
    guard Filesystem(of: beside).point != Filesystem(of: project.locks).point, let why = Filesystem.full(beside) else {
      return nil
    }
    return Check(
      "STATUS_FILE", .bad, "\(why): no heartbeat can be written (\(project.statusFile))",
      next: "make room there, or correct \(project.settings.place(of: "STATUS_FILE"))")
  }
}
