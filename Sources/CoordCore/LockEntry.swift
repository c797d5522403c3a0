/// What a lock number decides. docs/protocol.md says who may take which, and when.
public enum EntryKind: String, Sendable, CaseIterable {
  case claimed
  case submitted
  case started
  case stopRequested = "stop-requested"
  case ended
}

/// How a token ended, or is to end.
public enum Outcome: String, Sendable, CaseIterable {
  /// The server ran and stopped in order: its time limit, or the job was cancelled.
  case finished
  /// Somebody in the team asked for it.
  case stopped
  /// As `stopped`, and a new server is to follow: those who wait go on waiting.
  case restarting
  /// The server or its job could not run; it would fail again.
  case failed
  /// sbatch said no.
  case refused
  /// The claimant, the job or its node died.
  case lost
  /// The claimant gave up before it called sbatch.
  case withdrawn
}

/// The process that took a number.
public struct Author: Hashable, Sendable {
  public var user: String
  public var uid: UInt32
  public var host: String
  public var bootID: String
  public var pid: Int32
  /// Field 22 of /proc/PID/stat: a pid alone may have been reused.
  public var pidStart: UInt64
  /// 64 random bits: in containers two processes may share all of the above.
  public var nonce: String

  public init(
    user: String, uid: UInt32, host: String, bootID: String, pid: Int32, pidStart: UInt64, nonce: String
  ) {
    (self.user, self.uid, self.host, self.bootID) = (user, uid, host, bootID)
    (self.pid, self.pidStart, self.nonce) = (pid, pidStart, nonce)
  }
}

/// What an entry says beside its place in the log and its author.
public struct EntryBody: Hashable, Sendable {
  public var kind: EntryKind
  public var token: Token
  public var job: JobID?
  /// SLURM_RESTART_COUNT of the job that takes `started`.
  public var restarts: Int?
  public var node: String?
  public var port: Int?
  public var outcome: Outcome?
  public var reason: String?
  /// The last lines of the server's log, where it died.
  public var logTail: String?
  /// Path of the job's log.
  public var log: String?
  /// Which scheduler the claimant uses: another one knows nothing of its jobs.
  public var scheduler: String?
  /// Where the job that took `started` writes its heartbeat.
  public var statusFile: String?

  public init(_ kind: EntryKind, _ token: Token) { (self.kind, self.token) = (kind, token) }

  /// The same, changed by `change`: for building one in an expression.
  public func with(_ change: (inout EntryBody) -> Void) -> EntryBody {
    var copy = self
    change(&copy)
    return copy
  }
}

/// One numbered lock file. Written once, never changed.
public struct LockEntry: Hashable, Sendable {
  public var number: Int
  public var previous: String
  public var time: WallTime
  public var author: Author
  public var body: EntryBody

  /// `previous` of the very first number.
  public static let nothingBefore = String(repeating: "0", count: 64)

  public init(number: Int, previous: String, time: WallTime, author: Author, body: EntryBody) {
    (self.number, self.previous, self.time, self.author, self.body) = (number, previous, time, author, body)
  }

  public var token: Token { body.token }
  public var kind: EntryKind { body.kind }

  /// The file's bytes: lines, and a last one with the SHA-256 of all lines before it.
  public var encoded: [UInt8] {
    let text = lines.encoded
    return Array((text + "CHECKSUM=\(SHA256.hex(Array(text.utf8)))\n").utf8)
  }

  /// SHA-256 of the whole file: what the next entry names as PREVIOUS.
  public var digest: String { SHA256.hex(encoded) }

  private var lines: KeyValueText {
    var t = KeyValueText()
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
    t.add("OUTCOME", body.outcome?.rawValue)
    t.add("REASON", body.reason)
    t.add("LOG", body.log)
    t.add("LOG_TAIL", body.logTail)
    return t
  }

  /// Reads a lock file; nil if it is torn, foreign, or not of this number.
  public init?(decoding bytes: [UInt8], number expected: Int) {
    // The checksum line has a fixed length: "CHECKSUM=" + 64 digits + newline.
    let split = bytes.count - 74
    guard split > 0, let sum = String(validating: bytes[split...], as: UTF8.self), sum.hasPrefix("CHECKSUM="),
      sum == "CHECKSUM=\(SHA256.hex(Array(bytes[..<split])))\n", let t = KeyValueText(bytes[..<split]),
      t["LOCK"].flatMap({ Int($0) }) == expected, let kind = t["KIND"].flatMap(EntryKind.init(rawValue:)),
      let token = t["TOKEN"].flatMap({ Token($0) }), let previous = t["PREVIOUS"],
      let time = t["TIME"].flatMap(WallTime.init(text:)), let user = t["USER"],
      let uid = t["UID"].flatMap({ UInt32($0) }), let host = t["HOST"], let bootID = t["BOOT_ID"],
      let pid = t["PID"].flatMap({ Int32($0) }), let pidStart = t["PID_START"].flatMap({ UInt64($0) })
    else { return nil }
    var body = EntryBody(kind, token)
    body.job = t["JOB_ID"].flatMap { JobID($0) }
    body.restarts = t["RESTARTS"].flatMap { Int($0) }
    body.node = t["NODE"].flatMap { isHostName($0) ? $0 : nil }
    body.port = t["PORT"].flatMap { Int($0) }
    body.scheduler = t["SCHEDULER"]
    body.statusFile = t["STATUS_FILE"]
    body.outcome = t["OUTCOME"].flatMap(Outcome.init(rawValue:))
    body.reason = t["REASON"]
    body.log = t["LOG"]
    body.logTail = t["LOG_TAIL"]
    self.init(
      number: expected, previous: previous, time: time,
      author: Author(
        user: user, uid: uid, host: host, bootID: bootID, pid: pid, pidStart: pidStart, nonce: t["NONCE"] ?? ""),
      body: body)
  }
}
