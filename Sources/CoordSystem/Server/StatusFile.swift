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

  /// Removes it if it is still of this token.
  public func remove(token: Token) {
    if read().info?.token == token { unlink(path) }
  }
}
