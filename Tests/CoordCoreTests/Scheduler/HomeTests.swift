import Testing

@testable import CoordCore

@Suite struct OnePlaceByManyPaths {
  @Test func jobThatIsHereByAnotherPathIsHeld() {
    var job = World.queued("RUNNING")
    (job.workDir, job.name) = ("/mnt/team", "py_accel_viewer")
    let home = Home(root: "/shared/team")
    #expect(!home.holds(job))
    job.isHere = true
    #expect(home.holds(job))
    let wanted = Wanted(
      token: World.token(1), job: World.job, owner: World.queued("RUNNING").uid ?? 0, scheduler: "slurm",
      workDir: "/shared/team", name: "py_accel_viewer")
    // That it lost its token does not make it another one.
    let snapshot = QueueSnapshot(
      scheduler: "slurm", query: QueueQuery(job: World.job, token: World.token(1)), askedBy: 1, host: "h",
      seesEverybody: true,
      outcome: .answered([job]))
    if case .hidden = Sighting(of: wanted, in: snapshot) {} else { Issue.record("it is not gone") }
  }

  @Test func jobThatWasCancelledBeforeItsStartIsAStop() throws {
    var w = World()
    for kind in [EntryKind.claimed, .submitted] { w.append(kind, World.token(1)) }
    var c = w.observer()
    let job = World.queued("CANCELLED", token: World.token(1))
    var body: EntryBody?
    for _ in 0..<30 where body == nil {
      w.answer([job], query: QueueQuery(job: World.job, token: World.token(1)))
      body = c.next(w.observation()).appended
      w.wait(1)
    }
    // No log is named that cannot be there, and an open laptop starts no other job by itself.
    #expect(body?.kind == .ended && body?.outcome == .stopped && body?.reason?.contains("scancel") == true)
  }

  @Test func jobWithoutALogSaysSo() {
    var w = World()
    for kind in [EntryKind.claimed, .submitted] { w.append(kind, World.token(1)) }
    var c = w.observer()
    var job = World.queued("FAILED", token: World.token(1))
    job.exit = "0:53"
    var body: EntryBody?
    for _ in 0..<30 where body == nil {
      w.answer([job], query: QueueQuery(job: World.job, token: World.token(1)))
      body = c.next(w.observation()).appended
      w.wait(1)
    }
    #expect(body?.kind == .ended && body?.reason?.contains("could not open its log (ExitCode 0:53)") == true)
  }
}
