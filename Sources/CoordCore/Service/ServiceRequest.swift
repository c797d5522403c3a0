/// What `coord connect` and `coord serve` say to each other: lines of text over a Unix socket.
///
/// The client sends one request line. The service answers with any number of lines `progress=TEXT` and one final block:
/// `answer=` with the lines of server_info.txt, or `error=CODE` with WHAT, WHY and NEXT; then a line `.=`. Or with the one line
/// `busy=SECONDS`: as many wait as it takes, and it is to be asked again then.
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
