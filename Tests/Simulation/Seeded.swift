/// SplitMix64 (Steele, Lea and Flood, 2014): the same seed makes the same world.
public struct Seeded: RandomNumberGenerator {
  private let seed: UInt64
  private var state: UInt64
  private var place = 0

  /// The faults that were drawn so far, by the place of each in the story.
  public private(set) var drawn: [Int] = []
  /// Which of them happen; nil: all.
  var happening: Set<Int>?

  public init(seed: UInt64) { (self.seed, state) = (seed, seed) }

  /// What is drawn from now on depends on this place in the story alone: a process and how many operations it did. So a story
  /// stays nearly the same when one of its faults is left out.
  mutating func enter(process: Int, operation: Int) {
    place = (process << 20 | operation) << 3
    state = (seed ^ UInt64(place)) &* 0x9e37_79b9_7f4a_7c15
    _ = next()
  }

  public mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var z = state
    z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
    z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
    return z ^ (z >> 31)
  }

  /// True once in so many times.
  public mutating func once(in n: Double) -> Bool { n.isFinite && Double.random(in: 0..<n, using: &self) < 1 }

  /// A fault, once in so many times: one that a shorter story may leave out.
  mutating func fault(_ n: Double) -> Bool {
    guard once(in: n) else { return false }
    place += 1
    drawn.append(place)
    return happening?.contains(place) ?? true
  }

  public mutating func seconds(_ range: ClosedRange<Double>) -> Duration {
    .seconds(Double.random(in: range, using: &self))
  }
}
