/// One number of the log as it was read.
public enum Slot: Hashable, Sendable {
  case entry(LockEntry, digest: String)
  /// Not a whole entry: being written (where links are not supported), or torn.
  case torn(digest: String)
  /// Used up by something that decides nothing: no regular file, a copy of another number, or not written by whom it names.
  case void(digest: String, why: String)
  /// Written by a newer coord.
  case newer(digest: String)

  public var entry: LockEntry? {
    if case .entry(let entry, _) = self { entry } else { nil }
  }

  var isEntry: Bool { if case .entry = self { true } else { false } }

  var isTorn: Bool { if case .torn = self { true } else { false } }

  /// Written whole by a coord, of this version or a newer one.
  var isWhole: Bool {
    switch self {
    case .entry, .newer: true
    case .torn, .void: false
    }
  }

  public var digest: String {
    switch self {
    case .entry(_, let digest), .torn(let digest), .void(let digest, _), .newer(let digest): digest
    }
  }

  /// - Parameter owner: whose file it is; nil where the file system does not say so reliably.
  public init(bytes: [UInt8], number: Int, owner: UInt32? = nil) {
    let (decoded, digest) = LockEntry.read(bytes, number: number)
    switch decoded {
    case .entry(let entry):
      if let owner, owner != entry.author.uid {
        self = .void(digest: digest, why: "it names user \(entry.author.uid), but is user \(owner)'s file")
      } else {
        self = .entry(entry, digest: digest)
      }
    case .newer: self = .newer(digest: digest)
    case .misplaced: self = .void(digest: digest, why: "it is a copy of another number")
    case .torn: self = .torn(digest: digest)
    }
  }
}

/// The end of the log: consecutive numbers up to the highest, going back at least to where the last token begins.
public struct LogTail: Hashable, Sendable {
  public var first: Int
  public var slots: [Slot]
  /// The number before `first` is needed and is not there (yet).
  public var isCutOff = false

  public init(first: Int, slots: [Slot]) { (self.first, self.slots) = (first, slots) }

  public static let empty = LogTail(first: 1, slots: [])

  /// The number that comes next.
  public var next: Int { first + slots.count }
  public var lastNumber: Int { next - 1 }

  /// All tokens that it names, also those that count for nothing.
  public var tokens: Set<Token> { Set(slots.compactMap { $0.entry?.token }) }

  /// What leads to this state tells of tokens.
  public func known(_ state: ServiceState) -> KnownTokens { KnownTokens(slots, leadingTo: state.previous) }
}

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
}

public enum LogFold: Hashable, Sendable {
  case state(ServiceState)
  /// The last number is not a whole entry (yet).
  case beingWritten(number: Int)
  /// A number below the last one is not there (yet).
  case missing(number: Int)
  /// Written by a newer coord: what it decides is not known here.
  case newer(number: Int)
}

extension LogTail {
  /// What is not settled yet, as a value that can be watched: a torn last number, a missing one, or both.
  public var unsettled: String? {
    var marks: [String] = isCutOff ? ["no \(first - 1)"] : []
    if case .torn(let digest)? = slots.last { marks.append(digest) }
    return marks.isEmpty ? nil : marks.joined(separator: " ")
  }

  /// Folds the entries into a state. `void` is what `unsettled` was for so long that nobody is writing it any more: a torn
  /// last number then counts as taken by nobody, and the log as beginning after a missing one.
  ///
  /// PREVIOUS names the last entry that counts before it; numbers in between are void. So a number whose writer was held
  /// up, and completes it after the log went on without it, stays void. An entry that names nothing that counts is void
  /// itself: a ghost of another life of this directory. docs/protocol.md, "What the directory may hold".
  public func fold(void: String? = nil) -> LogFold { follow(void).fold }

  /// Numbers of whole entries that count for nothing: they follow nothing that counts, or were passed over.
  public var passedOver: [Int] {
    let (fold, places) = follow(unsettled)
    guard case .state = fold else { return [] }
    let counting = Set(places)
    return slots.indices.filter { slots[$0].isEntry && !counting.contains($0) }.map { first + $0 }
  }

  /// The state, and the places of the entries that count.
  private func follow(_ void: String?) -> (fold: LogFold, counting: [Int]) {
    let isSettled = void != nil && void == unsettled
    var state = ServiceState(next: first, previous: LockEntry.nothingBefore)
    // Before the oldest entry, and what counts since, by place; each with the checksum that the next one has to name.
    var root: ServiceState?
    var counting: [(digest: String, index: Int)] = []
    func take(_ entry: LockEntry, _ digest: String, isFirst: Bool) {
      state.apply(entry)
      if entry.kind == .started || (entry.kind == .claimed && !isFirst), state.isFounded { state.needsOlder = false }
      state.previous = digest
    }
    for (index, slot) in slots.enumerated() {
      let number = first + index
      state.next = number + 1
      switch slot {
      case .void: break
      case .newer: return (.newer(number: number), [])
      case .torn:
        if number == lastNumber, !isSettled { return (.beingWritten(number: number), []) }
      case .entry(let entry, let digest):
        if root == nil {
          // The oldest one read may follow what was pruned. Where it is needed, that it is missing is known.
          state.isFounded = !isCutOff && (entry.previous == LockEntry.nothingBefore || entry.kind == .ended)
          state.needsOlder = isCutOff
          root = state
          counting.append((entry.previous, -1))
        }
        guard let before = counting.lastIndex(where: { $0.digest == entry.previous }) else { break }
        if before < counting.count - 1, let root {
          // It names an older one: what came in between counts no more.
          counting.removeSubrange((before + 1)...)
          state = root
          for (place, counted) in counting.enumerated().dropFirst() {
            if case .entry(let older, let digest) = slots[counted.index] { take(older, digest, isFirst: place == 1) }
          }
          state.next = number + 1
        }
        take(entry, digest, isFirst: counting.count == 1)
        counting.append((digest, index))
      }
    }
    // Numbers that were torn from the first one on have not decided anything.
    if root == nil {
      state.isFounded = !isCutOff && slots.allSatisfy(\.isTorn)
      state.needsOlder = isCutOff
    }
    if state.needsOlder, !isSettled { return (.missing(number: first - 1), []) }
    return (.state(state), counting.map(\.index))
  }

  /// Folds, with what is not settled void once `watch` saw it unchanged for the claim limit.
  public func fold(watching watch: inout Watch<String>, began: Instant, ended: Instant) -> LogFold {
    watch.see(unsettled, began: began, ended: ended)
    return fold(void: watch.unchanged >= Limits.claimWatch ? unsettled : nil)
  }

  /// Folds for the one who serves: a number that somebody is writing has not decided anything yet.
  public var foldBeforeTornEnd: LogFold {
    let fold = fold(void: unsettled)
    if case .state(let state) = fold, state.needsOlder { return .missing(number: first - 1) }
    return fold
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
