import CoordCore

/// The command line, understood.
struct Arguments: Sendable {
  private(set) var verb: Verb
  private(set) var values: [String: String] = [:]
  private(set) var command: [String] = []
  private(set) var words: [String] = []
  /// The values of `--set`.
  private(set) var settings: [String] = []

  init(_ words: [String]) throws(CoordError) {
    guard let first = words.first else { throw .usage("a verb is missing") }
    let name = ["--help", "-h"].contains(first) ? "help" : first == "--version" ? "version" : first
    guard let verb = Grammar.verbs.first(where: { $0.name == name }) else {
      throw .usage("\(first) is no verb of coord")
    }
    self.verb = verb
    var rest = words.dropFirst()
    while let word = rest.popFirst() {
      if verb.takesCommand, word == "--" || !word.hasPrefix("--") {
        command = (word == "--" ? [] : [word]) + rest
        return
      }
      if word == "--help" || word == "-h" {
        guard let help = Grammar.verbs.first(where: { $0.name == "help" }) else { throw .bug("no help") }
        self.verb = help
        return
      }
      if verb.words != nil, !word.hasPrefix("-") {
        self.words.append(word)
      } else {
        try take(word, from: &rest)
      }
    }
  }

  private mutating func take(_ word: String, from rest: inout ArraySlice<String>) throws(CoordError) {
    let parts = word.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
    guard let option = Grammar.options.first(where: { [$0.name, $0.short].contains(parts[0]) }),
      verb.options.contains(option.name)
    else {
      throw .usage("`coord \(verb.name)` does not take \(word)")
    }
    defer { if option.name == "--set", let pair = values["--set"] { settings.append(pair) } }
    if option.value == nil {
      guard parts.count == 1 else { throw .usage("\(option.name) takes no value") }
      values[option.name] = ""
    } else if parts.count == 2 {
      values[option.name] = parts[1]
    } else if let value = rest.popFirst() {
      values[option.name] = value
    } else {
      throw .usage("\(option.name) needs a value")
    }
  }

  func has(_ option: String) -> Bool { values[option] != nil }

  /// The value of `--timeout`.
  func timeout() throws(CoordError) -> Duration? {
    guard let text = values["--timeout"] else { return nil }
    guard let seconds = Int(text), (1...604_800).contains(seconds) else {
      throw .usage("--timeout \(text): it has to be a whole number of seconds from 1 to 604800")
    }
    return .seconds(seconds)
  }
}
