// How an end is recorded, and what those who waited read of it.
extension Coordinator {
  /// What is said when the time is over, by what was waited for last.
  public static func gaveUp(_ goal: Goal, _ progress: Progress, slowDisk: String? = nil) -> CoordError {
    let what =
      switch goal {
      case .answer: "no server yet"
      case .stop: "the server has not ended yet"
      case .settle: "the state of the last job could not be settled"
      }
    let next: String
    switch progress {
    case .directory(let why):
      return .sharedDirectory(what: "the shared directory cannot be read", why: why)
    case .lag: return .waitsForFilesystem(what: what, why: progress.why)
    case .schedulerSilent:
      next = "try again when Slurm answers (`squeue` tells); nothing was submitted on a doubt"
    case .untold:
      next =
        "the job may still come: try again later, its owner may see more; or submit another one with `coord restart`"
    case .pending(let job, _) where job.adviceWhileWaiting != nil:
      next = job.adviceWhileWaiting ?? ""
    case .pending, .submitted, .starting:
      next = "the job stays in the queue: try again later, `coord status` tells how it stands"
    case .oddState(let job, _):
      next =
        "`scontrol show job \(job.id)` tells more; if no server will come of it, `coord restart` submits another job"
    case .unreachable(let reach), .unclear(_, let reach): next = reach.next
    case .stopping(let job?, _):
      next = "it ends at its next beat, or when it leaves the queue; its owner can `scancel \(job)`"
    case .hung:
      next = "a long calculation of a teammate may be the reason; it is ended after HANG_LIMIT of hpc_utils/coord.conf"
    case .olderJob(let job, _):
      next = "nobody starts a server beside it; \(job.user) can end it with `scancel \(job.id)`, then try again"
    case .suspended(let job, let by):
      next =
        "it goes on after `scontrol resume \(job)` (an operator of the cluster); or \(by) ends it with `scancel \(job)`"
    case .askingScheduler, .claimed, .completing, .beatSilent, .stopping, .ending, .olderLife:
      next = "try again in a minute"
    }
    guard let slowDisk else { return .tryAgain(what: what, why: progress.why, next: next) }
    return .tryAgain(
      what: what, why: progress.why + "\n" + slowDisk, next: next + "; ask the administrators about this file system")
  }

  /// `ended`, as an observer words it.
  func lost(_ state: ServiceState, _ reason: String?, job: QueuedJob?) -> LockDraft {
    if let stop = state.stop {
      return ending(state, stop.asked.outcome, stop.asked.reason)
    }
    let name = state.job.map { "job \($0)" } ?? "the job"
    switch (state.phase, job?.state) {
    case (.claimed, nil) where doubtfulReply(state) != nil:
      return ending(state, .lost, "sbatch left it open, and no job came of it: \(doubtfulReply(state) ?? "")")
    case (.claimed, nil):
      return ending(state, .lost, "the claimant died and no job of it is in the queue")
    case (_, "NODE_FAIL"?), (_, "PREEMPTED"?), (_, "BOOT_FAIL"?):
      return ending(state, .lost, "\(name) was lost (\(job?.state ?? ""))")
    case (.submitted, "CANCELLED"?) where job?.stillborn.isEmpty == false:
      return ending(
        state, .failed,
        "\(name) was cancelled as it started on \(job?.stillborn ?? ""): that node could not launch it (a prolog that fails, a "
          + "full disk: `sinfo -R`), or somebody cancelled it (scancel)")
    case (.submitted, "CANCELLED"?):
      return ending(state, .stopped, "\(name) was cancelled before the server started (scancel)")
    case (.submitted, "DEADLINE"?):
      return ending(state, .failed, "\(name) did not start before its --deadline (hpc_utils/start_server.sh)")
    case (_, "COMPLETING"?):
      return ending(
        state, .failed,
        "\(name) ended before the server started, and hangs on its node (COMPLETING: an epilog of the cluster)")
    case (.submitted, _?) where job?.couldNotOpenLog == true:
      return ending(
        state, .failed,
        "\(name) could not open its log (ExitCode 0:53): its node does not see \(job?.workDir ?? ""), or the folder of --output "
          + "(hpc_utils/start_server.sh) is not there, or nobody may write in it there"
      )
    case (.submitted, let jobState?):
      return ending(state, .failed, "\(name) ended before the server started (\(job?.shownEnd ?? jobState))")
    case (.submitted, nil):
      return ending(state, .failed, "\(name) left the queue before the server started")
    default:
      return ending(state, .lost, reason ?? "\(name) left the queue (\(job?.state ?? "gone"))")
    }
  }

  /// What sbatch said to this process's own claim, where that was no clear answer.
  private func doubtfulReply(_ state: ServiceState) -> String? {
    guard let mine, mine.token == state.liveToken, case .replied(.doubtful(let said), _) = mine.stage else {
      return nil
    }
    return said
  }
}

extension QueuedJob {
  /// slurmstepd's way to say that standard output could not be opened (slurm_errno.h: ESLURMD_STDIO…; exit 0, signal 53).
  var couldNotOpenLog: Bool { exit.hasPrefix("0:53") }

  /// Its state, and its ExitCode where that tells more.
  var shownEnd: String { exit.isEmpty || exit == "0:0" ? state : "\(state), ExitCode \(exit)" }
}

extension CoordError {
  /// What those are told who saw one job after the other end, though each alone was no reason to give up.
  init(manyEnds count: Int, last end: LockEntry) {
    let job = end.body.job.map { " (job \($0))" } ?? ""
    self = .noServer(
      what: "\(count) jobs ended one after the other while you waited",
      why: "the last one: \(end.body.reason ?? "no reason was given")\(job)",
      next: "`coord history` tells how each of them ended: correct the cause, then try again")
  }

  /// What those who waited for a token are told when it ended; nil where they may go on and start another server.
  public init?(ending end: LockEntry) {
    let reason = end.body.reason ?? "no reason was given"
    let tail = end.body.logTail.map { "\n" + $0 } ?? ""
    let job = end.body.job.map { "job \($0)" } ?? "the job"
    switch end.body.outcome {
    case .refused:
      self = .noServer(
        what: "the scheduler refused the job", why: reason,
        next: "correct hpc_utils/start_server.sh or the account's limits, then try again")
    case .failed where end.body.cause == .heartbeatNotWritten:
      self = .noServer(
        what: "the server did not run (\(job))", why: reason + tail,
        next:
          "make room there, or let its owner give the team access; or set another STATUS_FILE in hpc_utils/coord.conf; "
          + "then try again")
    case .failed:
      self = .noServer(
        what: "the server did not run (\(job))", why: reason + tail,
        next: end.body.next ?? end.body.log.map { "read \($0), correct the cause, then try again" }
          ?? "it left no log in hpc_utils/logs: `coord doctor --job` looks at what a job sees on a node")
    case .stopped:
      self = .noServer(
        what: "the server was stopped while you waited", why: reason, next: "run `coord connect` to start a new one")
    case .finished, .restarting, .lost, .withdrawn, nil: return nil
    }
  }
}
