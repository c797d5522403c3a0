import Glibc

/// The process's own output streams.
public enum Terminal {
  public enum Stream: Int32, Sendable {
    case output = 1
    case errors = 2
  }

  /// Writes the whole text. A reader that went away is no error: there is nobody left to tell.
  public static func write(_ text: String, to stream: Stream) {
    var bytes = Array(text.utf8)[...]
    while !bytes.isEmpty {
      let n = bytes.withUnsafeBytes { Glibc.write(stream.rawValue, $0.baseAddress, $0.count) }
      if n < 0 {
        if errno == EINTR { continue }
        return
      }
      bytes = bytes.dropFirst(n)
    }
  }

  /// A line that nobody sees: from the terminal without its echo, else from standard input.
  public static func secret(prompt: String) -> String {
    var old = termios()
    let isTerminal = tcgetattr(0, &old) == 0
    if isTerminal {
      var quiet = old
      quiet.c_lflag &= ~tcflag_t(ECHO)
      tcsetattr(0, TCSAFLUSH, &quiet)
      write(prompt, to: .errors)
    }
    let line = readLine() ?? ""
    if isTerminal {
      tcsetattr(0, TCSAFLUSH, &old)
      write("\n", to: .errors)
    }
    return line
  }

  /// Asks the person at the terminal; no where there is none.
  public static func confirms(_ question: String) -> Bool {
    guard isatty(0) == 1 else { return false }
    write(question, to: .errors)
    return ["y", "yes"].contains((readLine() ?? "").lowercased())
  }

  /// Ends the process.
  public static func leave(_ code: Int32) -> Never { exit(code) }
}
