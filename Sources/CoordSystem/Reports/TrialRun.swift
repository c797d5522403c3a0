public import CoordCore
import Glibc

/// The login node's side of `coord doctor --job`: one short real job of start_server.sh, as a server's job would be.
public struct TrialRun {
  private let project: Project
  private let machine: Machine
  private let signals: Signals
  private let slurm: Slurm

  public init(project: Project, machine: Machine, signals: Signals) {
    (self.project, self.machine, self.signals) = (project, machine, signals)
    slurm = Slurm(project: project, machine: machine)
  }

  /// - Parameter limit: how long to wait for the job to start, and again for its report.
  public func examine(within limit: Duration, say: (String) -> Void) throws(CoordError) -> [Check] {
    let name = "the trial job"
    guard project.settings.scheduler == .slurm else {
      return [Check(name, .good, "none: the server's job is a process of this machine (SCHEDULER=local)")]
    }
    if let obstacle = project.obstacle() {
      return [Check(name, .bad, "\(obstacle.what): \(obstacle.why)", next: obstacle.next)]
    }
    let script = (try? contents(of: project.startScript)) ?? nil
    guard String(decoding: script ?? [], as: UTF8.self).contains("supervise") else {
      return [
        Check(
          name, .bad, "hpc_utils/start_server.sh does not run `coord supervise`: it would start a server by itself",
          next: "put the project's start_server.sh back, with your lines in its marked part")
      ]
    }
    let reply = slurm.submitTrial()
    guard case .accepted(let job) = reply else {
      let words: String
      switch reply {
      case .refused(let why), .doubtful(let why): words = why
      case .accepted: words = ""
      }
      return [Check(name, .bad, words, next: "correct the #SBATCH lines of hpc_utils/start_server.sh, or the account")]
    }
    say("job \(job) is a trial: waiting for it")
    defer { unlink(log(of: job)) }
    return try watch(job, within: limit, say: say)
  }

  private func log(of job: JobID) -> String { "\(project.logs)/\(Slurm.trialLog(job.number))" }

  private func watch(_ job: JobID, within limit: Duration, say: (String) -> Void) throws(CoordError) -> [Check] {
    var end = Machine.now + limit
    var (state, reason, exit): (String?, String, String?) = ("PENDING", "", nil)
    var over: Instant?
    var started = false
    while true {
      let written = ((try? contents(of: log(of: job), limit: 1 << 22)) ?? nil).map {
        String(decoding: $0, as: UTF8.self)
      }
      let log = written ?? ""
      if let trial = JobTrial(log: log) {
        say("job \(job) runs on \(trial.place.endpoint.node): trying its port")
        let reach = Network.reach(trial.place, machine: machine)
        slurm.cancelTrial(job)
        return trial.verdict(
          log: log, inode: project.inode, path: project.root, group: project.team, groups: Machine.groups(),
          reach: reach)
      }
      // What a job has written may be seen a minute later here (NFS).
      if let over, Machine.now - over > .seconds(state == nil ? 5 : 20) || !log.isEmpty {
        return JobTrial.failedLines(log: log).prefix(3).map {
          Check("env.sh in the job", .bad, $0, next: "correct that line")
        }
          + [JobTrial.silent(job: job.number, state: state, reason: reason, exit: exit, log: written)]
      }
      if over == nil {
        switch slurm.trial(job) {
        case .shown(let now):
          (state, reason, exit) = (now.state, now.reason, now.exit)
          if JobLife(slurmState: now.state) == .over { over = Machine.now }
          if !started, JobLife(slurmState: now.state) == .active {
            started = true
            end = Machine.now + limit
          }
        case .forgotten: (state, over) = (nil, Machine.now)
        case .unknown: break
        }
      }
      if over == nil, Machine.now >= end {
        slurm.cancelTrial(job)
        guard started else {
          return [JobTrial.silent(job: job.number, state: "PENDING", reason: reason, exit: nil, log: nil)]
        }
        guard CoordSystem.status(of: self.log(of: job)) != nil else {
          return [
            Check(
              "the trial job", .bad, "job \(job) runs, and its log does not appear in hpc_utils/logs here",
              next:
                "does the node see this directory? `srun ls -ldi \(project.utils)` and `ls -ldi` here have to show one number"
            )
          ]
        }
        return [
          Check(
            "the trial job", .bad,
            "job \(job) runs, and has not reported within \(limit.spoken)\n\(log.lastLines)",
            next: "what does hpc_utils/env.sh wait for? Give more time with --timeout SECONDS")
        ]
      }
      if let signal = signals.interruption(within: .seconds(1)) {
        slurm.cancelTrial(job)
        throw .interrupted(signal: signal)
      }
    }
  }
}

extension Slurm {
  static func trialLog(_ job: String) -> String { "trial-\(job).log" }

  /// A short job of start_server.sh that serves nothing. Another name and comment: nobody is to take it for a server's.
  func submitTrial() -> SubmitReply {
    let done = ChildProcess(
      [
        folder + "sbatch", "--parsable", "--no-requeue", "--job-name=\(JobTrial.jobName)", "--comment=doctor",
        "--time=10",
        "--output=hpc_utils/logs/\(Self.trialLog("%j"))", "--chdir=\(project.logicalRoot)", project.startScript,
        JobTrial.word, project.root,
      ], environment: environment
    ).run(deadline: Limits.submitWindow)
    if done.startFailure != nil { return .refused("sbatch cannot be run: \(done.errors)") }
    return SubmitReply(status: done.status, output: done.output, errors: done.errors)
  }

  enum Trial {
    case shown((state: String, reason: String, exit: String))
    case forgotten
    case unknown
  }

  func trial(_ job: JobID) -> Trial {
    let done = ask("scontrol", "--oneliner", "show", "job", job.number)
    if SlurmText.isUnknownJob(done.errors + done.output) { return .forgotten }
    return done.status == 0 ? SlurmText.end(scontrol: done.output).map { .shown($0) } ?? .unknown : .unknown
  }

  /// Ends a trial, if the number still is one's: another job may have got it.
  func cancelTrial(_ job: JobID) {
    _ = ask("scancel", "--name=\(JobTrial.jobName)", "--user=\(machine.author.uid)", job.number)
  }
}
