import CoordCore

/// A machine: its clocks, and whether it is up.
public final class SimHost {
  let name: String
  let rate: Double
  var offset: Int64
  var boot: Int
  var cluster = "sim"

  init(name: String, rate: Double, offset: Int64) {
    (self.name, self.rate, self.offset, boot) = (name, rate, offset, 1)
  }

  func now(_ time: Duration) -> Instant { Instant(sinceBoot: .seconds(5000) + time * rate) }
  func wall(_ time: Duration) -> WallTime {
    WallTime(seconds: 1_800_000_000 + offset + (time * rate).components.seconds)
  }
}
