/// One numbered lock file. Written once, never changed.
public struct LockEntry: Hashable, Sendable {
  /// The format that this program writes. Another one was written by a newer coord.
  public static let format = "1"

  public let number: Int
  public let previous: String
  /// What is passed on often is one reference.
  private let shared: Shared

  private struct Content: Hashable {
    let time: WallTime
    let author: Author
    let body: EntryBody
    let identity: LogIdentity?
  }

  private final class Shared: Hashable, Sendable {
    let content: Content

    init(_ content: Content) { self.content = content }

    static func == (a: Shared, b: Shared) -> Bool { a === b || a.content == b.content }

    func hash(into hasher: inout Hasher) { hasher.combine(content) }
  }

  public var time: WallTime { shared.content.time }
  public var author: Author { shared.content.author }
  public var body: EntryBody { shared.content.body }
  /// nil in logs that were begun before entries named it.
  public var identity: LogIdentity? { shared.content.identity }

  /// `previous` of the very first number.
  public static let nothingBefore = String(repeating: "0", count: 64)

  public init(
    number: Int, previous: String, time: WallTime, author: Author, body: EntryBody, identity: LogIdentity? = nil
  ) {
    (self.number, self.previous) = (number, previous)
    shared = Shared(Content(time: time, author: author, body: body, identity: identity))
  }

  public var token: Token { body.token }
  public var kind: EntryKind { body.kind }

  /// Of a `stop-requested`: what `ended` is to say.
  var asked: (outcome: Outcome, reason: String) {
    (body.outcome ?? .stopped, body.reason ?? "stopped by \(author.user)")
  }

  /// The file's bytes: lines, and a last one with the SHA-256 of all lines before it.
  public var encoded: [UInt8] {
    let text = lines.encoded
    return Array((text + "CHECKSUM=\(SHA256.hex(Array(text.utf8)))\n").utf8)
  }

  /// SHA-256 of the whole file: what the next entry names as PREVIOUS.
  public var digest: String { SHA256.hex(encoded) }

  private var lines: KeyValueText {
    var t = KeyValueText()
    t.add("FORMAT", Self.format)
    t.add("LOCK", "\(number)")
    t.add("KIND", kind.rawValue)
    t.add("TOKEN", token.description)
    t.add("PREVIOUS", previous)
    t.add("TIME", time.text)
    t.add("USER", author.user)
    t.add("UID", "\(author.uid)")
    t.add("HOST", author.host)
    t.add("BOOT_ID", author.bootID)
    t.add("PID", "\(author.pid)")
    t.add("PID_START", "\(author.pidStart)")
    t.add("NONCE", author.nonce)
    t.add("JOB_ID", body.job?.description)
    t.add("RESTARTS", body.restarts.map(String.init))
    t.add("NODE", body.node)
    t.add("PORT", body.port.map(String.init))
    t.add("SCHEDULER", body.scheduler)
    t.add("STATUS_FILE", body.statusFile)
    t.add("CLUSTER", body.cluster)
    t.add("LOG_ID", identity?.id)
    t.add("LOCKS_INODE", identity.map { "\($0.place.inode)" })
    t.add("LOCKS_PATH", identity?.place.path)
    t.add("OUTCOME", body.outcome?.rawValue)
    t.add("REASON", body.reason)
    t.add("CAUSE", body.cause?.rawValue)
    t.add("NEXT", body.next)
    t.add("LOG", body.log)
    t.add("LOG_TAIL", body.logTail)
    return t
  }

  /// What a file under a lock's name holds.
  public enum Decoded: Hashable, Sendable {
    case entry(LockEntry)
    /// Whole, and right in its checksum, but with a FORMAT, KIND or OUTCOME that this program does not know.
    case newer
    /// Whole, but of another number: a copied file.
    case misplaced
    /// Not whole: being written, torn, or no entry at all.
    case torn
  }

  public static func decode(_ bytes: [UInt8], number: Int) -> Decoded { read(bytes, number: number).decoded }

  /// What a file holds, and its checksum: what the next entry would name as PREVIOUS.
  static func read(_ bytes: [UInt8], number: Int) -> (decoded: Decoded, digest: String) {
    // The last line has a fixed length: "CHECKSUM=" + 64 digits + newline.
    let split = max(bytes.count - 74, 0)
    let (lines, last) = (bytes.span.extracting(..<split), bytes.span.extracting(split...))
    var sum = SHA256()
    sum.update(lines)
    let isWhole = bytes[split...].elementsEqual("CHECKSUM=\(sum.hex)\n".utf8)
    sum.update(last)
    guard isWhole, let t = KeyValueText(lines) else { return (.torn, sum.hex) }
    return (decode(t, number: number), sum.hex)
  }

  private static func decode(_ t: KeyValueText, number expected: Int) -> Decoded {
    if let number = t["LOCK"], number != "\(expected)" { return .misplaced }
    // Entries from before FORMAT was written are of the first one.
    if t["FORMAT"] ?? Self.format != Self.format { return .newer }
    guard t["LOCK"] != nil, let kindText = t["KIND"], let token = t["TOKEN"].flatMap({ Token($0) }),
      let previous = t["PREVIOUS"], let time = t["TIME"].flatMap(WallTime.init(text:)), let author = Author(t)
    else { return .torn }
    guard let kind = EntryKind(rawValue: kindText),
      t["OUTCOME"].map({ Outcome(rawValue: $0) != nil }) ?? true
    else { return .newer }
    return .entry(
      LockEntry(
        number: expected, previous: previous, time: time, author: author, body: EntryBody(kind, token, t),
        identity: LogIdentity(t)))
  }

  /// Reads a lock file; nil if it is none of this number that this program understands.
  public init?(decoding bytes: [UInt8], number: Int) {
    guard case .entry(let entry) = Self.decode(bytes, number: number) else { return nil }
    self = entry
  }
}

extension Author {
  fileprivate init?(_ t: KeyValueText) {
    guard let user = t["USER"], let uid = t["UID"].flatMap({ UInt32($0) }), let host = t["HOST"],
      let bootID = t["BOOT_ID"], let pid = t["PID"].flatMap({ Int32($0) }),
      let pidStart = t["PID_START"].flatMap({ UInt64($0) })
    else { return nil }
    self.init(
      user: user, uid: uid, host: host, bootID: bootID, pid: pid, pidStart: pidStart, nonce: t["NONCE"] ?? "")
  }
}

extension LogIdentity {
  fileprivate init?(_ t: KeyValueText) {
    guard let id = t["LOG_ID"], let inode = t["LOCKS_INODE"].flatMap({ UInt64($0) }), let path = t["LOCKS_PATH"] else {
      return nil
    }
    self.init(id: id, place: LogPlace(inode: inode, path: path))
  }
}

extension EntryBody {
  fileprivate init(_ kind: EntryKind, _ token: Token, _ t: KeyValueText) {
    self.init(kind, token)
    job = t["JOB_ID"].flatMap { JobID($0) }
    restarts = t["RESTARTS"].flatMap { Int($0) }
    node = t["NODE"].flatMap { $0.isHostName ? $0 : nil }
    port = t["PORT"].flatMap { Int($0) }
    scheduler = t["SCHEDULER"]
    statusFile = t["STATUS_FILE"]
    cluster = t["CLUSTER"]
    outcome = t["OUTCOME"].flatMap(Outcome.init(rawValue:))
    reason = t["REASON"]
    cause = t["CAUSE"].flatMap(EndCause.init(rawValue:))
    next = t["NEXT"]
    log = t["LOG"]
    logTail = t["LOG_TAIL"]
  }
}
