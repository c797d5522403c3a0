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
  /// Where there are no links, a writer is held up between the making of a number and its bytes: once in so many.
  public var heldUp = Double.infinity
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

  /// Jobs are in both clusters' queues until one of them starts them (a federation).
  public var federation = false
  /// A supervisor hangs for two minutes or more, and its guardian does not: once in so many beats.
  public var silence = Double.infinity
  /// Whoever has taken a number is held up before it does anything else: once in so many.
  public var heldAfter = Double.infinity
  /// Who looks is held up between what it reads and its look at the clock: once in so many looks.
  public var heldInLook = Double.infinity
  /// A claimant dies before it reads what sbatch says: once in so many.
  public var diesInSubmit = Double.infinity
  /// Who asks the scheduler is held up before the answer is published: once in so many questions.
  public var heldInAsk = Double.infinity
  /// Somebody runs `sbatch hpc_utils/start_server.sh`: once in so many steps of fate.
  public var byHand = Double.infinity

  /// While a server starts, the directory is restored to before that, and its job's node is given up: once in so many steps
  /// of fate. Its supervisor is held up between what it reads and its heartbeat: once in so many beats.
  public var undone = Double.infinity

  public init() {}

  public static let none = Faults()

  /// What is so all the time: a shorter story may do without.
  public enum Lasting: String, CaseIterable, Sendable {
    case staleness, queueCache, hiddenJobs, noLinks, clockRates, wallOffset, stopRequests, memory, completing, strangers
    case twoClusters, federation, sticky
  }

  mutating func remove(_ lasting: Lasting) {
    let none = Faults.none
    switch lasting {
    case .staleness: staleness = none.staleness
    case .queueCache: queueCache = none.queueCache
    case .hiddenJobs: hiddenJobs = none.hiddenJobs
    case .noLinks: linkSupported = none.linkSupported
    case .clockRates: clockRates = none.clockRates
    case .wallOffset: wallOffset = none.wallOffset
    case .stopRequests: stopRequests = none.stopRequests
    case .memory: memory = none.memory
    case .completing: completing = none.completing
    case .strangers: strangers = none.strangers
    case .twoClusters: twoClusters = none.twoClusters
    case .federation: federation = none.federation
    case .sticky: sticky = none.sticky
    }
  }

  /// Drawn anew for each seed, so that schedules differ in what goes wrong and how often.
  public static func random(_ g: inout Seeded) -> Faults { g.once(in: 3) ? few(&g) : many(&g) }

  /// One sort of fault, often: what many faults together would hide, since nothing gets so far.
  private static func few(_ g: inout Seeded) -> Faults {
    var f = Faults()
    f.clockRates = g.once(in: 2) ? 0.9...1.1 : 1...1
    f.stopRequests = g.once(in: 3)
    switch Int.random(in: 0...7, using: &g) {
    case 0: f.silence = 8
    case 1:
      (f.linkSupported, f.heldUp) = (false, 2)
      f.stopRequests = g.once(in: 1.5)
    case 2: (f.queueCache, f.doubtfulSubmit) = (50, 1.2)
    case 3: (f.heldInAsk, f.doubtfulSubmit, f.diesInSubmit) = (2, 1.2, 2)
    case 4: f.heldInLook = 3
    case 5: (f.heldAfter, f.clockRates) = (1.5, 0.9...1.1)
    case 6: (f.undone, f.silence) = (1.5, 3)
    default: (f.pause, f.crash) = (Double.random(in: 20...200, using: &g), g.once(in: 2) ? .infinity : 100)
    }
    return f
  }

  /// Everything at once.
  private static func many(_ g: inout Seeded) -> Faults {
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
    f.linkSupported = !g.once(in: 4)
    f.heldUp = f.linkSupported ? .infinity : some(4, &g)
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
    f.federation = f.twoClusters && g.once(in: 2)
    f.byHand = fate(6, &g)
    return f
  }
}
