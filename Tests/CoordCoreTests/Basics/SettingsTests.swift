import CoordCore
import Testing

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

@Suite struct SettingsFile {
  private func settings(_ text: String, _ environment: [String: String] = [:]) throws(CoordError) -> Settings {
    try Settings(file: Array(text.utf8), fileName: "coord.conf", environment: environment)
  }

  @Test func environmentOverridesTheFile() throws {
    let s = try settings(
      "# x\nPORT=8000\nWAIT = \"30\"\nSCHEDULER=local\n", ["COORD_PORT": "9000", "PORT": "9001", "HOME": "/"])
    #expect(s.port == 9000 && s.wait == .seconds(30) && s.scheduler == .local && s.jobName == "py_accel_viewer")
  }

  @Test(arguments: [
    "PORT=80", "PORT=x", "WAIT=0", "SCHEDULER=pbs", "JOB_NAME=-x", "JOB_NAME=a b", "PROT=1", "nonsense",
  ])
  func mistakesAreNamed(line: String) {
    let error = #expect(throws: CoordError.self) { try settings(line) }
    #expect(error?.exitCode == 78)
  }
}

@Suite struct LifeSettings {
  @Test func emptyCheckIsNoneAndAMissingOneTheDefault() throws {
    func settings(_ text: String) throws(CoordError) -> Settings {
      try Settings(file: Array(text.utf8), fileName: "coord.conf", environment: [:])
    }
    #expect(try settings("").checkCommand == nil)
    #expect(try settings("CHECK_COMMAND=\nHANG_LIMIT=60\n").checkCommand == "")
    #expect(try settings("CHECK_COMMAND=python check.py {app}\nHANG_LIMIT=60\n").hangLimit == .seconds(60))
    #expect(throws: CoordError.self) { try settings("HANG_LIMIT=0\n") }
  }
}
