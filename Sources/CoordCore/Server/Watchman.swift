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
