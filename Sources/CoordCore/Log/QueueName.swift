/// The file names of the queue board.
public enum QueueName {
  /// Names of higher numbers are nobody's.
  private static let bound = 1_000_000_000_000_000
  /// A question each second takes 30 years to come here. Numbers begin anew above it.
  private static let lowestBound = 1_000_000_000
  /// Nobody counts on from a number that is so far above all others: somebody put it there.
  static let leap = 1_000_000

  static func name(_ number: Int, _ part: String) -> String { "queue.\(number).\(part)" }

  /// The number and part of a file of the board; nil for any other file.
  public static func parse(_ name: String) -> (number: Int, part: Substring)? {
    // A listing has many other names.
    let bytes = name.utf8.span
    guard bytes.count > 7, bytes[0] == UInt8(ascii: "q"), name.hasPrefix("queue.") else { return nil }
    var end = 6
    while end < bytes.count, bytes[end] != UInt8(ascii: ".") { end += 1 }
    guard end < bytes.count, let n = decimal(bytes.extracting(6..<end)), (1..<bound).contains(n) else { return nil }
    return (n, name[name.utf8.index(name.startIndex, offsetBy: end + 1)...])
  }

  /// The highest number that counts: each is near the one below. 0 where there is none.
  public static func highest(_ numbers: [Int]) -> Int {
    let sorted = numbers.sorted()
    guard var highest = sorted.first, highest < lowestBound else { return 0 }
    for number in sorted where number - highest <= leap { highest = number }
    return highest
  }
}
