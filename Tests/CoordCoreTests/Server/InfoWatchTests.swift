import Testing

@testable import CoordCore

private let (t1, t2) = (World.token(1), World.token(2))

@Suite struct InfoWatching {
  private func at(_ seconds: Int) -> Instant { Instant(sinceBoot: .seconds(seconds)) }

  /// The one before was written first, by whoever wrote this one; of another's nothing follows.
  @Test func beatWasBegunAfterTheOneBeforeCame() {
    var w = World()
    var watch = InfoWatch()
    for (second, number, token, begunAfter) in [
      (10, 1, t1, nil), (20, 2, t1, nil), (30, 3, t1, 10), (40, 3, t1, 10), (50, 4, t1, 20), (60, 9, t2, nil),
      (70, 10, t2, 50),
    ] as [(Int, Int, Token, Int?)] {
      w.beat(number, token: token)
      watch.see(w.info, began: at(second), ended: at(second + 1))
      #expect(watch.begunAfter == begunAfter.map(at), "\(second)")
    }
    // It was not seen what came in between, but all of it was begun later.
    watch.see(.unreadable("EIO"), began: at(80), ended: at(81))
    w.beat(12, token: t2)
    watch.see(w.info, began: at(90), ended: at(91))
    #expect(watch.begunAfter == at(60))
  }
}
