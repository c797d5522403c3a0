/// An entry to append, and where it belongs.
public struct LockDraft: Hashable, Sendable {
  public var number: Int
  public var previous: String
  public var body: EntryBody
  /// The log's, where it has one.
  public var identity: LogIdentity?

  public init(after state: ServiceState, _ body: EntryBody) {
    (number, previous, self.body) = (state.next, state.previous, body)
    identity = state.identity
  }
}
