import CoordCore
import CoordSystem

/// `coord doctor`: is everything here as coord needs it?
enum Doctor {
  static func run(_ session: Session) throws(CoordError) -> Int32 {
    let doctor = CoordSystem.Doctor(project: session.project, machine: session.machine)
    if session.arguments.has("--repair") { try repair(session, doctor) }
    let hasTrial = session.arguments.has("--job")
    var checks = doctor.examine(beforeTrial: hasTrial)
    if hasTrial {
      let quiet = session.arguments.has("--json")
      let trial = TrialRun(project: session.project, machine: session.machine, signals: session.signals)
      checks += try trial.examine(within: try session.arguments.timeout() ?? Limits.trialPatience) {
        if !quiet { Console.note($0) }
      }
    }
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

  /// Puts aside what lies among the locks and is none, after asking.
  private static func repair(_ session: Session, _ doctor: CoordSystem.Doctor) throws(CoordError) {
    _ = try session.readState()
    let files: [StrangeFile]
    do throws(StorageFailure) { files = try doctor.strangeFiles().filter(\.isMovable) } catch { throw error.error }
    guard !files.isEmpty else {
      Console.note("nothing to repair")
      return
    }
    for file in files { Console.note("to hpc_utils/locks/strange: \(file.name) (\(file.why))") }
    guard session.arguments.has("--yes") || Terminal.confirms("Put them aside? [y/N] ") else {
      throw .input(
        what: "nothing was put aside", why: "nobody answered y",
        next: "answer y, or give --yes where nobody can be asked")
    }
    // Meanwhile the log may have grown over a stray number.
    let still: Set<StrangeFile>
    do throws(StorageFailure) { still = Set(try doctor.strangeFiles()) } catch { throw error.error }
    for file in files where still.contains(file) {
      if let problem = doctor.putAside(file) { Console.note(problem) }
    }
  }
}
