/// What came of an action.
public enum Event: Hashable, Sendable {
  case probed(ServerPlace, Reach)
  case submitted(Token, SubmitReply)
  /// The directory was in the way and sbatch was not called; `lasting` where that has not passed for a while.
  case notSubmitted(Token, lasting: CoordError?)
}
