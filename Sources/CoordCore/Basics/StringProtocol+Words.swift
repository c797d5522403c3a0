// What a word may be taken for.
extension StringProtocol {
  /// Nothing that a shell or a scheduler takes for more.
  var isPlainWord: Bool {
    !isEmpty && utf8.count <= 64 && utf8.allSatisfy { $0.isAlphanumeric || "_.+-".utf8.contains($0) }
  }

  /// RFC 1123 names with the `_` that resolvers accept, and dotted addresses; never empty, and never starting with `-` or `.`.
  public var isHostName: Bool {
    guard let first = utf8.first, first != UInt8(ascii: "-"), first != UInt8(ascii: "."), utf8.count <= 253
    else { return false }
    return utf8.allSatisfy { $0.isAlphanumeric || "-._".utf8.contains($0) }
  }

  /// What a resolver takes for an address, in whatever way it is written.
  var isNumeric: Bool { utf8.allSatisfy { $0.isDigit || $0 == UInt8(ascii: ".") } }

  /// A dotted IPv4 address, of a machine, as it is commonly written: a leading zero would make it octal for some.
  public var isAddress: Bool {
    let parts = split(separator: ".", omittingEmptySubsequences: false)
    return parts.count == 4 && parts[0] != "0"
      && parts.allSatisfy { $0.utf8.count == 1 || $0.utf8.first != UInt8(ascii: "0") }
      && parts.allSatisfy { $0.utf8.count <= 3 && $0.utf8.allSatisfy(\.isDigit) && (Int($0) ?? 256) < 256 }
  }
}

extension String {
  /// Whether `word` stands in it by itself, not as a part of a longer word or number.
  func mentions(_ word: String) -> Bool {
    func isOfWord(_ c: UInt8) -> Bool { c.isAlphanumeric || c == UInt8(ascii: "_") }
    return ranges(of: word).contains { range in
      let before = range.lowerBound > startIndex ? utf8[utf8.index(before: range.lowerBound)] : 0
      let after = range.upperBound < endIndex ? utf8[range.upperBound] : 0
      return !isOfWord(before) && !isOfWord(after)
    }
  }
}
