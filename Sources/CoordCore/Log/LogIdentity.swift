/// Which log an entry belongs to, and where that log was when its last claim was made. A copy of the directory carries
/// the same identity in another place.
public struct LogIdentity: Hashable, Sendable {
  /// 64 random bits, as 16 lower-case hexadecimal digits: made with the log's first number.
  public var id: String
  public var place: LogPlace

  public init(id: String, place: LogPlace) { (self.id, self.place) = (id, place) }

  /// Whether a directory at `other` is a copy. A move changes the path alone, a restored backup the inode alone; no device
  /// number is looked at, since that differs between hosts.
  public func isCopied(to other: LogPlace) -> Bool { place.inode != other.inode && place.path != other.path }
}
