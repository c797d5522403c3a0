import CoordCore
import Testing

private let day = Duration.seconds(86_400)
private let (t1, t2, t3) = (World.token(1), World.token(2), World.token(3))

@Suite struct Pruning {
  private let tail = LogTail(first: 200, slots: [.torn(digest: "x")])

  /// How many go, where files are so many days old; `younger` are of today.
  private func old(_ numbers: [Int], _ tail: LogTail, days: Int, younger: Set<Int> = []) -> Int {
    CleanupPlan.oldLocks(numbers, tail: tail) { name in
      younger.contains(LockName.number(name)!) ? .zero : day * days
    }.count
  }

  @Test func keepsTheLastSixtyFour() {
    #expect(CleanupPlan.oldLocks(Array(1...200), tail: tail) { _ in day * 40 } == Array(1...136)[...])
  }

  @Test func neverLeavesAGap() {
    #expect(old(Array(1...200), tail, days: 40, younger: [11]) == 10)
    #expect(CleanupPlan.oldLocks(Array(1...200), tail: tail) { $0 == "00000003" ? nil : day * 40 } == [1, 2])
  }

  @Test func removesNothingYoungerThanThirtyDays() {
    #expect(old(Array(1...200), tail, days: 30) == 0)
  }

  /// Before one that stays nothing else is asked about, however long the log is.
  @Test func whatStaysIsNotAskedAbout() {
    var asked: [String] = []
    _ = CleanupPlan.oldLocks(Array(1...100_000), tail: LogTail(first: 99_999, slots: [.torn(digest: "x")])) { name in
      asked.append(name)
      return .zero
    }
    #expect(asked == ["00000001"])
  }

  /// "never one of the last 64".
  @Test func strayNumberMakesTheLast64Removable() {
    let tail = LogTail(first: 79, slots: [.torn(digest: "x"), .torn(digest: "y")])
    #expect(old(Array(1...80), tail, days: 40) == 16)
    #expect(old(Array(1...80) + [99_999_999], tail, days: 40) == 16)
  }

  @Test func keepsTheLiveToken() {
    let live = LogTail(first: 20, slots: Array(repeating: .torn(digest: "x"), count: 181))
    #expect(old(Array(1...200), live, days: 40) == 19)
  }
}

@Test func leftoversAreOldAndOfNoUse() {
  let live = World.token(1)
  let files = [
    ("tmp.a.00000001", 7200), ("tmp.b.00000001", 60), ("queue.1.asked", 7200), ("queue.9.answer", 7200),
    ("queue.5.asked", 10), ("queue.999999999.asked", 7200), ("sbatch.\(live).out", 7200),
    ("sbatch.\(World.token(2)).out", 7200), ("00000001", 7200),
    ("README", 7200),
  ].map { CleanupPlan.File(name: $0.0, age: .seconds($0.1)) }
  #expect(
    CleanupPlan.leftovers(files, asked: LockListing(files.map(\.name)).asked, live: live) == [
      "queue.1.asked", "sbatch.\(World.token(2)).out", "tmp.a.00000001",
    ])
}

@Test func onlyOurOwnKnownSurplusJobsAreCancelled() {
  let (ours, live, foreign) = (World.token(1), World.token(2), World.token(3))
  var state = ServiceState(next: 9, previous: "")
  var w = World()
  for kind in [EntryKind.claimed, .submitted, .started] { w.append(kind, live) }
  if case .state(let folded) = w.tail.fold() { state = folded }
  func job(_ id: String, _ uid: UInt32, _ state: String, _ token: Token, log: String? = nil) -> QueuedJob {
    QueuedJob(id: JobID(id)!, user: "u", uid: uid, state: state, comment: token.comment(log: log))
  }
  let (mine, original) = ("0123456789abcdef", "fedcba9876543210")
  let snapshot = QueueSnapshot(
    scheduler: "slurm", query: QueueQuery(), askedBy: 1001, host: "login1", seesEverybody: true,
    outcome: .answered([
      job("1", 1001, "PENDING", ours), job("2", 1002, "PENDING", ours), job("3", 1001, "COMPLETED", ours),
      job("4", 1001, "PENDING", foreign), job("4711", 1001, "RUNNING", live), job("5", 1001, "PENDING", live),
      job("6", 1001, "COMPLETING", ours), job("7", 1001, "SUSPENDED", ours, log: mine),
      job("8", 1001, "PENDING", ours, log: original),
    ]))
  func surplus(_ log: String?) -> [String] {
    CleanupPlan.surplusJobs(snapshot, me: 1001, state: state, known: [ours, live], log: log).map(\.id.description)
  }
  #expect(surplus(mine) == ["1", "5", "7"])
  #expect(surplus(nil) == ["1", "5"])
}

@Test func leftOverPasswordsAndStrangeFilesGo() {
  func file(_ name: String, hours: Int) -> CleanupPlan.File {
    CleanupPlan.File(name: name, age: .seconds(hours * 3600))
  }
  let files = [
    file("credentials.json", hours: 9999), file("credentials.json.0123456789abcdef", hours: 2),
    file("credentials.json.0123456789abcdee", hours: 0), file("credentials.json.bak", hours: 99),
    file("credentials.json.0123456789ABCDEF", hours: 99),
  ]
  #expect(CleanupPlan.oldCredentials(files, of: "credentials.json") == ["credentials.json.0123456789abcdef"])
  let named = "Zugänge.json.0123456789abcdef"
  #expect(CleanupPlan.oldCredentials([file(named, hours: 2)], of: "Zugänge.json") == [named])
  #expect(CleanupPlan.oldStrangeFiles([file("x", hours: 1), file("y", hours: 24 * 31)]) == ["y"])
}

@Test func strangeFilesAmongTheLocksAreNamed() {
  var w = World()
  w.append(.claimed, World.token(1))
  w.tail.slots.append(.void(digest: "d", why: "it is a directory"))
  let ours = [
    "00000001", "00000002", "tmp.x.00000003", "queue.7.asked", "queue.7.answer", "sbatch.\(World.token(1)).out",
    ".nfs1",
    "strange",
  ]
  let foreign = [
    "00000099", "9223372036854775807", "queue.9223372036854775807.asked", "queue.5000000.asked", "notes.txt",
  ]
  let found = StrangeFile.find(among: LockListing(ours + foreign), tail: w.tail)
  #expect(Set(found.filter(\.isMovable).map(\.name)) == Set(foreign))
  #expect(found.filter { !$0.isMovable }.map(\.name) == ["00000002"], "a number that is used up stays")
  #expect(StrangeFile.note(found)?.contains("and 4 more") == true && StrangeFile.note([]) == nil)
}

@Suite struct SurplusOfAClaim {
  private let day = Duration.seconds(86_400)
  private let t1 = World.token(1)

  private func asks(_ kinds: [(EntryKind, Outcome?)], age: Duration = .zero, live: Bool = false, me: UInt32 = 1001)
    -> Bool
  {
    var w = World()
    for (kind, outcome) in kinds { w.append(kind, t1) { $0.outcome = outcome } }
    var search = CleanupPlan.SurplusSearch(me: me, live: live ? t1 : nil)
    _ = w.tail.slots.reversed().compactMap(\.entry).first { search.ends(at: $0, age: age) }
    return search.found
  }

  @Test func onlyAClaimThatNeverStartedMayHaveLeftAJob() {
    let pending: [(EntryKind, Outcome?)] = [
      (.claimed, nil), (.submitted, nil), (.stopRequested, .stopped), (.ended, .stopped),
    ]
    #expect(asks(pending) && asks(pending, age: day * 6))
    #expect(asks([(.claimed, nil), (.ended, .lost)]), "given up: sbatch may still have made one")
    #expect(!asks(pending, age: day * 8) && !asks(pending, me: 1002))
    #expect(!asks([(.claimed, nil), (.submitted, nil)], live: true))
    #expect(!asks([(.claimed, nil), (.submitted, nil), (.started, nil), (.ended, .finished)]))
    #expect(!asks([(.claimed, nil), (.ended, .withdrawn)]) && !asks([(.claimed, nil), (.ended, .refused)]))
    #expect(!asks([]))
  }
}

/// Of a token that the log does not know the server may be alive, and whoever claims waits for its silence.
@Test func onlyTheHeartbeatOfAServerThatTheLogProvesOverGoes() {
  var w = World()
  for kind in [EntryKind.claimed, .submitted, .started, .ended] { w.append(kind, t1) }
  for kind in [EntryKind.claimed, .ended] { w.append(kind, t2) }
  for kind in [EntryKind.claimed, .submitted, .started] { w.append(kind, t3) }
  guard case .state(let state) = w.tail.fold() else { return #expect(Bool(false)) }
  let served = w.tail.known(state)
  for (token, known, goes) in [
    (t1, served, true), (t1, KnownTokens(), false), (t2, served, false), (t3, served, false),
    (World.token(4), served, false),
  ] {
    w.beat(1, token: token)
    #expect(CleanupPlan.isStale(w.info, state: state, known: known) == goes, "\(token)")
  }
  for info in [InfoReading.absent, .invalid(digest: 0), .unreadable("EIO")] {
    #expect(!CleanupPlan.isStale(info, state: state, known: served))
  }
}
