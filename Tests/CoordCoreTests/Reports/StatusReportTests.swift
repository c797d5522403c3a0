import CoordCore
import Testing

@Suite struct StatusReports {
  @Test func hungServerIsWrittenAndShown() {
    var w = World()
    for kind in [EntryKind.claimed, .started] { w.append(kind, World.token(1)) }
    w.beat(1, token: World.token(1), state: .hung)
    var info = w.info.info
    info?.hungSince = WallTime(seconds: 1_795_000_000)
    info?.hungUntil = WallTime(seconds: 1_795_000_300)
    #expect(info.flatMap { ServerInfo(decoding: $0.encoded) } == info)
    guard case .state(let state) = w.tail.fold() else { return }
    var report = StatusReport(service: state)
    (report.info, report.beats) = (info, true)
    #expect(report.state == .hung && report.exitCode == 75)
    #expect(report.why.contains("since 2026-11-18") && report.why.contains("it is ended at"))
  }
}
