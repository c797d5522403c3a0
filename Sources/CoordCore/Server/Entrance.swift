/// A job on its way in: what it does until `started` is its own, or until it leaves without having opened a port.
///
/// The supervisor and the simulation carry out its steps; each step says what has to be told next.
public struct Entrance: Hashable, Sendable {
  public enum Step: Sendable {
    /// Look again after this.
    case wait(Duration)
    /// See what of another life is about, then call `looked`.
    case lookAround(Question)
    /// Take this number, then call `appended`; before the first `started`, call `takes`.
    case append(LockDraft)
    /// `started` is ours. S runs from `since`, before it was taken.
    case serve(ServiceState, since: Instant)
    /// No server here, for a reason that nobody has to do anything about.
    case leave(String)
    case fail(CoordError)
  }

  /// What is asked before a number is taken.
  public struct Question: Hashable, Sendable {
    public let draft: LockDraft
    public let state: ServiceState
    let began: Instant

    /// Whether the whole neighbourhood has to be looked at. A job with a token is in its log's order: only a log that was
    /// restored to an older state may have let it in, beside a server that this log knows nothing of.
    public func isNeeded(for info: InfoReading, _ known: KnownTokens) -> Bool {
      if info.unreadable != nil { return true }
      return draft.body.kind == .claimed || info.info.map { !known.served.contains($0.token) } ?? false
    }
  }

  /// What a job sees of other lives.
  public struct Surroundings: Sendable {
    /// server_info.txt, if it is this project's.
    public var info: InfoReading
    public var known: KnownTokens
    public var snapshot: QueueSnapshot
    public var hasTraces: Bool
    /// A server that coord did not start.
    public var foreign: CoordError?
    /// One that is being ended: it may be waited for.
    public var ending: ForeignServer?
    /// The other project whose server writes this server_info.txt.
    public var otherProject: String?
    public var home: Home

    public init(
      info: InfoReading, known: KnownTokens, snapshot: QueueSnapshot, hasTraces: Bool, home: Home
    ) {
      (self.info, self.known, self.snapshot, self.hasTraces) = (info, known, snapshot, hasTraces)
      self.home = home
    }
  }

  /// An append on the way in may take so long.
  public static let appendLimit = Duration.seconds(30)

  private var fence: Fence
  private var (first, since): (Instant?, Instant?)
  /// Directory caches of a compute node may be a minute old (NFS acdirmax).
  private let patience: Instant
  /// A torn last number is waited for until it counts as nobody's.
  private var givingUp: Instant
  /// A job that may not take a number beside what is there.
  private var leaving: Instant
  private var torn = Watch<String>()
  private var file = InfoWatch()
  private var quiet = QuietWait()
  private var ending = Watch<[JobID]>()
  private var end: CoordError?

  public init(_ fence: Fence, now: Instant) {
    self.fence = fence
    patience = now + .seconds(70)
    (givingUp, leaving) = Self.ends(from: now)
  }

  private static func ends(from now: Instant) -> (givingUp: Instant, leaving: Instant) {
    (now + Limits.claimWatch + .seconds(30), now + Limits.silence + Limits.claimWatch)
  }

  /// Whether `started` may have been taken in our name.
  public var mayHaveStarted: Bool { first != nil }

  /// Something came up by which this job cannot serve.
  public mutating func meets(_ obstacle: CoordError) { fence.obstacle = obstacle }

  /// - Parameters:
  ///   - place: where the log is; nil: that cannot be told.
  ///   - began: when reading it began.
  public mutating func next(_ tail: LogTail, place: LogPlace?, began: Instant, now: Instant) -> Step {
    let state: ServiceState
    switch tail.fold(watching: &torn, began: began, ended: now) {
    case .state(let folded): state = folded
    case .newer(let number): return .fail(.newerCoord(lock: number))
    case .beingWritten, .missing:
      return failed(StorageFailure(.lag, "the end of the lock log is not whole"), now: now)
    }
    if let place, let identity = state.copied(to: place) {
      return .fail(.copiedLog(identity, to: place))
    }
    switch fence.decide(state, patient: now < patience) {
    case .claim(let draft), .start(let draft):
      return .lookAround(Question(draft: draft, state: state, began: began))
    case .serve(let state): return .serve(state, since: since ?? first ?? now)
    case .end(let draft, let error):
      end = error
      return .append(draft)
    case .leave(let why):
      if let obstacle = fence.obstacle, why.isEmpty { return .fail(obstacle) }
      return .leave("not serving: " + why)
    case .lookAgain: return .wait(.milliseconds(500))
    }
  }

  /// - Parameter around: nil where the question needed no answer.
  public mutating func looked(_ around: Surroundings?, _ question: Question, now: Instant, wall: WallTime) -> Step {
    switch around.flatMap({ obstacle($0, question, now: now, wall: wall) }) {
    case nil: return .append(question.draft)
    case .failure(let error)?: return leave(error, question)
    case .success(let why)?:
      guard now >= leaving else { return .wait(.seconds(1)) }
      let error = CoordError.tryAgain(
        what: "this job does not serve", why: why, next: "run `coord connect`: it makes sure, and starts another one")
      return leave(error, question)
    }
  }

  /// What was claimed for this job it gives back: others may not see that it is over.
  private mutating func leave(_ error: CoordError, _ question: Question) -> Step {
    guard question.draft.body.kind == .started else { return .fail(error) }
    fence.obstacle = error
    return .wait(.zero)
  }

  /// As any claimant: not beside a server of another life, nor one that coord did not start. Nil: nothing is in the way;
  /// a reason: not yet.
  private mutating func obstacle(
    _ around: Surroundings, _ question: Question, now: Instant, wall: WallTime
  ) -> Result<String, CoordError>? {
    file.see(around.info, began: question.began, ended: now)
    let isBlind = around.info.unreadable != nil && file.blind.unchanged < Limits.beatPause
    // A job in its log's order asks for nothing else: where Slurm does not answer on its node, a file that stays unreadable must not
    // keep it out.
    if around.info.unreadable != nil, question.draft.body.kind == .started, !isBlind { return nil }
    if case .unknown(let why) = around.snapshot.outcome { return .success("the scheduler does not answer: " + why) }
    if let foreign = around.foreign { return .failure(foreign) }
    if let server = around.ending {
      ending.see(server.ending, began: question.began, ended: now)
      if ending.unchanged < around.snapshot.killWait { return .success("\(server.what): \(server.who)") }
    }
    let traces = QuietWait.needed(
      question.state, known: around.known, info: around.info.info, beat: file.beat, hasTraces: around.hasTraces,
      wall: wall)
    if let job = around.known.olderJob(
      in: around.snapshot, around.home, besides: question.state.liveToken, traces: traces != nil)
    {
      return .success(around.known.older(job))
    }
    if let why = around.info.unreadable, isBlind {
      return .success("server_info.txt cannot be read: \(why)")
    }
    if let info = around.info.info, !around.known.served.contains(info.token), let other = around.otherProject {
      return .failure(.sharedStatusFile(with: other))
    }
    let isOver = quiet.isOver(
      question.state, known: around.known, info: around.info, file: file, hasTraces: around.hasTraces,
      began: question.began, now: now, wall: wall)
    return isOver ? nil : .success("a server of a log that is not here any more may be alive")
  }

  /// The append of a `started` begins. S begins with the number, and what prepares the first beat comes before.
  public mutating func takes(now: Instant) {
    first = first ?? now
    since = since ?? now
  }

  /// What came of a number; nil: look again at once.
  public mutating func appended(_ draft: LockDraft, won: Bool, now: Instant) -> Step? {
    switch draft.body.kind {
    case .claimed:
      guard won else { return nil }
      fence.token = draft.body.token
      // However long it waited for that: as long as it can it gives it back rather than leave it behind.
      (givingUp, leaving) = Self.ends(from: now)
    // A number that somebody else has is none that ours may still come to: S begins anew with the next one.
    case .started: if !won { since = nil }
    case .ended:
      guard won else { return nil }
      return end.map { .fail($0) }
        ?? .leave("this job was stopped before it started: \(draft.body.reason ?? "")")
    case .submitted, .stopRequested: break
    }
    return nil
  }

  /// The directory did not do what it was asked.
  public func failed(_ failure: StorageFailure, now: Instant) -> Step {
    failure.kind == .permission || now >= givingUp ? .fail(failure.error) : .wait(.milliseconds(500))
  }
}
