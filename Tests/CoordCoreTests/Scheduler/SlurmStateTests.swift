import CoordCore
import Testing

private let t1 = World.token(1)

@Suite struct JobStates {
  /// squeue(1) and sacct(1), JOB STATE CODES; slurm.h, JOB_STATE_FLAGS.
  private static let meanings: [(JobLife, String)] = [
    (.pending, "PENDING PD REQUEUED RQ REQUEUE_FED RF REQUEUE_HOLD RH SPECIAL_EXIT SE RESV_DEL_HOLD RD"),
    (.active, "RUNNING R CONFIGURING CF COMPLETING CG RESIZING RS SIGNALING SI STAGE_OUT SO POWER_UP_NODE"),
    (.suspended, "SUSPENDED S STOPPED ST"),
    (
      .over,
      "COMPLETED CD CANCELLED CA FAILED F TIMEOUT TO PREEMPTED PR DEADLINE DL OUT_OF_MEMORY OOM"
    ),
    (.givenUp, "NODE_FAIL NF BOOT_FAIL BF"),
    (.undetermined, "REVOKED RV LAUNCH_FAILED RECONFIG_FAIL GETENV_FAILED UPDATE_DB EXPEDITING"),
  ]

  @Test func everyStateHasOneMeaning() {
    var seen: Set<String> = []
    for (life, words) in Self.meanings {
      for word in words.split(separator: " ").map(String.init) {
        #expect(JobLife(slurmState: word) == life, "\(word)")
        #expect(World.queued(word).state == SlurmState(word)?.name)
        #expect(seen.insert(word).inserted)
      }
    }
    #expect(seen == Set(SlurmState.all.flatMap { [$0.name] + ($0.compact.map { [$0] } ?? []) }))
  }

  @Test(arguments: [
    "A_STATE_OF_TOMORROW", "", "?", "completed", "COMPLETED,POWER_UP_NODE", "CANCELLED by 0", "C", "TIMEOUT ",
  ])
  func wordThatIsNotInTheTableIsNotCertain(word: String) {
    #expect(JobLife(slurmState: word) == .undetermined && World.queued(word).state == word)
  }

  /// It is waited for, whoever it is that has it: what waits reads why.
  @Test(arguments: [
    ("REVOKED", "is REVOKED: another cluster of the federation has it"), ("LAUNCH_FAILED", "could not launch it"),
    ("RECONFIG_FAIL", "configured for it"), ("TOMORROW", "a state that this coord does not know (TOMORROW)"),
  ])
  func jobInADoubtfulStateIsNotOver(state: String, words: String) {
    var w = World()
    w.append(.claimed, t1)
    w.append(.submitted, t1)
    var c = w.observer()
    var progress: Progress?
    for second in 0..<400 {
      if second % 5 == 0 { w.answer([World.queued(state, token: t1)]) }
      let actions = c.next(w.observation())
      #expect(actions.appended == nil && !actions.cancels)
      progress = actions.progress ?? progress
      w.wait(1)
    }
    #expect(progress?.text.contains(words) == true)
    let next = progress.map { Coordinator.gaveUp(.answer, $0).next }
    #expect(next?.contains("scontrol show job 4711") == true && next?.contains("coord restart") == true)
    guard case .state(let folded) = w.tail.fold() else { return }
    var report = StatusReport(service: folded)
    report.sighting = .found(World.queued(state, token: t1))
    #expect(report.why.contains(words) && report.exitCode == 75)
  }

  /// A server whose beat stands still has ended after D, not because of a word that proves nothing.
  @Test(arguments: ["REVOKED", "LAUNCH_FAILED", "STAGE_OUT", "TOMORROW"])
  func silentServerOfAJobInADoubtfulStateIsOverAfterD(state: String) {
    var w = World()
    for kind in [EntryKind.claimed, .submitted, .started] { w.append(kind, t1) }
    w.beat(1, token: t1)
    var c = w.observer()
    var at: Int?
    for second in 0..<200 where at == nil {
      if second % 5 == 0 { w.answer([World.queued(state, token: t1)]) }
      if c.next(w.observation()).appended?.kind == .ended { at = second }
      w.wait(1)
    }
    #expect(at.map { (120...130).contains($0) } == true)
  }

  @Test func deadlineIsNamed() {
    var w = World()
    w.append(.claimed, t1)
    w.append(.submitted, t1)
    var c = w.observer()
    var end: EntryBody?
    for second in 0..<60 where end == nil {
      if second % 5 == 0 { w.answer([World.queued("DEADLINE", token: t1)]) }
      end = c.next(w.observation()).appended
      w.wait(1)
    }
    #expect(end?.outcome == .failed && end?.reason?.contains("--deadline") == true)
  }
}
