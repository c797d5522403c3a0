import CoordCore
import CoordSystem

/// `coord status`: how the server stands. Writes nothing.
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
    line.add("next", report.next)
    line.add("queue", report.asked?.text)
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
      let path = state.start?.body.statusFile.map(session.project.resolve) ?? session.project.statusFile
      (report.info, report.beats) = watch(state, path)
      if !report.beats {
        try look(state, &report)
        report.statusFile = path
        report.full = Filesystem.full(Project.parent(of: path))
        report.sinceStart = state.start.map { $0.time.distance(to: Machine.wall) }
      }
    case .claimed, .submitted: try look(state, &report)
    }
    return report
  }

  private func watch(_ state: ServiceState, _ path: String) -> (ServerInfo?, Bool) {
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

  /// What the queue shows. Nothing is written, not even the right to ask: what the team was told a moment ago is shown, else the
  /// scheduler is asked once, for this command alone. Where that tells less than an older answer, the older one is shown.
  private func look(_ state: ServiceState, _ report: inout StatusReport) throws(StorageFailure) {
    guard let token = state.liveToken, let owner = state.owner else { return }
    let scheduler = session.scheduler
    let wanted = state.wanted(token, of: owner, scheduler: scheduler.name, home: session.project.home)
    let files = PosixLockFiles(directory: session.project.locks)
    var board = QueueBoard(files, nonce: session.machine.author.nonce)
    let known = board.latest(try files.list())
    let before = known.map { Sighting(of: wanted, in: $0.snapshot) }
    let written = known.flatMap { board.written($0) }
    let age = written.map { $0.distance(to: Machine.wall) }
    if case .found? = before, let age, age <= Limits.freshness {
      (report.sighting, report.asked, report.age) = (before, written, age)
      return
    }
    let snapshot = scheduler.queue(QueueQuery(job: state.job, token: token, cluster: state.job?.cluster))
    let now = Sighting(of: wanted, in: snapshot)
    if case .unknown(let why) = snapshot.outcome { report.silence = why }
    switch (now, before) {
    case (.unknown, .found?), (.hidden, .found?):
      (report.sighting, report.asked, report.age) = (before, written, age)
    default: (report.sighting, report.asked) = (now, report.silence == nil ? Machine.wall : nil)
    }
  }
}
