/// What could be found out about a signal that told the job to end.
public struct SignalFacts: Hashable, Sendable {
  /// Nil: none came; what ran the supervisor in its job, the job's script, has ended.
  public var signal: Int32?
  /// When it came.
  public var at: WallTime
  /// When the job's time limit ends it, where that is known.
  public var ends: WallTime?
  /// What `scontrol -o show job` says of the job; nil where it said nothing.
  public var job: String?
  /// The job is a process of this machine, without a scheduler that could end it.
  public var local = false
  /// The machine is being shut down.
  public var shuttingDown = false
  /// How often it was requeued before this run.
  public var restarts = 0
  /// What the team lets Slurm send before the time limit.
  public var warning: WarningSignal?

  public init(signal: Int32?, at: WallTime, ends: WallTime? = nil) {
    (self.signal, self.at, self.ends) = (signal, at, ends)
  }

  /// A field of scontrol's one line. The name has to stand alone: there is a PreemptEligibleTime beside PreemptTime.
  func field(_ name: String) -> String? {
    let words = (job ?? "").split(whereSeparator: \.isWhitespace)
    return words.first { $0.hasPrefix(name + "=") }.map { String($0.dropFirst(name.utf8.count + 1)) }
  }

  /// The script has ended, and the scheduler does not say yet how.
  public var awaitsItsEnd: Bool {
    signal == nil && (job == nil || (field("JobState") == "RUNNING" && field("ExitCode") == "0:0"))
  }

  /// How the job's script ended: ExitCode is STATUS:SIGNAL (scontrol(1)). A shell that a signal interrupted may say so by its
  /// status, 128 and its number.
  fileprivate var scriptEnd: (status: Int32, signal: Int32)? {
    guard let parts = field("ExitCode")?.split(separator: ":"), parts.count == 2, let status = Int32(parts[0]),
      let signal = Int32(parts[1])
    else { return nil }
    return signal == 0 && status > 128 && status < 128 + 65 ? (0, status - 128) : (status, signal)
  }

  /// The scheduler put it back into its queue.
  fileprivate var isRequeued: Bool {
    field("JobState").map { JobLife(slurmState: $0) } == .pending
      || (field("Restarts").flatMap { Int($0) } ?? 0) > restarts
  }

  fileprivate var isNearItsEnd: Bool {
    var margin = Limits.timeLimitMargin
    if let warning, warning.signal == signal ?? scriptEnd?.signal { margin += warning.before }
    // What the scheduler says now: the limit may have been changed since the job began.
    if let limit = field("TimeLimit") {
      if limit == "UNLIMITED" { return false }
      if let limit = Duration(slurm: limit), let run = field("RunTime").flatMap({ Duration(slurm: $0) }) {
        return limit - run <= margin
      }
    }
    return ends.map { $0.seconds - at.seconds <= margin.wholeSeconds } ?? false
  }
}

/// `--signal=[R|B:]SIGNAL[@SECONDS]`: what Slurm is to send before the time limit (sbatch(1)). It may come up to a minute sooner.
public struct WarningSignal: Hashable, Sendable {
  public var signal: Int32
  public var before: Duration

  /// - Parameters:
  ///   - script: start_server.sh.
  ///   - environment: sbatch takes SBATCH_SIGNAL too, and passes it on to the job.
  public init?(script: String, environment: [String: String]) {
    let words = script.split(whereSeparator: \.isNewline).filter { $0.hasPrefix("#SBATCH") }
      .flatMap { $0.split(whereSeparator: { $0.isWhitespace || $0 == "=" }) }
    let index = words.lastIndex(of: "--signal")
    let given = environment["SBATCH_SIGNAL"] ?? index.flatMap { $0 + 1 < words.count ? String(words[$0 + 1]) : nil }
    guard let text = given?.split(separator: ":").last else { return nil }
    let parts = text.split(separator: "@")
    guard let name = parts.first, let signal = SignalName.number(String(name)) else { return nil }
    self.signal = signal
    before = .seconds(parts.count > 1 ? Int(parts[1]) ?? 60 : 60)
  }
}

extension Supervision.Ending {
  /// Why a job was told to end, from what is known. Those who wait go on after what the cluster did; not after what a
  /// person wanted.
  public init(_ facts: SignalFacts) {
    let state = facts.field("JobState") ?? ""
    let reason = facts.field("Reason") ?? ""
    let preempted = facts.field("PreemptTime").map { $0 != "None" && $0 != "(null)" && $0 != "Unknown" } ?? false
    let script = facts.scriptEnd
    let number = facts.signal ?? script.flatMap { $0.signal > 0 ? $0.signal : nil }
    let name = number.map(SignalName.text)
    let what = facts.signal == nil ? "the job's script was ended" : "the job was told to end"
    if facts.local {
      self.init(.stopped, "the server's process was told to end by \(name ?? "its parent's end")")
    } else if state == "PREEMPTED" || preempted {
      self.init(.lost, "preempted: the scheduler needed its node for another job")
    } else if ["NODE_FAIL", "BOOT_FAIL"].contains(state) || ["NodeDown", "NodeFail"].contains(reason) {
      self.init(.lost, "the node failed (\(state.isEmpty ? reason : state))")
    } else if facts.isRequeued {
      self.init(.lost, "the scheduler requeued the job (\(state))")
    } else if facts.shuttingDown {
      self.init(.lost, "the node is being shut down")
    } else if state == "TIMEOUT" || reason == "TimeLimit" || (state != "CANCELLED" && facts.isNearItsEnd) {
      self.init(.finished, "time limit" + (name.map { " (\($0))" } ?? ""))
    } else if state == "OUT_OF_MEMORY" || reason == "OutOfMemory" {
      self.init(.failed, Self.outOfMemory)
    } else if let name, state == "CANCELLED" || facts.ends != nil {
      // What scancel sends where it is told nothing else.
      let isCancel = state == "CANCELLED" || name == "SIGTERM"
      let who = isCancel ? "somebody cancelled it (scancel)" : "somebody sent that (scancel --signal)"
      self.init(.stopped, "\(what) by \(name) long before its time limit: \(who)")
    } else if let name {
      self.init(.finished, "\(what) (\(name): time limit, scancel or shutdown)")
    } else {
      let status = script.map { " (exit \($0.status))" } ?? ""
      self.init(.failed, CoordError.scriptIsOver.why + status)
    }
  }

  /// What the kernel's memory killer leaves behind.
  public static let outOfMemory = "out of memory (raise --mem-per-cpu in start_server.sh)"
}

extension Duration {
  /// `[DAYS-]HH:MM:SS` or `MM:SS`, as scontrol prints it; nil for anything else.
  init?(slurm text: String) {
    let halves = text.split(separator: "-", omittingEmptySubsequences: false)
    guard halves.count <= 2, let days = halves.count == 2 ? Int(halves[0]) : 0 else { return nil }
    let parts = halves[halves.count - 1].split(separator: ":", omittingEmptySubsequences: false).map { Int($0) }
    guard (2...3).contains(parts.count), parts.allSatisfy({ ($0 ?? -1) >= 0 }) else { return nil }
    self = .seconds(parts.reduce(0) { $0 * 60 + ($1 ?? 0) } + days * 86_400)
  }
}

extension CoordError {
  /// The job is over: nothing of it may serve.
  public static let scriptIsOver = CoordError.noServer(
    what: "this job does not serve", why: "the job's script ended before its server",
    next: "let `exec hpc_utils/bin/coord supervise …` be the last line of hpc_utils/start_server.sh")
}
