/// A failed call on the shared directory.
public struct StorageFailure: Error, Hashable, Sendable {
  public enum Kind: Hashable, Sendable {
    case permission
    case full
    /// Hard links are not to be had on this filesystem.
    case unsupported
    /// The directory itself is not there.
    case missing
    /// Nothing failed: what another host wrote, or this one, is not to be seen here yet (directory caches).
    case lag
    case other
  }

  public var kind: Kind
  /// What was tried and what came of it, for people: `fsync of locks/tmp.1: No space left on device`.
  public var text: String

  public init(_ kind: Kind, _ text: String) { (self.kind, self.text) = (kind, text) }

  public var error: CoordError {
    switch kind {
    case .permission:
      .permission(
        what: "the team's directory does not let you in", why: text,
        // Not of all that is in it: .cookie_secret is nobody else's.
        next: "ask its owner to give your group access: `chmod g+rwxs hpc_utils hpc_utils/locks hpc_utils/logs`, and "
          + "`chmod g+r` for a file that is named here")
    case .lag: .waitsForFilesystem(what: "the shared filesystem does not show what was written", why: text)
    case .full, .unsupported, .missing, .other: .sharedDirectory(what: "the shared directory failed", why: text)
    }
  }
}
