import CoordCore
import CoordSystem

/// `coord stop` and `coord restart`.
enum Stop {
  static func run(_ session: Session) throws(CoordError) {
    try stop(session, .stopped)
  }

  static func restart(_ session: Session) throws(CoordError) {
    try stop(session, .restarting)
    try Connect.run(session)
  }

  private static func stop(_ session: Session, _ outcome: Outcome) throws(CoordError) {
    let (wait, insists) = try session.patience()
    let who = "\(session.machine.author.user) on \(session.machine.author.host)"
    let why = session.arguments.values["--reason"].map { ": \($0)" } ?? ""
    let reason = (outcome == .restarting ? "restart by " : "stopped by ") + who + why
    switch session.coordinate(.stop(outcome, reason: reason), wait: wait, insists: insists) {
    case .settled(let state) where state.phase == .idle:
      let why = state.end.map { " (\(($0.body.reason ?? "it ended").onOneLine))" } ?? ""
      Console.note("no server is running" + why)
    case .settled(let state) where state.stop != nil:
      let owner = state.claim?.author.user ?? "a teammate"
      let job = state.job.map { "job \($0)" } ?? "the job"
      Console.note("stop requested: \(job) of \(owner) will end as soon as it starts; \(owner) can cancel it now")
      if outcome == .restarting {
        throw .tryAgain(
          what: "the new server has to wait", why: "\(job) of \(owner) is still in the queue",
          next: "ask \(owner) to run `coord stop` or `scancel`, or connect later")
      }
    case .settled: Console.note("the server that was running has ended; a new one is on its way")
    case .answer: throw .bug("stop got an answer")
    case .failed(let error): throw error
    }
  }
}
