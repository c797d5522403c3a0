import Testing

@testable import CoordCore

@Suite struct NamesOfNodes {
  @Test func hostNamesThatResolversAccept() {
    for name in ["node1", "gpu_node2", "ip-10-0-0-3.eu.internal", "10.0.0.3", "_x"] { #expect(name.isHostName) }
    for name in [
      "", "-oProxyCommand=x", ".node", "no de", "a;b", "a/b", "a$b", "ä", "a:1", String(repeating: "a", count: 254),
    ] {
      #expect(!name.isHostName)
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
    for text in ["10.0.0.3", "255.255.255.255"] { #expect(text.isAddress) }
    for text in ["10.0.0", "10.0.0.256", "a.b.c.d", "10.0.0.3.", "10.0.0.0003", "1.2.3.-4"] {
      #expect(!text.isAddress)
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
