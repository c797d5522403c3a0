/// What to do next. Carried out in order.
public enum Action: Hashable, Sendable {
  /// Look at the log too from now on.
  case readLog
  case probe(ServerPlace)
  /// Make the scheduler's view newer, if that is due.
  case look(QueueQuery)
  case append(LockDraft)
  /// Call sbatch: at most once per token, by the claimant.
  /// `log`: the identity of the log, which the job shows beside its token.
  /// `by`: later than this it must not be called.
  case submit(Token, log: String?, by: Instant)
  /// Ends a job of this user that was seen to carry the token; it is looked at once more before.
  case cancel(JobID, token: Token)
  case wait(Duration, Progress)
  case answer(ServerInfo)
  /// The goal of a stop or a cleanup is reached.
  case settle(ServiceState)
  case fail(CoordError)
}

extension [Action] {
  /// The place, where to try it is all that there is to do.
  public var onlyProbe: ServerPlace? {
    if count == 1, case .probe(let place) = self[0] { place } else { nil }
  }
}
