import CoordCore
import Testing

@Suite struct ServiceTalk {
  @Test func requestsComeBackAsTheyWere() {
    for request in [
      ServiceRequest(wait: .seconds(120), seen: nil), ServiceRequest(wait: .seconds(1), seen: World.token(3)),
      ServiceRequest(wait: .seconds(604_800), seen: World.token(3), project: .max),
      ServiceRequest(wait: .seconds(1), seen: nil, project: 7),
    ] {
      #expect(ServiceRequest(line: request.line.dropLast()) == request)
      #expect(request.line.utf8.count <= ServiceRequest.limit)
    }
  }

  @Test(arguments: [
    "", "coord/1", "coord/1 connect 120", "coord/1 connect 0 -", "coord/1 connect 604801 -", "coord/1 connect 12 x",
    "coord/1 stop 12 -", "coord/2 connect 12 -", "coord/1  connect 12 -", "coord/1 connect 12 - x",
    "coord/1 connect 12 - 07", "coord/1 connect 12 - 7 8",
    "GET / HTTP/1.0",
  ])
  func nothingElseIsOne(line: String) { #expect(ServiceRequest(line: line) == nil) }

  private func read(_ text: String) throws -> [ServiceReply] {
    var reader = ServiceReplyReader()
    return try text.split(separator: "\n", omittingEmptySubsequences: false).compactMap { try reader.take(String($0)) }
  }

  @Test func repliesComeBackAsTheyWere() throws {
    var w = World()
    w.beat(7, token: World.token(1))
    let info = w.info.info!
    let errors: [CoordError] = [
      .noServer(what: "a", why: "several\nlines=x\n.=", next: "c"), .tryAgain(what: "a", why: "", next: "c"),
      .permission(what: "a", why: "b", next: "c"), .configuration(what: "a", why: "b", next: "c"),
      .sharedDirectory(what: "a", why: "b"), .bug("b"),
    ]
    let replies = [ServiceReply.progress("job 1 is waiting = x"), .answer(info)] + errors.map(ServiceReply.failure)
    for reply in replies { #expect(try read(reply.text) == [reply]) }
    #expect(try read(replies[0].text + replies[0].text + replies[1].text) == [replies[0], replies[0], replies[1]])
  }

  @Test(arguments: ["hello\n.=\n", "answer=\nNODE=-x\n.=\n", "error=x\n.=\n", "error=69\nWHAT=a\n.=\n"])
  func whatNoServiceSaysIsAnError(text: String) {
    #expect(throws: CoordError.self) { try read(text) }
  }
}

@Suite struct Warmth {
  @Test(arguments: [("8-20", [8, 19], [7, 20, 0]), ("22-6", [22, 23, 0, 5], [6, 21]), ("0-24", Array(0...23), [])])
  func hours(text: String, inside: [Int], outside: [Int]) throws {
    let hours = try #require(WarmHours(text))
    #expect(inside.allSatisfy(hours.contains(hour:)) && !outside.contains(where: hours.contains(hour:)))
  }

  @Test(arguments: ["", "8", "8-8", "24-3", "8-25", "x-y", "-1-3", "8-20-22"])
  func othersAreNone(text: String) { #expect(WarmHours(text) == nil) }
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
