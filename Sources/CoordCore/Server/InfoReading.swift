/// server_info.txt as one look found it.
public enum InfoReading: Hashable, Sendable {
  case absent
  case info(ServerInfo, digest: Int)
  /// Of a server that coord did not start.
  case plain(PlainServerInfo, digest: Int)
  /// Something is there that is no server_info.
  case invalid(digest: Int)
  /// Nothing is known: neither that it beats nor that it does not.
  case unreadable(String)

  public init(bytes: [UInt8]) {
    let digest = bytes.hashValue
    if let info = ServerInfo(decoding: bytes) {
      self = .info(info, digest: digest)
    } else {
      self = PlainServerInfo(decoding: bytes).map { .plain($0, digest: digest) } ?? .invalid(digest: digest)
    }
  }

  public var info: ServerInfo? {
    if case .info(let info, _) = self { info } else { nil }
  }

  /// Why it cannot be read; nil: it can, or is not there.
  var unreadable: String? {
    if case .unreadable(let why) = self { why } else { nil }
  }
}
