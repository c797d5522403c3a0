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
    let replies =
      [ServiceReply.progress("job 1 is waiting = x"), .busy(.seconds(7)), .answer(info)]
      + errors.map(ServiceReply.failure)
    for reply in replies { #expect(try read(reply.text) == [reply]) }
    #expect(try read(replies[0].text + replies[0].text + replies[1].text) == [replies[0], replies[0], replies[1]])
  }

  @Test(arguments: ["hello\n.=\n", "answer=\nNODE=-x\n.=\n", "error=x\n.=\n", "error=69\nWHAT=a\n.=\n"])
  func whatNoServiceSaysIsAnError(text: String) {
    #expect(throws: CoordError.self) { try read(text) }
  }
}
