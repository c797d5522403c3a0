import CoordCore
import Testing

private let t1 = World.token(1)

@Suite struct SlurmWords {
  @Test(arguments: [
    ("PrivateData             = none\n", true), ("PrivateData             = jobs,usage\n", false), ("x = y\n", nil),
  ])
  func privateData(text: String, sees: Bool?) { #expect(SlurmText.seesEverybody(config: text) == sees) }

  @Test(arguments: [
    ("KillWait                = 30 sec\n", Duration.seconds(30)), ("KillWait = 0 sec\n", .zero),
    ("KillWait = INFINITE\n", nil), ("x = y\n", nil), ("KillWait = -1 sec\n", nil),
  ])
  func killWait(text: String, expected: Duration?) { #expect(SlurmText.killWait(config: text) == expected) }

  @Test func clusterName() {
    #expect(SlurmText.cluster(config: "ClusterNameX = a\nClusterName             = main\n") == "main")
    #expect(SlurmText.cluster(config: "ClusterName = a b\n") == nil)
  }

  @Test(arguments: [
    ("squeue: error: Invalid user: 54321\n", true), ("Invalid user: 54321", true), ("Invalid job id specified", true),
    ("squeue: error: slurm_receive_msg: Socket timed out on send/recv operation", true),
    ("NOTICE: lost the connection to /scratch, please try again", false), ("", false),
  ])
  func complaints(errors: String, matters: Bool) { #expect((SlurmText.complaint(squeue: errors) != nil) == matters) }

  @Test func jobOfScontrol() {
    let line =
      "JobId=4711 JobName=x UserId=ann1(1001) JobState=PENDING Reason=None Restarts=3 WorkDir=/a Comment=coord:\(t1)"
    let job = SlurmText.job(World.job, scontrol: line + " \n\n")
    #expect(job?.token == t1 && job?.state == "PENDING" && job?.uid == 1001 && job?.restarts == 3)
    #expect(job?.workDir == "/a" && job?.name == "x" && job?.reason == "")
    #expect(SlurmText.job(JobID("471")!, scontrol: line) == nil)
    let fake = line.replacing("JobName=x", with: "JobName=x JobState=COMPLETED")
    #expect(SlurmText.job(World.job, scontrol: fake) == nil)
  }

  @Test(arguments: [
    ("coord:\(t1)", true), ("coord:\(t1):0123456789abcdef", true), ("coord:\(t1):0123", false), ("coord:\(t1):", false),
    ("coord", false), ("coord:", false), ("xcoord:\(t1)", false), ("coord:\(t1):0123456789abcdef:1", false),
  ])
  func comments(text: String, carries: Bool) {
    let job = QueuedJob(id: World.job, user: "u", uid: 1, state: "PENDING", comment: text)
    #expect((job.token == t1) == carries && job.isOurScript == (carries || text == "coord"))
  }

  @Test(arguments: ["35_[1-3]", "35_[1,4-9%2]", "35;a b", "", "x"])
  func whatIsNoJobId(text: String) { #expect(JobID(text) == nil) }

  @Test(arguments: ["35", "35_7", "38+0", "35;main"])
  func jobIds(text: String) { #expect(JobID(text)?.description == text) }
}
