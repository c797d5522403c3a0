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
    switch session.coordinate(.answer, wait: wait, insists: insists, seen: seen) {
    case .answer(let info): answer(info, json: session.arguments.has("--json"))
    case .settled: throw .bug("connect settled without an answer")
    case .failed(let error): throw error
    }
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
