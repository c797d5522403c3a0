import CoordCore
import CoordSystem

/// `coord connect`: give me node:port.
enum Connect {
  static func run(_ session: Session) throws(CoordError) {
    let (wait, insists) = try session.patience()
    var seen: Token?
    if let text = session.arguments.values["--seen"] {
      guard let token = Token(text) else { throw .usage("--seen \(text): it has to be the TOKEN of a server") }
      seen = token
    }
    let began = Machine.now
    if let answer = viaService(session, wait, seen) {
      try Self.answer(answer.get(), json: session.arguments.has("--json"))
      return
    }
    // What a service let pass is past.
    let left = max(wait - (Machine.now - began), min(wait, .seconds(2)))
    switch session.coordinate(.answer, wait: left, insists: insists, seen: seen) {
    case .answer(let info): answer(info, json: session.arguments.has("--json"))
    case .settled: throw .bug("connect settled without an answer")
    case .failed(let error): throw ServiceCall.explained(error, session.project)
    }
  }

  /// nil: no service answers here, and the files decide.
  private static func viaService(
    _ session: Session, _ wait: Duration, _ seen: Token?
  ) -> Result<ServerInfo, CoordError>? {
    let path = session.project.settings.socket
    guard !path.isEmpty else { return nil }
    // Where a server is ready the files tell it sooner than the service, which would read the same.
    if let info = session.answerAtOnce() { return .success(info) }
    let request = ServiceRequest(wait: wait, seen: seen, project: session.project.inode)
    let quiet = session.arguments.has("--quiet")
    let reply = ServiceCall.ask(
      socket: path, request, project: session.project, signals: session.signals,
      look: session.answerAtOnce
    ) { if !quiet { Console.note($0) } }
    // A copy of a project has its settings too: the service may be the original's.
    if case .success(let info)? = reply, !session.project.isOurs(info) { return nil }
    return reply
  }

  private static func answer(_ info: ServerInfo, json: Bool) {
    guard json else {
      Console.answer("\(info.endpoint)\n")
      return
    }
    var line = JSONLine()
    line.add("state", info.state.rawValue)
    line.add("node", info.endpoint.node)
    line.add("port", info.endpoint.port)
    line.add("job_id", info.jobID)
    line.add("user", info.user)
    line.add("token", info.token.description)
    line.add("started", info.started.text)
    line.add("ends", info.ends?.text)
    Console.answer(line.text)
  }
}
