/// The life of one server, from its launch to its end, as its supervisor decides it.
public struct Supervision: Sendable {
  public enum Event: Hashable, Sendable {
    /// Time passed.
    case tick
    /// It answered HTTP.
    case answered
    /// The log's end was read and server_info.txt was written. `began`: before either. What readers count from is when
    /// the write took effect, which may be long before its reply came.
    case beatCompleted(LogFold, began: Instant)
    case beatFailed(String)
    /// The process that was launched ended. `portTaken`: because somebody else has the port.
    case exited(String, portTaken: Bool, tail: String)
    /// No process of the server is left.
    case groupEmptied
    case couldNotLaunch(String)
    case signalled(Int32)
  }

  public enum Action: Hashable, Sendable {
    /// Pick a free port and start the server on it.
    case launch
    case probe
    case beat(ServerInfo.State)
    case terminate
    case kill
    /// Everything is over: record it, where the log still is this job's, and remove server_info.txt.
    case finish(Ending)
  }

  public struct Ending: Hashable, Sendable {
    public var outcome: Outcome
    public var reason: String
    public var tail: String?
    /// False where somebody else wrote the end already.
    public var record = true

    public init(_ outcome: Outcome, _ reason: String, tail: String? = nil) {
      (self.outcome, self.reason, self.tail) = (outcome, reason, tail)
    }
  }

  public enum Stage: Hashable, Sendable {
    case starting(since: Instant)
    case ready
    case stopping(Ending, since: Instant, killed: Bool)
    case over
  }

  let token: Token
  let nonce: String
  /// How long the server may take until it answers.
  let startLimit: Duration
  public private(set) var stage: Stage
  var nextBeat: Instant
  var nextProbe: Instant
  /// The server's processes exist, as far as is known.
  var running = false
  /// When the last complete beat began: the server must not outlive it by S.
  public private(set) var lastBeat: Instant
  /// How many ports somebody else took between the look at them and the start.
  public private(set) var portTries = 0

  /// - Parameter claimed: before `started` was taken. From then on S runs.
  public init(token: Token, nonce: String, startLimit: Duration, claimed: Instant, now: Instant) {
    (self.token, self.nonce, self.startLimit) = (token, nonce, startLimit)
    stage = .starting(since: now)
    (nextBeat, nextProbe, lastBeat) = (now, now, claimed)
  }

  /// When to come back if nothing happens before.
  public var nextWake: Instant {
    switch stage {
    case .starting: min(nextBeat, nextProbe)
    case .ready: nextBeat
    case .stopping: min(nextBeat, nextProbe)
    case .over: nextBeat
    }
  }

  public var isOver: Bool { stage == .over }

  /// Launches the server, unless this process was held up for so long that the team may have another one.
  public mutating func begin(now: Instant) -> [Action] {
    let late = fence(now)
    guard late.isEmpty else { return late }
    running = true
    return [.launch]
  }

  public mutating func handle(_ event: Event, now: Instant) -> [Action] {
    switch event {
    case .tick: return tick(now)
    case .answered:
      guard case .starting = stage else { return [] }
      stage = .ready
      return beat(now)
    case .beatCompleted(let fold, let began):
      lastBeat = max(lastBeat, began)
      let late = fence(now)
      return late + obey(fold, now)
    case .beatFailed: return fence(now)
    case .exited(let how, let portTaken, let tail):
      if case .starting = stage, portTaken, portTries < 20 {
        portTries += 1
        return [.terminate, .launch]
      }
      return stop(Ending(.failed, "the server ended by itself (\(how))", tail: tail), now)
    case .couldNotLaunch(let why):
      running = false
      return stop(Ending(.failed, why), now)
    case .groupEmptied:
      running = false
      return finishIfDone()
    case .signalled(let signal):
      return stop(Ending(.finished, "the job was told to end (signal \(signal): time limit, scancel or shutdown)"), now)
    }
  }

  private mutating func tick(_ now: Instant) -> [Action] {
    var actions = fence(now)
    if now >= nextBeat, stage != .over { actions += beat(now) }
    switch stage {
    case .starting(let since):
      if now - since > startLimit {
        actions += stop(Ending(.failed, "the server did not answer HTTP within \(startLimit.spoken)"), now)
      } else if now >= nextProbe {
        nextProbe = now + .milliseconds(250)
        actions.append(.probe)
      }
    case .stopping(let ending, let since, let killed):
      nextProbe = now + .milliseconds(100)
      if !killed, now - since >= Limits.stopGrace {
        stage = .stopping(ending, since: since, killed: true)
        actions.append(.kill)
      }
    case .ready, .over: break
    }
    return actions
  }

  private mutating func beat(_ now: Instant) -> [Action] {
    nextBeat = now + Limits.beat
    switch stage {
    case .starting: return [.beat(.starting)]
    case .ready: return [.beat(.ready)]
    case .stopping: return [.beat(.stopping)]
    case .over: return []
    }
  }

  /// No complete beat for S: the server stops first; why is for afterwards.
  private mutating func fence(_ now: Instant) -> [Action] {
    guard now - lastBeat >= Limits.selfFence else { return [] }
    return stop(Ending(.lost, "the shared directory did not take a heartbeat for \((now - lastBeat).spoken)"), now)
  }

  private mutating func obey(_ fold: LogFold, _ now: Instant) -> [Action] {
    guard case .state(let state) = fold else { return [] }
    if state.phase == .started, let start = state.start, start.token == token, start.author.nonce == nonce {
      guard let stop = state.stop else { return [] }
      return self.stop(
        Ending(stop.body.outcome ?? .stopped, stop.body.reason ?? "stopped by \(stop.author.user)"), now)
    }
    // Somebody ended this token, or claimed a newer one: that is law, whatever the reason.
    var ending = Ending(.lost, "the log says that this job is over")
    ending.record = false
    return stop(ending, now)
  }

  private mutating func stop(_ ending: Ending, _ now: Instant) -> [Action] {
    switch stage {
    case .stopping(var first, let since, let killed):
      // The first reason stays; but once somebody else wrote the end, it is not ours to record.
      first.record = first.record && ending.record
      stage = .stopping(first, since: since, killed: killed)
      return []
    case .over: return []
    case .starting, .ready:
      stage = .stopping(ending, since: now, killed: false)
      nextProbe = now
      return running ? [.terminate] + (ending.record ? beat(now) : []) : finishIfDone()
    }
  }

  private mutating func finishIfDone() -> [Action] {
    guard !running, case .stopping(let ending, _, _) = stage else { return [] }
    stage = .over
    return [.finish(ending)]
  }
}
