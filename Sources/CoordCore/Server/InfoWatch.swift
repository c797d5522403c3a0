/// server_info.txt as a process watches it: how long it stood still, or could not be read.
public struct InfoWatch: Hashable, Sendable {
  private(set) var beat = Watch<InfoReading>()
  /// The beat that is there was begun after this: whoever wrote it wrote the one before first, and that was seen to come. nil: it was
  /// not. When a beat came tells nothing of when it was begun: its writer may have been held up in it for longer than its server lived.
  private(set) var begunAfter: Instant?
  /// Whether it could not be read.
  private(set) var blind = Watch<Bool>()

  public init() {}

  public mutating func see(_ info: InfoReading, began: Instant, ended: Instant) {
    let isBlind = info.unreadable != nil
    blind.see(isBlind, began: began, ended: ended)
    guard !isBlind else { return beat.lose() }
    let before = beat
    beat.see(info, began: began, ended: ended)
    if beat.value != before.value {
      begunAfter = before.value?.info?.token == info.info?.token ? before.changedAfter : nil
    }
  }

  /// How long it stood still, for whoever waits for a server of another life. One that cannot be read for so long is as good as
  /// still: such a server stops by what it reads in the log, and whoever comes to serve replaces the file.
  var silence: Duration { blind.value == true ? blind.unchanged : beat.unchanged }
}
