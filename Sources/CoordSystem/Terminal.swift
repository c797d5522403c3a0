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

  /// Ends the process.
  public static func leave(_ code: Int32) -> Never { exit(code) }
}
