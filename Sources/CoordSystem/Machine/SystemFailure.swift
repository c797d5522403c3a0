import Glibc

/// The C library's last error, with what was tried.
public struct SystemFailure: Error, Hashable, Sendable {
  public let code: Int32
  public let operation: String

  public init(_ operation: String, code: Int32) { (self.operation, self.code) = (operation, code) }

  /// With the code of the call that just failed.
  init(_ operation: String) { self.init(operation, code: errno) }

  public var text: String { "\(operation): \(String(cString: strerror(code)))" }
}
