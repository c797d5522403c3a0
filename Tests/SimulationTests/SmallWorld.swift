@testable import CoordCore

/// A team of two, a scheduler, a directory and the jobs that come of it, as one value: the shipped decisions over plain state.
/// Its successors are all that may happen next, so that a search can visit every state that there is.
///
/// Time goes in quanta. Within one, whoever has something to do goes first, in every order; time goes on once nobody has, but
/// for a process that is paused. What one process reads in one look, it reads at one moment.
struct SmallWorld: Hashable {
  static let quantum = Duration.seconds(15)
  static let home = Home(root: "/project")

  /// How much may go wrong.
  struct Budget: Hashable {
    var crashes = 0
    var pauses = 0
    var lies = 0
  }

  struct Job: Hashable {
    var number: Int
    var token: Token
    var uid: UInt32
    var state = "PENDING"
    /// Since which quantum it waits.
    var since = 0
    var restarts = 0

    var id: JobID { JobID("\(number)")! }
  }

  var budget: Budget
  var quanta = 0
  /// Its numbers in the book of all entries.
  var log: [Int] = []
  var info = InfoReading.absent
  var beats = 0
  /// The newest answer that the team shares.
  var board: QueueReading?
  /// Whose question that was.
  var asker: Int?
  var asked = 0
  var askedAt = -1
  var jobs: [Job] = []
  /// Of a sbatch that the controller executes although its caller was told a failure.
  var late: Job?
  var clients: [SmallClient]
  var runs: [SmallRun] = []
  var submitted: Set<Token> = []
  var served: Set<Token> = []
  /// The promise that is broken here.
  var violation: String?

  init(budget: Budget, hosts: [String], wait: Duration = .seconds(120)) {
    self.budget = budget
    clients = hosts.enumerated().map { SmallClient($0.offset, host: $0.element, wait: wait) }
  }

  var now: Instant { Instant(sinceBoot: .seconds(5000) + Self.quantum * quanta) }
  var wall: WallTime { WallTime(seconds: 1_800_000_000 + (Self.quantum * quanta).components.seconds) }

  var isOver: Bool { clients.allSatisfy(\.isOver) }

  // MARK: - what may happen next

  typealias Visit = (String, SmallWorld) -> Void

  /// What only its own state tells goes before all else, since nothing that others do is different for it.
  func successors(_ visit: Visit) {
    if let i = clients.firstIndex(where: { !$0.paused && $0.isLocal(quanta > askedAt) }) {
      step(i, visit)
      if case .called = clients[i].stage { crash("\(i)", visit) { $0.clients[i].die() } }
      return pause("\(i)", visit) { $0.clients[i].paused = true }
    }
    if let i = runs.firstIndex(where: { !$0.paused && !$0.dead && $0.isLocal }) {
      stepRun(i, visit)
      return pause("run \(i)", visit) { $0.runs[i].paused = true }
    }
    for i in clients.indices where !clients[i].isOver {
      if clients[i].paused {
        then("\(i) goes on", visit) { $0.clients[i].paused = false }
        continue
      }
      if !clients[i].quiet { step(i, visit) }
      crash("\(i)", visit) { $0.clients[i].die() }
      pause("\(i)", visit) { $0.clients[i].paused = true }
    }
    for i in runs.indices where !runs[i].isOver {
      if runs[i].paused {
        then("run \(i) goes on", visit) { $0.runs[i].paused = false }
      } else if !runs[i].dead {
        if !runs[i].quiet { stepRun(i, visit) }
        crash("run \(i)", visit) { $0.supervisorDies(i) }
        for requeued in [false, true] { crash("the node of run \(i)", visit) { $0.nodeDies(i, requeued: requeued) } }
        pause("run \(i)", visit) { $0.runs[i].paused = true }
      }
      if runs[i].up, runs[i].ending || runs[i].dead { then("server \(i) is gone", visit) { $0.serverGone(i) } }
    }
    for i in jobs.indices where jobs[i].state == "PENDING" {
      then("job \(jobs[i].number) starts", visit) { $0.start(i) }
    }
    if let late { then("the late job comes", visit) { $0.add(late) } }
    // No job waits for longer than two quanta, nor is made later than three after its sbatch.
    if clients.allSatisfy({ $0.isOver || $0.paused || $0.quiet }),
      jobs.allSatisfy({ $0.state != "PENDING" || quanta - $0.since < 2 }),
      late.map({ quanta - $0.since < 3 }) ?? true,
      runs.allSatisfy({ $0.isOver || $0.dead || $0.paused || $0.quiet })
    {
      then("15 s", visit) { $0.tick() }
    }
  }

  func then(_ label: String, _ visit: Visit, _ change: (inout SmallWorld) -> Void) {
    var next = self
    change(&next)
    visit(label, next)
  }

  private func crash(_ who: String, _ visit: Visit, _ change: (inout SmallWorld) -> Void) {
    guard budget.crashes > 0 else { return }
    then("\(who) dies", visit) {
      $0.budget.crashes -= 1
      change(&$0)
    }
  }

  private func pause(_ who: String, _ visit: Visit, _ change: (inout SmallWorld) -> Void) {
    guard budget.pauses > 0 else { return }
    then("\(who) pauses", visit) {
      $0.budget.pauses -= 1
      change(&$0)
    }
  }

  /// As it is, and once more with each of these lies.
  func orLie(
    _ label: String, _ visit: Visit, lies: [String: (inout SmallWorld) -> Void], _ truth: (inout SmallWorld) -> Void
  ) {
    then(label, visit, truth)
    guard budget.lies > 0 else { return }
    for (name, lie) in lies {
      then("\(label), but \(name)", visit) {
        $0.budget.lies -= 1
        lie(&$0)
      }
    }
  }

  private mutating func tick() {
    quanta += 1
    for i in clients.indices { clients[i].quiet = false }
    for i in runs.indices {
      runs[i].quiet = false
      guard runs[i].up, let beat = runs[i].beat else { continue }
      // The guardian: told before, it has had its grace.
      if runs[i].guarded {
        serverGone(i)
        continue
      }
      switch Watchman(lastBeat: beat).decide(now: now, supervised: !runs[i].dead) {
      case .kill: serverGone(i)
      case .terminate:
        runs[i].ending = true
        runs[i].guarded = true
      case .wait: break
      }
    }
  }

  /// The log is another one: whoever waits looks again at once. What else changes is seen when time goes on, or before.
  private mutating func wakeAll() {
    for i in clients.indices {
      clients[i].quiet = false
      clients[i].stale = true
    }
    for i in runs.indices {
      runs[i].quiet = false
      runs[i].stale = true
    }
  }

  mutating func violate(_ what: String) { violation = violation ?? what }

  // MARK: - the log

  var tail: LogTail { tail(log.count) }

  func tail(_ count: Int) -> LogTail { LogTail(first: 1, slots: log.prefix(count).map { Book.slots[$0] }) }

  /// Whether this one takes the number.
  mutating func append(_ draft: LockDraft, by author: Author) -> Bool {
    guard draft.number == log.count + 1 else { return false }
    var body = draft.body
    // Words in which times are spoken.
    (body.reason, body.logTail, body.next) = (nil, nil, nil)
    if body.kind == .ended { endIsRight(body, author) }
    log.append(
      Book.number(
        LockEntry(
          number: draft.number, previous: draft.previous, time: WallTime(seconds: 0), author: author, body: body)))
    wakeAll()
    return true
  }

  /// I6, but for what its own run says of it.
  private mutating func endIsRight(_ body: EntryBody, _ author: Author) {
    let entries = log.compactMap { Book.slots[$0].entry }
    if entries.contains(where: { $0.token == body.token && [.started, .stopRequested].contains($0.kind) }) { return }
    for job in jobs where job.token == body.token && ["PENDING", "RUNNING"].contains(job.state) {
      let run = runs.last { $0.job == job.number }
      if let run, run.author == author || run.mayHaveStarted { continue }
      violate("I6: job \(job.number) is \(job.state), and its token is declared over")
    }
  }

  // MARK: - the scheduler

  mutating func add(_ job: Job) {
    late = nil
    jobs.append(job)
    jobs[jobs.count - 1].since = quanta
  }

  func snapshot(_ query: QueueQuery, uid: UInt32, host: String) -> QueueSnapshot {
    let rows = jobs.map {
      QueuedJob(
        id: $0.id, user: "u", uid: $0.uid, state: $0.state, comment: $0.token.comment(log: nil),
        name: Self.home.jobName, workDir: Self.home.root, restarts: $0.restarts)
    }
    return QueueSnapshot(
      scheduler: "slurm", query: query, cluster: "c", askedBy: uid, host: host, seesEverybody: true,
      outcome: .answered(rows))
  }

  mutating func publish(_ snapshot: QueueSnapshot, _ number: Int, by client: Int) {
    if number > board?.number ?? 0 {
      board = QueueReading(snapshot: snapshot, number: number, highestAsked: asked, isOwn: false)
      asker = client
    }
  }
}

/// All entries that any state has, by a number.
enum Book {
  nonisolated(unsafe) private(set) static var slots: [Slot] = []
  nonisolated(unsafe) private static var numbers: [LockEntry: Int] = [:]

  static func number(_ entry: LockEntry) -> Int {
    if let known = numbers[entry] { return known }
    slots.append(.entry(entry, digest: entry.digest))
    numbers[entry] = slots.count - 1
    return slots.count - 1
  }
}
