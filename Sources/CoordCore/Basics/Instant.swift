/// A point on one machine's CLOCK_BOOTTIME. Only differences taken on the same machine and boot mean anything.
public struct Instant: Comparable, Hashable, Sendable {
  public var sinceBoot: Duration

  public init(sinceBoot: Duration) { self.sinceBoot = sinceBoot }

  public static func < (a: Instant, b: Instant) -> Bool { a.sinceBoot < b.sinceBoot }
  public static func + (a: Instant, b: Duration) -> Instant { Instant(sinceBoot: a.sinceBoot + b) }
  public static func - (a: Instant, b: Instant) -> Duration { a.sinceBoot - b.sinceBoot }
}
