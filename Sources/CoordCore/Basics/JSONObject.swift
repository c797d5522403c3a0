/// A JSON object whose values are all texts, as credentials.json is one (RFC 8259). Foundation, which could read it too, would
/// take as long to start as all that a warm answer does.
public struct JSONObject: Hashable, Sendable {
  /// A name as it is written: for Swift's texts, but for nobody who logs in, two ways to write one letter are the same.
  public struct Name: Hashable, Comparable, Sendable {
    public let text: String

    public init(_ text: String) { self.text = text }

    public static func == (a: Name, b: Name) -> Bool { a.text.utf8.elementsEqual(b.text.utf8) }
    public static func < (a: Name, b: Name) -> Bool { a.text.utf8.lexicographicallyPrecedes(b.text.utf8) }
    public func hash(into hasher: inout Hasher) { for byte in text.utf8 { hasher.combine(byte) } }
  }

  public var members: [Name: String]

  public init(_ members: [Name: String] = [:]) { self.members = members }

  /// Nil where it is anything else, or not in UTF-8. Of two members of the same name the last one counts, as for Python.
  public init?(_ bytes: some Sequence<UInt8>) {
    guard let text = String(validating: bytes, as: UTF8.self) else { return nil }
    var rest = text.unicodeScalars[...]
    guard let members = Self.object(&rest), Self.next(&rest) == nil else { return nil }
    self.members = members
  }

  /// One member on each line, in order of their names.
  public var text: String {
    if members.isEmpty { return "{}" }
    let lines = members.sorted { $0.key < $1.key }.map { "  \(Self.quoted($0.key.text)): \(Self.quoted($0.value))" }
    return "{\n" + lines.joined(separator: ",\n") + "\n}"
  }

  public static func quoted(_ text: String) -> String {
    var out = "\"".unicodeScalars
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"": out.append(contentsOf: "\\\"".unicodeScalars)
      case "\\": out.append(contentsOf: "\\\\".unicodeScalars)
      case "\n": out.append(contentsOf: "\\n".unicodeScalars)
      case _ where scalar.value < 0x20:
        let hex = String(scalar.value, radix: 16)
        out.append(contentsOf: "\\u\(String(repeating: "0", count: 4 - hex.count))\(hex)".unicodeScalars)
      default: out.append(scalar)
      }
    }
    return String(out) + "\""
  }

  private typealias Rest = Substring.UnicodeScalarView

  private static func object(_ rest: inout Rest) -> [Name: String]? {
    guard take("{", &rest) else { return nil }
    var members: [Name: String] = [:]
    if take("}", &rest) { return members }
    repeat {
      guard let name = string(&rest), take(":", &rest), let value = string(&rest) else { return nil }
      members[Name(name)] = value
    } while take(",", &rest)
    return take("}", &rest) ? members : nil
  }

  /// The first character that is no space between tokens, which stays.
  private static func next(_ rest: inout Rest) -> Unicode.Scalar? {
    rest = rest.drop { $0 == " " || $0 == "\t" || $0 == "\n" || $0 == "\r" }
    return rest.first
  }

  private static func take(_ scalar: Unicode.Scalar, _ rest: inout Rest) -> Bool {
    guard next(&rest) == scalar else { return false }
    rest.removeFirst()
    return true
  }

  private static func string(_ rest: inout Rest) -> String? {
    guard take("\"", &rest) else { return nil }
    var out = String.UnicodeScalarView()
    while let scalar = rest.popFirst() {
      switch scalar {
      case "\"": return String(out)
      case "\\":
        guard let escaped = escaped(&rest) else { return nil }
        out.append(escaped)
      case _ where scalar.value < 0x20: return nil
      default: out.append(scalar)
      }
    }
    return nil
  }

  private static func escaped(_ rest: inout Rest) -> Unicode.Scalar? {
    switch rest.popFirst() {
    case "\"": "\""
    case "\\": "\\"
    case "/": "/"
    case "b": "\u{8}"
    case "f": "\u{c}"
    case "n": "\n"
    case "r": "\r"
    case "t": "\t"
    case "u": unit(&rest).flatMap { scalar($0, &rest) }
    default: nil
    }
  }

  /// Four hexadecimal digits.
  private static func unit(_ rest: inout Rest) -> UInt32? {
    let digits = rest.prefix(4)
    guard digits.count == 4, digits.allSatisfy({ $0.properties.isASCIIHexDigit }) else { return nil }
    rest.removeFirst(4)
    return UInt32(String(digits), radix: 16)
  }

  /// What this unit of UTF-16 is, with its second half where it is a first one. Half a character is none.
  private static func scalar(_ unit: UInt32, _ rest: inout Rest) -> Unicode.Scalar? {
    guard (0xD800..<0xDC00).contains(unit) else { return Unicode.Scalar(unit) }
    guard rest.popFirst() == "\\", rest.popFirst() == "u", let second = self.unit(&rest),
      (0xDC00..<0xE000).contains(second)
    else { return nil }
    return Unicode.Scalar(0x10000 + ((unit - 0xD800) << 10) + (second - 0xDC00))
  }
}
