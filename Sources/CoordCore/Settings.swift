/// What a team sets: hpc_utils/coord.conf, and the environment over it.
public struct Settings: Hashable, Sendable {
  public enum SchedulerKind: String, Sendable { case slurm, local }

  public var jobName = "py_accel_viewer"
  public var statusFile = "hpc_utils/server_info.txt"
  /// Where the search for a free port begins.
  public var port = 7860
  public var credentials = "credentials.json"
  public var appPath = "visualize_accelerometry/app.py"
  public var scheduler = SchedulerKind.slurm
  /// How long `connect` waits for a server.
  public var wait = Duration.seconds(120)
  /// How long a server may take until it answers HTTP.
  public var startLimit = Duration.seconds(300)
  /// What is asked of the server to see whether it answers.
  public var healthPath = "/liveness"
  /// How login nodes call a compute node, with `{nodename}` and `{hostname}` filled in; empty: as the scheduler does.
  public var nodeName = ""
  /// How long a server that is ready may then leave HTTP unanswered until it is ended.
  public var hangLimit = Duration.seconds(300)
  /// What has to succeed before the server is announced; empty: nothing; nil: the app is imported once.
  public var checkCommand: String?
  /// Where `coord serve` listens on each login node, and `coord connect` asks first; empty: no service.
  public var socket = ""
  /// Who may ask the service: a group, by name or number; empty: the group of hpc_utils.
  public var socketGroup = ""
  /// When the service keeps a server running; nil: it never starts one by itself.
  public var keepWarm: WarmHours?
  /// Where the service writes its metrics; empty: nowhere.
  public var metricsFile = ""
  /// Cleanup keeps the jobs' logs for so long.
  public var keepLogs = Duration.seconds(30 * 86_400)

  public init() {}

  /// All keys, in the order of coord.conf.
  public static let keys = [
    "JOB_NAME", "STATUS_FILE", "PORT", "CREDENTIALS", "APP_PATH", "SCHEDULER", "WAIT", "START_LIMIT", "HEALTH_PATH",
    "HANG_LIMIT", "CHECK_COMMAND", "KEEP_LOGS_DAYS", "SOCKET", "SOCKET_GROUP", "KEEP_WARM", "METRICS_FILE",
    "NODE_NAME",
  ]

  /// - Throws: `CoordError.configuration` for a line that is none, a key that is not known or a value that cannot be.
  public init(file: [UInt8]?, fileName: String, environment: [String: String]) throws(CoordError) {
    if let file {
      guard let text = KeyValueText(file) else {
        throw .configuration(
          what: "\(fileName) cannot be read", why: "a line of it is not KEY=VALUE", next: "correct that line")
      }
      for (key, value) in text.pairs {
        try set(key.trimmed, Self.unquoted(value.trimmed), from: fileName)
      }
    }
    for key in Self.keys {
      if let value = environment[key], !value.isEmpty { try set(key, value, from: "the environment") }
    }
  }

  private static func unquoted(_ value: String) -> String {
    for quote in ["\"", "'"] where value.count >= 2 && value.hasPrefix(quote) && value.hasSuffix(quote) {
      return String(value.dropFirst().dropLast())
    }
    return value
  }

  private mutating func set(_ key: String, _ value: String, from source: String) throws(CoordError) {
    func wrong(_ expected: String) -> CoordError {
      .configuration(
        what: "\(key)=\(value) in \(source) cannot be", why: "\(key) has to be \(expected)",
        next: "correct \(key) in \(source)")
    }
    func seconds(_ unit: Int) throws(CoordError) -> Duration {
      guard let n = Int(value), (1...604_800).contains(n) else { throw wrong("a whole number from 1 to 604800") }
      return .seconds(n * unit)
    }
    func path() throws(CoordError) -> String {
      guard !value.isEmpty, !value.utf8.contains(where: { $0 < 0x20 }) else { throw wrong("a path") }
      return value
    }
    switch key {
    case "JOB_NAME":
      guard isPlainWord(value), !value.hasPrefix("-") else { throw wrong("letters, digits, and _ . + - only") }
      jobName = value
    case "STATUS_FILE": statusFile = try path()
    case "PORT":
      guard let n = Int(value), (1024...65_535).contains(n) else { throw wrong("a port from 1024 to 65535") }
      port = n
    case "CREDENTIALS": credentials = try path()
    case "APP_PATH": appPath = try path()
    case "SCHEDULER":
      guard let kind = SchedulerKind(rawValue: value) else { throw wrong("slurm or local") }
      scheduler = kind
    case "WAIT": wait = try seconds(1)
    case "START_LIMIT": startLimit = try seconds(1)
    case "HANG_LIMIT": hangLimit = try seconds(1)
    // Any line of a shell, or nothing.
    case "CHECK_COMMAND": checkCommand = value
    case "KEEP_LOGS_DAYS": keepLogs = try seconds(86_400)
    case "SOCKET":
      // sun_path has 108 bytes (unix(7)).
      guard value.hasPrefix("/"), value.utf8.count < 108 else { throw wrong("an absolute path of at most 107 bytes") }
      socket = value
    case "SOCKET_GROUP":
      guard isPlainWord(value), !value.hasPrefix("-") else { throw wrong("a group's name or number") }
      socketGroup = value
    case "KEEP_WARM":
      guard let hours = WarmHours(value) else { throw wrong("hours such as 8-20") }
      keepWarm = hours
    case "NODE_NAME":
      let plain = value.split(separator: "{nodename}", omittingEmptySubsequences: false).joined(separator: "n")
        .split(separator: "{hostname}", omittingEmptySubsequences: false).joined(separator: "n")
      guard isHostName(plain) else { throw wrong("a host name, in which {nodename} and {hostname} may stand") }
      nodeName = value
    case "METRICS_FILE": metricsFile = try path()
    case "HEALTH_PATH":
      guard value.hasPrefix("/"), value.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7f }) else { throw wrong("a URL path") }
      healthPath = value
    default:
      throw .configuration(
        what: "\(source) sets \(key), which is no setting",
        why: "the settings are \(Self.keys.joined(separator: ", "))",
        next: "correct that line")
    }
  }
}
