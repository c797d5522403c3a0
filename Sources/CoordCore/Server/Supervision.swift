/// The life of one server, from its launch to its end, as its supervisor decides it.
public struct Supervision: Hashable, Sendable {
  public enum Event: Hashable, Sendable {
    /// Time passed.
    case tick
    /// It answered HTTP.
    case answered
    /// It was asked, and did not.
    case unanswered
    /// What has to succeed before the server is announced did, or did not.
    case checkPassed
    case checkFailed(String, tail: String)
    /// The log's end was read and server_info.txt was written. `began`: before either. What readers count from is when
    /// the write took effect, which may be long before its reply came.
    case beatCompleted(LogFold, began: Instant)
    /// `isWrite`: of the heartbeat's file itself, whose disk the next server would meet too.
    case beatFailed(String, isWrite: Bool = true)
    /// The log's end, read after the first beat was complete.
    case confirmed(LogFold)
    /// hpc_utils is another directory than the one in which this server began.
    /// `isServing`: a server was launched, and its processes are there until the group is empty.
    case moved(isServing: Bool)
    /// The process that was launched ended. `portTaken`: because somebody else has the port.
    case exited(String, portTaken: Bool, tail: String)
    /// The kernel's memory killer ended it.
    case ranOutOfMemory(tail: String)
    /// No process of the server is left.
    case groupEmptied
    case couldNotLaunch(String)
    /// A signal came; nil: what ran the supervisor in its job has ended, so that its job is over.
    case signalled(Int32?)
    /// Why the signal came, as far as that could be found out.
    case explained(Ending)
  }

  public enum Action: Hashable, Sendable {
    /// Pick a free port and start the server on it.
    case launch
    /// Ask for HTTP; the answer is `answered` or `unanswered`.
    case probe(within: Duration)
    case beat(ServerInfo.State)
    /// Read the log's end once more; the answer is `confirmed`, or `beatFailed`.
    case confirm
    case terminate
    case kill
    /// Find out why this signal came, or why the job's script ended (nil); the answer is `explained`, in any case.
    case explain(Int32?)
    /// Everything is over: record it, where the log still is this job's, and remove server_info.txt.
    case finish(Ending)
  }

  public enum Stage: Hashable, Sendable {
    case starting(since: Instant)
    case ready
    /// It was ready, and gives no answer any more.
    case hung
    case stopping(Ending, since: Instant, killed: Bool)
    case over
  }

  let token: Token
  let nonce: String
  /// How long the server may take until it answers.
  let startLimit: Duration
  /// How long it may then be without an answer.
  let hangLimit: Duration
  public internal(set) var stage: Stage
  var nextBeat: Instant
  var nextProbe: Instant
  /// The server's processes exist, as far as is known.
  public internal(set) var running = false
  /// It was confirmed that the first heartbeat is ours, and a server may have been started. What is not confirmed may stand in the
  /// place of another run's heartbeat, of which it is the only trace: it stays.
  public internal(set) var hasLaunched = false
  /// When the last complete beat began: the server must not outlive it by S.
  public internal(set) var lastBeat: Instant
  /// How many ports somebody else took between the look at them and the start.
  public private(set) var portTries = 0
  /// When it last answered HTTP.
  public private(set) var lastAnswer: Instant?
  /// What has to succeed before the server is announced did.
  private var checked: Bool
  /// A signal whose cause is being looked for: the end has to wait for its reason.
  private var unexplained = false
  var beats = BeatRecord()
  let claimed: Instant
  /// Why the server before this one ended.
  public var causeBefore: EndCause?

  /// - Parameter claimed: before `started` was taken. From then on S runs.
  /// - Parameter checks: whether a check has to succeed before the server is announced.
  public init(
    token: Token, nonce: String, startLimit: Duration, hangLimit: Duration = .seconds(300), checks: Bool = false,
    claimed: Instant, now: Instant
  ) {
    (self.token, self.nonce, self.startLimit, self.hangLimit) = (token, nonce, startLimit, hangLimit)
    checked = !checks
    self.claimed = claimed
    stage = .starting(since: now)
    (nextBeat, nextProbe, lastBeat) = (now, now, claimed)
  }

  /// When to come back if nothing happens before.
  public var nextWake: Instant {
    switch stage {
    case .starting, .ready, .hung, .stopping: min(nextBeat, nextProbe)
    case .over: nextBeat
    }
  }

  public var isOver: Bool { stage == .over }

  public mutating func handle(_ event: Event, now: Instant) -> [Action] {
    switch event {
    case .tick: return tick(now)
    case .answered:
      lastAnswer = now
      return announce(now)
    case .unanswered: return missed(now)
    case .checkPassed:
      checked = true
      return announce(now)
    case .checkFailed(let why, let tail): return stop(Ending(.failed, why, tail: tail), now)
    case .beatCompleted(let fold, let began):
      beats.completed(took: now - began)
      // Before this one counts: a guardian that heard nothing for S has ended the server by now.
      let late = fence(now)
      lastBeat = max(lastBeat, began)
      let orders = late + (late.isEmpty ? fence(now) : []) + obey(fold, now)
      if orders.isEmpty, case .starting = stage, !running { return [.confirm] }
      return orders
    case .beatFailed(let why, let isWrite):
      beats.failed(why, isWrite: isWrite)
      return fence(now)
    case .confirmed(let fold): return confirmed(fold, now)
    case .moved(let isServing):
      // By its path it would beat for another directory, while it writes annotations into the one that it began in. The log there
      // is not its own.
      var ending = Ending(.lost, "the project's directory was moved or replaced under the server")
      ending.record = false
      running = isServing
      return stop(ending, now)
    case .exited(let how, let portTaken, let tail):
      if case .starting = stage, portTaken, portTries < 20 {
        portTries += 1
        return [.terminate, .launch]
      }
      // A shell's way, and ours, to say so.
      let neverBegan = lastAnswer == nil && ["exit 126", "exit 127"].contains(how)
      let what = neverBegan ? "the server's command could not be started" : "the server ended by itself"
      return stop(Ending(.failed, "\(what) (\(how))", tail: tail), now)
    case .ranOutOfMemory(let tail): return stop(Ending(.failed, Ending.outOfMemory, tail: tail), now)
    case .couldNotLaunch(let why):
      running = false
      return stop(Ending(.failed, why), now)
    case .groupEmptied:
      running = false
      return finishIfDone()
    case .signalled(let signal): return signalled(signal, now)
    case .explained(let ending):
      guard unexplained, case .stopping(let first, let since, let killed) = stage else { return [] }
      unexplained = false
      var better = ending
      better.record = first.record
      stage = .stopping(better, since: since, killed: killed)
      return finishIfDone()
    }
  }

  private mutating func tick(_ now: Instant) -> [Action] {
    var actions = fence(now)
    if now >= nextBeat, stage != .over { actions += beat(now) }
    switch stage {
    case .starting(let since):
      if !running {
        nextProbe = nextBeat
      } else if now - since > startLimit {
        let what =
          lastAnswer == nil
          ? "the server did not answer HTTP within" : "the check of the app (CHECK_COMMAND) did not end within"
        actions += stop(Ending(.failed, "\(what) \(startLimit.spoken) (START_LIMIT)"), now)
      } else if now >= nextProbe {
        // A small app is there in an instant; a large one is not asked all the time.
        let pace = lastAnswer == nil ? min((now - since) / 40, .milliseconds(500)) : .seconds(1)
        nextProbe = now + max(pace, .milliseconds(50))
        actions.append(.probe(within: .seconds(1)))
      }
    case .stopping(let ending, let since, let killed):
      nextProbe = now + .milliseconds(100)
      if !killed, now - since >= Limits.stopGrace {
        stage = .stopping(ending, since: since, killed: true)
        actions.append(.kill)
      }
    case .ready, .hung:
      if now >= nextProbe {
        nextProbe = now + Limits.healthPace
        actions.append(.probe(within: Limits.healthCall))
      }
    case .over: break
    }
    return actions
  }

  /// The server may be had: it answers, and the check has succeeded.
  private mutating func announce(_ now: Instant) -> [Action] {
    switch stage {
    case .starting where checked && lastAnswer != nil, .hung:
      stage = .ready
      nextProbe = now + Limits.healthPace
      return beat(now)
    case .starting, .ready, .stopping, .over: return []
    }
  }

  /// It was asked and gave no answer. Only what was asked counts, not the time in which nobody did.
  private mutating func missed(_ now: Instant) -> [Action] {
    guard stage == .ready || stage == .hung, let lastAnswer else { return [] }
    let silence = now - lastAnswer
    if silence >= hangLimit {
      return stop(Ending(.lost, "the server hung: no answer to HTTP for \(silence.spoken) (HANG_LIMIT)"), now)
    }
    guard stage == .ready, silence >= Limits.hungAfter else { return [] }
    stage = .hung
    return beat(now)
  }

  private mutating func signalled(_ signal: Int32?, _ now: Instant) -> [Action] {
    switch stage {
    case .stopping, .over: return []
    case .starting, .ready, .hung:
      // The server is told first; asking the scheduler may take seconds.
      unexplained = true
      let why = signal.map { "the job was told to end (\(SignalName.text($0)))" } ?? "the job's script ended"
      return stop(Ending(.finished, why), now) + [.explain(signal)]
    }
  }

  /// - Parameter atOnce: by KILL, without TERM.
  mutating func stop(_ ending: Ending, _ now: Instant, atOnce: Bool = false) -> [Action] {
    switch stage {
    case .stopping(var first, let since, let killed):
      // The first reason stays; but once somebody else wrote the end, it is not ours to record.
      first.record = first.record && ending.record
      stage = .stopping(first, since: since, killed: killed || atOnce)
      return running ? (atOnce && !killed ? [.kill] : []) : finishIfDone()
    case .over: return []
    case .starting, .ready, .hung:
      stage = .stopping(ending, since: now, killed: atOnce)
      nextProbe = now
      return running ? [atOnce ? .kill : .terminate] + (ending.record ? beat(now) : []) : finishIfDone()
    }
  }

  private mutating func finishIfDone() -> [Action] {
    guard !running, !unexplained, case .stopping(let ending, _, _) = stage else { return [] }
    stage = .over
    return [.finish(ending)]
  }
}
