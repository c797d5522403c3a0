/// server_info.txt as a process watches it: how long it stood still, or could not be read.
public struct InfoWatch: Hashable, Sendable {
  private(set) var beat = Watch<InfoReading>()
  /// Whether it could not be read.
  private(set) var blind = Watch<Bool>()

  public init() {}

  public mutating func see(_ info: InfoReading, began: Instant, ended: Instant) {
    let isBlind = info.unreadable != nil
    blind.see(isBlind, began: began, ended: ended)
    if isBlind { beat.lose() } else { beat.see(info, began: began, ended: ended) }
  }

  /// How long it stood still, for whoever waits for a server of another life. One that cannot be read for so long is as good as
  /// still: such a server stops by what it reads in the log, and whoever comes to serve replaces the file.
  var silence: Duration { blind.value == true ? blind.unchanged : beat.unchanged }
}
