extension Supervision {
  /// How a server ended, as it is recorded.
  public struct Ending: Hashable, Sendable {
    public var outcome: Outcome
    public var reason: String
    public var tail: String?
    public var cause: EndCause?
    /// False where somebody else wrote the end already.
    public var record = true

    public init(_ outcome: Outcome, _ reason: String, tail: String? = nil) {
      (self.outcome, self.reason, self.tail) = (outcome, reason, tail)
    }
  }
}
