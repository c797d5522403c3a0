/// The process that took a number.
public struct Author: Hashable, Sendable {
  public var user: String
  public var uid: UInt32
  public var host: String
  public var bootID: String
  public var pid: Int32
  /// Field 22 of /proc/PID/stat: a pid alone may have been reused.
  public var pidStart: UInt64
  /// 64 random bits: in containers two processes may share all of the above.
  public var nonce: String

  public init(
    user: String, uid: UInt32, host: String, bootID: String, pid: Int32, pidStart: UInt64, nonce: String
  ) {
    (self.user, self.uid, self.host, self.bootID) = (user, uid, host, bootID)
    (self.pid, self.pidStart, self.nonce) = (pid, pidStart, nonce)
  }
}
