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

/// What stands under a name of the directory.
public enum LockFile: Hashable, Sendable {
  /// - owner: nil where the file system does not say it reliably.
  case bytes([UInt8], owner: UInt32?)
  /// No regular file: what it is, in words.
  case strange(String)
}

/// The few things that the protocol does to its directory. Names are plain file names in it.
public protocol LockFiles {
  /// All names, in no order; none where the directory was removed.
  func names() throws(StorageFailure) -> [String]
  /// What is there, opened afresh, no link followed; nil if there is nothing.
  func lock(_ name: String) throws(StorageFailure) -> LockFile?
  /// Whether a file that this process makes is its user's: some file servers make all files one user's.
  var ownersAreReal: Bool { get }
  /// Writes a whole new file under a temporary name, down to the disk where it decides something. Returns when the file
  /// system says it was written.
  func stage(_ bytes: [UInt8], as temporary: String, durable: Bool) throws(StorageFailure) -> WallTime
  /// Gives a staged file its final name, unless that is taken. What it reports is not to be trusted: read the name back.
  func link(_ temporary: String, to name: String) throws(StorageFailure)
  /// The same where links are not supported: creates `name` (O_EXCL) and writes it.
  func create(_ name: String, _ bytes: [UInt8]) throws(StorageFailure)
  /// Removes a temporary name of ours and makes the directory durable, as above. Failing to is no harm.
  func unstage(_ temporary: String, durable: Bool)
  /// Removes a file that nobody needs any more, if this user may. Failing to is no harm.
  func discard(_ name: String)
  /// When a file was written by the file system's own clock; nil if there is none.
  func written(_ name: String) -> WallTime?
}

extension LockFiles {
  /// The content; nil if there is no such file, or none that has one.
  public func read(_ name: String) throws(StorageFailure) -> [UInt8]? {
    if case .bytes(let bytes, _)? = try lock(name) { bytes } else { nil }
  }

  /// Puts `bytes` under `name` unless it is taken, and says what is there now; nil: nothing can be said, try the same again.
  public func place(
    _ bytes: [UInt8], as name: String, nonce: String, durable: Bool = true
  ) throws(StorageFailure) -> [UInt8]? {
    let temporary = "tmp.\(nonce).\(name)"
    _ = try stage(bytes, as: temporary, durable: durable)
    defer { unstage(temporary, durable: durable) }
    return try placeStaged(temporary, bytes, as: name)
  }

  /// As `place`, from a file that is already staged.
  public func placeStaged(_ temporary: String, _ bytes: [UInt8], as name: String) throws(StorageFailure) -> [UInt8]? {
    var failure: StorageFailure?
    do throws(StorageFailure) {
      do throws(StorageFailure) {
        try link(temporary, to: name)
      } catch {
        guard error.kind == .unsupported else { throw error }
        try create(name, bytes)
      }
    } catch {
      failure = error
    }
    // Whatever link returned: an NFS server may do it and lose the reply, an old client may report success on EEXIST.
    if let there = try read(name) { return there }
    if let failure { throw failure }
    return nil
  }
}
