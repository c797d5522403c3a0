import CoordSystem

/// Answers go to stdout, everything else to stderr.
enum Console {
  static func answer(_ text: String) { Terminal.write(text, to: .output) }

  static func note(_ text: String) { Terminal.write("coord: \(text)\n", to: .errors) }
}

/// `text`, filled up with blanks.
func padded(_ text: String, _ width: Int) -> String {
  text + String(repeating: " ", count: max(1, width - text.count))
}
