/// How a job carries its token, `sbatch --comment`: `coord:TOKEN`, or `coord:TOKEN:LOG`.
struct JobComment {
  /// Of a job that was submitted by hand: start_server.sh sets it.
  static let byHand = "coord"
  /// What all of ours begin with.
  static let beginning = byHand
  /// What those begin with that carry a token.
  static let mark = byHand + ":"

  /// Whether it is one of ours: another's may begin with the same letters.
  static func isOurs(_ comment: String) -> Bool { comment == byHand || JobComment(comment) != nil }

  var token: Token
  /// 16 lower-case hexadecimal digits.
  var log: String?

  init?(_ comment: some StringProtocol) {
    guard comment.utf8.starts(with: Self.mark.utf8) else { return nil }
    // A site's plugin may add words of its own.
    let parts = comment.utf8.prefix { $0 > UInt8(ascii: " ") }
      .split(separator: UInt8(ascii: ":"), omittingEmptySubsequences: false)
      .map { String(decoding: $0, as: UTF8.self) }
    guard (2...3).contains(parts.count), let token = Token(parts[1]) else { return nil }
    self.token = token
    if parts.count == 3 {
      guard parts[2].utf8.count == 16, parts[2].utf8.allSatisfy(\.isLowerHexadecimal) else { return nil }
      log = parts[2]
    }
  }
}

extension Token {
  /// How the job carries its token; with the identity of the log that it belongs to, where that has one.
  public func comment(log: String?) -> String { JobComment.mark + description + (log.map { ":" + $0 } ?? "") }
}
