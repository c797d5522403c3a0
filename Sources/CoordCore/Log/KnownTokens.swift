/// The tokens that a log tells of: those of the entries that count.
public struct KnownTokens: Hashable, Sendable {
  public private(set) var named: Set<Token> = []
  /// Those that a server was started for.
  public private(set) var served: Set<Token> = []
  /// The jobs of all of them, by number: whose each is. None of an ended token can pass its fence, whatever it shows.
  public private(set) var jobs: [String: UInt32] = [:]
  /// The newest job of all.
  private(set) var latest: String?

  public init() {}

  /// - Parameters:
  ///   - slots: in the order of their numbers.
  ///   - previous: the checksum of the last one that counts: it names the one before, and so on. What they pass over is a ghost,
  ///     however whole: a server of it was never proven to be over.
  public init(_ slots: [Slot], leadingTo previous: String) {
    var wanted = previous
    var theirs: [Token: String] = [:]
    for case .entry(let entry, let digest) in slots.reversed() where digest == wanted {
      named.insert(entry.token)
      if entry.kind == .started { served.insert(entry.token) }
      if let job = entry.body.job {
        // What took `started` knows its number; what sbatch printed is tentative.
        theirs[entry.token] = theirs[entry.token] ?? job.number
        latest = latest ?? job.number
      }
      // A claim is its owner's, whoever records what became of it; one by hand is claimed by the job itself.
      if entry.kind == .claimed, let number = theirs[entry.token] { jobs[number] = jobs[number] ?? entry.author.uid }
      wanted = entry.previous
    }
  }
}
