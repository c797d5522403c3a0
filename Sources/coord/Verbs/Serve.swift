import CoordCore
import CoordSystem

/// `coord serve`: the service of one login node.
enum Serve {
  static func run(_ session: Session) throws(CoordError) {
    try run(session, session.scheduler)
  }

  private static func run<Cluster: Scheduler>(_ session: Session, _ scheduler: Cluster) throws(CoordError) {
    var service = try Service(
      project: session.project, machine: session.machine, signals: session.signals, scheduler: scheduler,
      say: Console.note)
    if let error = service.run() { throw error }
  }
}
