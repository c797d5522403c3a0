import CoordCore
import CoordSystem

/// `coord status`: how the server stands. Changes nothing.
enum Status {
  static func run(_ session: Session) throws(CoordError) -> Int32 {
    let state = try session.readState()
    let report: StatusReport
    do throws(StorageFailure) {
      report = try StatusReader(session: session).read(state)
    } catch {
      throw error.error
    }
    Console.answer(session.arguments.has("--json") ? json(report) : text(report))
    return report.exitCode
  }

  private static func text(_ report: StatusReport) -> String {
    report.lines.map { key, value in
      key + ":" + String(repeating: " ", count: max(1, 11 - key.count)) + value + "\n"
    }.joined()
  }

  private static func json(_ report: StatusReport) -> String {
    var line = JSONLine()
    line.add("state", report.state.rawValue)
    line.add("node", report.info?.endpoint.node ?? report.service.start?.body.node)
    line.add("port", report.info?.endpoint.port)
    line.add("job_id", report.service.phase == .idle ? nil : report.job?.description)
    line.add("user", report.service.phase == .idle ? nil : report.service.owner?.user)
    line.add("started", report.info?.started.text)
    line.add("ends", report.info?.ends?.text)
    line.add("heartbeat", report.info?.heartbeat.text)
    line.add("lock", report.service.lastNumber)
    line.add("why", report.why)
    return line.text
  }
}

/// Reads what a status needs, and watches one beat where the clocks do not agree.
private struct StatusReader {
  let session: Session

  func read(_ state: ServiceState) throws(StorageFailure) -> StatusReport {
    var report = StatusReport(service: state)
    switch state.phase {
    case .idle:
      let search = ForeignServerSearch(project: session.project, machine: session.machine)
      report.foreign = search.find(beside: state, asking: session.scheduler)
    case .started:
      (report.info, report.beats) = watch(state)
      if !report.beats { report.sighting = try look(state, PosixLockFiles(directory: session.project.locks)) }
    case .claimed, .submitted:
      report.sighting = try look(state, PosixLockFiles(directory: session.project.locks))
    }
    return report
  }

  private func watch(_ state: ServiceState) -> (ServerInfo?, Bool) {
    let path = state.start?.body.statusFile.map(session.project.resolve) ?? session.project.statusFile
    let file = StatusFile(path: path)
    let first = file.read()
    guard let info = first.info, info.token == state.liveToken else { return (nil, false) }
    if info.heartbeat.distance(to: Machine.wall) <= Limits.freshness { return (info, true) }
    let end = Machine.now + Limits.beat + .seconds(2)
    while Machine.now < end {
      Machine.sleep(.milliseconds(250))
      let now = file.read()
      if now != first, let info = now.info, info.token == state.liveToken { return (info, true) }
    }
    return (info, false)
  }

  private func look(_ state: ServiceState, _ files: PosixLockFiles) throws(StorageFailure) -> Sighting {
    try look(state, files, session.scheduler)
  }

  private func look<Cluster: Scheduler>(
    _ state: ServiceState, _ files: PosixLockFiles, _ scheduler: Cluster
  ) throws(StorageFailure) -> Sighting {
    guard let token = state.liveToken, let owner = state.owner else { return .unknown("no job") }
    var board = QueueBoard(files, nonce: session.machine.author.nonce)
    if let number = try board.takeRight(now: Machine.now) {
      let query = QueueQuery(job: state.job, token: token, cluster: state.job?.cluster)
      try board.publish(scheduler.queue(query), number: number)
    }
    guard let reading = try board.latest() else { return .unknown("not asked yet") }
    let wanted = state.wanted(token, of: owner, scheduler: scheduler.name, home: session.project.home)
    return Sighting(of: wanted, in: reading.snapshot)
  }
}
