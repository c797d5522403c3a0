/// A wall-clock time, whole seconds since 1970 UTC. For people, and to answer sooner; never to declare anything dead.
public struct WallTime: Comparable, Hashable, Sendable {
  public var seconds: Int64

  public init(seconds: Int64) { self.seconds = seconds }

  public static func < (a: WallTime, b: WallTime) -> Bool { a.seconds < b.seconds }

  /// How far two clocks or times are apart, without a sign.
  public func distance(to other: WallTime) -> Duration {
    .seconds(seconds > other.seconds ? seconds - other.seconds : other.seconds - seconds)
  }

  /// RFC 3339 in UTC, for example `2026-11-25T04:29:07+00:00`.
  public var text: String {
    let (day, second) = seconds.flooredDivision(by: 86_400)
    let date = Self.civil(fromDay: day)
    let clock = [second / 3600, second / 60 % 60, second % 60].map(padded).joined(separator: ":")
    return "\(date.year)-\(padded(date.month))-\(padded(date.day))T\(clock)+00:00"
  }

  /// Reads what `text` writes; nil for anything else.
  public init?(text: String) {
    guard text.utf8.count == 25, text.hasSuffix("+00:00") else { return nil }
    let parts = text.dropLast(6).split(
      omittingEmptySubsequences: false, whereSeparator: { "-T:".contains($0) }
    ).map { Int64($0) }
    guard parts.count == 6, let year = parts[0], let month = parts[1], let day = parts[2], let hour = parts[3],
      let minute = parts[4], let second = parts[5],
      (1...12).contains(month), (1...31).contains(day), (0...23).contains(hour), (0...59).contains(minute),
      (0...60).contains(second), year >= 1970
    else { return nil }
    seconds = Self.day(year: year, month: month, day: day) * 86_400 + hour * 3600 + minute * 60 + second
  }

  // Days to dates and back: Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms".
  private static func civil(fromDay days: Int64) -> (year: Int64, month: Int64, day: Int64) {
    let (era, dayOfEra) = (days + 719_468).flooredDivision(by: 146_097)
    let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let shifted = (5 * dayOfYear + 2) / 153
    let month = shifted < 10 ? shifted + 3 : shifted - 9
    return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, dayOfYear - (153 * shifted + 2) / 5 + 1)
  }

  private static func day(year: Int64, month: Int64, day: Int64) -> Int64 {
    let shifted = month <= 2 ? year - 1 : year
    let (era, yearOfEra) = shifted.flooredDivision(by: 400)
    let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
    return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
  }
}

private func padded(_ n: Int64) -> String { n < 10 ? "0\(n)" : "\(n)" }

extension Int64 {
  fileprivate func flooredDivision(by n: Int64) -> (Int64, Int64) {
    let remainder = ((self % n) + n) % n
    return ((self - remainder) / n, remainder)
  }
}

extension Duration {
  /// Whole seconds, rounded down: for messages.
  public var wholeSeconds: Int64 { components.seconds }

  /// How a person says it: `12 s`, `3 min`, `2 h 05 min`.
  public var spoken: String {
    let s = wholeSeconds
    if s < 120 { return "\(s) s" }
    if s < 7200 { return "\(s / 60) min" }
    return "\(s / 3600) h \(padded(s / 60 % 60)) min"
  }
}
