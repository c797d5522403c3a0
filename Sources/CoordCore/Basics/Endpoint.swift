/// Where the server listens. Only a host name and a port can be one: nothing that ssh or a shell could take for more.
public struct Endpoint: Hashable, Sendable, CustomStringConvertible {
  public let node: String
  public let port: Int

  public init?(node: some StringProtocol, port: Int) {
    guard node.isHostName, (1...65_535).contains(port) else { return nil }
    self.node = String(node)
    self.port = port
  }

  public var description: String { "\(node):\(port)" }
}
