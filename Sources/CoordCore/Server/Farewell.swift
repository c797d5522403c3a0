/// The last deed of a supervisor: its server is gone, and the log has to say so. Where the directory does not let it, others
/// prove the end.
public struct Farewell: Hashable, Sendable {
  public enum Step: Sendable {
    /// Taking this number records the end; losing it, or not knowing, asks for another look.
    case append(LockDraft)
    case lookAgain(after: Duration)
    /// It is recorded, or not ours to record, or was tried for long enough.
    case over
  }

  /// An append within a farewell may take so long.
  public static let appendLimit = Duration.seconds(5)
  private static let patience = Duration.seconds(15)

  private let body: EntryBody
  private let nonce: String
  private let isOurs: Bool
  private let since: Instant

  /// - Parameters:
  ///   - ending: how the server ended.
  ///   - nonce: of the supervisor, which took `started`.
  ///   - log: the job's log, from the project's directory.
  public init(
    _ ending: Supervision.Ending, _ token: Token, nonce: String, job: JobID?, log: String?, now: Instant
  ) {
    (isOurs, self.nonce) = (ending.record, nonce)
    since = now
    body = EntryBody(.ended, token).with {
      $0.job = job
      $0.outcome = ending.outcome
      $0.reason = ending.reason
      $0.cause = ending.cause
      $0.logTail = ending.tail
      $0.log = log
    }
  }

  /// - Parameter fold: what the log says; nil: it cannot be read.
  public func next(_ fold: LogFold?, now: Instant) -> Step {
    guard isOurs, now - since < Self.patience else { return .over }
    switch fold {
    case .state(let state)?:
      // Another run of this job may serve, where somebody undid what our `started` decided.
      guard state.liveToken == body.token, state.start?.author.nonce == nonce else { return .over }
      var body = body
      // Somebody's stop is why, whatever came of the server before it could hear of that.
      if let stop = state.stop {
        (body.outcome, body.reason) = stop.asked
        (body.cause, body.logTail) = (nil, nil)
      }
      return .append(LockDraft(after: state, body))
    // Nothing is written above what is not understood.
    case .newer?: return .over
    case .beingWritten?, .missing?, nil: return .lookAgain(after: .seconds(1))
    }
  }
}
