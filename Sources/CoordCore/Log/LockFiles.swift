/// What stands under a name of the directory.
public enum LockFile: Hashable, Sendable {
  /// - owner: nil where the file system does not say it reliably.
  case bytes([UInt8], owner: UInt32?)
  /// No regular file: what it is, in words.
  case strange(String)
}

/// The few things that the protocol does to its directory. Names are plain file names in it.
public protocol LockFiles {
  /// All names, sorted out; none where the directory was removed.
  func list() throws(StorageFailure) -> LockListing
  /// Lets a look-up ask the file server: an NFS client takes a name that was missing for missing for half a minute, unless it
  /// opens the directory and sees it changed.
  func refresh()
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
