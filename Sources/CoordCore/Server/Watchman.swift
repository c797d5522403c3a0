/// What a guardian knows, and what follows from it: the server must not outlive its supervisor's last beat by S.
public struct Watchman: Hashable, Sendable {
  public enum Decision: Hashable, Sendable {
    case wait(Duration)
    /// TERM, and KILL after the grace.
    case terminate(grace: Duration)
    /// KILL, without TERM. Whoever wakes this late was suspended, as its server was: that must not have the time for an
    /// autosave now, since the team may have another one by this time.
    case kill
  }

  /// When the last complete beat began.
  public private(set) var lastBeat: Instant

  public init(lastBeat: Instant) { self.lastBeat = lastBeat }

  public mutating func completedBeat(began: Instant) { lastBeat = max(lastBeat, began) }

  /// The gate's question: whether a command that was held back until its guardian watches may still begin.
  public func mayBegin(now: Instant) -> Bool { now - lastBeat < Limits.selfFence }

  /// - Parameter supervised: false once the supervisor is gone without having said that the server is, or its job is over. From
  ///   then on others may prove the end, and start another server after two looks: there is no time for the whole grace.
  public func decide(now: Instant, supervised: Bool = true) -> Decision {
    let silence = now - lastBeat
    if silence >= Limits.selfFence + Limits.lateWake { return .kill }
    if !supervised { return .terminate(grace: Limits.orphanGrace) }
    return silence >= Limits.selfFence ? .terminate(grace: Limits.stopGrace) : .wait(Limits.selfFence - silence)
  }
}

/// What became of the beats, for the reason of an end that their silence brings about.
struct BeatRecord: Hashable, Sendable {
  private var everCompleted = false
  private var problem: String?
  private var isWrite = false
  private var took = Duration.zero

  mutating func completed(took: Duration) {
    (everCompleted, problem) = (true, nil)
    self.took = took
  }

  mutating func failed(_ why: String, isWrite: Bool) { (problem, self.isWrite) = (why, isWrite) }

  /// - Parameter isSecond: whether the server before this one ended for the same cause, and this one had no long life.
  func ending(silence: Duration, isSecond: Bool) -> Supervision.Ending {
    if let problem {
      // The next job would fare no better: those who wait have to know.
      var ending = Supervision.Ending(.failed, "no heartbeat could ever be written: \(problem)")
      if everCompleted {
        let again = isSecond && isWrite ? ", as that of the server before" : ""
        ending.reason = "the shared directory did not take a heartbeat for \(silence.spoken)\(again): \(problem)"
        ending.outcome = isSecond && isWrite ? .failed : .lost
      }
      if isWrite { ending.cause = .heartbeatNotWritten }
      return ending
    }
    if took >= Limits.slowBeat {
      return Supervision.Ending(
        .lost,
        "the shared disk is too slow: a heartbeat took \(took.spoken), and none was complete for \(silence.spoken)")
    }
    return Supervision.Ending(
      .lost, "no heartbeat for \(silence.spoken): the job was suspended, its machine slept, or its disk hung")
  }
}
