public import CoordCore
import Glibc

/// sbatch, squeue, scancel and scontrol. Their habits: Slurm 17.11 to 24.11.
public final class Slurm: Scheduler {
  public let name = "slurm"
  let project: Project
  let machine: Machine
  let environment: [String: String]
  /// Looked for by the first question: a warm answer asks none.
  private lazy var commands: Result<String, CoordError> = locate()
  private let given: String?
  var folder: String { (try? commands.get()) ?? "" }
  public var obstacle: CoordError? { commands.failure }
  private lazy var team = Team(project: project, machine: machine)
  private let paths = ProjectPaths()
  /// ClusterName, PrivateData and KillWait. An admin may change them while a service runs.
  private let configurationAge: Duration
  private var configuration: (cluster: String?, seesEverybody: Bool?, killWait: Duration?, at: Instant)?

  /// - Parameters:
  ///   - folder: where Slurm's commands are, with a slash; nil: where SLURM_BIN, PATH or custom have them.
  ///   - configurationAge: for how long the cluster's configuration is believed.
  public init(
    project: Project, machine: Machine, commands folder: String? = nil,
    configurationAge: Duration = Limits.configurationAge
  ) {
    (self.project, self.machine, self.configurationAge) = (project, machine, configurationAge)
    (environment, given) = (Slurm.scrubbed(machine.environment), folder)
  }

  private func locate() -> Result<String, CoordError> {
    if let given { return .success(given) }
    do throws(CoordError) {
      return .success(try Slurm.folder(project.settings, machine.environment))
    } catch {
      return .failure(error)
    }
  }

  /// Where Slurm's commands are, with a slash; empty: in PATH.
  static func folder(_ settings: Settings, _ environment: [String: String]) throws(CoordError) -> String {
    try SlurmCommands.folder(
      setting: settings.slurmBin, source: settings.source("SLURM_BIN"), path: environment["PATH"] ?? ""
    ) { path in
      ((status(of: path)?.st_mode ?? 0) & S_IFMT) == S_IFREG && access(path, X_OK) == 0
    }
  }

  /// Where they are, for people; nil: PATH leads to them.
  public var place: String? { folder.isEmpty ? nil : String(folder.dropLast()) }

  /// Without the variables by which a user's shell, or a job that coord is called from, would change what Slurm's
  /// commands do (SBATCH_PARTITION, SQUEUE_FORMAT, SLURM_CLUSTERS…). Where the configuration is stays.
  static func scrubbed(_ environment: [String: String]) -> [String: String] {
    let kept = ["SLURM_CONF", "SLURM_CONF_SERVER"]
    let prefixes = ["SLURM", "SBATCH_", "SQUEUE_", "SCANCEL_", "SCONTROL_", "SALLOC_", "SRUN_", "SINFO_"]
    return environment.filter { pair in
      kept.contains(pair.key) || !prefixes.contains { pair.key.hasPrefix($0) }
    }
  }

  private var asking: [String: String] { environment.merging(["LC_ALL": "C"]) { $1 } }

  public func submit(_ token: Token, log: String?, by end: Instant) throws(StorageFailure) -> SubmitReply {
    try JobLog.makeSure(of: project, nonce: machine.author.nonce)
    // To files in the directory, so that a claimant that is killed here loses nothing.
    let files = SubmitFiles(project: project, token: token)
    let out = try files.create("out")
    let err = try files.create("err")
    var command = ChildProcess(
      [
        folder + "sbatch", "--parsable", "--no-requeue", "--job-name=\(project.settings.jobName)",
        "--comment=\(token.comment(log: log))", "--chdir=\(project.logicalRoot)", project.startScript,
        token.description,
        project.root,
      ], environment: environment)
    command.output = .descriptor(out.raw)
    command.errors = .descriptor(err.raw)
    // The job's log is made with the submitter's umask, before anything of ours runs in the job.
    command.mask = JobLog.mask(in: project)
    // On a slow disk those files may have taken all the time that there was.
    let left = end - Machine.now
    guard left > .zero else {
      files.remove()
      throw StorageFailure(.other, "making the files for sbatch took too long")
    }
    let done = command.run(deadline: left)
    if done.startFailure != nil { return .refused("sbatch cannot be run: \(done.errors)") }
    return SubmitReply(status: done.status, output: files.read("out"), errors: files.read("err") + done.errors)
  }

  public func queue(_ query: QueueQuery) -> QueueSnapshot {
    if let obstacle {
      return QueueSnapshot(
        scheduler: name, query: query, askedBy: machine.author.uid, host: machine.author.host, seesEverybody: false,
        outcome: .unknown(obstacle.why))
    }
    let answer = question(query).answer()
    if case .answered = answer.outcome, configuration.map({ Machine.now - $0.at > configurationAge }) ?? true {
      configuration?.seesEverybody = nil
      let config = ask("scontrol", "show", "config")
      if config.status == 0 {
        configuration = (
          SlurmText.cluster(config: config.output), SlurmText.seesEverybody(config: config.output),
          SlurmText.killWait(config: config.output), Machine.now
        )
      }
    }
    return QueueSnapshot(
      scheduler: name, query: query, cluster: configuration?.cluster, askedBy: machine.author.uid,
      host: machine.author.host, seesEverybody: configuration?.seesEverybody ?? false,
      endsWithin: configuration?.killWait, outcome: answer.outcome, narrow: answer.narrow, odd: answer.odd)
  }

  func ask(_ name: String, _ words: String...) -> ChildProcess.Finished {
    ChildProcess([folder + name] + words, environment: asking).run(deadline: Limits.schedulerCall)
  }

  private func question(_ query: QueueQuery) -> SlurmQuestion {
    SlurmQuestion(
      query, project: project, commands: folder, environment: asking, team: team, paths: paths)
  }

  public func cancel(_ job: JobID, token: Token) -> String? {
    let query = QueueQuery(job: job, token: token, cluster: job.cluster)
    let seen = question(query).listing(of: job)
    guard case .answered(let jobs) = seen.outcome else {
      guard case .unknown(let why) = seen.outcome else { return nil }
      return why
    }
    guard let shown = jobs.first(where: { $0.id.number == job.number }), shown.token == token else {
      return "job \(job) does not show our token"
    }
    guard shown.uid == machine.author.uid || machine.author.uid == 0 else { return "job \(job) is \(shown.user)'s" }
    let done = job.cluster.map { ask("scancel", "--clusters=\($0)", job.number) } ?? ask("scancel", job.number)
    return done.status == 0 ? nil : done.errors.lastMeaningfulLine ?? "scancel failed"
  }

  /// When the job's time limit ends it; nil where Slurm does not say.
  public func end(of job: JobID) -> WallTime? {
    let done = ask("scontrol", "show", "job", job.number)
    guard done.status == 0 else { return nil }
    // Local time without a zone (slurm.conf's hosts share one): mktime knows this host's.
    let field = done.output.split(whereSeparator: \.isWhitespace).first { $0.hasPrefix("EndTime=") }?.dropFirst(8)
    return field.flatMap { LocalTime.wall(String($0)) }
  }
}
