import CoordCore
import Testing

private let t2 = World.token(2)

/// Servers that coord did not start.
@Suite struct ForeignServers: Neighbours {
  @Test func foreignServerThatIsEndingIsWaitedForUntilItsProcessesAreGone() {
    var w = World()
    var job = World.queued("COMPLETING")
    (job.workDir, job.name) = ("/project", "py_accel_viewer")
    let after = claim(&w, within: 90) { w, _ in w.answer([job]) }
    // Longer than KillWait, and not for as long as an epilog hangs.
    #expect((after ?? 0) >= 44 && (after ?? 99) < 60)
  }

  /// KillWait is the site's.
  @Test func killWaitOfTheClusterCounts() {
    for (killWait, least) in [(nil, 44), (Duration.seconds(120), 134), (.seconds(0), 14)] as [(Duration?, Int)] {
      var w = World()
      let after = claim(&w, within: 200) { w, _ in
        w.answer([job("90", "COMPLETING", dir: "/project")])
        w.queue?.snapshot.endsWithin = killWait
      }
      #expect((least..<least + 16).contains(after ?? 0), "\(killWait?.spoken ?? "") \(after ?? 0)")
    }
  }

  /// One whose epilog hangs, and another one that runs.
  @Test(arguments: ["NODE=node9\nPORT=7860\nJOB_ID=200\n", "NODE=node9\nPORT=7860\n"])
  func serverThatIsEndingHidesNoOther(info: String) {
    var w = World()
    w.info = InfoReading(bytes: Array(info.utf8))
    let jobs = [
      job("90", "COMPLETING", dir: "/project"), job("200", "RUNNING", name: "viewer-old", dir: "/project"),
    ]
    let found = outcome(&w, seconds: 90, query: QueueQuery(others: [JobID("200")!]), jobs: jobs)
    #expect(found.error?.exitCode == 69 && found.claimedAfter == nil, "\(found)")
  }

  /// A second one that begins to end begins the wait anew.
  @Test func eachServerThatIsEndingIsWaitedFor() {
    var w = World()
    let both = ["90", "91"].map { job($0, "COMPLETING", dir: "/project") }
    let after = claim(&w, within: 120) { w, second in w.answer(second < 30 ? [both[0]] : both) }
    #expect((after ?? 0) >= 74, "\(after ?? 0)")
  }

  /// Also one that server_info.txt alone names.
  @Test func serverOfServerInfoThatBeginsToEndIsWaitedFor() {
    var w = World()
    w.info = InfoReading(bytes: Array("NODE=node9\nPORT=7860\nJOB_ID=200\n".utf8))
    let rows = [
      job("90", "COMPLETING", dir: "/project"), job("200", "COMPLETING", name: "viewer-old", dir: "/project"),
    ]
    let after = claim(&w, within: 200) { w, second in
      w.answer(second < 30 ? [rows[0]] : rows, query: QueueQuery(others: [JobID("200")!]))
    }
    #expect((after ?? 0) >= 74, "\(after ?? 0)")
  }

  /// Answers of another process tell what is in the way as well, and throw no wait away.
  @Test func waitForAForeignServerIsNotGivenUpAtItsEnd() {
    var w = World()
    let connect = Coordinator(
      goal: .answer, me: 1002, scheduler: "slurm", wait: .seconds(120), insists: false, home: Home(root: "/project"),
      now: w.now)
    let after = claim(&w, connect, within: 300) { w, second in
      w.answer([job("90", "COMPLETING", dir: "/project")], isOwn: second % 2 == 0)
      w.queue?.snapshot.endsWithin = .seconds(120)
    } sees: { second, actions in
      #expect(actions.error == nil, "\(second) s")
    }
    #expect((134..<150).contains(after ?? 0), "\(after ?? 0)")
  }

  /// A job on its way in does as any claimant.
  @Test func entranceWaitsForWhatIsEnding() {
    let known = KnownTokens()
    for (foreign, seconds, fails) in [
      (nil, 45, false), (CoordError.noServer(what: "x", why: "y", next: "z"), 0, true),
    ] as [(CoordError?, Int, Bool)] {
      let fence = Fence(
        token: nil, nonce: "n", job: JobID("1"), restarts: 0, node: "node1", scheduler: "slurm", statusFile: "info",
        log: nil,
        obstacle: nil, freshToken: t2)
      func at(_ second: Int) -> Instant { .init(sinceBoot: .seconds(1000 + second)) }
      var entrance = Entrance(fence, now: at(0))
      let snapshot = QueueSnapshot(
        scheduler: "slurm", query: QueueQuery(), askedBy: 1, host: "node1", seesEverybody: true, outcome: .answered([]))
      var around = Entrance.Surroundings(
        info: .absent, known: known, snapshot: snapshot, hasTraces: false, home: Home(root: "/project"))
      guard
        case .ending(let server) = ForeignServer.find(
          in: QueueSnapshot(
            scheduler: "slurm", query: QueueQuery(), askedBy: 1, host: "h", seesEverybody: true,
            outcome: .answered([job("90", "COMPLETING", dir: "/project")])),
          plain: nil, home: Home(root: "/project"), known: known)
      else { return #expect(Bool(false)) }
      (around.ending, around.foreign) = (server, foreign)
      var took: Int?
      var failed = false
      for second in 0..<90 where took == nil && !failed {
        guard case .lookAround(let question) = entrance.next(.empty, place: nil, began: at(second), now: at(second))
        else {
          return #expect(Bool(false))
        }
        switch entrance.looked(around, question, now: at(second), wall: WallTime(seconds: 1)) {
        case .append: took = second
        case .fail: failed = true
        default: break
        }
      }
      #expect(failed == fails && took.map { (seconds...seconds + 2).contains($0) } ?? fails, "\(took ?? -1)")
    }
  }

  @Test func foreignServerWhoseNameCannotBeLookedUpIsADoubt() {
    var w = World()
    w.info = InfoReading(bytes: Array("NODE=node9\nPORT=7860\n".utf8))
    var c = w.observer()
    _ = c.next(w.observation())
    var last: Progress?
    for _ in 0..<200 {
      w.answer([])
      let actions = c.next(w.observation())
      #expect(actions.appended == nil)
      for case .probe(let place) in actions { c.handle(.probed(place, .slowNames(place.names)), now: w.now) }
      last = actions.progress ?? last
      if let error = actions.error {
        #expect(error.exitCode == 75 && error.why.contains("did not start may be at node9:7860"))
        break
      }
      w.wait(1)
    }
    #expect(last?.text.contains("looking up node9") == true)
  }

  @Test func jobOfOlderScriptsIsAForeignServer() {
    for state in ["RUNNING", "PENDING", "SUSPENDED", "REVOKED", "A_STATE_OF_TOMORROW"] {
      var w = World()
      let error = outcome(&w, jobs: [job("77", state, dir: "/project")]).error
      #expect(error?.exitCode == 69 && error?.why.contains("job 77 of megan") == true)
      #expect(error?.next.contains("scancel 77") == true && error?.next.contains("docs/moving.md") == true)
    }
  }

  /// Somebody changed its comment; its token has ended, so that it loses its fence.
  @Test func jobThatTheLogNamesIsNoForeignServer() {
    for (uid, number, state, isOurs) in [
      (1001 as UInt32, "77", "PENDING", true), (1003, "77", "PENDING", false), (1001, "78", "RUNNING", true),
      // The controller may have lost its state, and given the number to a server of older scripts.
      (1001, "77", "RUNNING", false), (1001, "77", "SUSPENDED", false),
    ] {
      var w = World()
      // Not the last one.
      for n in 1...2 as ClosedRange<UInt64> {
        w.append(.claimed, World.token(n))
        w.append(.submitted, World.token(n)) { $0.job = JobID("\(76 + n)") }
        w.append(.ended, World.token(n)) { $0.outcome = .stopped }
      }
      var renamed = job(number, state, comment: "ticket_4711", dir: "/project")
      renamed.uid = uid
      let found = outcome(&w, jobs: [renamed])
      #expect((found.claimedAfter == 0) == isOurs && (found.error?.exitCode == 69) == !isOurs, "\(found)")
      // A claim that came to no job changes nothing.
      w.append(.claimed, World.token(3))
      w.append(.ended, World.token(3)) { $0.outcome = .withdrawn }
      let later = outcome(&w, jobs: [renamed])
      #expect((later.claimedAfter == 0) == isOurs && (later.error?.exitCode == 69) == !isOurs, "\(later)")
    }
  }

  /// After the controller lost its state: the number is whose job had it last.
  @Test func numberThatWasGivenTwiceIsItsNewestOwners() {
    for (uid, isOurs) in [(1001 as UInt32, false), (1002, true)] {
      var w = World()
      for (n, owner) in [(1, 1001), (2, 1002)] as [(UInt64, UInt32)] {
        w.append(.claimed, World.token(n), by: World.author("megan", owner, "login1"))
        w.append(.submitted, World.token(n), by: World.author("megan", owner, "login1")) { $0.job = JobID("100") }
        w.append(.ended, World.token(n), by: World.author("megan", owner, "login1")) { $0.outcome = .stopped }
      }
      var renamed = job("100", "PENDING", comment: "ticket", dir: "/project")
      renamed.uid = uid
      #expect((outcome(&w, jobs: [renamed]).claimedAfter == 0) == isOurs)
    }
  }

  @Test func strangersJobWithTheNumberOfAnOldServerIsNotThatServer() {
    var w = World()
    w.info = InfoReading(bytes: Array("NODE=node1\nPORT=7860\nJOB_ID=77\n".utf8))
    var row = job("77", "RUNNING", name: "simulation", dir: "/home/games")
    row.isStrangers = true
    var c = w.observer()
    _ = c.next(w.observation())
    var claimed = false
    for _ in 0..<20 where !claimed {
      w.answer([row], query: QueueQuery(others: [JobID("77")!]))
      let actions = c.next(w.observation())
      for case .probe(let place) in actions { c.handle(.probed(place, .refused(place.endpoint)), now: w.now) }
      claimed = actions.appended?.kind == .claimed
      #expect(actions.error == nil)
      w.wait(1)
    }
    #expect(claimed, "nobody listens at that port any more")
  }

  @Test func whatIsNotInThisProjectOrOverOrByHandIsNone() {
    for other in [
      job("77", "RUNNING", dir: "/other"), job("77", "RUNNING", dir: "/project2"),
      job("77", "COMPLETED", dir: "/project"), job("77", "RUNNING", name: "simulation", dir: "/project"),
      job("77", "PENDING", comment: "coord", dir: "/project"), job("35_1", "PENDING", name: "x", dir: "/project"),
    ] {
      var w = World()
      #expect(outcome(&w, jobs: [other]).claimedAfter == 0, "\(other)")
    }
  }

  @Test func plainServerInfoCountsByItsJobOrItsPort() {
    let text = "NODE=node1\nPORT=7860\nJOB_ID=77\nSTARTED=Wed Nov 25 04:29:07 UTC 2026\n"
    let asked = QueueQuery(others: [JobID("77")!])
    for (jobs, answers, foreign) in [
      ([job("77", "RUNNING", name: "x", dir: "/y")], false, true),
      // In no queue here: it may be in another cluster's. A node that was given up may go on.
      ([], true, true), ([], false, false),
      ([job("77", "NODE_FAIL", name: "x", dir: "/project")], true, true),
      ([job("77", "NODE_FAIL", name: "x", dir: "/project")], false, false),
      // Its number may be another job's by now.
      ([job("77", "COMPLETED", name: "x", dir: "/y")], true, true),
      ([job("77", "COMPLETED", name: "x", dir: "/project")], true, false),
    ] as [([QueuedJob], Bool, Bool)] {
      var w = World()
      w.info = InfoReading(bytes: Array(text.utf8))
      let found = outcome(&w, query: asked, jobs: jobs, portAnswers: answers)
      #expect((found.error?.exitCode == 69) == foreign && (found.claimedAfter != nil) == !foreign, "\(jobs) \(answers)")
    }
    // Without a job id the port decides.
    var w = World()
    w.info = InfoReading(bytes: Array("NODE=node1\nPORT=7860\n".utf8))
    #expect(outcome(&w, jobs: []).error?.what.contains("node1:7860") == true)
  }

  /// However long it is: one read again at every look costs seconds. Only a job of the project that its end does not tell of needs that.
  @Test func otherProjectsJobsNeedNoWholeLog() throws {
    let files = MemoryFiles()
    var w = World()
    for number in 1...30 { for kind in [EntryKind.claimed, .ended] { w.append(kind, World.token(UInt64(number))) } }
    files.put(w)
    let log = LockLog(files)
    let tail = try log.tail()
    var reads = 0
    files.afterReading = { _ in reads += 1 }
    let older = Array(1..<tail.first)
    // Each token has two numbers, and the tail three in all. What was read before is not read again.
    for (directory, number, expected) in [
      ("/other", 2, 0), ("/project", 30, 0), ("/project", 28, 3), ("/project", 27, 2), ("/project", 2, 50),
      ("/project", 3, 0),
    ] as [(String, UInt64, Int)] {
      reads = 0
      let token = World.token(number)
      w.answer([job("77", "RUNNING", comment: token.comment(log: nil), dir: directory)])
      let known = try log.known(
        beyond: tail, among: older, info: nil, jobs: w.queue?.snapshot, home: Home(root: "/project"))
      #expect(reads == expected, "\(directory) \(number)")
      #expect(known?.named.contains(token) == (directory == "/project"), "\(directory) \(number)")
    }
  }

  /// A file server may show it a moment later.
  @Test(arguments: [true, false]) func numberThatCouldNotBeReadIsReadAgain(isTorn: Bool) throws {
    let files = MemoryFiles()
    var w = World()
    for number in 1...5 { for kind in [EntryKind.claimed, .ended] { w.append(kind, World.token(UInt64(number))) } }
    files.put(w)
    let claim = "00000003"
    let whole = files.files[claim]
    files.files[claim] = isTorn ? [] : nil
    let log = LockLog(files)
    let tail = try log.tail()
    w.answer([job("77", "RUNNING", comment: t2.comment(log: nil), dir: "/project")])
    for isThere in [false, true] {
      if isThere { files.files[claim] = whole }
      let known = try log.known(
        beyond: tail, among: Array(1...10), info: nil, jobs: w.queue?.snapshot, home: Home(root: "/project"))
      #expect(known?.claimed.contains(t2) == isThere, "\(isThere)")
    }
  }
}
