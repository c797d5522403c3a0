/// One number of the log as it was read.
public enum Slot: Hashable, Sendable {
  case entry(LockEntry, digest: String)
  /// Not a whole entry: being written (where links are not supported), torn, or foreign.
  case torn(digest: String)

  public var entry: LockEntry? {
    if case .entry(let entry, _) = self { entry } else { nil }
  }

  public var digest: String {
    switch self {
    case .entry(_, let digest), .torn(let digest): digest
    }
  }

  public init(bytes: [UInt8], number: Int) {
    let digest = SHA256.hex(bytes)
    self = LockEntry(decoding: bytes, number: number).map { .entry($0, digest: digest) } ?? .torn(digest: digest)
  }
}

/// The end of the log: consecutive numbers up to the highest, going back at least to where the last token begins.
public struct LogTail: Hashable, Sendable {
  public var first: Int
  public var slots: [Slot]

  public init(first: Int, slots: [Slot]) { (self.first, self.slots) = (first, slots) }

  public static let empty = LogTail(first: 1, slots: [])

  /// The number that comes next.
  public var next: Int { first + slots.count }
  public var lastNumber: Int { next - 1 }
}

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

  public init(next: Int, previous: String) { (self.next, self.previous) = (next, previous) }

  /// The token that has not ended.
  public var liveToken: Token? { phase == .idle ? nil : claim?.token ?? start?.token }

  /// The job of that token, where somebody knew it.
  public var job: JobID? { start?.body.job ?? submission?.body.job ?? claim?.body.job }

  /// Who owns that token's job: Slurm runs a job as the user who called sbatch.
  public var owner: Author? { phase == .started ? start?.author : claim?.author }

  public var lastNumber: Int { next - 1 }
}

public enum LogFold: Hashable, Sendable {
  case state(ServiceState)
  /// The last number is not a whole entry (yet).
  case beingWritten(number: Int, digest: String)
  /// A number does not lead back to the one before it.
  case damaged(number: Int)
}

extension LogTail {
  /// Folds the entries into a state. `void` names a torn last number that has been watched unchanged for so long that
  /// nobody is writing it any more: it then counts as taken by nobody.
  ///
  /// PREVIOUS names the entry before, void numbers left out. So a number whose writer was held up, and completes it after
  /// the log went on without it, stays void.
  public func fold(void: String? = nil) -> LogFold {
    var state = ServiceState(next: first, previous: LockEntry.nothingBefore)
    var before = state
    for (index, slot) in slots.enumerated() {
      let number = first + index
      state.next = number
      switch slot {
      case .torn(let digest):
        if number == lastNumber, digest != void { return .beingWritten(number: number, digest: digest) }
      case .entry(let entry, let digest):
        if entry.previous != state.previous, entry.previous == before.previous { state = before }
        // The oldest number read may follow a pruned one; every other one must name its predecessor.
        if index > 0 || number == 1, entry.previous != state.previous { return .damaged(number: number) }
        before = state
        state.apply(entry)
        state.previous = digest
      }
      state.next = number + 1
    }
    return .state(state)
  }
}

extension LogTail {
  /// The digest of the last number, where that is not a whole entry.
  public var tornEnd: String? {
    if case .torn(let digest)? = slots.last { digest } else { nil }
  }

  /// Folds, with a torn last number void once `watch` saw it unchanged for the claim limit.
  public func fold(watching watch: inout Watch<String>, began: Instant, ended: Instant) -> LogFold {
    watch.see(tornEnd, began: began, ended: ended)
    return fold(void: watch.unchanged >= Limits.claimWatch ? tornEnd : nil)
  }

  /// Folds for the one who serves: a number that somebody is writing has not decided anything yet.
  public var foldBeforeTornEnd: LogFold { fold(void: tornEnd) }
}

extension ServiceState {
  /// An entry that is not allowed where it stands changes nothing: its number is used up all the same.
  mutating func apply(_ entry: LockEntry) {
    switch entry.kind {
    case .claimed where phase == .idle:
      (claim, submission, start, stop, end, phase) = (entry, nil, nil, nil, nil, .claimed)
    case .submitted where phase == .claimed && stop == nil && entry.token == liveToken:
      (submission, phase) = (entry, .submitted)
    case .started where mayStart(entry.token): (start, phase) = (entry, .started)
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
