/// How long a value has been seen unchanged on this process's own clock. The only proof of silence that the protocol knows.
///
/// A look takes time, and its process may be held up in the middle of it. So a value counts as seen from the end of the
/// look that first had it to the beginning of the one that last had it.
public struct Watch<Value: Hashable & Sendable>: Hashable, Sendable {
  public private(set) var value: Value?
  /// The end of the look that first had the value.
  public private(set) var since = Instant(sinceBoot: .zero)
  private var latest = Instant(sinceBoot: .zero)
  /// The beginning of the last look that had another value: what is there now came after that. nil: it was never seen to change.
  public private(set) var changedAfter: Instant?
  /// Whether it ever changed while being watched.
  public private(set) var hasChanged = false
  private var seen = false

  public init() {}

  public mutating func see(_ new: Value?, began: Instant, ended: Instant) {
    let before = latest
    latest = began
    if seen, new == value { return }
    changedAfter = seen ? before : nil
    hasChanged = hasChanged || seen
    (value, since, seen) = (new, ended, true)
  }

  /// Nothing could be read: what was watched so far proves nothing any more.
  public mutating func lose() { seen = false }

  public var unchanged: Duration { seen ? max(latest - since, .zero) : .zero }
}
