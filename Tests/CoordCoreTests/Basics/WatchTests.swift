import CoordCore
import Testing

@Suite struct WatchedTime {
  /// A look takes time, and its process may be held up in it.
  @Test func valueCountsFromTheEndOfTheLookThatFirstHadIt() {
    func at(_ seconds: Int) -> Instant { Instant(sinceBoot: .seconds(seconds)) }
    var watch = Watch<Int>()
    watch.see(1, began: at(0), ended: at(100))
    #expect(watch.unchanged == .zero)
    watch.see(1, began: at(105), ended: at(300))
    #expect(watch.unchanged == .seconds(5))
    watch.see(2, began: at(310), ended: at(320))
    watch.see(2, began: at(330), ended: at(331))
    #expect(watch.unchanged == .seconds(10) && watch.hasChanged)
  }
}
