/// What could be found out about a signal that told the job to end.
public struct SignalFacts: Hashable, Sendable {
  public var signal: Int32
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

  public init(signal: Int32, at: WallTime, ends: WallTime? = nil) {
    (self.signal, self.at, self.ends) = (signal, at, ends)
  }

  /// A field of scontrol's one line. The name has to stand alone: there is a PreemptEligibleTime beside PreemptTime.
  func field(_ name: String) -> String? {
    let words = (job ?? "").split(whereSeparator: \.isWhitespace)
    return words.first { $0.hasPrefix(name + "=") }.map { String($0.dropFirst(name.utf8.count + 1)) }
  }
}

extension Supervision.Ending {
  /// Why a job was told to end, from what is known. Those who wait go on after what the cluster did; not after what a
  /// person wanted.
  public init(_ facts: SignalFacts) {
    let state = facts.field("JobState") ?? ""
    let reason = facts.field("Reason") ?? ""
    let preempted = facts.field("PreemptTime").map { $0 != "None" && $0 != "(null)" && $0 != "Unknown" } ?? false
    if facts.local {
      self.init(.stopped, "the server's process was told to end by signal \(facts.signal)")
    } else if state == "PREEMPTED" || preempted {
      self.init(.lost, "preempted: the scheduler needed its node for another job")
    } else if ["NODE_FAIL", "BOOT_FAIL"].contains(state) || ["NodeDown", "NodeFail"].contains(reason) {
      self.init(.lost, "the node failed (\(state.isEmpty ? reason : state))")
    } else if facts.shuttingDown {
      self.init(.lost, "the node is being shut down")
    } else if state == "TIMEOUT" || reason == "TimeLimit" || facts.isNearItsEnd {
      self.init(.finished, "time limit")
    } else if state == "OUT_OF_MEMORY" || reason == "OutOfMemory" {
      self.init(.failed, Self.outOfMemory)
    } else if state == "CANCELLED" || facts.ends != nil {
      self.init(
        .stopped,
        "the job was told to end by signal \(facts.signal) long before its time limit: somebody cancelled it (scancel)")
    } else {
      self.init(
        .finished, "the job was told to end (signal \(facts.signal): time limit, scancel or shutdown)")
    }
  }

  /// What the kernel's memory killer leaves behind.
  public static let outOfMemory = "out of memory (raise --mem-per-cpu in start_server.sh)"
}

extension SignalFacts {
  fileprivate var isNearItsEnd: Bool {
    ends.map { $0.seconds - at.seconds <= Limits.timeLimitMargin.wholeSeconds } ?? false
  }
}
