import CoordCore
import Testing

private let t1 = World.token(1)

private func job(_ reason: String, state: String = "PENDING", start: String? = nil) -> QueuedJob {
  var job = World.queued(state, token: t1)
  (job.reason, job.expectedStart) = (reason, start)
  return job
}

/// What those read who wait for a job that squeue shows like this.
private func waiting(_ job: QueuedJob) -> Progress? {
  var w = World()
  w.append(.claimed, t1)
  w.append(.submitted, t1)
  w.answer([job])
  var c = w.observer()
  _ = c.next(w.observation(log: false))
  return c.next(w.observation()).progress
}

@Suite struct PendingReasons {
  /// squeue(1), JOB REASON CODES; https://slurm.schedmd.com/job_reason_codes.html.
  @Test(arguments: [
    (PendingReason.Outlook.held, "JobHeldUser", "scontrol release 4711"),
    (.held, "launch failed requeued held", "scontrol release 4711"),
    (.held, "launch_failed_requeued_held", "which node"),
    (.held, "job requeued in held state", "scontrol release 4711"),
    (.held, "user env retrieval failed requeued held", "scontrol release 4711"),
    (.held, "JobHoldMaxRequeue", "scontrol release 4711"), (.held, "JobHeldAdmin", "administrators"),
    (.impossible, "PartitionTimeLimit", "--time"), (.impossible, "PartitionNodeLimit", "--nodes"),
    (.impossible, "BadConstraints", "--constraint"), (.impossible, "InvalidAccount", "--account"),
    (.impossible, "InvalidQOS", "--qos"), (.impossible, "QOSNotAllowed", "--qos"),
    (.impossible, "AccountNotAllowed", "--account"), (.impossible, "DependencyNeverSatisfied", "--dependency"),
    (.impossible, "ReservationDeleted", "--reservation"), (.impossible, "DeadLine", "--deadline"),
    (.impossible, "QOSMaxWallDurationPerJobLimit", "--time"),
    (.impossible, "AssocMaxWallDurationPerJobLimit", "--time"),
    (.impossible, "QOSMaxMemoryPerJob", "coord restart"), (.impossible, "AssocMaxCpuPerNode", "coord restart"),
    (.impossible, "QOSMaxNodePerJobLimit", "coord restart"), (.impossible, "QOSMinGRES", "coord restart"),
    (.impossible, "MaxMemPerLimit", "--mem"),
    (.waits, "PartitionDown", "administrators"), (.waits, "PartitionInactive", "administrators"),
    (.waits, "AssocGrpCPUMinutesLimit", "--account"), (.waits, "QOSGrpWallLimit", "--qos"),
    (.waits, "AssocGrpCpuLimit", "squeue --account="), (.waits, "AssocMaxJobsLimit", "squeue --account="),
    (.waits, "QOSMaxJobsPerUserLimit", "squeue --qos="), (.waits, "QOSMaxNodePerUserLimit", "squeue --qos="),
    (.waits, "QOSGrpCPURunMinutesLimit", "squeue --qos="), (.waits, "MaxGRESPerAccount", "squeue --qos="),
    (.waits, "ReqNodeNotAvail, UnavailableNodes:node3", "sinfo -R"), (.waits, "ReqNodeNotAvail", "sinfo -R"),
    (.waits, "Nodes required for job are DOWN, DRAINED or reserved for jobs in higher priority partitions", "sinfo -R"),
    (.waits, "NodeDown", "sinfo -R"), (.waits, "Licenses", "scontrol show licenses"),
    (.waits, "Dependency", "scontrol show job 4711"), (.waits, "Reservation", "scontrol show reservation"),
    (.waits, "Priority", ""), (.waits, "Resources", ""), (.waits, "BeginTime", ""), (.waits, "", ""),
    (.waits, "Prolog", ""), (.waits, "A_reason_of_tomorrow", ""),
  ])
  func everyReasonSaysWhatToDo(outlook: PendingReason.Outlook, reason: String, words: String) {
    let start = "2026-11-25T10:35:27"
    let progress = waiting(job(reason, start: start))
    let error = progress.map { Coordinator.gaveUp(.answer, $0) }
    #expect(job(reason).pending.outlook == outlook && error?.exitCode == 75)
    #expect(error?.next.contains(words.isEmpty ? "the job stays in the queue" : words) == true, "\(error?.next ?? "")")
    #expect(error?.why.contains(reason) == true && error?.why.hasPrefix("job 4711 of ann1 ") == true)
    // What nobody expects to start is not expected to start at any time, and is said while it is waited for.
    #expect(progress?.text.contains("expected to start at \(start)") == (outlook == .waits))
    #expect(progress?.text.contains(error?.next ?? "?") == (outlook != .waits))
    #expect(error?.message.contains("{") == false)
  }

  @Test(arguments: ["REQUEUE_HOLD", "SPECIAL_EXIT", "RESV_DEL_HOLD"])
  func stateMaySayThatItIsHeld(state: String) {
    let progress = waiting(job("", state: state, start: "2026-11-25T10:35:27"))
    #expect(progress?.text.contains("job 4711 of ann1 is held (\(state))") == true)
    #expect(progress?.text.contains("scontrol release 4711") == true)
    #expect(progress?.text.contains("expected") == false)
  }

  @Test func statusSaysTheSame() {
    var w = World()
    w.append(.claimed, t1)
    w.append(.submitted, t1)
    guard case .state(let state) = w.tail.fold() else { return }
    var report = StatusReport(service: state)
    report.sighting = .found(job("JobHeldUser", start: "2026-11-25T10:35:27"))
    (report.asked, report.age) = (w.wall, .seconds(40))
    #expect(report.why.contains("job 4711 is held (JobHeldUser)") && !report.why.contains("expected"))
    let lines = Dictionary(uniqueKeysWithValues: report.lines)
    #expect(lines["next"]?.contains("scontrol release 4711") == true && report.exitCode == 75)
    #expect(lines["queue"] == "as it was at \(w.wall.text) (40 s ago)")
    report.silence = "connect failure"
    #expect(report.lines.contains { $0.1.hasSuffix("(40 s ago); the scheduler does not answer now: connect failure") })
    report.sighting = .found(job("Resources"))
    #expect(report.next == nil && report.why.contains("is waiting in the queue (Resources)"))
  }
}

@Suite struct Reservations {
  private static func line(_ name: String, _ start: Int, flags: String = "SPEC_NODES", state: String = "INACTIVE")
    -> String
  {
    "ReservationName=\(name) StartTime=2026-11-\(start)T10:00:00 EndTime=2026-11-\(start + 1)T10:00:00 Duration=1-00:00:00 "
      + "Nodes=node[1-4] NodeCnt=4 CoreCnt=8 Features=(null) PartitionName=(null) Flags=\(flags) TRES=cpu=8 Users=root "
      + "Groups=(null) Accounts=(null) Licenses=(null) State=\(state) BurstBuffer=(null) Watts=n/a MaxStartDelay=(null)\n"
  }

  @Test(arguments: [
    (line("a", 20) + line("m", 25, flags: "MAINT,SPEC_NODES"), "m"), (line("a", 20) + line("b", 15), "b"),
    (line("a", 10) + line("b", 15, state: "ACTIVE"), "b"), (line("a", 20) + "ReservationName=x StartTime=N/A\n", "a"),
    ("No reservations in the system\n", nil), ("", nil),
  ])
  func oneIsInTheWay(output: String, name: String?) { #expect(Reservation.inTheWay(scontrol: output)?.name == name) }

  @Test func itsEndIsSaidToThoseWhoWait() {
    var maintained = job("ReqNodeNotAvail, Reserved for maintenance")
    #expect(maintained.mayBeKeptByReservation)
    maintained.reservation = Reservation.inTheWay(scontrol: Self.line("m", 25, flags: "MAINT", state: "ACTIVE"))
    #expect(waiting(maintained)?.text.contains("node[1-4] under maintenance until 2026-11-26T10:00:00") == true)
    var later = job("ReqNodeNotAvail, May be reserved for other job")
    later.reservation = Reservation.inTheWay(scontrol: Self.line("r", 25))
    let progress = waiting(later)
    #expect(progress?.text.contains("reserved from 2026-11-25T10:00:00 to 2026-11-26T10:00:00 (reservation r)") == true)
    #expect(progress.map { Coordinator.gaveUp(.answer, $0).next.contains("--time") } == true)
    // It comes to all by the shared answer.
    let snapshot = QueueSnapshot(
      scheduler: "slurm", query: QueueQuery(), askedBy: 1, host: "h", seesEverybody: true,
      outcome: .answered([maintained, later]))
    #expect(QueueSnapshot(decoding: snapshot.encoded) == snapshot)
  }

  @Test(arguments: [
    ("ReqNodeNotAvail, UnavailableNodes:node3", false), ("Resources", false), ("ReqNodeNotAvail", true),
    ("ReqNodeNotAvail,_Reserved_for_maintenance", true),
  ])
  func onlyWhereOneMayBeTheReasonItIsAskedFor(reason: String, asked: Bool) {
    #expect(job(reason).mayBeKeptByReservation == asked)
    #expect(!job(reason, state: "RUNNING").mayBeKeptByReservation)
  }
}
