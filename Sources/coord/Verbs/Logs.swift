import CoordCore
import CoordSystem

/// `coord logs`: what the server printed.
enum Logs {
  static func run(_ session: Session) throws(CoordError) {
    let choice = try current(session)
    var path = choice.path
    guard path != nil || session.arguments.has("--follow") else {
      throw .noServer(
        what: "there is no log yet", why: choice.note ?? "no job has run in this project",
        next: "run `coord connect` to start one")
    }
    if let note = choice.note { Console.note(note) }
    if let path, let problem = LogReader.problem(path) { throw problem }
    var reader = path.map { LogReader(path: $0, lines: 100) }
    var ticks = 0
    while true {
      if let text = reader?.next(), !text.isEmpty { Terminal.write(text, to: .output) }
      guard session.arguments.has("--follow") else { return }
      if let signal = session.signals.interruption(within: .milliseconds(500)) { throw .interrupted(signal: signal) }
      ticks += 1
      // A new job has a new log: it is followed from its beginning.
      if ticks % 10 == 0, let newest = try current(session).path, newest != path {
        Console.note("now \(newest)")
        path = newest
        reader = LogReader(path: newest, lines: nil)
      }
    }
  }

  private static func current(_ session: Session) throws(CoordError) -> LogChoice {
    let project = session.project
    let state = try session.readState()
    func exists(_ log: String) -> Bool { LogReader.exists(project.resolve(log)) }
    func last() -> LockEntry? {
      let log = LockLog(PosixLockFiles(directory: project.locks))
      return (try? log.last { $0.body.log.map(exists) ?? false }) ?? nil
    }
    var choice = LogChoice(state, last: last, newest: LogReader.newest(in: project.logs), exists: exists)
    choice.path = choice.path.map(project.resolve)
    return choice
  }
}
