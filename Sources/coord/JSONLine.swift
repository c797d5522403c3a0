import CoordCore

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

  private func quoted(_ text: String) -> String { JSONObject.quoted(text) }
}
