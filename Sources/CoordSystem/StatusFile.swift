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
    let open = (status(of: Project.parent(of: path))?.st_mode ?? 0o755) & 0o044
    _ = try stage(info.encoded, at: temporary, mode: 0o600 | open)
    try move(temporary, over: path)
  }

  /// Removes it if it is still of this token.
  public func remove(token: Token) {
    if read().info?.token == token { unlink(path) }
  }
}
