import CoordCore
import Testing

private let t1 = World.token(1)
private let t2 = World.token(2)

/// What may live beside a log that knows nothing of it.
@Suite struct BeforeAClaim: Neighbours {
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

  /// Others may not see that the job is over, and would wait for whoever can.
  @Test func jobThatLeavesGivesItsClaimBack() {
    for (foreign, outcome, within) in [
      (nil, Outcome.lost, 200...240), (CoordError.noServer(what: "x", why: "y", next: "z"), .failed, 0...1),
    ] as [(CoordError?, Outcome, ClosedRange<Int>)] {
      var w = World()
      w.append(.claimed, t1)
      let fence = Fence(
        token: t1, nonce: "n", job: JobID("4711"), restarts: 0, node: "node1", scheduler: "slurm", statusFile: "info",
        log: nil, obstacle: nil, freshToken: t2)
      var entrance = Entrance(fence, now: w.now)
      w.answer([job("77", "SUSPENDED", comment: t2.comment(log: nil), dir: "/project")])
      w.beat(1, token: t2)
      var around = Entrance.Surroundings(
        info: w.info, known: KnownTokens(), snapshot: w.queue!.snapshot, hasTraces: true, home: Home(root: "/project"))
      around.foreign = foreign
      var (took, end): (Int?, Entrance.Step?) = (nil, nil)
      for second in 0..<300 where end == nil {
        let at = w.now + .seconds(second)
        switch entrance.next(w.tail, place: nil, began: at, now: at) {
        case .lookAround(let question): _ = entrance.looked(around, question, now: at, wall: w.wall)
        case .append(let draft):
          #expect(draft.body.kind == .ended && draft.body.outcome == outcome, "\(draft)")
          (took, end) = (second, entrance.appended(draft, won: true, now: at))
        default: Issue.record("it neither looks nor leaves")
        }
      }
      #expect(within.contains(took ?? -1), "\(took ?? -1)")
      guard case .fail? = end else {
        Issue.record("it stays")
        continue
      }
    }
  }

  /// It was suspended before it claimed, and what follows cannot be read at first.
  @Test func jobThatWasLateHasTheTimeToGiveItsClaimBack() {
    var w = World()
    let fence = Fence(
      token: nil, nonce: "n", job: JobID("4711"), restarts: 0, node: "node1", scheduler: "slurm", statusFile: "info",
      log: nil, obstacle: nil, freshToken: t1)
    var entrance = Entrance(fence, now: w.now)
    w.wait(1000)
    guard case .lookAround(let question) = entrance.next(w.tail, place: nil, began: w.now, now: w.now) else {
      Issue.record("it does not claim")
      return
    }
    w.append(.claimed, t1)
    #expect(entrance.appended(question.draft, won: true, now: w.now) == nil)
    for (seconds, leaves) in [(100, false), (30, true)] {
      w.wait(seconds)
      let step = entrance.failed(StorageFailure(.lag, "lock 2 is being written"), now: w.now)
      if case .fail = step { #expect(leaves) } else { #expect(!leaves) }
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

  /// It shows no token, and its silence tells nothing.
  @Test func suspendedJobByHandIsWaitedForWhereTheLogIsGone() {
    for (state, traces, claims) in [("SUSPENDED", true, nil), ("SUSPENDED", false, 0), ("RUNNING", true, 75)] {
      var w = World()
      w.hasTraces = traces
      let after = outcome(&w, seconds: 200, jobs: [job("77", state, comment: "coord", dir: "/project")]).claimedAfter
      #expect(after == claims, "\(state) \(traces)")
    }
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
