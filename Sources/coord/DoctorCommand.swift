import CoordCore
import CoordSystem

/// `coord doctor`: is everything here as coord needs it?
enum DoctorCommand {
  static func run(_ session: Session) throws(CoordError) -> Int32 {
    let checks = Doctor(project: session.project, machine: session.machine).examine()
    if session.arguments.has("--json") {
      for check in checks {
        var line = JSONLine()
        line.add("check", check.name)
        line.add("verdict", check.verdict.rawValue)
        line.add("what", check.what)
        line.add("next", check.next)
        Console.answer(line.text)
      }
    } else {
      for check in checks {
        Console.answer("\(padded(check.verdict.rawValue, 9))\(check.name): \(check.what)\n")
        if let next = check.next { Console.answer("         next: \(next)\n") }
      }
    }
    return checks.contains { $0.verdict == .bad } ? 78 : 0
  }
}

/// `text`, filled up with blanks.
func padded(_ text: String, _ width: Int) -> String {
  text + String(repeating: " ", count: max(1, width - text.count))
}
