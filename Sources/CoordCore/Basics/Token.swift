/// What one claim is known by: 128 random bits, as 32 lower-case hexadecimal digits.
public struct Token: Hashable, Sendable, CustomStringConvertible {
  private let high: UInt64
  private let low: UInt64

  public init?(_ text: some StringProtocol) {
    guard text.utf8.count == 32, text.utf8.allSatisfy(\.isLowerHexadecimal),
      let high = UInt64(text.prefix(16), radix: 16), let low = UInt64(text.suffix(16), radix: 16)
    else { return nil }
    (self.high, self.low) = (high, low)
  }

  public init(random high: UInt64, _ low: UInt64) { (self.high, self.low) = (high, low) }

  public var description: String { hexadecimal(high, digits: 16) + hexadecimal(low, digits: 16) }
}
