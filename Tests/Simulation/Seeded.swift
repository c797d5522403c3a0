/// SplitMix64 (Steele, Lea and Flood, 2014): the same seed makes the same world.
public struct Seeded: RandomNumberGenerator {
  private var state: UInt64

  public init(seed: UInt64) { state = seed }

  public mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var z = state
    z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
    z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
    return z ^ (z >> 31)
  }

  /// True once in so many times.
  public mutating func once(in n: Double) -> Bool { n.isFinite && Double.random(in: 0..<n, using: &self) < 1 }

  public mutating func seconds(_ range: ClosedRange<Double>) -> Duration {
    .seconds(Double.random(in: range, using: &self))
  }
}

/// How hostile a world is. Each number: one in so many operations; infinity for never.
public struct Faults: Sendable {
  public var crash = Double.infinity
  public var pause = Double.infinity
  /// Limits of a pause, in seconds.
  public var pauseSeconds: ClosedRange<Double> = 1...200
  public var storageError = Double.infinity
  /// A link that is executed and reports an error, is executed later, or reports success on EEXIST.
  public var lyingLink = Double.infinity
  /// A listing or a look-up that misses what is younger than this, in seconds.
  public var staleness = 0.0
  public var controllerAway = Double.infinity
  /// squeue answers from a cache that is up to so old, in seconds.
  public var queueCache = 0.0
  public var doubtfulSubmit = Double.infinity
  public var nodeCrash = Double.infinity
  public var requeue = Double.infinity
  public var hiddenJobs = false
  public var linkSupported = true
  public var clockRates: ClosedRange<Double> = 1...1
  public var wallOffset: ClosedRange<Int64> = 0...0
  public var stopRequests = false
  /// Somebody touches the lock directory by hand: once in so many steps of fate.
  public var hands = Double.infinity
  /// The scheduler suspends a job: once in so many steps of fate.
  public var suspend = Double.infinity

  /// Somebody rewrites a job's name and comment: once in so many steps of fate.
  public var rename = Double.infinity
  /// The controller gives a node up whose job lives on: once in so many steps of fate.
  public var nodeLost = Double.infinity
  /// The controller forgets all jobs, and gives their numbers anew: once in so many steps of fate.
  public var amnesia = Double.infinity
  /// The project is replaced by a copy under its path: once in so many steps of fate.
  public var replace = Double.infinity
  /// server_info.txt cannot be written for a while: once in so many steps of fate.
  public var infoDenied = Double.infinity
  /// A newer coord writes an entry: once in so many steps of fate.
  public var newer = Double.infinity
  /// A job that is over leaves the queue's memory after so many seconds (MinJobAge).
  public var memory = 1e9
  /// A job shows COMPLETING for up to so long, in seconds.
  public var completing = 0.0
  /// Others' jobs stand beside ours; names and run numbers are missing here and there.
  public var strangers = false
  /// squeue is read as text, which is damaged once in so many answers.
  public var damagedText = Double.infinity
  /// The second login node asks another cluster.
  public var twoClusters = false
  /// Only its owner may remove a file.
  public var sticky = false
  /// A call on the shared directory takes 5 to 10 s: once in so many.
  public var slowCall = Double.infinity

  public init() {}

  public static let none = Faults()

  /// Everything at once, drawn anew for each seed, so that schedules differ in what goes wrong and how often.
  public static func random(_ g: inout Seeded) -> Faults {
    func some(_ often: Double, _ g: inout Seeded) -> Double {
      g.once(in: 2) ? .infinity : often * Double.random(in: 0.3...4, using: &g)
    }
    /// Once in so many steps of fate, in one world of so many.
    func fate(_ worlds: Double, _ g: inout Seeded) -> Double {
      g.once(in: worlds) ? 12 * Double.random(in: 0.5...4, using: &g) : .infinity
    }
    var f = Faults()
    f.crash = some(60, &g)
    f.pause = some(60, &g)
    f.storageError = some(40, &g)
    f.lyingLink = some(4, &g)
    f.staleness = g.once(in: 2) ? 0 : g.once(in: 3) ? 50 : 2
    f.controllerAway = some(15, &g)
    f.queueCache = g.once(in: 4) ? 50 : 0
    f.doubtfulSubmit = some(2, &g)
    f.nodeCrash = some(60, &g)
    f.requeue = some(3, &g)
    f.hiddenJobs = g.once(in: 4)
    f.linkSupported = !g.once(in: 6)
    f.clockRates = g.once(in: 2) ? 0.9...1.1 : 1...1
    f.wallOffset = g.once(in: 2) ? -86_400...86_400 : 0...0
    f.stopRequests = g.once(in: 3)
    f.suspend = fate(3, &g)
    f.rename = fate(4, &g)
    f.nodeLost = fate(4, &g)
    f.amnesia = fate(8, &g)
    f.replace = fate(8, &g)
    f.infoDenied = fate(8, &g)
    f.newer = fate(20, &g) * 4
    f.memory = g.once(in: 2) ? Double.random(in: 0...60, using: &g) : 1e9
    f.completing = g.once(in: 3) ? Double.random(in: 0...200, using: &g) : 0
    f.strangers = g.once(in: 2)
    f.damagedText = g.once(in: 4) ? Double.random(in: 1.5...20, using: &g) : .infinity
    f.twoClusters = g.once(in: 8)
    f.sticky = g.once(in: 4)
    f.slowCall = g.once(in: 6) ? Double.random(in: 2...100, using: &g) : .infinity
    f.hands = fate(3, &g)
    return f
  }
}
