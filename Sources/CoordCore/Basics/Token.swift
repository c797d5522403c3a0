/// What one claim is known by: 128 random bits, as 32 lower-case hexadecimal digits.
public struct Token: Hashable, Sendable, CustomStringConvertible {
  private let high: UInt64
  private let low: UInt64

  public init?(_ text: some StringProtocol) {
    guard text.utf8.count == 32, text.utf8.allSatisfy(isLowerHexadecimal),
      let high = UInt64(text.prefix(16), radix: 16), let low = UInt64(text.suffix(16), radix: 16)
    else { return nil }
    (self.high, self.low) = (high, low)
  }

  public init(random high: UInt64, _ low: UInt64) { (self.high, self.low) = (high, low) }

  public var description: String { hexadecimal(high, digits: 16) + hexadecimal(low, digits: 16) }

  /// How the job carries its token, `sbatch --comment`; with the identity of the log that it belongs to, where that has one.
  public func comment(log: String?) -> String { "coord:" + description + (log.map { ":" + $0 } ?? "") }

  public init?(comment: some StringProtocol) {
    guard let comment = JobComment(comment) else { return nil }
    self = comment.token
  }
}

/// A job as the scheduler names it: the id that sbatch printed and, in a federation or with `-M`, its cluster.
public struct JobID: Hashable, Sendable, CustomStringConvertible {
  public let number: String
  public let cluster: String?

  /// Takes `4711`, `4711;cluster` (sbatch --parsable), `4711_3`.
  public init?(_ text: some StringProtocol) {
    let parts = text.split(separator: ";", maxSplits: 1, omittingEmptySubsequences: false)
    guard let id = parts.first, isPlainWord(id), id.utf8.first.map(isDigit) == true else { return nil }
    if parts.count == 2, !isPlainWord(parts[1]) { return nil }
    number = String(id)
    cluster = parts.count == 2 ? String(parts[1]) : nil
  }

  public var description: String { cluster.map { "\(number);\($0)" } ?? number }
}

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

func isPlainWord(_ text: some StringProtocol) -> Bool {
  !text.isEmpty && text.utf8.count <= 64 && text.utf8.allSatisfy { isAlphanumeric($0) || "_.+-".utf8.contains($0) }
}

func isDigit(_ c: UInt8) -> Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(c) }

/// The number that decimal digits stand for; nil where there are none, another character, or more than 16 of them.
func decimal(_ digits: Span<UInt8>) -> Int? {
  guard (1...16).contains(digits.count) else { return nil }
  var number = 0
  for i in digits.indices {
    guard isDigit(digits[i]) else { return nil }
    number = number * 10 + Int(digits[i] - UInt8(ascii: "0"))
  }
  return number
}

func isLowerHexadecimal(_ c: UInt8) -> Bool { isDigit(c) || (UInt8(ascii: "a")...UInt8(ascii: "f")).contains(c) }

func isAlphanumeric(_ c: UInt8) -> Bool {
  isDigit(c) || (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(c | 0x20)
}
