/// Where the server listens. Only a host name and a port can be one: nothing that ssh or a shell could take for more.
public struct Endpoint: Hashable, Sendable, CustomStringConvertible {
  public let node: String
  public let port: Int

  public init?(node: some StringProtocol, port: Int) {
    guard isHostName(node), (1...65_535).contains(port) else { return nil }
    self.node = String(node)
    self.port = port
  }

  public var description: String { "\(node):\(port)" }
}

/// RFC 1123 names with the `_` that resolvers accept, and dotted addresses; never empty, and never starting with `-` or `.`.
public func isHostName(_ text: some StringProtocol) -> Bool {
  guard let first = text.utf8.first, first != UInt8(ascii: "-"), first != UInt8(ascii: "."), text.utf8.count <= 253
  else { return false }
  return text.utf8.allSatisfy { isAlphanumeric($0) || "-._".utf8.contains($0) }
}
