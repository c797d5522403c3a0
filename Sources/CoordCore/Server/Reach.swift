/// Where a server says that it can be found.
public struct ServerPlace: Hashable, Sendable {
  /// By the name that its node calls itself first.
  public var endpoint: Endpoint
  /// What else it is called: a cloud's host name, the scheduler's NodeAddr.
  public var otherNames: [String]
  /// Of a server that coord did not start: it may be on this very host, under a name that is not known here.
  public var mayBeHere = false
  /// The IPv4 addresses that these names have on its own node.
  public var addresses: [String]

  public init(_ endpoint: Endpoint, otherNames: [String] = [], addresses: [String] = []) {
    (self.endpoint, self.otherNames, self.addresses) = (endpoint, otherNames, addresses)
  }

  /// All names, the first one first.
  public var names: [String] { [endpoint.node] + otherNames.filter { $0 != endpoint.node } }

  /// Whether one of its names is this host's own, with or without its domain.
  public func isOn(host: String) -> Bool {
    func labels(_ name: String) -> [String] { name.lowercased().split(separator: ".").map(String.init) }
    let own = labels(host)
    return endpoint.node == "localhost"
      || names.contains { name in
        let other = labels(name)
        return other == own || other.count == 1 && other.first == own.first
          || own.count == 1 && own.first == other.first
      }
  }
}

/// What came of an attempt to connect.
public enum Reach: Hashable, Sendable {
  /// By this name or address: it is what the asker's ssh has to use as well.
  case reached(Endpoint)
  /// The machine is there, and says no.
  case refused(Endpoint)
  /// Nothing answered.
  case silent(Endpoint)
  /// None of its names is known here.
  case unknownName([String])
  /// Looking them up took longer than anybody waits.
  case slowNames([String])

  public var isReached: Bool { if case .reached = self { true } else { false } }

  /// What is in the way.
  public var why: String {
    switch self {
    case .reached(let at): "\(at) accepts connections from this host"
    case .refused(let at): "\(at) refuses connections from this host"
    case .silent(let at): "nothing answers at \(at) from this host"
    case .unknownName(let names):
      "this host does not know its node by name (\(names.joined(separator: ", ")))"
    case .slowNames(let names):
      "looking up \(names.joined(separator: ", ")) takes this host longer than \(Limits.nameLookup.spoken)"
    }
  }

  public var next: String {
    switch self {
    case .reached: "nothing"
    case .refused(let at), .silent(let at):
      "ask the cluster's admin whether login nodes may reach \(at) (a firewall may be between them)"
    case .unknownName:
      "set NODE_NAME in hpc_utils/coord.conf to how login nodes call a node ({nodename}-ib0; `getent hosts NAME` tells), then "
        + "`coord restart`"
    case .slowNames:
      "a name server of this host does not answer (/etc/resolv.conf): tell the cluster's admin, or use another login node"
    }
  }
}

/// What a compute node may be called, and where it may be.
public enum NodeNames {
  /// At most so many of each are told: they are read at every answer.
  static let limit = 6

  /// The names of a node that login nodes may know, the likeliest first.
  ///
  /// - Parameters:
  ///   - setting: NODE_NAME; `{nodename}` and `{hostname}` are filled in. Empty: not set.
  ///   - nodeName: SLURMD_NODENAME, by which the scheduler knows it.
  ///   - hostName: what gethostname(2) says.
  ///   - address: NodeAddr, where the scheduler's configuration has another name.
  public static func candidates(setting: String, nodeName: String?, hostName: String, address: String?) -> [String] {
    var names: [String] = []
    if !setting.isEmpty {
      names.append(
        setting.replacing("{nodename}", with: nodeName ?? hostName).replacing("{hostname}", with: hostName))
    }
    names += [nodeName, address, hostName].compactMap { $0 }
    var usable: [String] = []
    for name in names where name.isHostName && !name.isNumeric && !usable.contains(name) {
      // To whoever asks that is another machine.
      if name.lowercased().hasPrefix("localhost") || name.lowercased() == "ip6-localhost" { continue }
      usable.append(name)
    }
    return Array(usable.prefix(limit))
  }

  /// NodeAddr and NodeHostName of `scontrol --oneliner show node`.
  public static func address(scontrol output: String) -> String? {
    output.split(whereSeparator: \.isWhitespace).first { $0.hasPrefix("NodeAddr=") }.map { String($0.dropFirst(9)) }
      .flatMap { $0.isHostName ? $0 : nil }
  }

  /// Those that can be told to others: IPv4, and not this machine's own loopback.
  public static func addresses(_ found: [String]) -> [String] {
    var usable: [String] = []
    for address in found where address.isAddress && !address.hasPrefix("127.") && !address.hasPrefix("0.") {
      if !usable.contains(address) { usable.append(address) }
    }
    return Array(usable.prefix(limit))
  }
}
