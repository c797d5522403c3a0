/// How the service stands, in the words of `coord status`.
public struct StatusReport: Sendable {
  public enum State: String, Sendable {
    case none, claimed, pending, starting, ready, stopping
    /// A job holds `started`, but its heartbeat stands still.
    case silent
    /// It beats, but the server itself does not answer.
    case hung
    /// The scheduler took its processors away.
    case suspended
    /// A server that coord did not start.
    case foreign
  }

  public var service: ServiceState
  /// The heartbeat of the live token.
  public var info: ServerInfo?
  /// How long ago its job took `started`, by the clocks of both hosts.
  public var sinceStart: Duration?
  /// Where its heartbeat is written.
  public var statusFile = ""
  /// Why nothing can be written there, as far as that can be seen.
  public var full: String?
  /// Whether that heartbeat moves.
  public var beats = false
  public var sighting: Sighting?
  /// When the scheduler said so.
  public var asked: WallTime?
  /// How long ago that was, where it was not asked just now.
  public var age: Duration?
  /// Why it did not answer this time.
  public var silence: String?
  public var foreign: ForeignServer?

  public init(service: ServiceState) { self.service = service }

  /// The live token's job: as the queue shows it, where it was asked.
  public var job: JobID? {
    if case .found(let seen)? = sighting { return seen.id }
    return service.job
  }

  public var state: State {
    if service.phase == .idle { return foreign == nil ? .none : .foreign }
    if service.phase == .started, !beats, case .found(let job)? = sighting, job.life == .suspended { return .suspended }
    if service.stop != nil { return .stopping }
    switch service.phase {
    case .idle: return .none
    case .claimed: return .claimed
    case .submitted: return .pending
    case .started:
      // The first beat is due at once. Where there is none after S, its job was fenced, or never came so far.
      guard let info else { return isOver || (sinceStart ?? .zero) > Limits.selfFence ? .silent : .starting }
      guard beats else { return .silent }
      switch info.state {
      case .starting: return .starting
      case .ready: return .ready
      case .hung: return .hung
      case .stopping: return .stopping
      }
    }
  }

  /// The scheduler runs its job no more.
  private var isOver: Bool {
    switch sighting {
    case .found(let job)?: job.isOver
    case .gone?: true
    case .unknown?, .hidden?, nil: false
    }
  }

  private var silentWhy: String {
    let job = job.map { "job \($0)" } ?? "the job"
    let log = service.start?.body.log.map { " (its log: \($0))" } ?? ""
    if case .found(let seen)? = sighting, seen.isOver {
      return "\(job) is over (\(seen.state)) and its end was not recorded\(log); the next connect does that"
    }
    if isOver { return "\(job) left the queue and its end was not recorded\(log); the next connect does that" }
    if info == nil {
      return "\(job) took its number, and shows no heartbeat\(log); the next connect finds out whether it is gone"
    }
    return "its heartbeat stands still; the next connect finds out whether it is gone"
  }

  /// 0 ready; 69 no server; 75 not now.
  public var exitCode: Int32 {
    switch state {
    case .ready: 0
    case .none, .foreign: 69
    case .claimed, .pending, .starting, .stopping, .silent, .hung, .suspended: 75
    }
  }

  /// One sentence for people.
  public var why: String {
    let owner = service.owner?.user ?? "?"
    let job = job.map { "job \($0)" } ?? "the job"
    switch state {
    case .none:
      guard let end = service.end else { return "no server was ever started here" }
      return "the last one ended at \(end.time.text): \((end.body.reason ?? "").onOneLine)"
    case .claimed: return "\(owner) is submitting the job"
    case .pending:
      switch sighting {
      case .found(let seen)?:
        return "\(job) \(seen.waitingInWords)"
      case .gone?: return "\(job) is not in the queue any more; the next connect records that"
      case .unknown(let why)?, .hidden(let why)?: return "\(job) was submitted; the scheduler: \(why)"
      case nil: return "\(job) was submitted"
      }
    case .starting: return "the server is starting on \(service.start?.body.node ?? "?")"
    case .ready: return "the server answers"
    case .stopping: return service.stop?.body.reason ?? "the server is ending"
    case .silent: return silentWhy + (full.map { "; \($0): no heartbeat can be written (\(statusFile))" } ?? "")
    case .foreign: return foreign.map { "\($0.what): \($0.who)" } ?? ""
    case .suspended:
      return
        "\(job) of \(owner) is suspended by the scheduler, and its server with it (`scontrol resume` lets it go on)"
    case .hung:
      let since = info?.hungSince.map { " since \($0.text)" } ?? ""
      let end = info?.hungUntil.map { "; unless it answers it is ended at \($0.text)" } ?? ""
      return "the server does not answer HTTP\(since)\(end)"
    }
  }

  /// What to do, where that is not to wait.
  public var next: String? {
    if state == .silent, full != nil { return "make room there, then run `coord connect`" }
    guard state == .pending, case .found(let seen)? = sighting else { return nil }
    return seen.adviceWhileWaiting
  }

  /// What is shown, in order.
  public var lines: [(String, String)] {
    var lines = [("state", state.rawValue), ("why", why)]
    if let info { lines.append(("server", info.endpoint.description)) }
    if service.phase != .idle {
      if let job { lines.append(("job", job.description)) }
      if let owner = service.owner { lines.append(("user", owner.user)) }
    }
    if let info {
      lines.append(("started", info.started.text))
      if let ends = info.ends { lines.append(("ends", ends.text)) }
      lines.append(("heartbeat", info.heartbeat.text))
    }
    if let next { lines.append(("next", next)) }
    if let asked {
      let ago = age.map { " (\($0.spoken) ago)" } ?? ""
      lines.append(
        (
          "queue",
          "as it was at \(asked.text)\(ago)"
            + (silence.map { "; the scheduler does not answer now: \($0.onOneLine)" } ?? "")
        ))
    }
    lines.append(("lock", "\(service.lastNumber)"))
    return lines
  }
}
