@testable import CoordCore

/// One run of a job on its node, between two operations of its supervisor. Its clock begins with it.
struct SmallRun {
  indirect enum Stage: Hashable {
    case ready
    case looked(log: Int32, began: Instant)
    case around(Entrance.Question, log: Int32)
    case appending(LockDraft)
    case serving([Supervision.Action])
    case beating(ServerInfo.State, log: Int32, began: Instant, rest: [Supervision.Action])
    case farewell(Farewell)
    case recording(Farewell, LockDraft)
    /// The supervisor is gone; its guardian may be there.
    case gone
  }

  static let birth = Instant(sinceBoot: .seconds(5000))

  /// What never changes of it.
  let job: SmallQueue.Job
  var now = birth
  /// Until it serves.
  var entrance: Entrance?
  /// While it serves.
  var supervision: Supervision?
  var lock = 0
  var stage = Stage.ready
  var quiet = false
  /// The log changed since the look that it acts upon.
  var stale = false
  var paused = false
  /// For how many quanta.
  var pausedFor = 0
  /// The supervisor is dead; its guardian is not.
  var dead = false
  /// The server's processes exist.
  var up = false
  /// They were told to end.
  var ending = false
  /// By the guardian.
  var guarded = false
  /// The beat that the guardian heard of.
  var beat: Instant?
  /// A beat was completed.
  var hasBeaten = false
  var exitSeen = false
  var mayHaveStarted = false
  /// What the scheduler says once all its processes are gone.
  var left: String?
  /// It removed its server_info.txt before.
  var tidied = false

  init(_ job: SmallQueue.Job) {
    var same = job
    (same.state, same.waits) = ("", 0)
    (same.isServed, same.mayHaveStarted, same.isPrinted, same.isLate) = (false, false, false, false)
    self.job = same
    entrance = Entrance(
      Fence(
        token: job.token, nonce: author.nonce, job: job.id, restarts: job.restarts, node: node, scheduler: "slurm",
        statusFile: "info", log: nil, obstacle: nil, freshToken: job.token), now: now)
  }

  var node: String { "node\(job.number)-\(job.restarts)" }
  var author: Author {
    Author(
      user: "u", uid: job.uid, host: node, bootID: "b", pid: Int32(job.number), pidStart: 1,
      nonce: "r\(job.number)-\(job.restarts)")
  }
  var wall: WallTime { WallTime(seconds: 1_800_000_000 + now.sinceBoot.components.seconds) }

  // MARK: - what happens around it

  mutating func tick() {
    now = now + SmallWorld.quantum
    if paused { pausedFor += 1 }
    quiet = false
    guard up, let beat else { return }
    // The guardian: told before, it has had its grace.
    if guarded { return serverGone() }
    switch Watchman(lastBeat: beat).decide(now: now, supervised: !dead) {
    case .kill: serverGone()
    case .terminate: (ending, guarded) = (true, true)
    case .wait: break
    }
  }

  mutating func wake() { (quiet, stale) = (false, true) }

  mutating func supervisorDies() {
    (dead, stage, entrance, supervision, paused, pausedFor) = (true, .gone, nil, nil, false, 0)
    if !up { leave("FAILED") }
  }

  mutating func nodeDies() {
    up = false
    leave("NODE_FAIL")
  }

  mutating func serverGone() {
    (up, quiet) = (false, false)
    if dead { leave("FAILED") }
  }

  private mutating func leave(_ state: String) {
    (left, stage, up) = (state, .gone, false)
    (quiet, paused) = (true, false)
  }

  // MARK: - on its way in

  mutating func decide(_ log: Int32, _ tail: LogTail, began: Instant) {
    goOn(entrance?.next(tail, place: nil, began: began, now: now), log)
  }

  private mutating func goOn(_ step: Entrance.Step?, _ log: Int32 = 0) {
    switch step {
    case .wait:
      stage = .ready
      quiet = !stale
    case .lookAround(let question): stage = .around(question, log: log)
    case .append(let draft):
      if draft.body.kind == .started {
        entrance?.takes(now: now)
        mayHaveStarted = true
      }
      stage = .appending(draft)
    case .serve(let state, let since):
      var supervision = Supervision(
        token: job.token, nonce: author.nonce, startLimit: .seconds(60), claimed: since, now: now)
      lock = state.lastNumber
      stage = .serving(Self.wordless(supervision.begin(now: now)))
      (self.supervision, entrance) = (supervision, nil)
    case .leave: leave("COMPLETED")
    case .fail, nil: leave("FAILED")
    }
  }

  mutating func lookAround(_ question: Entrance.Question, _ tail: LogTail, _ info: SmallInfo, _ queue: SmallQueue) {
    var around: Entrance.Surroundings?
    let known = tail.known(question.state)
    var server = info.server
    server?.heartbeat = info.heartbeat(wall)
    let reading = server.map { InfoReading.info($0, digest: info.age) } ?? .absent
    if question.isNeeded(for: reading, known) {
      around = Entrance.Surroundings(
        info: reading, known: known, snapshot: queue.snapshot(QueueQuery()).besides("\(job.number)"),
        hasTraces: false, home: SmallWorld.home)
    }
    let wall = wall
    goOn(entrance?.looked(around, question, now: now, wall: wall))
  }

  mutating func appended(_ draft: LockDraft, won: Bool) {
    if let next = entrance?.appended(draft, won: won, now: now) { goOn(next) } else { stage = .ready }
  }

  mutating func appendFailed() { goOn(entrance?.failed(StorageFailure(.other, "lie"), now: now)) }

  // MARK: - its server

  private mutating func feed(_ event: Supervision.Event) -> [Supervision.Action] {
    Self.wordless(supervision?.handle(event, now: now) ?? [])
  }

  private static func wordless(_ actions: [Supervision.Action]) -> [Supervision.Action] {
    actions.map {
      guard case .finish(var ending) = $0 else { return $0 }
      (ending.reason, ending.tail) = ("", nil)
      return .finish(ending)
    }
  }

  mutating func lookAfterServer() {
    stale = false
    var actions = feed(.tick)
    if !up, supervision?.running == true {
      if !exitSeen { actions += feed(.exited("signal 15", portTaken: false, tail: "")) }
      exitSeen = true
      actions += feed(.groupEmptied)
    }
    stage = .serving(actions)
    quiet = actions.isEmpty
  }

  /// The first of what is to be done for the server.
  mutating func serve(_ log: Int32, _ tail: LogTail) {
    guard case .serving(var actions) = stage else { return }
    switch actions.removeFirst() {
    case .launch:
      let alive = supervision?.lastBeat ?? now
      if Watchman(lastBeat: alive).mayBegin(now: now) { (up, beat) = (true, alive) }
    case .probe: actions += feed(up ? .answered : .unanswered)
    case .beat(let state):
      let fold = tail.foldBeforeTornEnd
      guard case .state(let s) = fold, s.phase == .started, s.start?.author.nonce == author.nonce else {
        actions += feed(.beatCompleted(fold, began: now))
        break
      }
      stage = .beating(state, log: log, began: now, rest: actions)
      return
    case .confirm: actions += feed(.confirmed(tail.foldBeforeTornEnd))
    case .terminate: ending = true
    case .kill: serverGone()
    case .explain: actions += feed(.explained(Supervision.Ending(.stopped, "")))
    case .finish(let ending):
      // Its clock begins anew: all that went before is over.
      now = Self.birth
      (supervision, beat) = (nil, nil)
      stage = .farewell(Farewell(ending, job.token, nonce: author.nonce, job: job.id, log: nil, now: now))
      return
    }
    stage = .serving(actions)
  }

  mutating func beaten(_ fold: LogFold, began: Instant, _ rest: [Supervision.Action]) {
    (beat, hasBeaten) = (max(beat ?? began, began), true)
    let actions = feed(.beatCompleted(fold, began: began))
    stage = .serving(rest + actions)
  }

  /// It was held up in it for S: nothing was written.
  mutating func beatTooLate(_ rest: [Supervision.Action]) {
    stage = .serving(rest + feed(.beatFailed("held up", isWrite: false)))
  }

  // MARK: - its end

  mutating func sayFarewell(_ farewell: Farewell, _ fold: LogFold) {
    switch farewell.next(fold, now: now) {
    case .append(let draft): stage = .recording(farewell, draft)
    case .lookAgain: quiet = true
    case .over: tidy()
    }
  }

  mutating func recorded(_ farewell: Farewell, won: Bool) {
    if won { tidy() } else { stage = .farewell(farewell) }
  }

  private mutating func tidy() {
    tidied = true
    leave("COMPLETED")
  }
}
