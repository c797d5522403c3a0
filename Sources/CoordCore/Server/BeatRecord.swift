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
