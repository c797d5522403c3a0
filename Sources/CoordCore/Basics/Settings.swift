/// What a team sets: hpc_utils/coord.conf, over it what start_server.sh assigns, and over both COORD_… of the environment.
public struct Settings: Hashable, Sendable {
  public enum SchedulerKind: String, Sendable { case slurm, local }

  public var jobName = "py_accel_viewer"
  public var statusFile = "hpc_utils/server_info.txt"
  /// Where the search for a free port begins.
  public var port = 7860
  public var credentials = "credentials.json"
  public var appPath = "visualize_accelerometry/app.py"
  public var scheduler = SchedulerKind.slurm
  /// Where Slurm's commands are; empty: PATH or the usual places have them.
  public var slurmBin = ""
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
    "JOB_NAME", "STATUS_FILE", "PORT", "CREDENTIALS", "APP_PATH", "SCHEDULER", "SLURM_BIN", "WAIT", "START_LIMIT",
    "HEALTH_PATH", "HANG_LIMIT", "CHECK_COMMAND", "KEEP_LOGS_DAYS", "SOCKET", "SOCKET_GROUP", "KEEP_WARM",
    "METRICS_FILE", "NODE_NAME",
  ]

  /// What was set, in the words of whoever set it, and where. `Settings+Table.swift` shows it.
  public private(set) var given: [String: Given] = [:]

  public struct Given: Hashable, Sendable {
    public var value: String
    public var origin: Origin
  }

  /// Where a value comes from.
  public enum Origin: Hashable, Sendable {
    case file(String, line: Int)
    /// Assigned in the job, by env.sh or start_server.sh, by the name that the deployment guide gives it.
    case script
    /// COORD_ and the setting's name.
    case environment

    public func text(_ key: String) -> String {
      switch self {
      case .file(let name, let line): "\(name), line \(line)"
      case .script: "\(key) in \(JobEnvironment.file) or start_server.sh"
      case .environment: "\(Settings.prefix)\(key) in the environment"
      }
    }
  }

  /// Before the name of a setting in the environment: PORT and JOB_NAME there are Jenkins's, Kubernetes's or a person's own.
  public static let prefix = "COORD_"

  /// - Parameter script: what start_server.sh passes on, `KEY=VALUE` each.
  /// - Throws: `CoordError.configuration` for a line that is none, a key that is not known or a value that cannot be.
  public init(
    file: [UInt8]?, fileName: String, script: [String] = [], environment: [String: String]
  ) throws(CoordError) {
    for (index, line) in Self.lines(of: file ?? []) {
      let origin = Origin.file(fileName, line: index + 1)
      guard let text = KeyValueText(Array(line)) else {
        throw .configuration(
          what: "\(fileName) cannot be read", why: "its line \(index + 1) is not KEY=VALUE", next: "correct that line")
      }
      for (key, value) in text.pairs { try set(key.trimmed, Self.unquoted(value.trimmed), from: origin) }
    }
    for pair in script {
      guard let mark = pair.firstIndex(of: "=") else { throw .usage("--set \(pair) is not KEY=VALUE") }
      try set(String(pair[..<mark]), String(pair[pair.index(after: mark)...]), from: .script)
    }
    for key in Self.keys {
      if let value = environment[Self.prefix + key], !value.isEmpty { try set(key, value, from: .environment) }
    }
  }

  /// The lines of a file that people write, by their number from 0: a byte order mark, blanks around a line, and lines of
  /// nothing else mean nothing. hpc_utils/connect.sh reads its files in the same way.
  private static func lines(of file: [UInt8]) -> [(Int, ArraySlice<UInt8>)] {
    let mark: [UInt8] = [0xef, 0xbb, 0xbf]
    let text = file.starts(with: mark) ? file.dropFirst(mark.count) : file[...]
    let all = text.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).enumerated()
    return all.map { ($0.offset, trimmed($0.element)) }.filter { !$0.1.isEmpty }
  }

  private static func trimmed(_ line: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
    func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || (0x09...0x0d).contains(byte) }
    guard let last = line.lastIndex(where: { !isBlank($0) }) else { return [] }
    return line[...last].drop(while: isBlank)
  }

  private static func unquoted(_ value: String) -> String {
    for quote in ["\"", "'"] where value.count >= 2 && value.hasPrefix(quote) && value.hasSuffix(quote) {
      return String(value.dropFirst().dropLast())
    }
    return value
  }

  private mutating func set(_ key: String, _ value: String, from origin: Origin) throws(CoordError) {
    func wrong(_ expected: String) -> CoordError {
      let windows = value.unicodeScalars.last == "\r"
      return .configuration(
        what: "\(key)=\(value.visible) cannot be (\(origin.text(key)))",
        why: "\(key) has to be \(expected)" + (windows ? "; the \\r is of a file with Windows line ends (CR LF)" : ""),
        next: windows
          ? "`sed -i 's/\\r$//' \(JobEnvironment.file)`, or whichever file sets \(key)" : "correct \(origin.text(key))")
    }
    func seconds(_ unit: Int) throws(CoordError) -> Duration {
      guard let n = Int(value), (1...604_800).contains(n) else { throw wrong("a whole number from 1 to 604800") }
      return .seconds(n * unit)
    }
    func path(_ expected: String = "a path", isGood: (String) -> Bool = { _ in true }) throws(CoordError) -> String {
      if Self.needsShell(value) {
        throw .configuration(
          what: "\(key)=\(value) cannot be (\(origin.text(key)))", why: "~ and $HOME are not expanded in a setting",
          next: "correct \(origin.text(key)): write the whole path, or one from the folder that holds hpc_utils")
      }
      guard !value.isEmpty, !value.utf8.contains(where: { $0 < 0x20 }), isGood(value) else { throw wrong(expected) }
      return value
    }
    given[key] = Given(value: value, origin: origin)
    if value.isEmpty, Self.optional.contains(key) { return unset(key) }
    switch key {
    case "JOB_NAME":
      guard value.isPlainWord, !value.hasPrefix("-") else { throw wrong("letters, digits, and _ . + - only") }
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
    case "SLURM_BIN":
      _ = try path("an absolute path") { $0.hasPrefix("/") }
      slurmBin = value.count > 1 && value.hasSuffix("/") ? String(value.dropLast()) : value
    case "WAIT": wait = try seconds(1)
    case "START_LIMIT": startLimit = try seconds(1)
    case "HANG_LIMIT": hangLimit = try seconds(1)
    // Any line of a shell, or nothing.
    case "CHECK_COMMAND": checkCommand = value
    case "KEEP_LOGS_DAYS": keepLogs = try seconds(86_400)
    case "SOCKET":
      // sun_path has 108 bytes (unix(7)).
      socket = try path("an absolute path of at most 107 bytes") { $0.hasPrefix("/") && $0.utf8.count < 108 }
    case "SOCKET_GROUP":
      guard value.isPlainWord, !value.hasPrefix("-") else { throw wrong("a group's name or number") }
      socketGroup = value
    case "KEEP_WARM":
      guard let hours = WarmHours(value) else { throw wrong("hours such as 8-20") }
      keepWarm = hours
    case "NODE_NAME":
      let plain = value.replacing("{nodename}", with: "n").replacing("{hostname}", with: "n")
      guard plain.isHostName else { throw wrong("a host name, in which {nodename} and {hostname} may stand") }
      nodeName = value
    case "METRICS_FILE": metricsFile = try path()
    case "HEALTH_PATH":
      guard value.hasPrefix("/"), value.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7f }) else { throw wrong("a URL path") }
      healthPath = value
    default:
      throw .configuration(
        what: "\(key) is no setting (\(origin.text(key)))",
        why: "the settings are \(Self.keys.joined(separator: ", "))",
        next: "correct that line: is \(Self.nearest(to: key)) meant?")
    }
  }

  /// Those that may be empty: as if nobody had set them.
  private static let optional: Set = ["SLURM_BIN", "SOCKET", "SOCKET_GROUP", "KEEP_WARM", "METRICS_FILE", "NODE_NAME"]

  private mutating func unset(_ key: String) {
    switch key {
    case "SLURM_BIN": slurmBin = ""
    case "SOCKET": socket = ""
    case "SOCKET_GROUP": socketGroup = ""
    case "KEEP_WARM": keepWarm = nil
    case "METRICS_FILE": metricsFile = ""
    case "NODE_NAME": nodeName = ""
    default: break
    }
  }

  /// Whether a path is written as only a shell reads it.
  private static func needsShell(_ path: String) -> Bool {
    path.hasPrefix("~")
      || path.split(separator: "$", omittingEmptySubsequences: false).dropFirst().contains {
        $0.first.map { $0.isLetter || "_{".contains($0) } ?? false
      }
  }
}
