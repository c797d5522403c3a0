/// Where a lock directory is.
public struct LogPlace: Hashable, Sendable {
  public var inode: UInt64
  /// Without symbolic links.
  public var path: String

  public init(inode: UInt64, path: String) { (self.inode, self.path) = (inode, path) }
}
