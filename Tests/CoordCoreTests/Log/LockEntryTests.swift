import CoordCore
import Testing

@Suite struct Entries {
  private func sample() -> LockEntry {
    LockEntry(
      number: 17, previous: LockEntry.nothingBefore, time: WallTime(text: "2026-11-25T04:29:07+00:00")!,
      author: World.owner,
      body: EntryBody(.ended, World.token(5)).with {
        $0.job = JobID("4711;main")
        $0.outcome = .failed
        $0.reason = "a=b\\n\nTOKEN=forged"
      })
  }

  @Test func comeBackAsTheyWere() { #expect(LockEntry(decoding: sample().encoded, number: 17) == sample()) }

  @Test func valuesCannotForgeLines() {
    let text = String(decoding: sample().encoded, as: UTF8.self)
    #expect(text.split(separator: "\n").filter { $0.hasPrefix("TOKEN=") }.count == 1)
  }

  @Test func everyTornOrChangedByteIsNoticed() {
    let bytes = sample().encoded
    for length in 0..<bytes.count { #expect(LockEntry(decoding: Array(bytes[..<length]), number: 17) == nil) }
    for at in bytes.indices {
      var changed = bytes
      changed[at] ^= 1
      #expect(LockEntry(decoding: changed, number: 17) == nil)
    }
    #expect(LockEntry(decoding: bytes, number: 18) == nil)
  }
}

@Suite struct Heartbeats {
  private let good = """
    NODE=node1
    PORT=7860
    JOB_ID=4711
    STARTED=2026-11-25T04:29:07+00:00
    STATE=ready
    BEAT=23
    HEARTBEAT=2026-11-25T04:31:02+00:00
    ENDS=2026-11-26T16:29:07+00:00
    LOCK=17
    TOKEN=0123456789abcdef0123456789abcdef
    USER=ann1

    """

  @Test func comeBackAsTheyWere() {
    let info = ServerInfo(decoding: Array(good.utf8))
    #expect(info.map { String(decoding: $0.encoded, as: UTF8.self) } == good)
  }

  @Test(arguments: [
    ("NODE=node1", "NODE=-oProxyCommand=x"), ("NODE=node1", "NODE=$(reboot)"), ("NODE=node1", "NODE="),
    ("PORT=7860", "PORT=0"), ("PORT=7860", "PORT=65536"), ("PORT=7860", "PORT=22; x"), ("STATE=ready", "STATE=dead"),
    ("JOB_ID=4711", "JOB_ID=4711;x y"), ("TOKEN=0123", "TOKEN=zzzz"), ("BEAT=23\n", ""), ("2026-11-25T04:31", "soon"),
  ])
  func badValuesAreRefused(value: String, bad: String) {
    #expect(ServerInfo(decoding: Array(good.replacingFirst(value, bad).utf8)) == nil)
  }
}

extension String {
  fileprivate func replacingFirst(_ old: String, _ new: String) -> String {
    guard let range = firstRange(of: old) else { return self }
    return String(self[..<range.lowerBound]) + new + self[range.upperBound...]
  }
}

@Test(
  arguments: [
    (0, "1970-01-01T00:00:00+00:00"), (951_782_400, "2000-02-29T00:00:00+00:00"),
    (1_795_580_947, "2026-11-25T04:29:07+00:00"), (4_107_542_399, "2100-02-28T23:59:59+00:00"),
  ] as [(Int64, String)])
func wallTimes(seconds: Int64, text: String) {
  #expect(WallTime(seconds: seconds).text == text)
  #expect(WallTime(text: text) == WallTime(seconds: seconds))
}

@Test(arguments: ["", "2026-11-25", "2026-13-25T04:29:07+00:00", "2026-11-25T04:29:07+01:00", "Unknown"])
func textsThatAreNoTimes(text: String) { #expect(WallTime(text: text) == nil) }

/// What only coord writes is read as it is written: blanks and a byte order mark that people's files may have are no lines of it.
@Test(arguments: [" \nA=1\n", " # x\nA=1\n", "\u{feff}# x\nA=1\n"])
func linesOfCoordItselfAreStrict(text: String) {
  #expect(KeyValueText(Array(text.utf8)) == nil)
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
