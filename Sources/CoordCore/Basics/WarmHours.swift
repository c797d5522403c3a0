/// The hours of the day, in local time, in which the service keeps a server running: `8-20`; `22-6` goes past midnight.
public struct WarmHours: Hashable, Sendable {
  public let first: Int
  public let end: Int

  public init?(_ text: String) {
    let parts = text.split(separator: "-", omittingEmptySubsequences: false).map { Int($0) }
    guard parts.count == 2, let first = parts[0], let end = parts[1], (0...23).contains(first), (0...24).contains(end),
      first != end
    else { return nil }
    (self.first, self.end) = (first, end)
  }

  public func contains(hour: Int) -> Bool { first < end ? (first..<end).contains(hour) : hour >= first || hour < end }
}
