/// What the service says: `progress` any number of times, then one of the others.
public enum ServiceReply: Hashable, Sendable {
  case progress(String)
  /// Too many wait already: ask again after so long, in whole seconds.
  case busy(Duration)
  case answer(ServerInfo)
  case failure(CoordError)

  public var text: String {
    switch self {
    case .progress(let text):
      var line = KeyValueText()
      line.add("progress", text)
      return line.encoded
    case .busy(let pause): return "busy=\(pause.wholeSeconds)\n"
    case .answer(let info): return "answer=\n" + String(decoding: info.encoded, as: UTF8.self) + ".=\n"
    case .failure(let error):
      var block = KeyValueText()
      block.add("error", "\(error.exitCode)")
      block.add("WHAT", error.what)
      block.add("WHY", error.why)
      block.add("NEXT", error.next)
      return block.encoded + ".=\n"
    }
  }
}

/// Puts the service's lines together again.
public struct ServiceReplyReader: Sendable {
  private var block: [String] = []

  public init() {}

  /// One more line, without its newline; a reply once it is complete.
  ///
  /// - Throws: `CoordError.bug` for what no service says.
  public mutating func take(_ line: String) throws(CoordError) -> ServiceReply? {
    if block.isEmpty, let word = KeyValueText(Array(line.utf8)) {
      if let progress = word["progress"] { return .progress(progress) }
      if let pause = word["busy"].flatMap({ Int($0) }), (1...60).contains(pause) { return .busy(.seconds(pause)) }
    }
    block.append(line)
    return line == ".=" ? try finished() : nil
  }

  private func finished() throws(CoordError) -> ServiceReply {
    let body = block.dropFirst().dropLast().joined(separator: "\n")
    if block[0] == "answer=", let info = InfoReading(bytes: Array(body.utf8)).info { return .answer(info) }
    if let all = KeyValueText(Array(block.joined(separator: "\n").utf8)),
      let code = all["error"].flatMap({ Int32($0) }),
      let what = all["WHAT"], let why = all["WHY"], let next = all["NEXT"]
    {
      return .failure(CoordError(exitCode: code, what: what, why: why, next: next))
    }
    throw .bug("the service said what is not understood: \(block.joined(separator: " ").prefix(200))")
  }
}

extension CoordError {
  /// An error that another process of coord had.
  public init(exitCode: Int32, what: String, why: String, next: String) {
    switch exitCode {
    case 64: self = .usage(what)
    case 69: self = .noServer(what: what, why: why, next: next)
    case 74: self = .sharedDirectory(what: what, why: why)
    case 75: self = .tryAgain(what: what, why: why, next: next)
    case 77: self = .permission(what: what, why: why, next: next)
    case 78: self = .configuration(what: what, why: why, next: next)
    default: self = .bug(what)
    }
  }
}
