import CoordCore
import Testing

@Test(arguments: [Checkup.JobView.here, .mayLook, .looksToo])
func nobodyIsSentToTheTrialThatHeHas(job: Checkup.JobView) {
  let checks = Checkup.environmentFile(failed: ["hpc_utils/env.sh: line 1: exit 1: x"], panel: nil, job: job)
  #expect(checks.map(\.name) == ["hpc_utils/env.sh", "panel"] && checks.allSatisfy { $0.verdict == .doubtful })
  for check in checks {
    #expect(check.next?.contains("`coord doctor --job`") == (job == .mayLook), "\(check)")
    #expect(check.next?.contains("the trial job tells below") == (job == .looksToo), "\(check)")
  }
  #expect(checks[1].next?.contains("load its module or conda in hpc_utils/env.sh") == true)
  #expect(Checkup.environmentFile(failed: [], panel: "/x/panel", job: job) == [Check("panel", .good, "/x/panel")])
}

@Suite struct CheckupTests {
  @Test(arguments: [
    ("nfs4", Check.Verdict.good), ("lustre", .good), ("fuse.glusterfs", .good), ("cifs", .bad), ("fuse.sshfs", .bad),
    ("tmpfs", .bad), ("ext4", .doubtful), ("something new", .doubtful),
  ])
  func filesystems(type: String, verdict: Check.Verdict) {
    let check = Checkup.filesystem(type: type)
    #expect(check.verdict == verdict && (check.next == nil) == (verdict == .good))
  }

  @Test(arguments: [
    (Int64(0), Check.Verdict.good), (5, .good), (-5, .good), (6, .doubtful), (-86_400, .doubtful),
  ])
  func clocks(ahead: Int64, verdict: Check.Verdict) { #expect(Checkup.clock(ahead: ahead).verdict == verdict) }

  @Test(arguments: [
    (UInt32(0o2775), true, Check.Verdict.good), (0o755, true, .good), (0o775, true, .doubtful),
    (0o2777, true, .doubtful),
    (0o755, false, .bad),
  ])
  func directories(mode: UInt32, mayWrite: Bool, verdict: Check.Verdict) {
    let check = Checkup.directory("d", mode: mode, mayWrite: mayWrite)
    #expect(check.verdict == verdict && (check.next == nil) == (verdict == .good))
  }

  @Test func annotationsThatATeammateCouldNotSave() {
    #expect(Checkup.output("d", mode: 0o2775, mayWrite: true, locked: 0).verdict == .good)
    let check = Checkup.output("d", mode: 0o2775, mayWrite: true, locked: 2)
    #expect(check.verdict == .bad && check.what.contains("2 files") && check.next?.contains("chmod g+rw d/*") == true)
    #expect(Checkup.output("d", mode: 0o755, mayWrite: false, locked: 2).what.contains("may not write in it"))
  }

  @Test func littleSpaceIsBad() {
    #expect(Checkup.space(free: 99 << 20).verdict == .bad && Checkup.space(free: 100 << 20).verdict == .good)
  }

  @Test func stickyHeartbeatDirectory() {
    #expect(Checkup.heartbeatDirectory("d", mode: 0o3775)?.verdict == .doubtful)
    #expect(Checkup.heartbeatDirectory("d", mode: 0o2775) == nil)
  }

  @Test func hiddenJobsAreSaid() {
    #expect(Checkup.privacy(seesEverybody: true).verdict == .good)
    #expect(Checkup.privacy(seesEverybody: false).verdict == .doubtful)
    #expect(Checkup.privacy(seesEverybody: nil).verdict == .doubtful)
  }
}

@Suite struct WaitingJobAsDoctorSeesIt {
  private func job(_ state: String, _ reason: String) -> QueuedJob {
    var job = World.queued(state, token: World.token(1))
    job.reason = reason
    return job
  }

  @Test(arguments: [
    ("PENDING", "JobHeldUser", Check.Verdict.bad, "scontrol release 4711"), ("PENDING", "Resources", .good, ""),
    ("PENDING", "PartitionDown", .doubtful, "administrators"), ("PENDING", "PartitionTimeLimit", .bad, "--time"),
    ("REVOKED", "", .doubtful, "scontrol show job 4711"), ("SPECIAL_EXIT", "", .bad, "scontrol release 4711"),
  ])
  func isJudged(state: String, reason: String, verdict: Check.Verdict, next: String) {
    let check = Checkup.waiting(job(state, reason))
    #expect(check?.verdict == verdict && check?.name == "job 4711")
    #expect(next.isEmpty ? check?.next == nil : check?.next?.contains(next) == true)
  }

  @Test(arguments: ["RUNNING", "FAILED", "NODE_FAIL"])
  func onlyAWaitingOneIs(state: String) { #expect(Checkup.waiting(job(state, "")) == nil) }
}
