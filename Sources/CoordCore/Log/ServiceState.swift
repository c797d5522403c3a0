/// The state of the service: what the log's end says.
public struct ServiceState: Hashable, Sendable {
  public enum Phase: Hashable, Sendable { case idle, claimed, submitted, started }

  /// The number to take for the next decision, and what it must name as PREVIOUS.
  public var next: Int
  public var previous: String
  /// How far the last token got; `idle` where it ended or none was ever claimed.
  public var phase: Phase = .idle
  public var claim: LockEntry?
  public var submission: LockEntry?
  public var start: LockEntry?
  /// Set where the live token's server is to end.
  public var stop: LockEntry?
  /// Set where the last token ended.
  public var end: LockEntry?
  /// How the token before the live one ended.
  public var endBefore: LockEntry?
  /// Which log this is, as its last entry says.
  public var identity: LogIdentity?
  /// False where what came before the first entry is missing: a live server may be of a token that was never read.
  public var isFounded = true
  /// What came before is missing, and nothing after it shows that it does not matter.
  var needsOlder = false

  public init(next: Int, previous: String) { (self.next, self.previous) = (next, previous) }

  /// The token that has not ended.
  public var liveToken: Token? { phase == .idle ? nil : claim?.token ?? start?.token }

  /// The job of that token, where somebody knew it.
  public var job: JobID? { start?.body.job ?? submission?.body.job ?? claim?.body.job }

  /// Who owns that token's job: Slurm runs a job as the user who called sbatch.
  public var owner: Author? { phase == .started ? start?.author : claim?.author }

  public var lastNumber: Int { next - 1 }

  /// Whose log this is, where the directory at `place` has a copy of it; nil: its own.
  public func copied(to place: LogPlace) -> LogIdentity? {
    identity.flatMap { $0.isCopied(to: place) ? $0 : nil }
  }
}

extension ServiceState {
  /// An entry that is not allowed where it stands changes nothing: its number is used up all the same.
  mutating func apply(_ entry: LockEntry) {
    identity = entry.identity ?? identity
    switch entry.kind {
    case .claimed where phase == .idle:
      endBefore = end
      (claim, submission, start, stop, end, phase) = (entry, nil, nil, nil, nil, .claimed)
      isFounded = true
    case .submitted where phase == .claimed && stop == nil && entry.token == liveToken:
      (submission, phase) = (entry, .submitted)
    case .started where mayStart(entry.token): (start, phase) = (entry, .started)
    // Its claim is missing. Nobody gets it without one.
    case .started where !isFounded && phase == .idle && end == nil: (start, phase, isFounded) = (entry, .started, true)
    case .stopRequested where phase != .idle && stop == nil && entry.token == liveToken: stop = entry
    // The tail may begin with an `ended` whose claim was not read: it ends whatever came before.
    case .ended where entry.token == liveToken || claim == nil: (end, stop, phase) = (entry, nil, .idle)
    default: break
    }
  }

  /// The job's fence: only directly after its own `claimed` or `submitted`.
  func mayStart(_ token: Token) -> Bool {
    (phase == .claimed || phase == .submitted) && stop == nil && token == liveToken
  }
}
