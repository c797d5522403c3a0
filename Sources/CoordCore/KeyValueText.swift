/// `KEY=VALUE` lines. A value is printable text on one line: a backslash, a newline and other control characters are
/// escaped, so that no value can look like another line.
public struct KeyValueText: Equatable, Sendable {
  public private(set) var pairs: [(key: String, value: String)] = []

  public init() {}

  public static func == (a: KeyValueText, b: KeyValueText) -> Bool { a.encoded == b.encoded }

  public mutating func add(_ key: String, _ value: String?) {
    if let value { pairs.append((key, value)) }
  }

  /// The value of the first line with this key.
  public subscript(_ key: String) -> String? { pairs.first { $0.key == key }?.value }

  public var encoded: String { pairs.map { "\($0.key)=\(escaped($0.value))\n" }.joined() }

  /// Reads lines; blank ones and `#` comments are passed over, any other line without `=` makes it nil.
  public init?(_ bytes: some Collection<UInt8>) {
    guard let text = String(validating: bytes, as: UTF8.self) else { return nil }
    for line in text.split(whereSeparator: \.isNewline) where !line.isEmpty && !line.hasPrefix("#") {
      guard let mark = line.firstIndex(of: "=") else { return nil }
      pairs.append((String(line[..<mark]), unescaped(line[line.index(after: mark)...])))
    }
  }
}

private func escaped(_ value: String) -> String {
  var out = ""
  for scalar in value.unicodeScalars {
    switch scalar {
    case "\\": out += "\\\\"
    case "\n": out += "\\n"
    case _ where scalar.properties.generalCategory == .control || scalar == "\u{2028}" || scalar == "\u{2029}":
      out += "?"
    default: out.unicodeScalars.append(scalar)
    }
  }
  return out
}

private func unescaped(_ value: Substring) -> String {
  var out = ""
  var rest = value[...]
  while let mark = rest.firstIndex(of: "\\") {
    out += rest[..<mark]
    let next = rest.index(after: mark)
    guard next < rest.endIndex else { return out + "\\" }
    out += rest[next] == "n" ? "\n" : String(rest[next])
    rest = rest[rest.index(after: next)...]
  }
  return out + rest
}
