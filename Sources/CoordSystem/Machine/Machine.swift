public import CoordCore
import Glibc

/// This process on this machine: who it is and what time it is.
public struct Machine: Sendable {
  public let environment: [String: String]
  /// Looked up once it is asked for: an answer from server_info.txt is nobody's entry.
  public var author: Author { Self.here }

  /// CLOCK_BOOTTIME, which goes on while the machine sleeps.
  public static var now: Instant {
    var t = timespec()
    clock_gettime(CLOCK_BOOTTIME, &t)
    return Instant(sinceBoot: .seconds(t.tv_sec) + .nanoseconds(t.tv_nsec))
  }

  public static var wall: WallTime { WallTime(seconds: Int64(time(nil))) }

  public static func random() -> UInt64 { UInt64.random(in: .min ... .max) }

  public static func freshToken() -> Token { Token(random: random(), random()) }

  public static func sleep(_ duration: Duration) {
    let (seconds, attoseconds) = duration.components
    var t = timespec(tv_sec: Int(seconds), tv_nsec: Int(attoseconds / 1_000_000_000))
    nanosleep(&t, nil)
  }

  /// The groups that this process is in.
  static func groups() -> [UInt32] {
    var groups = [gid_t](repeating: 0, count: 4096)
    let n = getgroups(Int32(groups.count), &groups)
    return Array(Set(groups[..<Int(max(0, n))] + [getegid()])).sorted()
  }
}
