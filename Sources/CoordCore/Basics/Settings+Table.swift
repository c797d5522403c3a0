/// What is set, for people who ask, and what looks like a setting and is none.
extension Settings {
  public struct Row: Hashable, Sendable {
    public var key: String
    /// nil: not set, and there is no default.
    public var value: String?
    /// nil: it has none.
    public var unit: String?
    public var source: String
  }

  /// All settings, in the order of `keys`.
  public var rows: [Row] {
    Self.keys.map { key in
      let value = given[key]?.value ?? Settings().standard(key)
      return Row(key: key, value: value, unit: Self.units[key], source: source(key))
    }
  }

  /// Where a setting comes from, for people.
  public func source(_ key: String) -> String { given[key]?.origin.text(key) ?? "default" }

  /// Where to correct it, for people.
  public func place(of key: String) -> String {
    switch given[key]?.origin {
    case .file(let name, let line)?: "\(key) in \(name), line \(line)"
    case .script?, .environment?: source(key)
    case nil: "\(key) in hpc_utils/coord.conf"
    }
  }

  private static let units = [
    "WAIT": "s", "START_LIMIT": "s", "HANG_LIMIT": "s", "KEEP_LOGS_DAYS": "days", "KEEP_WARM": "hours of the day",
  ]

  /// The value of these settings where nobody set another.
  private func standard(_ key: String) -> String? {
    let text: String? =
      switch key {
      case "JOB_NAME": jobName
      case "STATUS_FILE": statusFile
      case "PORT": "\(port)"
      case "CREDENTIALS": credentials
      case "APP_PATH": appPath
      case "SCHEDULER": scheduler.rawValue
      case "SLURM_BIN": slurmBin
      case "WAIT": "\(wait.wholeSeconds)"
      case "START_LIMIT": "\(startLimit.wholeSeconds)"
      case "HEALTH_PATH": healthPath
      case "HANG_LIMIT": "\(hangLimit.wholeSeconds)"
      case "CHECK_COMMAND": checkCommand
      case "KEEP_LOGS_DAYS": "\(keepLogs.wholeSeconds / 86_400)"
      case "SOCKET": socket
      case "SOCKET_GROUP": socketGroup
      case "METRICS_FILE": metricsFile
      case "NODE_NAME": nodeName
      default: nil
      }
    return text.flatMap { $0.isEmpty ? nil : $0 }
  }

  /// What else coord reads from the environment: where the project is, and what a job's supervisor tells its copy.
  private static let others = ["COORD_ROOT", "COORD_NODE_COPY"]

  /// COORD_… names of the environment that are none of coord's, with the nearest that is one.
  public static func unknown(in environment: [String: String]) -> [(name: String, nearest: String)] {
    environment.keys.filter { $0.hasPrefix(prefix) && !others.contains($0) }.sorted().compactMap { name in
      let key = String(name.dropFirst(prefix.count))
      return keys.contains(key) ? nil : (name, prefix + nearest(to: key))
    }
  }

  /// What is said of one of them.
  public static func note(_ unknown: (name: String, nearest: String)) -> String {
    "\(unknown.name) in the environment is no setting and changes nothing; the nearest is \(unknown.nearest)"
  }

  /// Settings' names without COORD_ in the environment whose values are not the ones that count; nil: there are none.
  public func strayNames(in environment: [String: String]) -> String? {
    let stray = rows.filter { row in
      environment[row.key].map { !$0.isEmpty && $0 != row.value } ?? false
    }.map(\.key)
    guard let first = stray.first else { return nil }
    return "\(stray.joined(separator: ", ")) in the environment \(stray.count == 1 ? "is" : "are") not coord's and "
      + "changed nothing; a setting there is called \(Self.prefix)\(first)"
  }

  /// The setting whose name is written most alike.
  static func nearest(to name: String) -> String {
    let name = name.uppercased()
    let bare = name.hasPrefix(prefix) ? String(name.dropFirst(prefix.count)) : name
    return keys.min { distance(bare, $0) < distance(bare, $1) } ?? ""
  }

  /// How many letters have to be put in, taken out or changed (Levenshtein 1966).
  private static func distance(_ a: String, _ b: String) -> Int {
    let b = Array(b.utf8)
    var row = Array(0...b.count)
    for (i, letter) in a.utf8.enumerated() {
      var corner = row[0]
      row[0] = i + 1
      for j in b.indices {
        (corner, row[j + 1]) = (row[j + 1], min(row[j], row[j + 1], corner - (letter == b[j] ? 1 : 0)) + 1)
      }
    }
    return row[b.count]
  }
}
