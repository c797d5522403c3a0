/// An advanced reservation, as `scontrol show reservation` shows it: its nodes start no other jobs meanwhile.
public struct Reservation: Hashable, Sendable {
  public var name: String
  /// Local time of the cluster, as Slurm prints it: `2026-11-25T10:35:27`.
  public var start: String
  public var end: String
  public var nodes: String
  public var isMaintenance: Bool
  public var isActive: Bool

  /// - Parameter line: one of `scontrol --oneliner show reservation`.
  public init?(line: some StringProtocol) {
    var fields: [Substring: Substring] = [:]
    for word in Substring(line).split(whereSeparator: \.isWhitespace) {
      let parts = word.split(separator: "=", maxSplits: 1)
      if parts.count == 2, fields[parts[0]] == nil { fields[parts[0]] = parts[1] }
    }
    func time(_ key: Substring) -> String? {
      fields[key].flatMap { WallTime(text: $0 + "+00:00") == nil ? nil : String($0) }
    }
    guard let name = fields["ReservationName"], let start = time("StartTime"), let end = time("EndTime") else {
      return nil
    }
    (self.name, self.start, self.end, nodes) = (String(name), start, end, fields["Nodes"].map(String.init) ?? "")
    isMaintenance = fields["Flags"]?.split(separator: ",").contains("MAINT") ?? false
    isActive = fields["State"] == "ACTIVE"
  }

  /// What is in the way of a job that is told of reserved nodes: maintenance before anything else, then what goes on, then what
  /// begins first. slurmctld removes those that are over.
  public static func inTheWay(scontrol output: String) -> Reservation? {
    let all = output.split(whereSeparator: \.isNewline).compactMap { Reservation(line: $0) }
    return all.min { a, b in
      if a.isMaintenance != b.isMaintenance { return a.isMaintenance }
      if a.isActive != b.isActive { return a.isActive }
      return a.start < b.start
    }
  }

  /// The same as one line, for a snapshot of the queue.
  var line: String {
    "ReservationName=\(name) StartTime=\(start) EndTime=\(end) Nodes=\(nodes)"
      + " Flags=\(isMaintenance ? "MAINT" : "") State=\(isActive ? "ACTIVE" : "INACTIVE")"
  }

  /// A clause.
  var inWords: String {
    let when = isActive ? "until \(end)" : "from \(start) to \(end)"
    return
      "\(nodes.isEmpty ? "nodes" : nodes) \(isMaintenance ? "under maintenance" : "reserved") \(when) (reservation \(name))"
  }

  var advice: String {
    isActive
      ? "it starts when the reservation has ended"
      : "it starts after that; with a --time that ends before, it may start sooner"
  }
}
