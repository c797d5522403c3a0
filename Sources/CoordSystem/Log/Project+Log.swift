public import CoordCore
import Glibc

extension Project {
  /// Whether the log of this project, not one that was copied, names the server. One look-up: a server_info.txt of another
  /// project, or of a log that was removed, is nobody's answer, nor is that of a service for another project.
  public func isOurs(_ info: ServerInfo) -> Bool {
    guard let entry = ((try? LockLog(PosixLockFiles(directory: locks)).read(info.lock)) ?? nil)?.entry,
      entry.kind == .started, entry.token == info.token
    else { return false }
    // A path takes many look-ups: only where the inode is another one.
    guard let identity = entry.identity, UInt64(status(of: locks)?.st_ino ?? 0) != identity.place.inode,
      let place = logPlace
    else { return true }
    return !identity.isCopied(to: place)
  }

  /// Whether the server is another project's: two may be set to one file. That of a copy's original is not written here.
  public func isElsewhere(_ info: ServerInfo) -> Bool {
    !info.project.isEmpty && info.project != root && Project(root: info.project, settings: settings).isOurs(info)
  }
}
