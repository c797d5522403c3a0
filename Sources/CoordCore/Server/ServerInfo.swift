/// server_info.txt: the heartbeat of the job that holds `started`. A cache, not the authority.
public struct ServerInfo: Hashable, Sendable {
  public enum State: String, Sendable {
    case starting, ready, stopping
    /// It was ready, and has not answered HTTP for a minute.
    case hung
  }

  public var endpoint: Endpoint
  /// By what else its node may be known, and where it is.
  public var otherNames: [String] = []
  public var addresses: [String] = []
  public var jobID: String
  public var started: WallTime
  public var state: State
  /// A counter: "alive" means that it changed.
  public var beat: Int
  public var heartbeat: WallTime
  /// When the job's time limit ends it, where the scheduler said so.
  public var ends: WallTime?
  public var lock: Int
  public var token: Token
  public var user: String
  /// Whose server it is: two projects may be set to one file. Empty in files of an older coord.
  public var project = ""
  /// Of a hung server: its last answer, and when it is ended unless it answers.
  public var hungSince: WallTime?
  public var hungUntil: WallTime?

  public init(
    endpoint: Endpoint, jobID: String, started: WallTime, state: State, beat: Int, heartbeat: WallTime,
    ends: WallTime?, lock: Int, token: Token, user: String, project: String = ""
  ) {
    self.project = project
    (self.endpoint, self.jobID, self.started, self.state, self.beat) = (endpoint, jobID, started, state, beat)
    (self.heartbeat, self.ends, self.lock, self.token, self.user) = (heartbeat, ends, lock, token, user)
  }

  public var place: ServerPlace { ServerPlace(endpoint, otherNames: otherNames, addresses: addresses) }

  public var encoded: [UInt8] {
    var t = KeyValueText()
    // The first four are what people and older scripts read.
    t.add("NODE", endpoint.node)
    t.add("PORT", "\(endpoint.port)")
    t.add("JOB_ID", jobID)
    t.add("STARTED", started.text)
    t.add("STATE", state.rawValue)
    t.add("BEAT", "\(beat)")
    t.add("HEARTBEAT", heartbeat.text)
    t.add("ENDS", ends?.text)
    t.add("LOCK", "\(lock)")
    t.add("TOKEN", token.description)
    t.add("USER", user)
    t.add("PROJECT", project.isEmpty ? nil : project)
    t.add("NAMES", otherNames.isEmpty ? nil : otherNames.joined(separator: " "))
    t.add("ADDRESS", addresses.isEmpty ? nil : addresses.joined(separator: " "))
    t.add("HUNG_SINCE", hungSince?.text)
    t.add("HUNG_UNTIL", hungUntil?.text)
    return Array(t.encoded.utf8)
  }

  /// Reads the file; nil unless every value is what it must be. The text is never evaluated.
  public init?(decoding bytes: [UInt8]) {
    guard bytes.count < 65_536, let t = KeyValueText(bytes), let node = t["NODE"],
      let port = t["PORT"].flatMap({ Int($0) }), let endpoint = Endpoint(node: node, port: port),
      let jobID = t["JOB_ID"], jobID.isPlainWord, let started = t["STARTED"].flatMap(WallTime.init(text:)),
      let state = t["STATE"].flatMap(State.init(rawValue:)), let beat = t["BEAT"].flatMap({ Int($0) }),
      let heartbeat = t["HEARTBEAT"].flatMap(WallTime.init(text:)), let lock = t["LOCK"].flatMap({ Int($0) }),
      let token = t["TOKEN"].flatMap({ Token($0) }), let user = t["USER"]
    else { return nil }
    self.init(
      endpoint: endpoint, jobID: jobID, started: started, state: state, beat: beat, heartbeat: heartbeat,
      ends: t["ENDS"].flatMap(WallTime.init(text:)), lock: lock, token: token, user: user, project: t["PROJECT"] ?? "")
    // What none of them can be is passed over.
    otherNames = Self.words(t["NAMES"]).filter(\.isHostName)
    addresses = Self.words(t["ADDRESS"]).filter(\.isAddress)
    hungSince = t["HUNG_SINCE"].flatMap(WallTime.init(text:))
    hungUntil = t["HUNG_UNTIL"].flatMap(WallTime.init(text:))
  }

  private static func words(_ value: String?) -> [String] {
    (value ?? "").split(separator: " ").prefix(NodeNames.limit).map(String.init)
  }
}

extension CoordError {
  public static func sharedStatusFile(with project: String) -> CoordError {
    .configuration(
      what: "two projects share one server_info.txt", why: "STATUS_FILE is written by the server of \(project)",
      next: "give each project a STATUS_FILE of its own in hpc_utils/coord.conf")
  }
}
