import CoordCore
import Testing

private let t1 = World.token(1)
private let t2 = World.token(2)
private let old = World.token(9)

private func started(_ job: String, dir: String = "/project", token: Token) -> QueuedJob {
  var job = World.queued(job, token: token)
  (job.workDir, job.name) = (dir, "py_accel_viewer")
  return job
}

@Suite struct WhatProvesNothing {
  /// rm -rf locks; connect makes 1..3 (t1 serves); the admin restores a (pruned) backup whose numbers lie above.
  @Test(arguments: ["SUSPENDED", "RUNNING"])
  func startedOfTheMaskedLogIsNoProofThatItIsOver(state: String) throws {
    var live = World()
    for kind in [EntryKind.claimed, .submitted, .started] { live.append(kind, t1) }
    var backup = World()
    for _ in 1...40 { for kind in [EntryKind.claimed, .started, .ended] { backup.append(kind, old) } }
    let files = MemoryFiles()
    files.put(backup)
    for n in 1...99 { files.files[LockName.name(n)] = nil }  // pruned
    files.put(live)  // the live log keeps 1...3
    let log = LockLog(files)
    var w = World()
    w.tail = try log.tail()
    guard case .state(let s) = w.tail.fold() else { return #expect(Bool(false)) }
    #expect(s.phase == .idle && s.isFounded)  // the server of t1 is masked, and reads so at its next beat
    w.beat(1, token: t1)
    w.answer([started(state, token: t1)])
    var c = w.observer()
    for _ in 0..<3 {
      var o = w.observation()
      o.tokens = try log.known(
        beyond: w.tail, among: Array(1..<w.tail.first), info: w.info.info, jobs: w.queue?.snapshot,
        home: Home(root: "/project"))
      let body = c.next(o).appended
      #expect(body?.kind != .claimed, "claims beside a live server, at once")
      if body?.kind == .claimed { return }
      w.wait(1)
      w.answer([started(state, token: t1)])
    }
  }

  /// A by-hand server (other job name), suspended; its `claimed` was removed: the log begins at its `started`.
  @Test(arguments: [true, false])
  func suspendedByHandJobWithoutItsClaim(claimIsThere: Bool) {
    var w = World()
    w.append(.claimed, t1) { $0.job = World.job }
    w.append(.started, t1)
    if !claimIsThere {
      w.tail.slots.removeFirst()
      w.tail.first = 2
      w.tail.isCutOff = true
    }
    w.beat(1, token: t1)
    var c = w.observer()
    var job = World.queued("SUSPENDED")
    (job.comment, job.name, job.workDir) = ("coord", "mine", "/project")
    for second in 0..<600 {
      if second % 5 == 0 { w.answer([job]) }
      let body = c.next(w.observation()).appended
      #expect(body == nil, "\(second) s: \(body?.reason ?? "")")
      if body != nil { return }
      w.wait(1)
    }
  }

  /// The same for another cluster: the claim named cluster a; cluster b is asked.
  @Test(arguments: [true, false])
  func anotherClusterProvesNothing(claimIsThere: Bool) {
    var w = World()
    w.append(.claimed, t1) { $0.cluster = "a" }
    w.append(.started, t1)
    if !claimIsThere {
      w.tail.slots.removeFirst()
      w.tail.first = 2
      w.tail.isCutOff = true
    }
    w.beat(1, token: t1)
    var c = w.observer()
    var ended: Int?
    for second in 0..<119 where ended == nil {
      w.answer([])
      w.queue?.snapshot.cluster = "b"
      if c.next(w.observation()).appended != nil { ended = second }
      w.wait(1)
    }
    #expect(ended == nil, "ended by cluster b's word after \(ended ?? -1) s (D is 120 s)")
  }

  /// SUSPENDED is shown for our number, owner, name and directory; only its comment was changed. Or: the newest answer is
  /// about another job only.
  @Test(arguments: [0, 1, 2])
  func suspendedJobThatIsNotRecognised(sort: Int) {
    var w = World()
    for kind in [EntryKind.claimed, .submitted, .started] { w.append(kind, t1) }
    w.beat(1, token: t1)
    var c = w.observer()
    var job = started("SUSPENDED", token: t1)
    if sort == 0 { job.comment = "efficiency: 12%" }
    let end = c.watchQueue(&w, seconds: 600) { w, _ in
      switch sort {
      case 0: w.answer([job])
      case 1:
        w.answer(
          [World.queued("COMPLETED", token: t2, id: JobID("9")!)], narrow: true,
          query: QueueQuery(job: JobID("9")!, token: t2))
      default: w.answer([], odd: ["4711|1001|SUSPENDED coord:\(t1)"])
      }
    }
    #expect(end == nil)
  }

  /// Suspended for ten minutes, and said so at each look; then one answer is well and empty.
  @Test func oneEmptyAnswerEndsASuspendedJob() {
    var w = World()
    for kind in [EntryKind.claimed, .submitted, .started] { w.append(kind, t1) }
    w.beat(1, token: t1)
    var c = w.observer()
    for second in 0..<1200 {
      if second % 5 == 0 { w.answer(second == 600 ? [] : [started("SUSPENDED", token: t1)]) }
      let body = c.next(w.observation()).appended
      #expect(body == nil, "\(second) s: \(body?.reason ?? "")")
      if body != nil { return }
      w.wait(1)
    }
  }

  /// `started` and server_info.txt were removed by hand, then the token was stopped "before it started"; its job is at work.
  @Test(arguments: ["SUSPENDED", "RUNNING"])
  func jobAtWorkWhoseStartedWasRemoved(state: String) {
    var w = World()
    for kind in [EntryKind.claimed, .submitted, .stopRequested, .ended] { w.append(kind, t1) }
    var c = w.observer()
    for _ in 0..<5 {
      w.answer([started(state, token: t1)])
      let claims = c.next(w.observation()).appended?.kind == .claimed
      #expect(!claims, "claims beside a job at work whose `started` the log lost")
      if claims { return }
      w.wait(1)
    }
  }

  /// The claim names cluster a; on another cluster squeue answers and `scontrol show config` does not.
  @Test func unknownClusterProvesNothing() {
    let owner = World.owner.uid
    let wanted = Wanted(token: t1, job: World.job, owner: owner, scheduler: "slurm", cluster: "a")
    let snapshot = QueueSnapshot(
      scheduler: "slurm", query: QueueQuery(job: World.job, token: t1), cluster: nil, askedBy: owner, host: "login2",
      seesEverybody: false, outcome: .answered([]))
    #expect(Sighting(of: wanted, in: snapshot) != .gone)
  }

  /// Two people, on two login nodes or on one, may ask two controllers: a claim names the cluster whose sbatch makes its job.
  @Test(arguments: [true, false])
  func claimRestsOnAnAnswerThatItsOwnProcessGot(claims: Bool) {
    var w = World()
    var c = w.observer()
    _ = c.next(w.observation())
    w.answer([], isOwn: claims)
    let actions = c.next(w.observation())
    #expect((actions.appended?.kind == .claimed) == claims)
    #expect(actions.contains { if case .look = $0 { true } else { false } } == !claims)
  }

  /// F6b, whole: the owner's own connect on cluster b ends the job that pends on cluster a.
  @Test func pendingJobOfAnotherCluster() {
    var w = World()
    w.append(.claimed, t1) { $0.cluster = "a" }
    w.append(.submitted, t1)
    var c = w.observer(uid: 1001)
    let end = c.watch(&w, seconds: 300) { w, _ in
      w.answer([], askedBy: 1001, seesEverybody: false, query: QueueQuery(job: World.job, token: t1))
    }
    #expect(end == nil)
  }

  /// Two projects share a STATUS_FILE and both have a server; ours dies hard, theirs beats on.
  @Test func anotherProjectsBeatKeepsADeadServerAlive() {
    var w = World()
    for kind in [EntryKind.claimed, .submitted, .started] { w.append(kind, t1) }
    var c = w.observer()
    var done = false
    var last: Progress?
    for second in 0..<3600 where !done {
      if second % 5 == 0 {
        w.beat(second, token: t2)
        var theirs = w.info.info!
        theirs.project = "/other"
        w.info = InfoReading(bytes: theirs.encoded)
        w.answer([started("COMPLETED", token: t1)])
      }
      var o = w.observation()
      o.infoIsElsewhere = true
      let actions = c.next(o)
      last = actions.progress ?? last
      done = actions.appended?.kind == .ended || actions.error != nil
      w.wait(1)
    }
    #expect(done, "after an hour: \(last?.text ?? "")")
  }

  /// A site's wrapper prints a number before sbatch says no; a waiter reads it meanwhile.
  @Test func waiterBelievesHalfOfWhatSbatchSays() {
    var w = World()
    var claimant = w.observer(uid: 1001)
    var waiter = w.observer(uid: 1002)
    w.answer([])
    _ = claimant.next(w.observation())
    w.answer([])
    var token: Token?
    for _ in 0..<3 {
      w.answer([])
      let o = w.observation()
      if let body = claimant.next(o).appended {
        token = body.token
        break
      }
      w.wait(1)
    }
    guard let token else { return #expect(Bool(false)) }
    w.append(.claimed, token)
    #expect(claimant.next(w.observation()).submits)
    // sbatch is under way: so far it has printed the wrapper's budget.
    w.submitOutput = "20261126\n"
    w.claimant = .alive
    let body = waiter.next(w.observation()).appended
    #expect(body == nil, "the waiter writes \(body!.kind) JOB_ID=\(body!.job!) while the claimant lives")
    guard let body else { return }
    w.append(.submitted, token) { $0.job = body.job }
    claimant.handle(.submitted(token, .refused("Invalid account")), now: w.now)
    var end: EntryBody?
    for second in 0..<300 where end == nil {
      if second % 5 == 0 { w.answer([], query: QueueQuery(job: body.job, token: token)) }
      end = claimant.next(w.observation()).appended
      w.wait(1)
    }
    #expect(end?.outcome == .refused, "\(end?.outcome?.rawValue ?? "") \(end?.reason ?? "")")
  }

  /// server_info.txt cannot be read; the job is over.
  @Test func unreadableHeartbeat() {
    var w = World()
    for kind in [EntryKind.claimed, .submitted, .started] { w.append(kind, t1) }
    w.info = .unreadable("read server_info.txt: Is a directory")
    var c = w.observer()
    var last: Progress?
    for second in 0..<3600 {
      if second % 5 == 0 { w.answer([started("COMPLETED", token: t1)]) }
      let actions = c.next(w.observation())
      if actions.appended?.kind == .ended || actions.error != nil { return }
      last = actions.progress ?? last
      w.wait(1)
    }
    #expect(last?.text.contains("server_info") == true, "after an hour: \(last?.text ?? "")")
  }

  /// What it said before the server went quiet is no word on that.
  @Test func answerFromBeforeTheSilenceDoesNotEndIt() {
    var w = World()
    for kind in [EntryKind.claimed, .submitted, .started] { w.append(kind, t1) }
    w.beat(1, token: t1)
    w.answer([started("RUNNING", token: t1)])
    var c = w.observer()
    for _ in 0..<300 {
      #expect(c.next(w.observation()).appended == nil)
      w.wait(1)
    }
    w.answer([started("RUNNING", token: t1)])
    #expect(c.next(w.observation()).appended?.outcome == .lost)
  }
}
