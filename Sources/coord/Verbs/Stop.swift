import CoordCore
import CoordSystem

/// `coord stop`, and the first half of `coord restart`.
enum Stop {
  static func run(_ session: Session, _ outcome: Outcome = .stopped) throws(CoordError) {
    let (wait, insists) = try session.patience()
    let who = "\(session.machine.author.user) on \(session.machine.author.host)"
    let why = session.arguments.values["--reason"].map { ": \($0)" } ?? ""
    let reason = (outcome == .restarting ? "restart by " : "stopped by ") + who + why
    switch session.coordinate(.stop(outcome, reason: reason), wait: wait, insists: insists) {
    case .settled(let state) where state.phase == .idle:
      let why = state.end.map { " (\(($0.body.reason ?? "it ended").onOneLine))" } ?? ""
      Console.note("no server is running" + why)
      // Its fence does not let it past the stop, whenever it starts.
      if state.start?.token != state.end?.token, let job = state.job, let owner = state.claim?.author,
        owner.uid != session.machine.author.uid
      {
        Console.note(
          "job \(job) of \(owner.user) may still be queued: it can serve nobody; \(owner.user)'s next coord command cancels it, or `scancel \(job)`"
        )
      }
    case .settled: Console.note("the server that was running has ended; a new one is on its way")
    case .answer: throw .bug("stop got an answer")
    case .failed(let error): throw error
    }
  }
}
