/// What came of taking a number.
public enum AppendResult: Hashable, Sendable {
  case won
  case lost
  /// Neither can be said: the same entry must be tried again at the same number.
  case unsettled(String)
}
