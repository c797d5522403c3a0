extension StringProtocol {
  /// Without blanks at either end.
  var trimmed: String {
    var view = Substring(self)
    while view.first?.isWhitespace == true { view.removeFirst() }
    while view.last?.isWhitespace == true { view.removeLast() }
    return String(view)
  }

  /// With its control characters written out, newlines left as they are.
  public var visible: String {
    var out = ""
    for scalar in unicodeScalars {
      switch scalar {
      case "\r": out += "\\r"
      case "\t": out += "\\t"
      case _ where scalar.properties.generalCategory == .control && scalar != "\n":
        out += "\\x" + (scalar.value < 16 ? "0" : "") + String(scalar.value, radix: 16)
      default: out.unicodeScalars.append(scalar)
      }
    }
    return out
  }

  /// For a place that has one line only.
  public var onOneLine: String { split(whereSeparator: \.isNewline).joined(separator: "; ") }

  /// As many of its last lines as are shown of a log.
  public var lastLines: String { split(separator: "\n").suffix(12).joined(separator: "\n") }

  /// The last line that says something.
  public var lastMeaningfulLine: String? {
    split(whereSeparator: \.isNewline).map { $0.trimmed }.last { !$0.isEmpty }
  }
}

extension String {
  /// Without this beginning, where it has it. Byte by byte: a path has any bytes, and what follows `/` may be a mark of its own.
  public func without(_ beginning: String) -> String { String(Substring(utf8.trimmingPrefix(beginning.utf8))) }
}
