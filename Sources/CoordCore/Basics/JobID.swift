/// A job as the scheduler names it: the id that sbatch printed and, in a federation or with `-M`, its cluster.
public struct JobID: Hashable, Sendable, CustomStringConvertible {
  public let number: String
  public let cluster: String?

  /// Takes `4711`, `4711;cluster` (sbatch --parsable), `4711_3`.
  public init?(_ text: some StringProtocol) {
    let parts = text.split(separator: ";", maxSplits: 1, omittingEmptySubsequences: false)
    guard let id = parts.first, id.isPlainWord, id.utf8.first?.isDigit == true else { return nil }
    if parts.count == 2, !parts[1].isPlainWord { return nil }
    number = String(id)
    cluster = parts.count == 2 ? String(parts[1]) : nil
  }

  public var description: String { cluster.map { "\(number);\($0)" } ?? number }
}
