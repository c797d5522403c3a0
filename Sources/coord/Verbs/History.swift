import CoordCore
import CoordSystem

/// `coord history`: who decided what, and when, from the numbered lock files.
enum History {
  static func run(_ session: Session) throws(CoordError) {
    guard session.project.hasLocks else {
      Console.note("nothing was ever decided here")
      return
    }
    _ = try session.readState()
    do throws(StorageFailure) {
      try LockLog(PosixLockFiles(directory: session.project.locks)).read { number, slot in
        Console.answer(session.arguments.has("--json") ? json(number, slot.entry) : text(number, slot.entry))
      }
    } catch {
      throw error.error
    }
  }

  private static func text(_ number: Int, _ entry: LockEntry?) -> String {
    guard let entry else { return "\(padded("\(number)", 6))not a whole entry\n" }
    let body = entry.body
    let place = body.node.map { node in "on \(node)" + (body.port.map { ":\($0)" } ?? "") }
    let facts = [body.job.map { "job \($0)" }, place, body.outcome?.rawValue, body.reason?.onOneLine].compactMap { $0 }
    let who = "\(entry.author.user)@\(entry.author.host)"
    return padded("\(number)", 6) + entry.time.text + "  " + padded(entry.kind.rawValue, 15) + padded(who, 20)
      + facts.joined(separator: ", ") + "\n"
  }

  private static func json(_ number: Int, _ entry: LockEntry?) -> String {
    var line = JSONLine()
    line.add("lock", number)
    line.add("kind", entry?.kind.rawValue ?? "torn")
    if let entry {
      line.add("time", entry.time.text)
      line.add("user", entry.author.user)
      line.add("host", entry.author.host)
      line.add("token", entry.token.description)
      line.add("job_id", entry.body.job?.description)
      line.add("node", entry.body.node)
      line.add("outcome", entry.body.outcome?.rawValue)
      line.add("reason", entry.body.reason)
    }
    return line.text
  }
}
