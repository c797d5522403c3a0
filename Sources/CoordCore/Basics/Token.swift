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
