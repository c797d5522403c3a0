@testable import CoordCore

/// The scheduler's jobs.
struct SmallQueue: Hashable {
  struct Job: Hashable {
    var number: Int
    var token: Token
    var uid: UInt32
    var state = "PENDING"
    /// For how many quanta it waits.
    var waits = 0
    var restarts = 0
    /// A server was launched for it.
    var isServed = false
    /// Its `started` may be there, whatever the run was told that took it.
    var mayHaveStarted = false
    /// Its sbatch told its number.
    var isPrinted = false
    /// It was made so long after its sbatch that two looks may have missed it.
    var isLate = false

    var id: JobID { JobID("\(number)")! }
    var isOver: Bool { !["PENDING", "RUNNING"].contains(state) }
  }

  /// In quanta: how long a job waits at most, and how long it may be on its way into the queue.
  struct Waits: Hashable, CustomStringConvertible {
    var queued = 2
    var late = 3

    var description: String { "waits of \(queued) and \(late)" }
    static let long = Waits(queued: 6, late: 8)
  }

  var jobs: [Job] = []
  /// Of a sbatch that the controller executes although its caller was told a failure.
  var late: Job?
  /// The tokens that sbatch was called for.
  var submitted: [Token] = []

  /// No job waits for longer than two quanta, nor is made later than three after its sbatch; but the first one may be.
  func mayWait(_ first: Waits) -> Bool {
    func most(_ job: Job) -> Waits { job.number == 101 ? first : Waits() }
    return jobs.allSatisfy { $0.state != "PENDING" || $0.waits < most($0).queued }
      && late.map { $0.waits < most($0).late } ?? true
  }

  mutating func tick() {
    for i in jobs.indices where jobs[i].state == "PENDING" { jobs[i].waits += 1 }
    late?.waits += 1
  }

  mutating func add(_ job: Job) {
    var job = job
    job.isLate = SmallWorld.quantum * job.waits >= Limits.tokenLooks
    (late, job.waits) = (nil, 0)
    jobs.append(job)
  }

  mutating func addLate() { if let late { add(late) } }

  mutating func start(_ i: Int) { (jobs[i].state, jobs[i].waits, jobs[i].mayHaveStarted) = ("RUNNING", 0, false) }

  mutating func cancel(_ id: JobID, _ token: Token, uid: UInt32) {
    let i = jobs.firstIndex { $0.id == id && $0.token == token && $0.uid == uid }
    guard let i, jobs[i].state == "PENDING" else { return }
    end(i, "CANCELLED")
  }

  /// Its run's processes are all gone.
  mutating func left(_ number: Int, _ state: String) {
    if let i = jobs.firstIndex(where: { $0.number == number }), jobs[i].state == "RUNNING" { end(i, state) }
  }

  private mutating func end(_ i: Int, _ state: String) {
    (jobs[i].state, jobs[i].waits, jobs[i].mayHaveStarted) = (state, 0, false)
  }

  mutating func requeue(_ number: Int, mayHaveStarted: Bool) {
    guard let i = jobs.firstIndex(where: { $0.number == number }) else { return }
    (jobs[i].state, jobs[i].waits, jobs[i].mayHaveStarted) = ("PENDING", 0, mayHaveStarted)
    jobs[i].restarts += 1
  }

  /// What squeue shows. Who asked is of no meaning where everybody sees all.
  func snapshot(_ query: QueueQuery) -> QueueSnapshot {
    let rows = jobs.map {
      QueuedJob(
        id: $0.id, user: "u", uid: $0.uid, state: $0.state, comment: $0.token.comment(log: nil),
        name: SmallWorld.home.jobName, workDir: SmallWorld.home.root, restarts: $0.restarts)
    }
    return QueueSnapshot(
      scheduler: "slurm", query: query, cluster: "c", askedBy: 0, host: "", seesEverybody: true,
      outcome: .answered(rows))
  }
}

/// server_info.txt, and for how many quanta its heartbeat is old.
struct SmallInfo: Hashable {
  var server: ServerInfo?
  var age = 0

  func heartbeat(_ wall: WallTime) -> WallTime {
    WallTime(seconds: wall.seconds - Int64(age) * SmallWorld.quantum.components.seconds)
  }
}
