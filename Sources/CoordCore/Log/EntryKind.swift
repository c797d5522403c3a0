/// What a lock number decides. docs/protocol.md says who may take which, and when.
public enum EntryKind: String, Sendable, CaseIterable {
  case claimed
  case submitted
  case started
  case stopRequested = "stop-requested"
  case ended
}
