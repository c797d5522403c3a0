import CoordCore
import Testing

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
    #expect(ServerInfo(decoding: Array(good.replacing(value, with: bad, maxReplacements: 1).utf8)) == nil)
  }
}
