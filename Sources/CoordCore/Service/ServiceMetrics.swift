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
