import CoordCore
import Testing

@Suite struct Trials {
  private func trial() throws -> JobTrial {
    JobTrial(
      job: "9",
      place: ServerPlace(try #require(Endpoint(node: "n1", port: 7861)), otherNames: ["x_1"], addresses: ["10.0.0.1"]),
      inode: 77, path: "/p", user: "ann1", groups: [5, 6],
      checks: [Check("disk", .good, "ok"), Check("app", .bad, "Traceback\n  line", next: "correct it")])
  }

  private let reached = Reach.reached(Endpoint(node: "n1", port: 7861)!)

  @Test func reportIsReadBetweenWhateverElseAJobPrints() throws {
    let trial = try trial()
    let noise = "module loaded\n\u{1b}[0m banner\nCHECK=x\n"
    let text = trial.text.split(separator: "\n").map { $0 + "\n" + noise }.joined()
    #expect(JobTrial(log: noise + text) == trial)
    // Not before it is whole.
    #expect(JobTrial(log: String(trial.text.dropLast(20))) == nil)
    #expect(JobTrial(log: noise) == nil)
  }

  @Test func whatAJobSeesIsComparedWithThisHost() throws {
    let trial = try trial()
    func bad(inode: UInt64? = 77, group: UInt32? = 5, reach: Reach? = nil) -> [String] {
      trial.verdict(log: "", inode: inode, path: "/p", group: group, groups: [5, 7], reach: reach ?? reached)
        .filter { $0.verdict == .bad }.map(\.name)
    }
    #expect(bad() == ["job: app"])
    #expect(bad(inode: 78) == ["the job's directory", "job: app"])
    #expect(bad(group: 7) == ["the job's groups", "job: app"])
    #expect(bad(group: nil) == ["job: app"])
    for (group, words) in [(UInt32(7), "tell the cluster's admin"), (8, "not in it here either")] {
      let said = trial.verdict(log: "", inode: 77, path: "/p", group: group, groups: [5, 7], reach: reached)
      #expect(said.first { $0.name == "the job's groups" }?.next?.contains(words) == true)
    }
    #expect(bad(reach: .silent(Endpoint(node: "n1", port: 7861)!)) == ["job: app", "the job's port"])
    let said = trial.verdict(
      log: "x\nhpc_utils/env.sh: line 3: exit 1: false\n", inode: 77, path: "/p", group: nil, groups: [], reach: reached
    )
    #expect(said[0].what == "hpc_utils/env.sh: line 3: exit 1: false" && said[0].verdict == .doubtful)
  }

  @Test func scriptThatDoesNotPassItsTokenOn() {
    #expect(JobTrial.check(token: JobTrial.word).isEmpty)
    for token in ["abc", "", nil] { #expect(JobTrial.check(token: token).map(\.verdict) == [.bad]) }
  }

  @Test func trialWithoutAWord() {
    func next(_ state: String?, _ exit: String?, _ log: String? = nil) -> Check {
      JobTrial.silent(job: "9", state: state, reason: "", exit: exit, log: log)
    }
    #expect(next("PENDING", nil).what.contains("did not start in time"))
    #expect(next("FAILED", "0:53").what.contains("could not open its log"))
    #expect(next("FAILED", "127:0", "no such file").what.contains("no such file"))
    #expect(next("COMPLETED", "0:0").next?.contains("does the node see this directory") == true)
    // Its log is there: whatever is in it, the node sees the directory.
    for log in ["", "bash: no such file\n", "some coord: banner\n"] {
      let said = next("FAILED", "1:0", log)
      #expect(said.what.contains("FAILED, ExitCode 1:0") && said.what.contains(JobEnvironment.notReached))
      #expect(said.next == JobEnvironment.notReachedNext && said.what.contains("its log is empty") == log.isEmpty)
    }
    let told = next("FAILED", "78:0", "banner\ncoord: PORT=80 cannot be\n")
    #expect(told.what.contains("coord: PORT=80") && !told.what.contains(JobEnvironment.notReached))
    let end = SlurmText.end(scontrol: "JobId=9 JobState=FAILED Reason=NonZeroExitCode ExitCode=0:53 Comment=JobState=X")
    #expect(end?.state == "FAILED" && end?.exit == "0:53" && end?.reason == "NonZeroExitCode")
  }
}
