import CoordCore

/// Ends a server whose supervisor is silent or dead: TERM, and KILL after the grace.
final class SimGuardian: SimProcess {
  private let run: SimJob
  private var killAt: Duration?

  init(_ run: SimJob) {
    self.run = run
    super.init(run.world, host: run.host, uid: run.author.uid, wake: run.world.time + .seconds(1))
  }

  override func step() {
    wake = world.time + .seconds(1)
    if run.dead, !run.guards {
      dead = true
    } else if let killAt, world.time >= killAt {
      run.guardianEnds()
      dead = true
    } else if killAt == nil, run.guards {
      switch run.guardianDecides {
      case .wait: break
      case .terminate(let grace): killAt = world.time + world.random.seconds(0...1) + grace * (1 / host.rate)
      case .kill:
        run.guardianEnds()
        dead = true
      }
    }
  }
}
