import CoordCore
import Testing

private let t1 = World.token(1)
private let t2 = World.token(2)

extension LogFold {
  fileprivate var state: ServiceState? { if case .state(let state) = self { state } else { nil } }
}

/// What the lock directory may hold, and what that means: docs/protocol.md, "What the directory may hold".
@Suite struct WhatTheDirectoryMayHold {
  private func entry(_ tail: LogTail, _ kind: EntryKind, _ token: Token, previous: String) -> Slot {
    let entry = LockEntry(
      number: tail.next, previous: previous, time: WallTime(seconds: 1), author: World.owner,
      body: EntryBody(kind, token))
    return .entry(entry, digest: entry.digest)
  }

  @Test func entryThatFollowsNothingIsVoid() {
    var w = World()
    w.append(.claimed, t1)
    w.append(.started, t1)
    let before = w.tail.fold().state
    for kind in EntryKind.allCases {
      for token in [t1, t2] {
        var tail = w.tail
        tail.slots.append(entry(tail, kind, token, previous: String(repeating: "a", count: 64)))
        let after = tail.fold().state
        #expect(after?.start == before?.start && after?.stop == nil && after?.phase == .started && after?.next == 4)
        #expect(after?.previous == before?.previous)
        #expect(after != nil && tail.passedOver == [3])
        #expect(StrangeFile.find(among: [], tail: tail).map(\.name) == ["00000003"], "doctor names it")
        // And the log goes on from what counts.
        tail.slots.append(entry(tail, .ended, t1, previous: before!.previous))
        #expect(tail.fold().state?.phase == .idle)
      }
    }
  }

  @Test func severalVoidNumbersThatAreCompletedLateStayVoid() {
    var w = World()
    w.append(.claimed, t1)
    let claimed = w.tail.fold().state!
    var late = w
    late.append(.submitted, t1)
    late.append(.stopRequested, t1)
    var tail = w.tail
    tail.slots += [.torn(digest: "x"), .torn(digest: "y")]
    tail.slots.append(entry(tail, .ended, t1, previous: claimed.previous))
    #expect(tail.fold().state?.phase == .idle)
    tail.slots[1] = late.tail.slots[1]
    #expect(tail.fold().state?.submission == nil && tail.fold().state?.phase == .idle)
    tail.slots[2] = late.tail.slots[2]
    #expect(tail.fold().state?.submission == nil && tail.fold().state?.phase == .idle)
  }

  @Test func strangeFilesUseUpTheirNumber() {
    var w = World()
    w.append(.claimed, t1)
    w.tail.slots.append(.void(digest: "d", why: "it is a directory"))
    #expect(w.tail.fold().state?.next == 3 && w.tail.fold().state?.phase == .claimed)
  }

  @Test func missingNumberIsWaitedForAndThenTheLogBeginsAfterIt() {
    var w = World()
    for kind in [EntryKind.claimed, .submitted, .started, .ended] { w.append(kind, t1) }
    w.tail.slots.removeFirst(3)
    w.tail.first = 4
    w.tail.isCutOff = true
    #expect(w.tail.fold() == .missing(number: 3))
    guard case .state(let state) = w.tail.fold(void: w.tail.unsettled) else { return #expect(Bool(false)) }
    // The `ended` alone does not show whose it was.
    #expect(state.phase == .idle && !state.isFounded && state.next == 5)
  }

  @Test func missingNumberBelowAStartDoesNotMatter() {
    for (removed, kinds) in [(1, [EntryKind.claimed, .submitted, .started]), (2, [.claimed, .submitted, .started])] {
      var w = World()
      for kind in kinds { w.append(kind, t1) }
      w.tail.slots.removeFirst(removed)
      w.tail.first = 1 + removed
      w.tail.isCutOff = true
      for fold in [w.tail.fold(), w.tail.foldBeforeTornEnd] {
        #expect(fold.state?.phase == .started && fold.state?.liveToken == t1 && fold.state?.isFounded == true)
      }
      w.append(.stopRequested, t1)
      #expect(w.tail.fold().state?.stop != nil)
      w.append(.ended, t1)
      #expect(w.tail.fold().state?.phase == .idle && w.tail.fold().state?.isFounded == true)
    }
  }

  /// Somebody removed the `started` of a server that is suspended; then its token was stopped "before it started".
  @Test func heartbeatOfATokenThatTheLogNeverStartedIsWaitedFor() {
    var w = World()
    w.beat(1, token: t1)
    w.wait(60)
    for kind in [EntryKind.claimed, .submitted, .stopRequested, .ended] { w.append(kind, t1) }
    var c = w.observer()
    func claims(within seconds: Int, _ state: String?) -> Bool {
      for _ in 0..<seconds {
        var job = World.queued(state ?? "", token: t1)
        job.workDir = "/project"
        w.answer(state == nil ? [] : [job])
        if c.next(w.observation()).appended?.kind == .claimed { return true }
        w.wait(1)
      }
      return false
    }
    #expect(!claims(within: 300, "SUSPENDED") && claims(within: 10, nil))
    c = w.observer()
    #expect(!claims(within: 70, nil) && claims(within: 10, nil))
    // One that the log has started is what it says: over.
    for kind in [EntryKind.claimed, .started, .ended] { w.append(kind, World.token(2)) }
    w.beat(1, token: World.token(2))
    c = w.observer()
    #expect(claims(within: 10, nil))
  }

  @Test func missingNumberBelowWhatAClaimNamesDoesNotMatter() {
    var w = World()
    for kind in [EntryKind.claimed, .submitted] { w.append(kind, t1) }
    w.append(.claimed, World.token(2))
    w.tail.slots.removeFirst()
    w.tail.first = 2
    w.tail.isCutOff = true
    #expect(w.tail.fold().state?.liveToken == World.token(2))
    // But it may itself be above a listing's gap.
    w.tail.slots.removeFirst()
    w.tail.first = 3
    #expect(w.tail.fold() == .missing(number: 2) && w.tail.foldBeforeTornEnd == .missing(number: 2))
    #expect(w.tail.fold(void: w.tail.unsettled).state?.liveToken == World.token(2))
  }

  @Test func entryOfANewerCoordIsNeitherTornNorVoid() {
    var w = World()
    w.append(.claimed, t1)
    let text = String(decoding: w.tail.slots[0].entry!.encoded, as: UTF8.self)
    for (old, new) in [
      ("FORMAT=1", "FORMAT=2"), ("KIND=claimed", "KIND=handed-over"), ("USER=", "OUTCOME=parked\nUSER="),
    ] {
      let lines = text.split(separator: "\n").dropLast().joined(separator: "\n") + "\n"
      let at = lines.firstRange(of: old)!
      let changed = lines[..<at.lowerBound] + new + lines[at.upperBound...]
      let bytes = Array((changed + "CHECKSUM=\(SHA256.hex(Array(changed.utf8)))\n").utf8)
      let slot = Slot(bytes: bytes, number: 1)
      #expect(slot == .newer(digest: SHA256.hex(bytes)), "\(new)")
      #expect(LogTail(first: 1, slots: [slot]).fold() == .newer(number: 1))
      var c = w.observer()
      w.tail = LogTail(first: 1, slots: [slot])
      let error = c.next(w.observation(log: true)).error
      #expect(error?.exitCode == 78 && error?.what == "a newer coord works here")
    }
  }

  @Test func entryCountsOnlyAsItsOwnersFile() {
    var w = World()
    w.append(.claimed, t1)
    let bytes = w.tail.slots[0].entry!.encoded
    #expect(Slot(bytes: bytes, number: 1, owner: 1001).entry != nil && Slot(bytes: bytes, number: 1).entry != nil)
    guard case .void = Slot(bytes: bytes, number: 1, owner: 1002) else { return #expect(Bool(false)) }
    guard case .void = Slot(bytes: bytes, number: 2, owner: 1001) else { return #expect(Bool(false)) }
  }

  @Test func numbersHaveABound() {
    #expect(LockName.number("9223372036854775807") == nil && LockName.number("00000007") == 7)
    #expect(QueueName.parse("queue.9223372036854775807.asked") == nil && QueueName.parse("queue.7.asked")?.number == 7)
  }

  @Test func copyIsKnownByItsPlaceAndItsPathTogether() {
    let identity = LogIdentity(id: "0123456789abcdef", place: LogPlace(inode: 7, path: "/a/locks"))
    #expect(!identity.isCopied(to: LogPlace(inode: 7, path: "/a/locks")))
    #expect(!identity.isCopied(to: LogPlace(inode: 7, path: "/moved/locks")), "a move")
    #expect(!identity.isCopied(to: LogPlace(inode: 8, path: "/a/locks")), "a restored backup")
    #expect(identity.isCopied(to: LogPlace(inode: 8, path: "/b/locks")))
  }
}

/// What may live beside a log that knows nothing of it.
@Suite struct BeforeAClaim {
  private func job(_ id: String, _ state: String, comment: String = "", name: String = "py_accel_viewer", dir: String)
    -> QueuedJob
  {
    var job = QueuedJob(id: JobID(id)!, user: "megan", uid: 1009, state: state, comment: comment)
    (job.name, job.workDir) = (name, dir)
    return job
  }

  /// What a connect does first, other than looking and waiting.
  private func outcome(
    _ w: inout World, seconds: Int = 30, query: QueueQuery = QueueQuery(), jobs: [QueuedJob], portAnswers: Bool = true
  ) -> (claimedAfter: Int?, error: CoordError?, progress: Progress?) {
    var c = w.observer()
    _ = c.next(w.observation())
    var progress: Progress?
    for second in 0..<seconds {
      w.answer(jobs, query: query)
      let actions = c.next(w.observation())
      if actions.appended?.kind == .claimed { return (second, nil, progress) }
      if let error = actions.error { return (nil, error, progress) }
      for case .probe(let place) in actions {
        let reach = portAnswers ? Reach.reached(place.endpoint) : .refused(place.endpoint)
        c.handle(.probed(place, reach), now: w.now)
      }
      progress = actions.progress ?? progress
      w.wait(1)
    }
    return (nil, nil, progress)
  }

  /// After how many seconds a connect claims. `look`: what it finds each second. No port answers.
  private func claim(
    _ w: inout World, _ connect: Coordinator? = nil, within seconds: Int, _ look: (inout World, Int) -> Void,
    sees: (Int, [Action]) -> Void = { _, _ in }
  ) -> Int? {
    var c = connect ?? w.observer()
    _ = c.next(w.observation())
    for second in 0..<seconds {
      look(&w, second)
      let actions = c.next(w.observation())
      sees(second, actions)
      for case .probe(let place) in actions { c.handle(.probed(place, .refused(place.endpoint)), now: w.now) }
      if actions.appended?.kind == .claimed { return second }
      w.wait(1)
    }
    return nil
  }

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

  /// A log that does not show what came before, beside a file that nobody can read: 75 s, and not for ever.
  @Test func unreadableFileBesideTracesIsNotWaitedForForEver() {
    var w = World()
    (w.info, w.hasTraces) = (.unreadable("EACCES"), true)
    var progress: Progress?
    let after = claim(&w, within: 200) { w, _ in
      w.answer([])
    } sees: { _, actions in
      progress = actions.progress ?? progress
    }
    #expect((75..<80).contains(after ?? 0), "\(after ?? 0)")
    #expect(progress?.why.contains("server_info.txt cannot be read: EACCES") == true)
    // The same for a job that claims for itself.
    var (file, quiet) = (InfoWatch(), QuietWait())
    for second in [0, 74, 75] {
      let at = Instant(sinceBoot: .seconds(1000 + second))
      file.see(w.info, began: at, ended: at)
      let isOver = quiet.isOver(
        ServiceState(next: 1, previous: LockEntry.nothingBefore), known: KnownTokens(), info: w.info, file: file,
        hasTraces: true, began: at, now: at, wall: w.wall)
      #expect(isOver == (second == 75))
    }
  }

  /// It may be of a live server whose `started` somebody removed; where it stays so, it is nothing.
  @Test func fileThatCannotBeReadIsNoFileOnlyOnceItStaysSo() {
    for (unreadable, least) in [(3, 3), (200, 10)] {
      var w = World()
      let after = claim(&w, within: 60) { w, second in
        w.info = second < unreadable ? .unreadable("EIO") : .absent
        w.answer([])
      }
      #expect((least..<least + 3).contains(after ?? -1), "\(after ?? -1)")
    }
    // A job that takes `started` looks around as well.
    var w = World()
    w.append(.claimed, t1)
    w.append(.submitted, t1)
    let fence = Fence(
      token: t1, nonce: "n", job: JobID("4711"), restarts: 0, node: "node1", scheduler: "slurm", statusFile: "info",
      log: nil, obstacle: nil, freshToken: t2)
    var entrance = Entrance(fence, now: w.now)
    guard case .lookAround(let question) = entrance.next(w.tail, place: nil, began: w.now, now: w.now) else {
      return #expect(Bool(false))
    }
    #expect(question.isNeeded(for: .unreadable("EIO"), KnownTokens()))
    #expect(!question.isNeeded(for: .absent, KnownTokens()))
    // Slurm may not answer on its node: that does not matter to a job in its log's order.
    let snapshot = QueueSnapshot(
      scheduler: "slurm", query: QueueQuery(), askedBy: 1, host: "node1", seesEverybody: false, outcome: .unknown("x"))
    let around = Entrance.Surroundings(
      info: .unreadable("EIO"), known: KnownTokens(), snapshot: snapshot, hasTraces: false, home: Home())
    var took: Int?
    for second in 0..<30 where took == nil {
      let at = w.now + .seconds(second)
      guard case .lookAround(let question) = entrance.next(w.tail, place: nil, began: at, now: at) else { continue }
      if case .append = entrance.looked(around, question, now: at, wall: w.wall) { took = second }
    }
    #expect(took == 10)
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

  /// A site's plugin took the comment away: that it is over proves no more than gone, but how it ended is said.
  @Test func endOfAJobWithoutItsTokenIsSaidInItsWords() {
    for (state, outcome) in [("CANCELLED", Outcome.stopped), ("FAILED", .failed)] {
      var w = World()
      w.append(.claimed, t1)
      w.append(.submitted, t1) { $0.job = JobID("77") }
      var c = w.observer()
      _ = c.next(w.observation())
      var row = job("77", state, comment: "ticket", dir: "/project")
      (row.uid, row.isHere) = (World.owner.uid, true)
      var end: EntryBody?
      for _ in 0..<200 where end == nil {
        w.answer([row], query: QueueQuery(job: JobID("77"), token: t1))
        end = c.next(w.observation()).appended
        w.wait(1)
      }
      #expect(end?.kind == .ended && end?.outcome == outcome, "\(end?.reason ?? "")")
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

  /// `coord restart` while the job is in a state that it does not leave by itself.
  @Test func jobThatWasToEndIsCancelledByItsOwnerAndNamedToOthers() {
    for state in ["CONFIGURING", "REVOKED", "LAUNCH_FAILED", "SUSPENDED", "RUNNING"] {
      for (me, cancels) in [(1009 as UInt32, true), (1001, false)] {
        var w = World()
        w.append(.claimed, t1, by: World.author("megan", 1009, "login1"))
        w.append(.submitted, t1, by: World.author("megan", 1009, "login1")) { $0.job = JobID("77") }
        w.append(.ended, t1) { $0.outcome = .restarting }
        var c = w.observer(uid: me)
        _ = c.next(w.observation())
        w.answer([job("77", state, comment: t1.comment(log: nil), dir: "/project")])
        let actions = c.next(w.observation())
        #expect(actions.contains(.cancel(JobID("77")!, token: t1)) == cancels, "\(state)")
        guard let progress = actions.progress else { return #expect(Bool(false)) }
        #expect(progress.why.contains("job 77 of megan was to end before it started a server, and is \(state)"))
        let error = Coordinator.gaveUp(.answer, progress)
        #expect(error.next.contains("megan can end it with `scancel 77`"), "\(error)")
      }
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

  @Test func jobOfALogThatIsGoneIsWaitedFor() {
    var w = World()
    let stray = job("77", "RUNNING", comment: t2.comment(log: nil), dir: "/project")
    let waited = outcome(&w, jobs: [stray])
    #expect(waited.claimedAfter == nil && waited.error == nil)
    guard case .olderJob? = waited.progress else { return #expect(Bool(false)) }
    // One that pends loses its fence when it starts.
    var pending = stray
    pending.state = "PENDING"
    var w2 = World()
    #expect(outcome(&w2, jobs: [pending]).claimedAfter == 0)
  }

  @Test func emptyLogBesideTracesWaitsUntilAServerOfItHasStopped() {
    var w = World()
    w.hasTraces = true
    let after = outcome(&w, seconds: 120, jobs: []).claimedAfter
    #expect(after == 75)
    var new = World()
    #expect(outcome(&new, jobs: []).claimedAfter == 0)
  }

  @Test func heartbeatOfAnUnknownTokenBlocksAClaimUntilItStandsStill() {
    var w = World()
    w.beat(1, token: t2)
    var c = w.observer()
    var claimed: Int?
    for second in 0..<300 where claimed == nil {
      if second < 60, second % 5 == 0 { w.beat(second, token: t2) }
      w.answer([])
      if c.next(w.observation()).appended?.kind == .claimed { claimed = second }
      w.wait(1)
    }
    #expect((175...180).contains(claimed ?? 0), "\(claimed ?? -1)")
    // A file that is merely left over costs a little.
    var old = World()
    old.beat(1, token: t2, skew: -86_400)
    #expect(outcome(&old, seconds: 100, jobs: []).claimedAfter == 75)
  }

  @Test func heartbeatOfAnEndedTokenBlocksNothing() {
    var w = World()
    for kind in [EntryKind.claimed, .submitted, .started, .ended] { w.append(kind, t1) }
    w.beat(1, token: t1)
    #expect(outcome(&w, jobs: []).claimedAfter == 0)
  }

  @Test func answerOfTheFilesAloneNeedsItsLock() {
    var w = World()
    w.beat(1, token: t1)
    w.infoIsInLog = false
    var c = w.observer()
    #expect(c.next(w.observation(log: false)) == [.readLog])
  }

  @Test func copyOfAProjectIsNamed() {
    var w = World()
    let entry = LockEntry(
      number: 1, previous: LockEntry.nothingBefore, time: w.wall, author: World.owner, body: EntryBody(.claimed, t1),
      identity: LogIdentity(id: "0123456789abcdef", place: LogPlace(inode: 7, path: "/original/hpc_utils/locks")))
    w.tail.slots = [.entry(entry, digest: entry.digest)]
    w.place = LogPlace(inode: 9, path: "/copy/hpc_utils/locks")
    for goal in [Coordinator.Goal.answer, .stop(.stopped, reason: "x"), .settle] {
      var c = w.observer(goal)
      _ = c.next(w.observation(log: false))
      let error = c.next(w.observation()).error
      #expect(error?.exitCode == 78 && error?.next.contains("coord adopt") == true)
    }
  }
}

@Suite struct JobsThatDoNotEnd {
  @Test func suspendedJobHasNotEndedHoweverSilentItIs() {
    var w = World()
    for kind in [EntryKind.claimed, .submitted, .started] { w.append(kind, t1) }
    w.beat(1, token: t1)
    var c = w.observer()
    var progress: Progress?
    for second in 0..<600 {
      if second % 5 == 0 { w.answer([World.queued("SUSPENDED", token: t1)]) }
      let actions = c.next(w.observation())
      #expect(actions.appended == nil)
      progress = actions.progress ?? progress
      w.wait(1)
    }
    #expect(progress == .suspended(World.job, by: "ann1"))
    #expect(Coordinator.gaveUp(.answer, progress!).next.contains("scontrol resume 4711"))
    // Cancelled in the queue, it is over.
    var ended: EntryBody?
    for second in 0..<100 where ended == nil {
      if second % 5 == 0 { w.answer([World.queued("CANCELLED", token: t1)]) }
      ended = c.next(w.observation()).appended
      w.wait(1)
    }
    #expect(ended?.kind == .ended)
  }

  /// Held, or hidden: nobody could prove it gone, and nobody has to.
  @Test(arguments: [[EntryKind.claimed], [.claimed, .submitted]])
  func stopBeforeStartedNeedsNoProof(before: [EntryKind]) {
    var w = World()
    for kind in before + [.stopRequested] { w.append(kind, t1) }
    var c = w.observer(.stop(.stopped, reason: "x"))
    let body = c.next(w.observation()).appended
    #expect(body?.kind == .ended && body?.outcome == .stopped)
    var started = World()
    for kind in before + [.started, .stopRequested] { started.append(kind, t1) }
    var other = started.observer(.stop(.stopped, reason: "x"))
    #expect(other.next(started.observation()).appended == nil)
  }

  @Test func itsOwnersNextCommandCancelsIt() {
    var w = World()
    for kind in [EntryKind.claimed, .submitted, .stopRequested, .ended] { w.append(kind, t1) }
    w.answer([World.queued("PENDING", token: t1)])
    var owner = w.observer(.settle, uid: 1001)
    #expect(owner.next(w.observation()).first == .cancel(World.job, token: t1))
    var other = w.observer(.settle)
    #expect(other.next(w.observation()).first != .cancel(World.job, token: t1))
  }

  @Test func claimantThatDiedBeforeSbatchOnThisHostNeedsNoQueue() {
    for began in [true, false] {
      var w = World()
      w.append(.claimed, t1)
      w.claimant = .dead
      w.submitBegan = began
      w.answer([], seesEverybody: false)
      var c = w.observer()
      #expect((c.next(w.observation()).appended?.kind == .ended) == !began)
    }
  }
}
