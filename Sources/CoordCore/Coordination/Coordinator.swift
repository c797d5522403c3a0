/// How one process agrees with all others: observe, decide, act. The decision, whole: no clock, no file, no process.
///
/// `connect` runs it until it can answer, `stop` until a token has ended, `cleanup` until nothing is left to record.
public struct Coordinator: Hashable, Sendable {
  public enum Goal: Hashable, Sendable {
    /// Find the server or start one.
    case answer
    /// Ask the live token's server to end, and wait until it has.
    case stop(Outcome, reason: String)
    /// Record what can be proven, then be done.
    case settle
  }

  /// A claim of this process.
  struct Claim: Hashable, Sendable {
    enum Stage: Hashable, Sendable {
      case claimed, submitting
      case hindered(CoordError)
      /// `seenNumber`: what was asked under a higher one was asked after the reply; nil: nobody has looked since.
      case replied(SubmitReply, seenNumber: Int?)
    }
    var token: Token
    /// Taken before the claim was written: by its own clock the claimant is never late.
    var at: Instant
    var stage = Stage.claimed
    /// Where it is over: since when its job is being looked for.
    var soughtSince: Instant?

    /// Whether sbatch may have made a job for it.
    func mayHaveJob(_ token: Token) -> Bool {
      guard token == self.token else { return false }
      switch stage {
      case .claimed, .hindered, .replied(.refused, _): return false
      case .submitting, .replied: return true
      }
    }
  }

  /// What came of the last try to reach a server.
  struct Probe: Hashable, Sendable {
    var place: ServerPlace
    var at: Instant
    var reach: Reach
  }

  /// An append of a coordinator may take so long.
  public static let appendLimit = Duration.seconds(20)

  public let goal: Goal
  public let me: UInt32
  public let scheduler: String
  let wait: Duration
  let insists: Bool
  let seen: Token?
  let home: Home
  var deadline: Instant
  var file = InfoWatch()
  var last = Watch<Int>()
  var torn = Watch<String>()
  var absence = AbsenceProof()
  /// The highest number that the scheduler was asked under when the live token's silence was first seen to last for D.
  var askedInSilence: Int?
  var mine: Claim?
  var witnessed: Set<Token> = []
  /// Those of them that a job was made for.
  var jobs: Set<Token> = []
  /// When this process last asked for the end of a token's job.
  var cancelled: [Token: Instant] = [:]
  /// What a stop is about: the token that was live when it began.
  var target: Token?
  var probed: Probe?
  /// A server that coord did not start, whose job is being ended.
  var leaving = Watch<[JobID]>()
  /// Set while something is being proven that giving up would throw away.
  var proofEnds: Instant?
  /// Numbers of answers that did not say which cluster they are of.
  var clusterless: Set<Int> = []
  var renewals = 0
  public private(set) var interrupted: Int32?

  /// - Parameters:
  ///   - wait: how long to try.
  ///   - insists: give up exactly then, even where a proof is nearly complete.
  ///   - seen: the server that the asker was connected to. If somebody stopped it, that is the answer: a laptop that comes
  ///     back by itself must not undo what a teammate wanted.
  ///   - home: what the team's jobs look like in the queue.
  public init(
    goal: Goal, me: UInt32, scheduler: String, wait: Duration, insists: Bool, seen: Token? = nil,
    home: Home = Home(), now: Instant
  ) {
    (self.seen, self.home) = (seen, home)
    (self.goal, self.me, self.scheduler, self.wait, self.insists) = (goal, me, scheduler, wait, insists)
    deadline = now + wait
  }

  public mutating func interrupt(signal: Int32) { interrupted = signal }

  public mutating func handle(_ event: Event, now: Instant) {
    switch event {
    case .probed(let place, let reach): probed = Probe(place: place, at: now, reach: reach)
    case .submitted(let token, let reply):
      if mine?.token == token { mine?.stage = .replied(reply, seenNumber: nil) }
    case .notSubmitted(let token, let lasting):
      if mine?.token == token { mine?.stage = lasting.map { .hindered($0) } ?? .claimed }
    }
  }

  /// One decision.
  public mutating func next(_ o: Observation) -> [Action] {
    observe(o)
    guard let log = o.log else {
      if interrupted == nil, goal == .answer, o.infoIsInLog, let actions = answerIfReady(o, token: nil) {
        return actions
      }
      return [.readLog]
    }
    switch log {
    case .failure(let failure):
      last.lose()
      if failure.kind == .permission { return [.fail(failure.error)] }
      return pause(o, .milliseconds(500), failure.kind == .lag ? .lag(failure.text) : .directory(failure.text))
    case .success(let tail):
      switch tail.fold(watching: &torn, began: o.began, ended: o.now) {
      case .newer(let number): return [.fail(.newerCoord(lock: number))]
      case .missing(let number):
        proofEnds = torn.since + Limits.claimWatch
        return pause(o, .milliseconds(500), .lag("lock \(number) is not there (yet)"))
      case .beingWritten(let number):
        proofEnds = torn.since + Limits.claimWatch
        return pause(o, .milliseconds(300), .lag("lock \(number) is being written"))
      case .state(let state):
        if let place = o.place, let identity = state.copied(to: place) {
          return [.fail(.copiedLog(identity, to: place))]
        }
        let known = o.tokens ?? tail.known(state)
        return askable(cancelEnded(tail, state, o) + decide(state, known, o), o)
      }
    }
  }

  /// What to do once a probe is over that was all there was to do. What was seen before it is still so after a moment.
  public mutating func afterProbe(_ o: Observation, now: Instant) -> [Action] {
    now - o.now < Limits.momentOfAProbe ? next(o) : []
  }

  /// Where Slurm's commands are nowhere, others' answers and the files may still tell all: only a cleanup has no use for them.
  private func askable(_ actions: [Action], _ o: Observation) -> [Action] {
    guard let missing = o.noScheduler else { return actions }
    let rest = actions.filter { if case .look = $0 { false } else { true } }
    if rest.count == actions.count { return actions }
    if goal == .settle { return [.fail(missing)] }
    return rest.isEmpty ? [.wait(.milliseconds(500), .schedulerSilent(missing.why))] : rest
  }

  private mutating func observe(_ o: Observation) {
    file.see(o.info, began: o.began, ended: o.now)
    let areAnew = o.queue.map { absence.hear(highest: $0.highestAsked) } ?? false
    if areAnew { askedInSilence = nil }
    if case .replied(let reply, let seen)? = mine?.stage, seen == nil || areAnew, o.log != nil {
      mine?.stage = .replied(reply, seenNumber: o.queue?.highestAsked ?? 0)
    }
    proofEnds = nil
  }

  private mutating func decide(_ state: ServiceState, _ known: KnownTokens, _ o: Observation) -> [Action] {
    if last.value != state.lastNumber { absence.begin() }
    last.see(state.lastNumber, began: o.began, ended: o.now)
    if let signal = interrupted { return leave(state, signal) }
    if let token = state.liveToken {
      witnessed.insert(token)
      if state.job != nil { jobs.insert(token) }
    }
    if case .stop(let outcome, let reason) = goal, let actions = requestStop(state, outcome, reason) { return actions }
    if state.stop != nil { return stopping(state, o) }
    if let actions = takeOut(state, o) { return actions }
    switch state.phase {
    case .idle: return idle(state, known, o)
    case .claimed: return claimed(state, o)
    case .submitted: return submitted(state, o)
    case .started: return started(state, o)
    }
  }

  /// nil: the stop is requested, and what remains is to see it done.
  private mutating func requestStop(_ state: ServiceState, _ outcome: Outcome, _ reason: String) -> [Action]? {
    if target == nil { target = state.liveToken }
    guard let token = target, state.liveToken == token else { return [.settle(state)] }
    guard state.stop == nil else { return nil }
    return [
      .append(
        LockDraft(
          after: state,
          EntryBody(.stopRequested, token).with {
            $0.job = state.job
            $0.outcome = outcome
            $0.reason = reason
          }))
    ]
  }

  /// A claimant that leaves before sbatch says so: nobody then has to wait until its claim is stale.
  private mutating func leave(_ state: ServiceState, _ signal: Int32) -> [Action] {
    let exit = Action.fail(.interrupted(signal: signal))
    guard let claim = mine, state.phase == .claimed, state.liveToken == claim.token else { return [exit] }
    switch claim.stage {
    case .claimed, .hindered:
      return [.append(ending(state, .withdrawn, "the claimant was interrupted before sbatch")), exit]
    case .replied(.accepted(let job), _): return [.append(submission(state, job)), exit]
    case .submitting, .replied: return [exit]
    }
  }

  // MARK: - shared by the phases

  /// Waits a little, or gives up if the time is over.
  mutating func pause(_ o: Observation, _ duration: Duration, _ progress: Progress) -> [Action] {
    var end = deadline
    if !insists, let proofEnds { end = max(end, proofEnds + .seconds(10)) }
    if o.now < end { return [.wait(min(max(duration, calm(progress)), max(duration, end - o.now)), progress)] }
    if let missing = o.noScheduler, progress.needsScheduler { return [.fail(missing)] }
    return [.fail(Self.gaveUp(goal, progress, slowDisk: o.slowDisk))]
  }

  /// How far apart whole looks may be: the longer nothing has changed, the less is missed. What a glance shows (`Progress.sign`) is
  /// seen at once all the same.
  private func calm(_ progress: Progress) -> Duration {
    let still = min(last.unchanged, file.silence)
    switch progress {
    case .unreachable, .directory: return .zero
    case .starting, .hung: return min(last.unchanged / 10, .seconds(2))
    case .pending: return min(still / 5, Limits.calmestPoll)
    default: return min(still / 20, .seconds(2))
    }
  }

  /// How old an answer is before this process asks again: about a job that waits, and may for days, less and less often.
  public func questionPace(_ actions: [Action]) -> Duration {
    for case .wait(_, .pending) in actions {
      return max(Limits.queuePace, min(last.unchanged / 5, Limits.calmestPoll))
    }
    return Limits.queuePace
  }

  func query(_ state: ServiceState, _ o: Observation) -> QueueQuery {
    var others: [JobID] = []
    if let job = o.info.plain?.job { others = [job] }
    guard state.phase != .idle else { return QueueQuery(others: others) }
    return QueueQuery(job: state.job, token: state.liveToken, others: others, cluster: state.job?.cluster)
  }

  func ending(_ state: ServiceState, _ outcome: Outcome, _ reason: String) -> LockDraft {
    LockDraft(
      after: state,
      EntryBody(.ended, state.liveToken ?? Token(random: 0, 0)).with {
        $0.job = state.job
        $0.outcome = outcome
        $0.reason = reason
      })
  }

  func submission(_ state: ServiceState, _ job: JobID) -> LockDraft {
    LockDraft(after: state, EntryBody(.submitted, state.liveToken ?? Token(random: 0, 0)).with { $0.job = job })
  }

  /// The live token's job, as it may be recognised.
  func wanted(_ state: ServiceState) -> Wanted? {
    guard let token = state.liveToken, let owner = state.owner else { return nil }
    return state.wanted(token, of: owner, scheduler: scheduler, home: home)
  }

  /// What the newest snapshot says of the live token's job, if this process would ever learn more by looking.
  func sighting(_ state: ServiceState, _ o: Observation) -> Sighting {
    guard let queue = o.queue, let wanted = wanted(state) else { return .unknown(Wanted.notAsked) }
    return Sighting(of: wanted, in: queue.snapshot)
  }

  /// Asking again is of use unless jobs are hidden from this user: then the owner's questions come first.
  func lookIfUseful(_ state: ServiceState, _ o: Observation) -> [Action] {
    if let queue = o.queue, !queue.snapshot.seesEverybody, case .answered = queue.snapshot.outcome,
      let owner = state.owner, owner.uid != me
    {
      return []
    }
    return [.look(query(state, o))]
  }

  mutating func renewDeadline(_ o: Observation) {
    // What was waited for is over, and the wait begins anew; not without end.
    guard !insists, renewals < Limits.renewals else { return }
    renewals += 1
    deadline = max(deadline, o.now + wait)
  }
}
