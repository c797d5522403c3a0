/// The file names of the numbered locks.
public enum LockName {
  /// Five numbers a job last for ever below this; what is above it is nobody's number.
  static let bound = 1_000_000_000

  public static func name(_ number: Int) -> String {
    let digits = "\(number)"
    return String(repeating: "0", count: max(0, 8 - digits.utf8.count)) + digits
  }

  /// The number that a file name stands for; nil for any other file.
  public static func number(_ name: String) -> Int? {
    // Ten digits at most; more than eight only where the first one counts.
    let digits = name.utf8.span
    guard (8...10).contains(digits.count), digits.count == 8 || digits[0] != UInt8(ascii: "0"),
      let number = decimal(digits), (1..<bound).contains(number)
    else { return nil }
    return number
  }
}
