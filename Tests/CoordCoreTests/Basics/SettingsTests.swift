import CoordCore
import Testing

/// Clusters as they are: where their commands are.
@Suite struct PlacesOfSlurm {
  private func folder(setting: String = "", path: String = "/usr/bin:/bin", commands: Set<String>) throws(CoordError)
    -> String
  {
    try SlurmCommands.folder(setting: setting, source: "hpc_utils/coord.conf, line 3", path: path) {
      commands.contains($0)
    }
  }

  @Test func pathComesBeforeTheUsualPlacesAndTheSettingBeforeBoth() throws {
    let everywhere = Set(["/bin", "/opt/slurm/bin", "/apps/slurm"].flatMap { ["\($0)/squeue", "\($0)/sbatch"] })
    #expect(try folder(commands: everywhere) == "")
    #expect(try folder(path: "/sbin", commands: everywhere) == "/opt/slurm/bin/")
    #expect(try folder(path: "", commands: everywhere) == "/opt/slurm/bin/")
    #expect(try folder(setting: "/apps/slurm", commands: everywhere) == "/apps/slurm/")
  }

  @Test func halfOfThemIsNone() throws {
    let half: Set = ["/bin/squeue", "/usr/local/bin/squeue", "/usr/local/bin/sbatch"]
    #expect(try folder(commands: half) == "/usr/local/bin/")
    #expect(try folder(path: "/bin:/opt/x", commands: ["/bin/squeue", "/opt/x/sbatch"]) == "")
  }

  @Test func nowhereNamesPathAndTheSetting() {
    let error = #expect(throws: CoordError.self) { try folder(commands: ["/bin/squeue"]) }
    #expect(error?.exitCode == 78 && error?.why.contains("PATH has sbatch (PATH=/usr/bin:/bin)") == true)
    #expect(error?.next.contains("SLURM_BIN in hpc_utils/coord.conf") == true)
    let wrong = #expect(throws: CoordError.self) {
      try folder(setting: "/nowhere", commands: ["/bin/squeue", "/bin/sbatch"])
    }
    #expect(
      wrong?.why == "SLURM_BIN=/nowhere (hpc_utils/coord.conf, line 3) has no squeue and no sbatch that can be run")
  }
}

@Suite struct WithoutTheCommands {
  private let missing = CoordError.configuration(what: "nowhere", why: "PATH", next: "SLURM_BIN")
  private let t1 = World.token(1)

  private func next(_ c: inout Coordinator, _ w: inout World) -> [Action] {
    var o = w.observation()
    o.noScheduler = missing
    return c.next(o)
  }

  @Test func nothingIsClaimedWhateverOthersWereAnswered() {
    var w = World()
    w.answer([])
    var c = w.observer()
    #expect(next(&c, &w).error == missing)
  }

  @Test func serverIsWaitedForAllTheSameAndNobodyAsks() {
    var w = World()
    w.append(.claimed, t1)
    w.append(.submitted, t1)
    var c = w.observer(wait: 60)
    for _ in 0..<30 {
      w.wait(1)
      let actions = next(&c, &w)
      #expect(!actions.looks && actions.progress != nil)
    }
    w.append(.started, t1)
    w.beat(1, token: t1)
    #expect(next(&c, &w) == [.probe(w.info.info!.place)])
  }

  @Test func whoWaitedForTheSchedulerInVainReadsWhy() {
    var w = World()
    w.append(.claimed, t1)
    w.wait(100)
    w.noAnswer()
    var c = w.observer(wait: 5)
    #expect(next(&c, &w).progress != nil)
    w.wait(6)
    #expect(next(&c, &w).error == missing)
  }

  @Test func cleanupThatNeedsAProofEndsAtOnceAndAnotherIsWell() {
    var w = World()
    for kind in [EntryKind.claimed, .submitted, .started] { w.append(kind, t1) }
    w.beat(1, token: t1)
    var settling = w.observer(.settle)
    guard case .settle? = next(&settling, &w).first else { return #expect(Bool(false), "a live server needs no proof") }
    settling = w.observer(.settle)
    var errors: [CoordError] = []
    for _ in 0..<40 {
      w.wait(1)
      if let error = next(&settling, &w).error { errors.append(error) }
    }
    #expect(errors.first == missing)
  }
}

@Suite struct SurplusOfAClaim {
  private let day = Duration.seconds(86_400)
  private let t1 = World.token(1)

  private func asks(_ kinds: [(EntryKind, Outcome?)], age: Duration = .zero, live: Bool = false, me: UInt32 = 1001)
    -> Bool
  {
    var w = World()
    for (kind, outcome) in kinds { w.append(kind, t1) { $0.outcome = outcome } }
    let entries = w.tail.slots.compactMap(\.entry).map { (entry: $0, age: age) }
    return CleanupPlan.mayHaveSurplus(entries, me: me, live: live ? t1 : nil)
  }

  @Test func onlyAClaimThatNeverStartedMayHaveLeftAJob() {
    let pending: [(EntryKind, Outcome?)] = [
      (.claimed, nil), (.submitted, nil), (.stopRequested, .stopped), (.ended, .stopped),
    ]
    #expect(asks(pending) && asks(pending, age: day * 6))
    #expect(asks([(.claimed, nil), (.ended, .lost)]), "given up: sbatch may still have made one")
    #expect(!asks(pending, age: day * 8) && !asks(pending, me: 1002))
    #expect(!asks([(.claimed, nil), (.submitted, nil)], live: true))
    #expect(!asks([(.claimed, nil), (.submitted, nil), (.started, nil), (.ended, .finished)]))
    #expect(!asks([(.claimed, nil), (.ended, .withdrawn)]) && !asks([(.claimed, nil), (.ended, .refused)]))
    #expect(!asks([]))
  }
}

@Suite struct Environments {
  private func settings(
    _ file: String = "", script: [String] = [], _ environment: [String: String] = [:]
  ) throws(CoordError) -> Settings {
    try Settings(file: Array(file.utf8), fileName: "coord.conf", script: script, environment: environment)
  }

  private let others = ["JOB_NAME": "build-7", "PORT": "tcp://10.0.0.1:80", "WAIT": "x", "SOCKET": "y"]

  @Test func namesOfOthersCountForNothingAndAreToldOnce() throws {
    let s = try settings("PORT=8000\n", others)
    #expect(s.port == 8000 && s.jobName == "py_accel_viewer" && s.wait == .seconds(120) && s.socket.isEmpty)
    #expect(
      s.strayNames(in: others)
        == "JOB_NAME, PORT, WAIT, SOCKET in the environment are not coord's and changed nothing; a setting there is called "
        + "COORD_JOB_NAME")
    #expect(s.strayNames(in: ["PORT": "8000", "JOB_NAME": "", "HOME": "/"]) == nil, "as it is set, or not at all")
  }

  @Test func scriptIsOverTheFileAndTheEnvironmentOverBoth() throws {
    let file = "# port\nPORT=8000\n\nWAIT=60\n"
    #expect(try settings(file).port == 8000)
    #expect(try settings(file, script: ["PORT=8001", "APP_PATH=a=b"]).appPath == "a=b")
    let s = try settings(file, script: ["PORT=8001"], ["COORD_PORT": "8002", "COORD_WAIT": ""])
    #expect(s.port == 8002 && s.wait == .seconds(60))
    let rows = Dictionary(s.rows.map { ($0.key, $0) }) { first, _ in first }
    #expect(rows["PORT"]?.source == "COORD_PORT in the environment" && rows["PORT"]?.value == "8002")
    #expect(rows["WAIT"]?.source == "coord.conf, line 4" && rows["WAIT"]?.unit == "s")
    #expect(rows["HANG_LIMIT"]?.value == "300" && rows["HANG_LIMIT"]?.source == "default")
    #expect(try settings(file, script: ["PORT=8001"]).source("PORT") == "PORT in hpc_utils/env.sh or start_server.sh")
    #expect(try settings("").place(of: "APP_PATH") == "APP_PATH in hpc_utils/coord.conf")
    #expect(try settings("APP_PATH=x\n").place(of: "APP_PATH") == "APP_PATH in coord.conf, line 1")
    #expect(
      try settings("", script: ["APP_PATH=x"]).place(of: "APP_PATH")
        == "APP_PATH in hpc_utils/env.sh or start_server.sh")
    #expect(s.rows.map(\.key) == Settings.keys)
  }

  @Test func everySettingThatHasADefaultShowsIt() {
    let empty = Settings().rows.filter { $0.value == nil }.map(\.key)
    #expect(
      empty == ["SLURM_BIN", "CHECK_COMMAND", "SOCKET", "SOCKET_GROUP", "KEEP_WARM", "METRICS_FILE", "NODE_NAME"])
  }

  @Test(arguments: [
    ("COORD_PROT", "COORD_PORT"), ("COORD_JOBNAME", "COORD_JOB_NAME"), ("COORD_APPPATH", "COORD_APP_PATH"),
    ("COORD_HANGLIMIT", "COORD_HANG_LIMIT"), ("COORD_wait", "COORD_WAIT"),
  ])
  func unknownNamesAreToldWithTheNearest(name: String, nearest: String) {
    let found = Settings.unknown(in: [
      name: "1", "COORD_ROOT": "/x", "COORD_NODE_COPY": "/y", "COORD_PORT": "8000", "PROT": "1",
    ])
    #expect(found.map(\.name) == [name] && found.map(\.nearest) == [nearest])
    #expect(Settings.note(found[0]).contains("\(name) in the environment is no setting"))
  }

  @Test func mistakesNameTheirPlace() {
    func said(_ file: String, script: [String] = [], _ environment: [String: String] = [:]) -> CoordError? {
      #expect(throws: CoordError.self) { try settings(file, script: script, environment) }
    }
    #expect(said("\nPORT=80\n")?.what == "PORT=80 cannot be (coord.conf, line 2)")
    #expect(said("", ["COORD_PORT": "80"])?.next == "correct COORD_PORT in the environment")
    #expect(said("", script: ["PORT=80"])?.what == "PORT=80 cannot be (PORT in hpc_utils/env.sh or start_server.sh)")
    let windows = said("", script: ["PORT=7900\r"])
    #expect(windows?.message.hasPrefix("coord: PORT=7900\\r cannot be") == true)
    #expect(windows?.why.contains("Windows line ends") == true && windows?.next.contains("sed -i") == true)
    #expect(windows?.message.unicodeScalars.contains("\r") == false)
    #expect(said("# x\nnonsense\n")?.why == "its line 2 is not KEY=VALUE")
    #expect(said("COORD_PORT=8000\n")?.next == "correct that line: is PORT meant?")
    #expect(said("\u{feff}# x\r\n \t\r\n  PORT=80\r\n")?.what == "PORT=80 cannot be (coord.conf, line 3)")
    #expect(said("PORT=8000\n\u{feff}WAIT=3\n") != nil, "a mark is one at the beginning only")
  }

  @Test(arguments: [
    "   \nPORT=8000\n", "\t# indented\nPORT=8000\n", "\u{feff}PORT=8000\n", "\u{feff}\n PORT = 8000 \n",
    "\tPORT\t=\t'8000'\t\r\n \r\n", "\u{feff}  # mine\r\nPORT=8000", "\u{b}\u{c}\nPORT=8000\r\r\n",
  ])
  func whatNobodySeesMeansNothing(file: String) throws {
    let s = try settings(file)
    #expect(s.port == 8000 && s.given.count == 1)
  }

  @Test func commentsMayBeOfAnyEncoding() throws {
    let file = Array(" # caf".utf8) + [0xe9, 0x0a] + Array("PORT=8000\n".utf8)
    #expect(try Settings(file: file, fileName: "coord.conf", environment: [:]).port == 8000)
  }

  @Test(arguments: ["SLURM_BIN", "SOCKET", "SOCKET_GROUP", "KEEP_WARM", "METRICS_FILE", "NODE_NAME"])
  func emptyIsNotSetWhereThereIsNoDefault(key: String) throws {
    let s = try settings("\(key)=\n")
    #expect(s.socket.isEmpty && s.slurmBin.isEmpty && s.keepWarm == nil && s.metricsFile.isEmpty && s.nodeName.isEmpty)
    #expect(s.given[key]?.value == "" && s.source(key) == "coord.conf, line 1")
    let values = [
      "SLURM_BIN": "/x", "SOCKET": "/x", "SOCKET_GROUP": "x", "KEEP_WARM": "8-20", "METRICS_FILE": "/x",
      "NODE_NAME": "x",
    ]
    let over = try settings("\(key)=\(values[key] ?? "")\n", script: ["\(key)="])
    #expect(over.socket.isEmpty && over.slurmBin.isEmpty && over.keepWarm == nil && over.socketGroup.isEmpty)
    #expect(over.metricsFile.isEmpty && over.nodeName.isEmpty, "what is over it takes it back")
  }

  @Test(arguments: ["STATUS_FILE", "CREDENTIALS", "APP_PATH", "SLURM_BIN", "SOCKET", "METRICS_FILE"])
  func pathsAreNotExpanded(key: String) {
    for value in ["~/x", "~ann1/x", "~", "$HOME/x", "${HOME}/x", "/home/$USER/x"] {
      let error = said("\(key)=\(value)\n")
      #expect(error?.exitCode == 78 && error?.why == "~ and $HOME are not expanded in a setting", "\(value)")
      #expect(error?.next.hasPrefix("correct coord.conf, line 1: write the whole path") == true)
    }
  }

  @Test func dollarsAndTildesWithinANameAreItsOwn() throws {
    #expect(try settings("APP_PATH=a~b/c$/app.py\nCREDENTIALS=/x/$1\n").appPath == "a~b/c$/app.py")
  }

  private func said(_ file: String) -> CoordError? {
    #expect(throws: CoordError.self) { try settings(file) }
  }
}

@Test func whoCannotReadIsToldTheTruth() {
  func words(_ mode: UInt32, _ group: String, _ isMember: Bool) -> (why: String, next: String) {
    file(mode, group).unreadable(team: "lab", isMember: isMember)
  }
  func file(_ mode: UInt32, _ group: String) -> TeamFile {
    TeamFile("/p/credentials.json", mode: 0o100000 | mode, owner: "ann2", group: group)
  }
  let other = words(0o640, "ann1", true)
  #expect(other.why == "it belongs to the group ann1 (mode 640), and the team's group is lab")
  #expect(other.next.contains("chgrp lab /p/credentials.json"))
  #expect(words(0o640, "lab", false).next.contains("add you to lab"))
  #expect(words(0o600, "lab", true).why.contains("may not read it (mode 600)"))
  #expect(words(0o600, "lab", true).next == "its owner ann2 runs `chmod 640 /p/credentials.json`")
  let alone = file(0o600, "ann2").unreadable(team: nil, isMember: false)
  #expect(alone.why == "it belongs to ann2 (mode 600)" && alone.next.hasPrefix("ask ann2 for read access"))
  // Its owner, who can read it, is told before it befalls a teammate.
  for (mode, group, closed) in [
    (0o600, "lab", true), (0o640, "ann2", true), (0o640, "lab", false), (0o440, "lab", false),
  ] as [(UInt32, String, Bool)] {
    #expect((file(mode, group).closed(team: "lab") != nil) == closed, "\(mode) \(group)")
    #expect(file(mode, group).closed(team: nil) == nil)
  }
  #expect(file(0o600, "lab").closed(team: "lab")?.why.hasPrefix("the team cannot read it: ") == true)
}

@Test func whoMayNotChangeAnOpenFilesModeIsToldWhoMay() {
  let modes: [(UInt32, Bool)] = [(0o644, true), (0o642, true), (0o664, true), (0o640, false), (0o600, false)]
  for (mode, isOpen) in modes {
    let words = TeamFile("/p/credentials.json", mode: mode, owner: "ann2", group: "lab").open()
    #expect((words != nil) == isOpen, "\(mode)")
    guard let words else { continue }
    #expect(words.why.contains("everybody on this cluster may read or change it"))
    #expect(words.next.contains("its owner ann2 runs `chmod 640 /p/credentials.json`"))
    #expect(words.next.contains("`coord users add NAME`"))
  }
}

@Test func adviceOpensNoSecret() {
  let next = StorageFailure(.permission, "open locks/00000001: Permission denied").error.next
  #expect(next.contains("group access") && !next.contains("-R") && !next.contains("cookie"))
}

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

@Test func whatIsTypedIsNoMistakeOfTheArguments() {
  let error = CoordError.input(what: "the password was empty", why: "w", next: "n")
  #expect(error.exitCode == 64 && error.message == "coord: the password was empty\n  why:  w\n  next: n\n")
}

@Suite struct FilesOfTheTeam {
  private func check(
    _ mode: UInt32, _ group: String = "lab", open: Bool = true, mine: Bool = true, secret: Bool = false,
    bits: UInt32 = 0o4, team: String? = "lab", member: Bool = true
  ) -> Check? {
    var file = TeamFile.Found("hpc_utils/env.sh", mode: 0o100000 | mode, group: group, bits: bits, isOpen: open)
    (file.isMine, file.isSecret) = (mine, secret)
    return TeamFile.check(file, team: team, isMember: member)
  }

  @Test func ownerIsToldWhatTheTeamCannotRead() {
    for mode: UInt32 in [0o640, 0o664, 0o440] { #expect(check(mode) == nil) }
    #expect(check(0o644, "ann1") == nil, "everybody may")
    let closed = check(0o600)
    #expect(closed?.verdict == .bad && closed?.what == "the team's group lab may not read it (mode 600)")
    #expect(closed?.next == "`chmod 640 hpc_utils/env.sh`")
    // An access control list may let them in all the same.
    #expect(check(0o640, "ann1")?.verdict == .doubtful)
    #expect(check(0o640, "ann1")?.next?.contains("chgrp lab") == true)
    #expect(check(0o600, "ann1")?.verdict == .bad)
    // One account may own all jobs.
    #expect(check(0o600, secret: true)?.verdict == .doubtful)
    #expect(check(0o640, bits: 0o5)?.what == "the team's group lab may not run it (mode 640)")
    #expect(check(0o755, bits: 0o5) == nil)
    #expect(check(0o600, team: nil) == nil, "a project of one person")
  }

  @Test func whoCannotReadItIsToldWhoCanHelp() {
    #expect(check(0o600, open: false, mine: false)?.next == "its owner runs `chmod 640 hpc_utils/env.sh`")
    #expect(check(0o640, open: false, mine: false, member: false)?.next?.contains("add you to lab") == true)
    #expect(check(0o600, open: false, mine: false, secret: true)?.verdict == .bad)
    #expect(check(0o600, open: false, mine: false, team: nil)?.verdict == .bad)
  }

  @Test func whatEverybodyMayChangeIsNamed() {
    let said = check(0o666)
    #expect(said?.verdict == .bad && said?.next == "`chmod o-w hpc_utils/env.sh`", "\(said as Any)")
    #expect(said?.what.contains("everybody on this cluster may change it (mode 666)") == true)
    #expect(Checkup.openFolder("hpc_utils", mode: 0o2775) == nil)
    #expect(Checkup.openFolder("hpc_utils", mode: 0o2777)?.next == "its owner runs `chmod o-w hpc_utils`")
  }

  @Test func windowsLineEndsAreNamed() {
    var file = TeamFile.Found("hpc_utils/env.sh", mode: 0o100640, group: "lab", isOpen: true)
    file.hasWindowsLineEnds = true
    let said = TeamFile.check(file, team: "lab", isMember: true)
    #expect(said?.verdict == .bad && said?.next == "`sed -i 's/\\r$//' hpc_utils/env.sh`")
  }
}

@Suite struct JobEnvironments {
  @Test(
    arguments: [
      ("panel", "/a:/b", "/b/panel"), ("panel", "/b", "/b/panel"), ("panel", nil, "/usr/bin/panel"),
      ("panel", "/a", nil), ("panel", "", nil), ("panel", "/a::/c", "./panel"), ("/b/panel", nil, "/b/panel"),
      ("/a/panel", "/b", nil), ("", "/b", nil),
    ] as [(String, String?, String?)])
  func programIsFoundAsTheKernelsCallerFindsIt(name: String, path: String?, place: String?) {
    let there: Set = path == "/a::/c" ? ["./panel"] : ["/b/panel", "/usr/bin/panel"]
    #expect(JobEnvironment.find(name, path: path, isProgram: there.contains) == place)
  }

  @Test func whatMissesIsNamedWithItsFile() {
    let none = JobEnvironment.missing("panel", path: "/usr/bin", hasFile: false)
    #expect(none.what == "the server's command `panel` was not found in the job's PATH")
    #expect(none.why.contains("there is no hpc_utils/env.sh") && none.next.hasPrefix("make hpc_utils/env.sh"))
    let some = JobEnvironment.missing("panel", path: "/usr/bin", hasFile: true)
    #expect(some.why.contains("hpc_utils/env.sh is there") && some.next.contains("in hpc_utils/env.sh, or correct"))
    let windows = JobEnvironment.missing("panel", path: "/usr/bin\r", hasFile: true)
    #expect(windows.why.contains("/usr/bin\\r") && windows.next.contains("sed -i"))
    #expect(!JobEnvironment.missing("/x/panel", path: "/usr/bin", hasFile: true).what.contains("PATH"))
  }

  @Test func waitersReadWhatAnObstacleSaysToDo() throws {
    let fence = Fence(
      token: World.token(1), nonce: "n", job: World.job, restarts: 0, node: "n1", scheduler: "slurm", statusFile: "s",
      log: "l", obstacle: JobEnvironment.missing("panel", path: "/usr/bin", hasFile: false), freshToken: World.token(2))
    var w = World()
    for kind in [EntryKind.claimed, .submitted] { w.append(kind, World.token(1)) }
    guard case .state(let state) = w.tail.fold(), case .end(let draft, _) = fence.decide(state, patient: false) else {
      Issue.record("it goes on")
      return
    }
    w.append(.ended, World.token(1)) { $0 = draft.body }
    let end = try #require(w.tail.slots.last?.entry)
    let read = try #require(LockEntry(decoding: end.encoded, number: end.number))
    #expect(CoordError(ending: read)?.next.hasPrefix("make hpc_utils/env.sh") == true)
  }
}
