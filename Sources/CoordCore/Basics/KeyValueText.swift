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
  public init?(_ bytes: [UInt8]) { self.init(bytes.span) }

  init?(_ bytes: Span<UInt8>) {
    var start = 0
    while start < bytes.count {
      var (mark, end): (Int?, Int) = (nil, start)
      while end < bytes.count, bytes[end] != UInt8(ascii: "\n") {
        if mark == nil, bytes[end] == UInt8(ascii: "=") { mark = end }
        end += 1
      }
      let line = start
      start = end + 1
      // A file that was edited on another system may end its lines with CR LF.
      if end > line, bytes[end - 1] == UInt8(ascii: "\r") { end -= 1 }
      if end == line || bytes[line] == UInt8(ascii: "#") { continue }
      guard let mark, mark < end, let key = text(bytes.extracting(line..<mark)),
        let value = text(bytes.extracting(mark + 1..<end))
      else { return nil }
      pairs.append((key, unescaped(value)))
    }
  }
}

/// What these bytes say; nil where they are no UTF-8.
private func text(_ bytes: Span<UInt8>) -> String? {
  do { return String(copying: try UTF8Span(validating: bytes)) } catch { return nil }
}

private func escaped(_ value: String) -> String {
  // Most are plain.
  if value.utf8.allSatisfy({ $0 >= 0x20 && $0 < 0x7f && $0 != UInt8(ascii: "\\") }) { return value }
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

private func unescaped(_ value: String) -> String {
  guard value.utf8.contains(UInt8(ascii: "\\")) else { return value }
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
