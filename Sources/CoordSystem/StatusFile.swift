public import CoordCore
import Glibc

/// server_info.txt on the shared filesystem.
public struct StatusFile: Sendable {
  public let path: String

  public init(path: String) { self.path = path }

  public func read() -> InfoReading {
    do throws(SystemFailure) {
      guard let bytes = try contents(of: path, limit: 65_536) else { return .absent }
      return InfoReading(bytes: bytes)
    } catch {
      return .unreadable(error.text)
    }
  }

  /// Replaces it whole: temporary file, fsync, rename.
  public func write(_ info: ServerInfo, nonce: String) throws(SystemFailure) {
    let temporary = "\(Project.parent(of: path))/.server_info.\(nonce)"
    let file = try Descriptor(path: temporary, O_WRONLY | O_CREAT | O_TRUNC)
    let open = (status(of: Project.parent(of: path))?.st_mode ?? 0o755) & 0o044
    try file.setMode(0o600 | open, temporary)
    try file.write(info.encoded, temporary)
    try file.sync(temporary)
    try file.close(temporary)
    if rename(temporary, path) != 0 {
      let failure = SystemFailure("replace \(path)")
      unlink(temporary)
      throw failure
    }
  }

  /// Removes it if it is still of this token.
  public func remove(token: Token) {
    if read().info?.token == token { unlink(path) }
  }
}
