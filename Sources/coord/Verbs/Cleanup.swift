import CoordCore
import CoordSystem

/// `coord cleanup`: safe from cron on every login node at once.
enum Cleanup {
  static func run(_ session: Session) throws(CoordError) {
    try run(session, session.scheduler)
  }

  private static func run<Cluster: Scheduler>(_ session: Session, _ scheduler: Cluster) throws(CoordError) {
    let dryRun = session.arguments.has("--dry-run")
    var cleanup = CoordSystem.Cleanup(
      project: session.project, machine: session.machine, scheduler: scheduler, dryRun: dryRun)
    _ = try session.readState()
    var unsettled: CoordError?
    if cleanup.isNeeded {
      let wait = try session.arguments.timeout() ?? Limits.settlePatience
      if case .failed(let error) = session.coordinate(.settle, wait: wait, insists: true, dryRun: dryRun) {
        unsettled = error
      }
      if case .interrupted? = unsettled {
      } else {
        do throws(StorageFailure) { try cleanup.run() } catch { throw error.error }
      }
    }
    if session.arguments.has("--json") {
      var line = JSONLine()
      line.add("done", cleanup.done)
      line.add("unsettled", unsettled?.why)
      Console.answer(line.text)
    } else {
      for action in session.arguments.has("--quiet") ? cleanup.news : cleanup.done { Console.answer(action + "\n") }
    }
    if let unsettled { throw unsettled }
  }
}
