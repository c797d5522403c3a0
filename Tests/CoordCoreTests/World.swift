import CoordCore

/// A small team for tables of decisions: who, when, and a log to write in.
struct World {
  static let owner = author("ann1", 1001, "login1")
  static let job = JobID("4711")!

  var tail = LogTail.empty
  var now = Instant(sinceBoot: .seconds(1000))
  var wall = WallTime(seconds: 1_795_000_000)
  var info = InfoReading.absent
  var queue: QueueReading?
  var claimant = Observation.Claimant.unknown
  var submitOutput = ""
  var place: LogPlace?
  var infoIsInLog = true
  var submitBegan: Bool?
  var hasTraces = false
  private var tokens: UInt64 = 100

  static func author(_ user: String, _ uid: UInt32, _ host: String) -> Author {
    Author(user: user, uid: uid, host: host, bootID: "boot", pid: 7, pidStart: 8, nonce: user)
  }

  static func token(_ n: UInt64) -> Token { Token(random: 0, n) }

  /// Appends an entry by `author`, as the log's next number.
  mutating func append(
    _ kind: EntryKind, _ token: Token, by author: Author = World.owner, _ change: (inout EntryBody) -> Void = { _ in }
  ) {
    let previous = tail.slots.last?.digest ?? LockEntry.nothingBefore
    let body = EntryBody(kind, token).with {
      if kind == .claimed { $0.scheduler = "slurm" }
      if kind == .submitted || kind == .started { $0.job = World.job }
      if kind == .started { ($0.node, $0.restarts) = ("node1", 0) }
      change(&$0)
    }
    let entry = LockEntry(number: tail.next, previous: previous, time: wall, author: author, body: body)
    tail.slots.append(.entry(entry, digest: entry.digest))
  }

  /// With a job that was submitted.
  static func submitted() -> World {
    var w = World()
    w.append(.claimed, token(1))
    w.append(.submitted, token(1))
    return w
  }

  mutating func wait(_ seconds: Int) {
    now = now + .seconds(seconds)
    wall.seconds += Int64(seconds)
  }

  /// The scheduler's next answer to a question for everything, as `askedBy` got it.
  mutating func answer(
    _ jobs: [QueuedJob], askedBy: UInt32 = 1002, seesEverybody: Bool = true, narrow: Bool = false, odd: [String] = [],
    query: QueueQuery? = nil, isOwn: Bool = true
  ) {
    publish(
      QueueSnapshot(
        scheduler: "slurm", query: query ?? QueueQuery(job: World.job), cluster: "main", askedBy: askedBy,
        host: "login2",
        seesEverybody: seesEverybody, outcome: .answered(jobs), narrow: narrow, odd: odd), isOwn: isOwn)
  }

  /// What /proc of the owner's host shows.
  mutating func answerLocally(_ jobs: [QueuedJob]) {
    publish(
      QueueSnapshot(
        scheduler: "local", query: QueueQuery(job: World.job), askedBy: 1002, host: World.owner.host,
        seesEverybody: true, outcome: .answered(jobs)))
  }

  mutating func noAnswer() {
    publish(
      QueueSnapshot(
        scheduler: "slurm", query: QueueQuery(), askedBy: 1002, host: "login2", seesEverybody: false,
        outcome: .unknown("slurm_load_jobs error: Unable to contact slurm controller (connect failure)")))
  }

  private mutating func publish(_ snapshot: QueueSnapshot, isOwn: Bool = true) {
    let number = (queue?.number ?? 0) + 1
    queue = QueueReading(snapshot: snapshot, number: number, highestAsked: number, isOwn: isOwn)
  }

  static func queued(_ state: String, token: Token? = nil, id: JobID = job, restarts: Int? = 0) -> QueuedJob {
    QueuedJob(
      id: id, user: "ann1", uid: 1001, state: state, comment: token?.comment(log: nil) ?? "", restarts: restarts)
  }

  mutating func beat(_ n: Int, token: Token, state: ServerInfo.State = .ready, skew: Int64 = 0) {
    let value = ServerInfo(
      endpoint: Endpoint(node: "node1", port: 7860)!, jobID: "4711", started: wall, state: state, beat: n,
      heartbeat: WallTime(seconds: wall.seconds + skew), ends: nil, lock: 3, token: token, user: "ann1")
    info = InfoReading(bytes: value.encoded)
  }

  mutating func observation(log: Bool = true, began: Instant? = nil) -> Observation {
    tokens += 1
    var o = Observation(
      began: began ?? now, now: now, wall: wall, info: info, log: log ? .success(tail) : nil, queue: queue,
      claimant: claimant,
      submitOutput: submitOutput, freshToken: World.token(tokens))
    (o.place, o.infoIsInLog, o.submitBegan, o.hasTraces) = (place, infoIsInLog, submitBegan, hasTraces)
    return o
  }

  func observer(
    _ goal: Coordinator.Goal = .answer, uid: UInt32 = 1002, wait: Int = 100_000, seen: Token? = nil
  ) -> Coordinator {
    Coordinator(
      goal: goal, me: uid, scheduler: "slurm", wait: .seconds(wait), insists: true, seen: seen,
      home: Home(root: "/project"), now: now)
  }
}

extension [Action] {
  var appended: EntryBody? {
    for case .append(let draft) in self { return draft.body }
    return nil
  }

  var progress: Progress? {
    for case .wait(_, let progress) in self { return progress }
    return nil
  }

  var error: CoordError? {
    for case .fail(let error) in self { return error }
    return nil
  }

  var cancels: Bool {
    contains { if case .cancel = $0 { true } else { false } }
  }

  var looks: Bool {
    contains { if case .look = $0 { true } else { false } }
  }

  var submits: Bool {
    contains { if case .submit = $0 { true } else { false } }
  }
}
