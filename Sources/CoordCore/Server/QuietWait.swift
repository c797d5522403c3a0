/// How long server_info.txt has to stand still before a claim, so that a server of another life has stopped itself.
public struct QuietWait: Hashable, Sendable {
  private var last = Watch<Int>()

  public init() {}

  /// For a job that claims for itself: whether it may by now. `file`: what it saw of server_info.txt, `info` the last.
  public mutating func isOver(
    _ state: ServiceState, known: KnownTokens, info: InfoReading, file: InfoWatch, hasTraces: Bool, began: Instant,
    now: Instant, wall: WallTime
  ) -> Bool {
    last.see(state.lastNumber, began: began, ended: now)
    let needed = Self.needed(state, known: known, info: info.info, beat: file.beat, hasTraces: hasTraces, wall: wall)
    return min(file.silence, last.unchanged) >= needed?.time ?? .zero
  }

  /// Nil: nothing has to be waited for.
  static func needed(
    _ state: ServiceState, known: KnownTokens, info: ServerInfo?, beat: Watch<InfoReading>, hasTraces: Bool,
    wall: WallTime
  ) -> (why: String, time: Duration)? {
    var wait: (why: String, time: Duration)?
    if !state.isFounded || (state.previous == LockEntry.nothingBefore && hasTraces) {
      wait = ("the log does not show what came before", Limits.lostNodeSilence)
    }
    if let info, known.isUnstarted(info) {
      // Its supervisor may be held up, and its clock be off: what is seen to beat has to stop for D, else for S and a grace.
      let time = isAlive(info, beat, wall) ? Limits.silence : Limits.lostNodeSilence
      wait = ("server_info.txt is of a server that the log does not know", max(wait?.time ?? .zero, time))
    }
    return wait
  }

  static func isAlive(_ info: ServerInfo, _ beat: Watch<InfoReading>, _ wall: WallTime) -> Bool {
    beat.hasChanged || info.heartbeat.distance(to: wall) <= Limits.freshness
  }
}
