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

  /// Removes it if it is still this one.
  public func remove(where isThis: (ServerInfo) -> Bool) {
    if let info = read().info, isThis(info) { unlink(path) }
  }
}
