/// The tokens that a log tells of: those of the entries that count.
public struct KnownTokens: Hashable, Sendable {
  public private(set) var named: Set<Token> = []
  /// Those that a server was started for.
  public private(set) var served: Set<Token> = []
  /// Those whose claim is among what was read, and so all that is about them.
  public private(set) var claimed: Set<Token> = []
  /// The jobs of all of them, by number: whose each is. None of an ended token can pass its fence, whatever it shows.
  public private(set) var jobs: [String: UInt32] = [:]
  /// The newest job of all.
  private(set) var latest: String?

  public init() {}

  /// - Parameter slots: in the order of their numbers.
  public init(_ slots: [Slot], leadingTo previous: String) { self = Reading(slots, leadingTo: previous).known }

  /// Reads a log backwards, one number at a time.
  struct Reading {
    private(set) var known = KnownTokens()
    /// How many numbers are older than what was read; kept for who reads.
    var left = 0
    private var wanted: String
    private var theirs: [Token: String] = [:]

    /// - Parameters:
    ///   - slots: the log's end, in the order of their numbers.
    ///   - previous: the checksum of the last one that counts: it names the one before, and so on. What they pass over is a ghost,
    ///     however whole: a server of it was never proven to be over.
    init(_ slots: [Slot], leadingTo previous: String) {
      wanted = previous
      for slot in slots.reversed() { take(slot) }
    }

    /// Nothing is before what was read.
    var isOver: Bool { wanted == LockEntry.nothingBefore }

    mutating func take(_ slot: Slot) {
      guard case .entry(let entry, let digest) = slot, digest == wanted else { return }
      known.named.insert(entry.token)
      if entry.kind == .started { known.served.insert(entry.token) }
      if let job = entry.body.job {
        // What took `started` knows its number; what sbatch printed is tentative.
        theirs[entry.token] = theirs[entry.token] ?? job.number
        known.latest = known.latest ?? job.number
      }
      if entry.kind == .claimed {
        known.claimed.insert(entry.token)
        // A claim is its owner's, whoever records what became of it; one by hand is claimed by the job itself.
        if let number = theirs.removeValue(forKey: entry.token), known.jobs[number] == nil {
          known.jobs[number] = entry.author.uid
        }
      }
      wanted = entry.previous
    }
  }
}
