public import CoordCore

/// Looks for a server that coord did not start, for verbs that only show it.
public struct ForeignServerSearch<Cluster: Scheduler> {
  private let project: Project
  private let machine: Machine
  private let scheduler: Cluster

  public init(project: Project, machine: Machine, scheduler: Cluster) {
    (self.project, self.machine, self.scheduler) = (project, machine, scheduler)
  }

  /// Asks the scheduler once; nil where there is none, or nothing can be said.
  public func find(beside state: ServiceState) -> ForeignServer? {
    let plain = StatusFile(path: project.statusFile).read().plain
    let snapshot = scheduler.queue(QueueQuery(others: plain?.job.map { [$0] } ?? []))
    let ours = [state.job, state.end?.body.job]
    switch ForeignServer.find(in: snapshot, plain: plain, home: project.home, ours: ours) {
    case .none, .askQueue: return nil
    case .found(let server): return server
    case .askPort(let endpoint):
      guard Network.reaches(endpoint, environment: machine.environment, within: .seconds(2)) else { return nil }
      return ForeignServer(job: nil, endpoint: endpoint)
    }
  }
}
