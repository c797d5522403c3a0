import CoordCore
import Testing

private let t1 = World.token(1)

@Suite struct DamagedLogs {
  @Test func tornLastNumberCountsAsTakenByNobodyAfterTheClaimLimit() {
    var w = World()
    w.tail.slots.append(.torn(digest: "torn"))
    w.answer([])
    var c = w.observer()
    #expect(c.watch(&w, seconds: 88) { w, s in if s % 5 == 0 { w.answer([]) } } == nil)
    var number = 0
    for second in 0..<20 where number == 0 {
      if second % 5 == 0 { w.answer([]) }
      for case .append(let draft) in c.next(w.observation()) { number = draft.number }
      w.wait(1)
    }
    #expect(number == 2)
  }

  /// Its writer was held up between creating and writing it, where links are not supported.
  @Test func numberThatIsCompletedAfterTheLogWentOnStaysVoid() {
    var w = World()
    w.append(.claimed, t1)
    var late = w
    late.append(.submitted, t1)
    var other = w
    other.tail.slots.append(.torn(digest: "torn"))
    guard case .state(let void) = other.tail.fold(void: "torn") else {
      Issue.record("not void")
      return
    }
    let entry = LockEntry(
      number: void.next, previous: void.previous, time: w.wall, author: World.owner, body: EntryBody(.ended, t1))
    #expect(entry.number == 3)
    other.tail.slots.append(.entry(entry, digest: entry.digest))
    let torn = other.tail.fold()
    other.tail.slots[1] = late.tail.slots[1]
    for fold in [torn, other.tail.fold()] {
      guard case .state(let state) = fold else {
        Issue.record("\(fold)")
        return
      }
      #expect(state.phase == .idle && state.submission == nil && state.next == 4)
    }
  }
}
