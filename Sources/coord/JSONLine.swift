/// One JSON object on one line.
struct JSONLine {
  private var members: [String] = []

  mutating func add(_ key: String, _ value: String?) {
    if let value { members.append("\(quoted(key)): \(quoted(value))") }
  }

  mutating func add(_ key: String, _ value: Int?) {
    if let value { members.append("\(quoted(key)): \(value)") }
  }

  mutating func add(_ key: String, _ values: [String]) {
    members.append("\(quoted(key)): [\(values.map(quoted).joined(separator: ", "))]")
  }

  var text: String { "{" + members.joined(separator: ", ") + "}\n" }

  private func quoted(_ text: String) -> String {
    var out = "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"": out += "\\\""
      case "\\": out += "\\\\"
      case "\n": out += "\\n"
      case _ where scalar.value < 0x20:
        let hex = String(scalar.value, radix: 16)
        out += "\\u" + String(repeating: "0", count: 4 - hex.count) + hex
      default: out.unicodeScalars.append(scalar)
      }
    }
    return out + "\""
  }
}
