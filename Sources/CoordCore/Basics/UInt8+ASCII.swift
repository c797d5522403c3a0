// Digits and letters of ASCII, and numbers written in them.
extension UInt8 {
  var isDigit: Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(self) }

  var isLowerHexadecimal: Bool { isDigit || (UInt8(ascii: "a")...UInt8(ascii: "f")).contains(self) }

  var isAlphanumeric: Bool { isDigit || (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(self | 0x20) }

  /// The digit of a number below 16.
  init(hexadecimal value: UInt8) {
    self = value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "a") + value - 10
  }
}

/// The number that decimal digits stand for; nil where there are none, another character, or more than 16 of them.
func decimal(_ digits: Span<UInt8>) -> Int? {
  guard (1...16).contains(digits.count) else { return nil }
  var number = 0
  for i in digits.indices {
    guard digits[i].isDigit else { return nil }
    number = number * 10 + Int(digits[i] - UInt8(ascii: "0"))
  }
  return number
}

/// `value` in lower-case hexadecimal, padded with zeros to `digits`.
public func hexadecimal(_ value: UInt64, digits: Int) -> String {
  let length = max(digits, (67 - value.leadingZeroBitCount) / 4)
  return String(unsafeUninitializedCapacity: length) { text in
    for place in 0..<length {
      let digit = UInt8(truncatingIfNeeded: value >> UInt64(4 * (length - 1 - place))) & 15
      text[place] = UInt8(hexadecimal: digit)
    }
    return length
  }
}
