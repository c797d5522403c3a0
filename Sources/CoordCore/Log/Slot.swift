/// One number of the log as it was read.
public enum Slot: Hashable, Sendable {
  case entry(LockEntry, digest: String)
  /// Not a whole entry: being written (where links are not supported), or torn.
  case torn(digest: String)
  /// Used up by something that decides nothing: no regular file, a copy of another number, or not written by whom it names.
  case void(digest: String, why: String)
  /// Written by a newer coord.
  case newer(digest: String)

  public var entry: LockEntry? {
    if case .entry(let entry, _) = self { entry } else { nil }
  }

  var isEntry: Bool { if case .entry = self { true } else { false } }

  var isTorn: Bool { if case .torn = self { true } else { false } }

  /// Written whole by a coord, of this version or a newer one.
  var isWhole: Bool {
    switch self {
    case .entry, .newer: true
    case .torn, .void: false
    }
  }

  public var digest: String {
    switch self {
    case .entry(_, let digest), .torn(let digest), .void(let digest, _), .newer(let digest): digest
    }
  }

  /// - Parameter owner: whose file it is; nil where the file system does not say so reliably.
  public init(bytes: [UInt8], number: Int, owner: UInt32? = nil) {
    let (decoded, digest) = LockEntry.read(bytes, number: number)
    switch decoded {
    case .entry(let entry):
      if let owner, owner != entry.author.uid {
        self = .void(digest: digest, why: "it names user \(entry.author.uid), but is user \(owner)'s file")
      } else {
        self = .entry(entry, digest: digest)
      }
    case .newer: self = .newer(digest: digest)
    case .misplaced: self = .void(digest: digest, why: "it is a copy of another number")
    case .torn: self = .torn(digest: digest)
    }
  }
}
