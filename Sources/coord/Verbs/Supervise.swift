import CoordCore
import CoordSystem

/// `coord supervise -- COMMAND…`: what the job runs.
enum Supervise {
  static func run(_ session: Session) throws(CoordError) -> Int32 {
    guard !session.arguments.command.isEmpty else {
      throw .usage("`coord supervise` needs the server's command after --")
    }
    if let note = session.project.settings.strayNames(in: session.machine.environment) { Console.note(note) }
    if session.machine.environment["SLURM_JOB_NAME"] == JobTrial.jobName {
      try TrialJob(project: session.project, machine: session.machine, signals: session.signals).run(
        session.arguments.command, token: session.arguments.values["--token"], job: try identity(session).0)
      return 0
    }
    var token: Token?
    // An empty one is that of a job submitted by hand: start_server.sh passes its first argument on.
    if let text = session.arguments.values["--token"], !text.isEmpty {
      guard text != JobTrial.word else {
        throw .usage("--token \(text): only a job of `coord doctor --job` has that")
      }
      guard let given = Token(text) else { throw .usage("--token \(text) is no token") }
      token = given
    }
    let (job, ends) = try identity(session)
    // A local server is to outlive the `connect` that starts it.
    let lineage = session.project.settings.scheduler == .local ? Lineage.none : Lineage.above()
    let supervisor = Supervisor(
      project: session.project, machine: session.machine, signals: session.signals,
      command: session.arguments.command, job: job, ends: ends, lineage: lineage, say: Console.note)
    switch supervisor.run(token: token) {
    case .success(let code): return code
    case .failure(let error): throw error
    }
  }

  private static func identity(_ session: Session) throws(CoordError) -> (JobID, WallTime?) {
    let environment = session.machine.environment
    switch session.project.settings.scheduler {
    case .local:
      guard let job = JobID("\(session.machine.author.pid)") else { throw .bug("pid") }
      return (job, nil)
    case .slurm:
      guard let job = environment["SLURM_JOB_ID"].flatMap({ JobID($0) }) else {
        throw .configuration(
          what: "this is no Slurm job", why: "SLURM_JOB_ID is not set, and SCHEDULER is slurm",
          next: "submit it with `sbatch hpc_utils/start_server.sh`, or set SCHEDULER=local in hpc_utils/coord.conf")
      }
      // Slurm 22.05 and older do not set SLURM_JOB_END_TIME.
      if let seconds = environment["SLURM_JOB_END_TIME"].flatMap({ Int64($0) }) {
        return (job, WallTime(seconds: seconds))
      }
      return (job, Slurm(project: session.project, machine: session.machine).end(of: job))
    }
  }
}
