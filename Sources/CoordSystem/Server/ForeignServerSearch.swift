public import CoordCore

/// Looks for a server that coord did not start, for whoever does not go through a `Coordinator`.
public struct ForeignServerSearch {
  private let project: Project
  private let machine: Machine

  public init(project: Project, machine: Machine) { (self.project, self.machine) = (project, machine) }

  /// Asks the scheduler once; nil where there is none, or nothing can be said.
  public func find(beside state: ServiceState, asking scheduler: any Scheduler) -> ForeignServer? {
    let plain = StatusFile(path: project.statusFile).read().plain
    let snapshot = scheduler.queue(QueueQuery(others: plain?.job.map { [$0] } ?? []))
    let log = LockLog(PosixLockFiles(directory: project.locks))
    let known = try? log.known(leadingTo: state, jobs: snapshot, home: project.home)
    return find(in: snapshot, plain, known: known ?? KnownTokens())
  }

  /// - Parameter waited: what is being ended does not count.
  func find(
    in snapshot: QueueSnapshot, _ plain: PlainServerInfo?, known: KnownTokens, waited: Bool = false
  ) -> ForeignServer? {
    switch ForeignServer.find(in: snapshot, plain: plain, home: project.home, known: known, waited: waited) {
    case .none, .askQueue: return nil
    case .found(let server), .ending(let server): return server
    case .askPort(let endpoint):
      switch Network.reach(ServerPlace(endpoint), machine: machine, evenHere: true) {
      case .refused, .silent, .unknownName: return nil
      // Doubt starts nothing.
      case .reached, .slowNames: break
      }
      return ForeignServer(job: nil, endpoint: endpoint)
    }
  }
}
