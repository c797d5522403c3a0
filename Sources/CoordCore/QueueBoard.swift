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

/// The file names of the queue board.
public enum QueueName {
  /// Names of higher numbers are nobody's.
  private static let bound = 1_000_000_000_000_000
  /// A question each second takes 30 years to come here. Numbers begin anew above it.
  private static let lowestBound = 1_000_000_000
  /// Nobody counts on from a number that is so far above all others: somebody put it there.
  static let leap = 1_000_000

  static func name(_ number: Int, _ part: String) -> String { "queue.\(number).\(part)" }

  /// The number and part of a file of the board; nil for any other file.
  public static func parse(_ name: String) -> (number: Int, part: Substring)? {
    // A listing has many other names.
    guard name.utf8.first == UInt8(ascii: "q"), name.utf8.starts(with: "queue.".utf8) else { return nil }
    let rest = name.utf8.dropFirst(6)
    guard let mark = rest.firstIndex(of: UInt8(ascii: ".")), let n = decimal(rest[..<mark]), (1..<bound).contains(n)
    else { return nil }
    return (n, Substring(rest[rest.index(after: mark)...]))
  }

  /// The highest number that counts: each is near the one below. 0 where there is none.
  public static func highest(_ numbers: [Int]) -> Int {
    let sorted = numbers.sorted()
    guard var highest = sorted.first, highest < lowestBound else { return 0 }
    for number in sorted where number - highest <= leap { highest = number }
    return highest
  }
}

/// One process asks the scheduler for everybody: `queue.N.asked` is the right to ask, `queue.N.answer` what it said.
/// Both are written once, by link, so that neither a cache nor a sticky directory is in the way.
public struct QueueBoard<Files: LockFiles> {
  private let files: Files
  private let nonce: String
  private var seen: (asked: Int, answered: Int, since: Instant)?
  /// The newest answer that was read: its content never changes.
  private var known: (number: Int, snapshot: QueueSnapshot)?
  /// What this process asked last.
  private var own: (number: Int, askedBy: UInt32, host: String)?

  public init(_ files: Files, nonce: String) { (self.files, self.nonce) = (files, nonce) }

  private func highest() throws(StorageFailure) -> (asked: Int, answered: [Int]) {
    var (numbers, answered): ([Int], [Int]) = ([], [])
    for name in try files.names() {
      guard let (number, part) = QueueName.parse(name) else { continue }
      numbers.append(number)
      if part == "answer" { answered.append(number) }
    }
    let asked = QueueName.highest(numbers)
    answered.sort()
    return (asked, answered.last ?? 0 > asked ? answered.filter { $0 <= asked } : answered)
  }

  /// The newest answer that can be read.
  public mutating func latest() throws(StorageFailure) -> QueueReading? {
    let (asked, answered) = try highest()
    for number in answered.reversed().prefix(3) {
      if known?.number != number, let bytes = try files.read(QueueName.name(number, "answer")) {
        known = QueueSnapshot(decoding: bytes).map { (number, $0) } ?? known
      }
      if let known, known.number == number {
        // Numbers may begin anew.
        let isOwn = own.map { $0 == (number, known.snapshot.askedBy, known.snapshot.host) } ?? false
        return QueueReading(snapshot: known.snapshot, number: number, highestAsked: asked, isOwn: isOwn)
      }
    }
    return nil
  }

  /// When the answer was written, by the file system's clock; nil where that cannot be told.
  public func written(_ reading: QueueReading) -> WallTime? { files.written(QueueName.name(reading.number, "answer")) }

  /// Takes the right to ask, if it is due; the number to answer under, or nil if somebody else has it or had it just now.
  ///
  /// Ages are measured on the file system's own clock, or watched on this process's; hosts' wall clocks do not matter.
  public mutating func takeRight(now: Instant) throws(StorageFailure) -> Int? {
    let (asked, answeredAll) = try highest()
    let answered = answeredAll.last ?? 0
    if seen.map({ $0.asked != asked || $0.answered != answered }) ?? true { seen = (asked, answered, now) }
    let due = asked == answered ? Limits.queuePace : Limits.queuePatience
    let number = asked + 1
    let bytes = Array("NONCE=\(nonce)\n".utf8)
    let temporary = "tmp.\(nonce).\(QueueName.name(number, "asked"))"
    let clock = try files.stage(bytes, as: temporary, durable: false)
    defer { files.unstage(temporary, durable: false) }
    if asked > 0, let seen, now - seen.since < due {
      let last = asked == answered ? QueueName.name(asked, "answer") : QueueName.name(asked, "asked")
      guard let written = files.written(last), clock.seconds - written.seconds > due.wholeSeconds else { return nil }
    }
    return try files.placeStaged(temporary, bytes, as: QueueName.name(number, "asked")) == bytes ? number : nil
  }

  /// Publishes what the scheduler said to the question `number`.
  public mutating func publish(_ snapshot: QueueSnapshot, number: Int) throws(StorageFailure) {
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
    for name in try files.names() {
      if let old = QueueName.parse(name), old.number < number - 20 { files.discard(name) }
    }
  }
}
