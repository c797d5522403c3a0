@testable import CoordCore

/// One run of a job on its node, between two operations of its supervisor.
struct SmallRun: Hashable {
  enum Stage: Hashable {
    case ready
    case looked(entries: Int, began: Instant)
    case around(Entrance.Question)
    case appending(LockDraft)
    case serving([Supervision.Action])
    case beating(ServerInfo.State, LogFold, began: Instant, rest: [Supervision.Action])
    case farewell(Farewell)
    case recording(Farewell, LockDraft)
    case over
  }

  let job: Int
  let token: Token
  let node: String
  let author: Author
  var entrance: Entrance!
  var supervision: Supervision?
  var lock = 0
  var stage = Stage.ready
  var quiet = false
  var stale = false
  var paused = false
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
  var exitSeen = false

  init(_ job: SmallWorld.Job, number: Int, now: Instant) {
    (self.job, token, node) = (job.number, job.token, "node\(number)")
    author = Author(
      user: "u", uid: job.uid, host: node, bootID: "b", pid: Int32(number), pidStart: 1, nonce: "r\(number)")
    entrance = Entrance(
      Fence(
        token: job.token, nonce: author.nonce, job: job.id, restarts: job.restarts, node: node, scheduler: "slurm",
        statusFile: "info", log: nil, obstacle: nil, freshToken: job.token), now: now)
  }

  var isOver: Bool { stage == .over && !up }
  /// Its `started` may be there whatever it was told.
  var mayHaveStarted = false

  /// What it knew is of no meaning any more: two worlds that differ in that are the same.
  mutating func forget() {
    (stage, dead, paused, quiet, stale) = (.over, true, false, false, false)
    (entrance, supervision, beat, ending, guarded, exitSeen, lock) = (nil, nil, nil, false, false, false, 0)
  }

  /// Whether nothing that others do makes its next step another one.
  var isLocal: Bool { if case .looked = stage { true } else { false } }
}

extension SmallWorld {
  mutating func start(_ j: Int) {
    jobs[j].state = "RUNNING"
    runs.append(SmallRun(jobs[j], number: runs.count + 1, now: now))
  }

  mutating func cancel(_ j: Int) {
    if jobs[j].state == "PENDING" { jobs[j].state = "CANCELLED" }
  }

  /// Its processes are all gone.
  private mutating func leave(_ i: Int, _ state: String) {
    runs[i].forget()
    if let j = jobs.firstIndex(where: { $0.number == runs[i].job }), jobs[j].state == "RUNNING" {
      jobs[j].state = state
    }
  }

  mutating func supervisorDies(_ i: Int) {
    runs[i].dead = true
    runs[i].stage = .over
    if !runs[i].up { leave(i, "FAILED") }
  }

  mutating func nodeDies(_ i: Int, requeued: Bool) {
    runs[i].up = false
    leave(i, "NODE_FAIL")
    guard requeued, let j = jobs.firstIndex(where: { $0.number == runs[i].job }) else { return }
    jobs[j].state = "PENDING"
    jobs[j].restarts += 1
    jobs[j].since = quanta
  }

  mutating func serverGone(_ i: Int) {
    runs[i].up = false
    runs[i].quiet = false
    if runs[i].dead { leave(i, "FAILED") }
  }

  func stepRun(_ i: Int, _ visit: Visit) {
    let who = "run \(i)"
    switch runs[i].stage {
    case .over: break
    case .ready:
      then("\(who) looks", visit) {
        $0.runs[i].stale = false
        $0.runs[i].stage = .looked(entries: $0.log.count, began: $0.now)
      }
    case .looked(let entries, let began):
      then("\(who) decides", visit) {
        let tail = $0.tail(entries)
        $0.take(i, $0.runs[i].entrance.next(tail, place: nil, began: began, now: $0.now))
      }
    case .around(let question): lookAround(i, question, visit)
    case .appending(let draft): appending(i, draft, visit)
    case .serving(let actions):
      then("\(who) serves: \(actions.first.map { "\($0)" } ?? "tick")", visit) { $0.serve(i, actions) }
    case .beating(let state, let fold, let began, let rest):
      then("\(who) beats", visit) { $0.beat(i, state, fold, began, rest) }
    case .farewell(let farewell):
      then("\(who) looks at its end", visit) { $0.sayFarewell(i, farewell, farewell.next($0.tail.fold(), now: $0.now)) }
    case .recording(let farewell, let draft):
      then("\(who) records its end", visit) {
        if $0.append(draft, by: $0.runs[i].author) { $0.afterEnd(i) } else { $0.runs[i].stage = .farewell(farewell) }
      }
    }
  }

  // MARK: - on its way in

  private mutating func take(_ i: Int, _ step: Entrance.Step) {
    switch step {
    case .wait:
      runs[i].stage = .ready
      runs[i].quiet = !runs[i].stale
    case .lookAround(let question): runs[i].stage = .around(question)
    case .append(let draft):
      if draft.body.kind == .started {
        runs[i].entrance.takes(now: now)
        runs[i].mayHaveStarted = true
      }
      runs[i].stage = .appending(draft)
    case .serve(let state, let since):
      var supervision = Supervision(
        token: runs[i].token, nonce: runs[i].author.nonce, startLimit: .seconds(60), claimed: since, now: now)
      runs[i].lock = state.lastNumber
      runs[i].stage = .serving(supervision.begin(now: now))
      runs[i].supervision = supervision
    case .leave: leave(i, "COMPLETED")
    case .fail: leave(i, "FAILED")
    }
  }

  private func lookAround(_ i: Int, _ question: Entrance.Question, _ visit: Visit) {
    then("run \(i) looks around", visit) {
      var around: Entrance.Surroundings?
      let known = $0.tail.known(question.state)
      if question.isNeeded(for: $0.info, known) {
        let snapshot = $0.snapshot(QueueQuery(), uid: $0.runs[i].author.uid, host: $0.runs[i].node)
          .besides("\(runs[i].job)")
        around = Entrance.Surroundings(
          info: $0.info, known: known, snapshot: snapshot, hasTraces: false, home: Self.home)
      }
      $0.take(i, $0.runs[i].entrance.looked(around, question, now: $0.now, wall: $0.wall))
    }
  }

  private func appending(_ i: Int, _ draft: LockDraft, _ visit: Visit) {
    func over(_ world: inout SmallWorld, _ won: Bool) {
      guard let next = world.runs[i].entrance.appended(draft, won: won) else {
        world.runs[i].stage = .ready
        return
      }
      world.take(i, next)
    }
    func failed(_ world: inout SmallWorld) {
      world.take(i, world.runs[i].entrance.failed(StorageFailure(.other, "lie"), now: world.now))
    }
    orLie(
      "run \(i) takes \(draft.number) \(draft.body.kind)", visit,
      lies: [
        "it is told a failure": {
          _ = $0.append(draft, by: $0.runs[i].author)
          failed(&$0)
        },
        "it fails": { failed(&$0) },
      ]
    ) { over(&$0, $0.append(draft, by: $0.runs[i].author)) }
  }

  // MARK: - its server

  private mutating func feed(_ i: Int, _ event: Supervision.Event) -> [Supervision.Action] {
    let now = now
    return runs[i].supervision?.handle(event, now: now) ?? []
  }

  private mutating func serve(_ i: Int, _ queued: [Supervision.Action]) {
    var actions = queued
    guard !actions.isEmpty else {
      runs[i].stale = false
      actions = feed(i, .tick)
      if !runs[i].up {
        if !runs[i].exitSeen { actions += feed(i, .exited("signal 15", portTaken: false, tail: "")) }
        runs[i].exitSeen = true
        actions += feed(i, .groupEmptied)
      }
      runs[i].stage = .serving(actions)
      runs[i].quiet = actions.isEmpty
      return
    }
    let first = actions.removeFirst()
    switch first {
    case .launch:
      let alive = runs[i].supervision?.lastBeat ?? now
      if Watchman(lastBeat: alive).mayBegin(now: now) { launch(i, alive) }
    case .probe: actions += feed(i, runs[i].up ? .answered : .unanswered)
    case .beat(let state):
      let fold = tail.foldBeforeTornEnd
      guard case .state(let s) = fold, s.phase == .started, s.start?.author.nonce == runs[i].author.nonce else {
        actions += feed(i, .beatCompleted(fold, began: now))
        break
      }
      runs[i].stage = .beating(state, fold, began: now, rest: actions)
      return
    case .terminate: runs[i].ending = true
    case .kill: serverGone(i)
    case .explain: actions += feed(i, .explained(Supervision.Ending(.stopped, "")))
    case .finish(let ending):
      runs[i].stage = .farewell(
        Farewell(ending, runs[i].token, job: JobID("\(runs[i].job)"), log: nil, now: now))
      return
    }
    runs[i].stage = .serving(actions)
  }

  private mutating func launch(_ i: Int, _ alive: Instant) {
    if runs.contains(where: \.up) { violate("two live servers") }
    if !served.insert(runs[i].token).inserted { violate("I1: a token is served twice") }
    runs[i].up = true
    runs[i].beat = alive
  }

  private mutating func beat(
    _ i: Int, _ state: ServerInfo.State, _ fold: LogFold, _ began: Instant, _ rest: [Supervision.Action]
  ) {
    beats += 1
    let new = ServerInfo(
      endpoint: Endpoint(node: runs[i].node, port: 7860)!, jobID: "\(runs[i].job)", started: WallTime(seconds: 0),
      state: state, beat: beats, heartbeat: wall, ends: nil, lock: runs[i].lock, token: runs[i].token, user: "u")
    info = .info(new, digest: beats)
    runs[i].beat = max(runs[i].beat ?? began, began)
    let actions = feed(i, .beatCompleted(fold, began: began))
    runs[i].stage = .serving(rest + actions)
  }

  // MARK: - its end

  private mutating func sayFarewell(_ i: Int, _ farewell: Farewell, _ step: Farewell.Step) {
    switch step {
    case .append(let draft): runs[i].stage = .recording(farewell, draft)
    case .lookAgain: runs[i].quiet = true
    case .over: afterEnd(i)
    }
  }

  private mutating func afterEnd(_ i: Int) {
    if info.info?.token == runs[i].token { info = .absent }
    leave(i, "COMPLETED")
  }
}
