/// The newest answer of the scheduler that the team shares.
public struct QueueReading: Hashable, Sendable {
  public var snapshot: QueueSnapshot
  public var number: Int
  /// The highest number that anybody asked under: a later question has a higher one.
  public var highestAsked: Int
  /// Whether this process asked: what its own commands would be told.
  public var isOwn: Bool

  public init(snapshot: QueueSnapshot, number: Int, highestAsked: Int, isOwn: Bool) {
    (self.snapshot, self.number, self.highestAsked, self.isOwn) = (snapshot, number, highestAsked, isOwn)
  }
}

/// One process asks the scheduler for everybody: `queue.N.asked` is the right to ask, `queue.N.answer` what it said.
/// Both are written once, by link, so that neither a cache nor a sticky directory is in the way.
public struct QueueBoard<Files: LockFiles> {
  private let files: Files
  private let nonce: String
  /// How far questions and answers were; since when, and before when there is no need to look at a clock again.
  private var seen: (asked: Int, answered: Int, since: Instant, notBefore: Instant)?
  /// The newest answer that was read: its content never changes.
  private var known: (number: Int, snapshot: QueueSnapshot)?
  /// What this process asked last.
  private var own: (number: Int, askedBy: UInt32, host: String)?

  public init(_ files: Files, nonce: String) { (self.files, self.nonce) = (files, nonce) }

  /// The newest answer of a listing that can be read: one that cannot is as good as none.
  public mutating func latest(_ listing: LockListing) -> QueueReading? {
    for number in listing.answered.suffix(3).reversed() {
      if known?.number != number, let bytes = (try? files.read(QueueName.name(number, "answer"))) ?? nil {
        known = QueueSnapshot(decoding: bytes).map { (number, $0) } ?? known
      }
      if let known, known.number == number {
        // Numbers may begin anew.
        let isOwn = own.map { $0 == (number, known.snapshot.askedBy, known.snapshot.host) } ?? false
        return QueueReading(snapshot: known.snapshot, number: number, highestAsked: listing.asked, isOwn: isOwn)
      }
    }
    return nil
  }

  /// When the answer was written, by the file system's clock; nil where that cannot be told.
  public func written(_ reading: QueueReading) -> WallTime? { files.written(QueueName.name(reading.number, "answer")) }

  /// Takes the right to ask, if it is due; the number to answer under, or nil if somebody else has it or had it just now.
  ///
  /// Ages are measured on the file system's own clock, or watched on this process's; hosts' wall clocks do not matter. A listing
  /// that is old loses the race for its number; or, where that was pruned, asks under one that nobody looks at any more.
  ///
  /// - Parameter pace: how old the last answer has to be.
  public mutating func takeRight(
    _ listing: LockListing, pace: Duration = Limits.queuePace, now: Instant
  ) throws(StorageFailure) -> Int? {
    let (asked, answered) = (listing.asked, listing.answered.last ?? 0)
    if seen.map({ $0.asked != asked || $0.answered != answered }) ?? true { seen = (asked, answered, now, now) }
    if let seen, now < seen.notBefore { return nil }
    let due = asked == answered ? pace : Limits.queuePatience
    // Who has time watches it on his own clock, and writes nothing to read another one.
    if asked > 0, pace > Limits.queuePace, let seen, now - seen.since < due { return nil }
    let number = asked + 1
    let bytes = Array("NONCE=\(nonce)\n".utf8)
    let temporary = "tmp.\(nonce).\(QueueName.name(number, "asked"))"
    let clock = try files.stage(bytes, as: temporary, durable: false)
    defer { files.unstage(temporary, durable: false) }
    if asked > 0, let seen, now - seen.since < due {
      let last = asked == answered ? QueueName.name(asked, "answer") : QueueName.name(asked, "asked")
      guard let written = files.written(last) else { return nil }
      let left = due.wholeSeconds + 1 - (clock.seconds - written.seconds)
      if left > 0 {
        // Nothing is written only to read the clock again.
        self.seen?.notBefore = min(now + .seconds(left), seen.since + due)
        return nil
      }
    }
    return try files.placeStaged(temporary, bytes, as: QueueName.name(number, "asked")) == bytes ? number : nil
  }

  /// Publishes what the scheduler said to the question `number`.
  ///
  /// - Parameter listing: one that is not newer than the question: what is old in it is removed.
  public mutating func publish(
    _ snapshot: QueueSnapshot, number: Int, among listing: LockListing
  ) throws(StorageFailure) {
    own = (number, snapshot.askedBy, snapshot.host)
    var bytes = snapshot.encoded
    if bytes.count >= Limits.queueAnswerBytes {
      var none = snapshot
      let limit = "\(Limits.queueAnswerBytes >> 10) KiB"
      none.outcome = .unknown("the jobs that could be this project's fill more than \(limit)")
      bytes = none.encoded
    }
    _ = try files.place(bytes, as: QueueName.name(number, "answer"), nonce: nonce, durable: false)
    // Nobody reads any but the last answers.
    for name in listing.others {
      if let old = QueueName.parse(name), old.number < number - 20 { files.discard(name) }
    }
  }
}
