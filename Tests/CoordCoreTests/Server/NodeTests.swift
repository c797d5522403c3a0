import Testing

@testable import CoordCore

@Suite struct NamesOfNodes {
  @Test func hostNamesThatResolversAccept() {
    for name in ["node1", "gpu_node2", "ip-10-0-0-3.eu.internal", "10.0.0.3", "_x"] { #expect(isHostName(name)) }
    for name in [
      "", "-oProxyCommand=x", ".node", "no de", "a;b", "a/b", "a$b", "ä", "a:1", String(repeating: "a", count: 254),
    ] {
      #expect(!isHostName(name))
    }
  }

  @Test func likeliestNameFirst() {
    #expect(
      NodeNames.candidates(setting: "", nodeName: "node3", hostName: "ip-10-0-0-3.internal", address: "node3.cluster")
        == ["node3", "node3.cluster", "ip-10-0-0-3.internal"])
    #expect(
      NodeNames.candidates(setting: "{nodename}-ib0", nodeName: "node3", hostName: "node3", address: "10.0.0.3")
        == ["node3-ib0", "node3"])
    #expect(
      NodeNames.candidates(setting: "", nodeName: nil, hostName: "localhost.localdomain", address: "LOCALHOST") == [])
    #expect(
      NodeNames.candidates(setting: "{hostname}.x", nodeName: nil, hostName: "h", address: nil) == ["h.x", "h"])
    #expect(NodeNames.candidates(setting: "", nodeName: nil, hostName: "no name!", address: nil) == [])
  }

  @Test func addressesThatOthersCanUse() {
    #expect(NodeNames.addresses(["127.0.1.1", "10.0.0.3", "::1", "10.0.0.3", "fe80::1", "0.0.0.0"]) == ["10.0.0.3"])
    #expect(
      NodeNames.address(scontrol: "NodeName=n3 Arch=x NodeAddr=10.0.0.3 NodeHostName=ip-3 Version=22") == "10.0.0.3")
    #expect(NodeNames.address(scontrol: "NodeName=n3 NodeAddr=-x") == nil)
    for text in ["10.0.0.3", "255.255.255.255"] { #expect(isAddress(text)) }
    for text in ["10.0.0", "10.0.0.256", "a.b.c.d", "10.0.0.3.", "10.0.0.0003", "1.2.3.-4"] {
      #expect(!isAddress(text))
    }
  }

  @Test func heartbeatTellsAllNames() throws {
    var w = World()
    w.beat(1, token: World.token(1))
    var info = try #require(w.info.info)
    info.otherNames = ["ip-10-0-0-3.internal", "gpu_node2"]
    info.addresses = ["10.0.0.3"]
    #expect(ServerInfo(decoding: info.encoded) == info)
    let text = String(decoding: info.encoded, as: UTF8.self)
    // What could be taken for an option or more is not believed.
    let planted = text.replacing("NAMES=ip-10-0-0-3.internal", with: "NAMES=-oX $(x)").replacing(
      "ADDRESS=", with: "ADDRESS=-a x ")
    #expect(ServerInfo(decoding: Array(planted.utf8))?.otherNames == ["gpu_node2"])
    #expect(ServerInfo(decoding: Array(planted.utf8))?.addresses == ["10.0.0.3"])
  }
}

@Suite struct Reaching {
  @Test func answerIsWhatWasReached() {
    var w = World()
    w.beat(1, token: World.token(1))
    var c = w.observer()
    let place = w.info.info!.place
    #expect(c.next(w.observation(log: false)) == [.probe(place)])
    c.handle(.probed(place, .reached(Endpoint(node: "10.0.0.3", port: 7860)!)), now: w.now)
    guard case .answer(let info)? = c.next(w.observation(log: false)).first else {
      Issue.record("no answer")
      return
    }
    #expect(info.endpoint.description == "10.0.0.3:7860" && info.token == World.token(1))
  }

  @Test func whatIsInTheWayIsToldInItsOwnWords() {
    let at = Endpoint(node: "node3", port: 7860)!
    let errors = [Reach.refused(at), .silent(at), .unknownName(["node3"]), .slowNames(["node3"])].map {
      Coordinator.gaveUp(.answer, .unreachable($0))
    }
    #expect(
      errors.map { $0.next.contains("admin whether login nodes may reach node3:7860") } == [true, true, false, false])
    #expect(errors[2].next.contains("NODE_NAME") && errors[2].why.contains("does not know its node by name"))
    #expect(errors[3].next.contains("resolv.conf") && errors[3].why.contains("15 s"))
    #expect(errors.allSatisfy { $0.exitCode == 75 })
  }
}

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
