import CoordCore
import CoordSystem

/// `coord logs`: what the server printed.
enum Logs {
  static func run(_ session: Session) throws(CoordError) {
    var path = try current(session)
    guard path != nil || session.arguments.has("--follow") else {
      throw .noServer(
        what: "there is no log yet", why: "no job has run in this project", next: "run `coord connect` to start one")
    }
    if let path, let problem = LogReader.problem(path) { throw problem }
    var reader = path.map { LogReader(path: $0, lines: 100) }
    var ticks = 0
    while true {
      if let text = reader?.next(), !text.isEmpty { Terminal.write(text, to: .output) }
      guard session.arguments.has("--follow") else { return }
      if let signal = session.signals.interruption(within: .milliseconds(500)) { throw .interrupted(signal: signal) }
      ticks += 1
      // A new job has a new log: it is followed from its beginning.
      if ticks % 10 == 0, let newest = try current(session), newest != path {
        Console.note("now \(newest)")
        path = newest
        reader = LogReader(path: newest, lines: nil)
      }
    }
  }

  /// The log of the last job that started, else the newest file.
  private static func current(_ session: Session) throws(CoordError) -> String? {
    let state = try session.readState()
    if let log = (state.start ?? state.end)?.body.log { return session.project.resolve(log) }
    return LogReader.newest(in: session.project.logs)
  }
}
