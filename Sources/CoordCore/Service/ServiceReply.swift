/// What `coord connect` and `coord serve` say to each other: lines of text over a Unix socket.
///
/// The client sends one request line. The service answers with any number of `progress TEXT` lines and one final block:
/// `answer` with the lines of server_info.txt, or `error CODE` with WHAT, WHY and NEXT; then a line with a single dot.
public struct ServiceRequest: Hashable, Sendable {
  /// How long the client will wait.
  public var wait: Duration
  /// As `Coordinator.seen`.
  public var seen: Token?
  /// The inode of the asker's hpc_utils: a copy of a project has its settings too, and so the original's socket. Nil: not said.
  public var project: UInt64?

  public init(wait: Duration, seen: Token?, project: UInt64? = nil) {
    (self.wait, self.seen, self.project) = (wait, seen, project)
  }

  public var line: String {
    "coord/1 connect \(wait.wholeSeconds) \(seen?.description ?? "-")" + (project.map { " \($0)" } ?? "") + "\n"
  }

  /// Longer than any request: what comes without a newline is noise.
  public static let limit = 200

  /// Reads a line without its newline; nil if it is no request.
  public init?(line: some StringProtocol) {
    let words = line.split(separator: " ", omittingEmptySubsequences: false)
    guard (4...5).contains(words.count), words[0] == "coord/1", words[1] == "connect", let seconds = Int(words[2]),
      (1...604_800).contains(seconds)
    else { return nil }
    if words[3] != "-" {
      guard let token = Token(words[3]) else { return nil }
      seen = token
    }
    if words.count == 5 {
      guard let inode = UInt64(words[4]), "\(inode)" == words[4] else { return nil }
      project = inode
    }
    wait = .seconds(seconds)
  }
}

public enum ServiceReply: Hashable, Sendable {
  case progress(String)
  case answer(ServerInfo)
  case failure(CoordError)

  public var text: String {
    switch self {
    case .progress(let text):
      var line = KeyValueText()
      line.add("progress", text)
      return line.encoded
    case .answer(let info): return "answer=\n" + String(decoding: info.encoded, as: UTF8.self) + ".=\n"
    case .failure(let error):
      var block = KeyValueText()
      block.add("error", "\(error.exitCode)")
      block.add("WHAT", error.what)
      block.add("WHY", error.why)
      block.add("NEXT", error.next)
      return block.encoded + ".=\n"
    }
  }
}

/// Puts the service's lines together again.
public struct ServiceReplyReader: Sendable {
  private var block: [String] = []

  public init() {}

  /// One more line, without its newline; a reply once it is complete.
  ///
  /// - Throws: `CoordError.bug` for what no service says.
  public mutating func take(_ line: String) throws(CoordError) -> ServiceReply? {
    guard block.isEmpty, let progress = KeyValueText(Array(line.utf8))?["progress"] else {
      block.append(line)
      return line == ".=" ? try finished() : nil
    }
    return .progress(progress)
  }

  private func finished() throws(CoordError) -> ServiceReply {
    let body = block.dropFirst().dropLast().joined(separator: "\n")
    if block[0] == "answer=", let info = InfoReading(bytes: Array(body.utf8)).info { return .answer(info) }
    if let all = KeyValueText(Array(block.joined(separator: "\n").utf8)),
      let code = all["error"].flatMap({ Int32($0) }),
      let what = all["WHAT"], let why = all["WHY"], let next = all["NEXT"]
    {
      return .failure(CoordError(exitCode: code, what: what, why: why, next: next))
    }
    throw .bug("the service said what is not understood: \(block.joined(separator: " ").prefix(200))")
  }
}

extension CoordError {
  /// An error that another process of coord had.
  public init(exitCode: Int32, what: String, why: String, next: String) {
    switch exitCode {
    case 64: self = .usage(what)
    case 69: self = .noServer(what: what, why: why, next: next)
    case 74: self = .sharedDirectory(what: what, why: why)
    case 75: self = .tryAgain(what: what, why: why, next: next)
    case 77: self = .permission(what: what, why: why, next: next)
    case 78: self = .configuration(what: what, why: why, next: next)
    default: self = .bug(what)
    }
  }
}

/// The hours of the day, in local time, in which the service keeps a server running: `8-20`; `22-6` goes past midnight.
public struct WarmHours: Hashable, Sendable {
  public let first: Int
  public let end: Int

  public init?(_ text: String) {
    let parts = text.split(separator: "-", omittingEmptySubsequences: false).map { Int($0) }
    guard parts.count == 2, let first = parts[0], let end = parts[1], (0...23).contains(first), (0...24).contains(end),
      first != end
    else { return nil }
    (self.first, self.end) = (first, end)
  }

  public func contains(hour: Int) -> Bool { first < end ? (first..<end).contains(hour) : hour >= first || hour < end }
}

/// What the service counts, as OpenMetrics text for node_exporter's textfile collector.
public struct ServiceMetrics: Hashable, Sendable {
  public var ready = false
  public var waiting = 0
  public var answered = 0
  public var failed = 0
  public var refused = 0
  public var dropped = 0
  public var schedulerQuestions = 0
  public var lastNumber = 0
  /// Of the heartbeat, in seconds by this host's clock.
  public var heartbeatAge: Int64?

  public init() {}

  /// - Parameter project: a label that tells teams apart.
  public func text(project: String) -> String {
    let label = project.map { $0 == "\"" || $0 == "\\" || $0.isNewline ? "_" : String($0) }.joined()
    func gauge(_ name: String, _ help: String, _ value: String) -> String {
      "# TYPE coord_\(name) gauge\n# HELP coord_\(name) \(help)\ncoord_\(name){project=\"\(label)\"} \(value)\n"
    }
    func counter(_ name: String, _ help: String, _ values: [(String, Int)]) -> String {
      "# TYPE coord_\(name) counter\n# HELP coord_\(name) \(help)\n"
        + values.map { "coord_\(name)_total{project=\"\(label)\"\($0.0)} \($0.1)\n" }.joined()
    }
    return gauge("server_ready", "1 while the data server answers.", ready ? "1" : "0")
      + gauge("waiting", "Clients that wait for a server.", "\(waiting)")
      + gauge("lock_number", "The highest number of the lock log.", "\(lastNumber)")
      + (heartbeatAge.map { gauge("heartbeat_age_seconds", "Age of the heartbeat by this host's clock.", "\($0)") }
        ?? "")
      + counter(
        "requests", "Requests by how they ended.",
        [
          (",result=\"answered\"", answered), (",result=\"failed\"", failed), (",result=\"refused\"", refused),
          (",result=\"dropped\"", dropped),
        ])
      + counter("scheduler_questions", "Times that this service asked the scheduler.", [("", schedulerQuestions)])
      + "# EOF\n"
  }
}
