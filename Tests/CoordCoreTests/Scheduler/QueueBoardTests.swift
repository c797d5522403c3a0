import Testing

@testable import CoordCore

private func at(_ seconds: Int) -> Instant { Instant(sinceBoot: .seconds(1000 + seconds)) }

@Suite struct RightToAsk {
  private let files = MemoryFiles()

  private func board(_ nonce: String) -> QueueBoard<MemoryFiles> { QueueBoard(files, nonce: nonce) }

  private func answer() -> QueueSnapshot {
    QueueSnapshot(
      scheduler: "slurm", query: QueueQuery(), askedBy: 1, host: "h", seesEverybody: true, outcome: .answered([]))
  }

  /// One who asks each second, for so long; when it got the right.
  private func poll(_ asker: inout QueueBoard<MemoryFiles>, _ seconds: ClosedRange<Int>) throws -> [Int] {
    var rights: [Int] = []
    for second in seconds {
      files.clock = Int64(second)
      if try asker.takeRight(files.list(), now: at(second)) != nil { rights.append(second) }
    }
    return rights
  }

  /// While the pace or the patience lasts, it is not written only to read the clock.
  @Test func whoeverWaitsForItWritesNothing() throws {
    var first = board("a")
    let number = try #require(try first.takeRight(files.list(), now: at(0)))
    var second = board("b")
    let writes = files.writes
    #expect(try poll(&second, 1...15).isEmpty && files.writes == writes + 1, "one look at the clock")
    try first.publish(answer(), number: number, among: LockListing([]))
    let before = files.writes
    #expect(try poll(&second, 16...20).isEmpty && files.writes == before + 1)
    #expect(try poll(&second, 21...21) == [21], "as soon as it is due")
  }

  /// Its own watch is as good as the file system's clock, which may stand or go back.
  @Test(arguments: [0, -100_000, 100_000] as [Int64])
  func clockOfTheFileSystem(step: Int64) throws {
    var first = board("a")
    let number = try #require(try first.takeRight(files.list(), now: at(0)))
    try first.publish(answer(), number: number, among: LockListing([]))
    var second = board("b")
    var right: Int?
    for now in 1...30 where right == nil {
      files.clock = step
      if try second.takeRight(files.list(), now: at(now)) != nil { right = now }
    }
    #expect(right != nil && right! <= 7)
  }

  /// A listing of long ago gives no second right to the same number.
  @Test func oldListingLosesTheRace() throws {
    let old = try files.list()
    var (first, second) = (board("a"), board("b"))
    #expect(try first.takeRight(old, now: at(0)) == 1)
    #expect(try second.takeRight(old, now: at(60)) == nil)
  }

  /// A quiet log's names are read once in a while; those of a log that changed, twice: no question is older than the log.
  @Test func quietLogIsListedSeldom() throws {
    var w = World()
    w.append(.claimed, World.token(1))
    files.put(w)
    let log = LockLog(files)
    _ = try log.look(now: at(0))
    let before = files.listings
    for second in 1..<30 { #expect(try log.look(now: at(second)).tail.lastNumber == 1) }
    #expect(files.listings == before)
    // A number above a gap, which only a listing shows.
    files.files["00000009"] = Array("x".utf8)
    #expect(try log.look(now: at(29)).listing.numbers == [1])
    #expect(try log.look(now: at(30)).listing.numbers == [1, 9] && files.listings == before + 2)
    files.files["00000009"] = nil
    w.append(.submitted, World.token(1))
    files.put(w)
    #expect(try log.look(now: at(31)).tail.lastNumber == 2 && files.listings == before + 4)
  }

  @Test func emptiedLogIsListedAtOnce() throws {
    var w = World()
    w.append(.claimed, World.token(1))
    files.put(w)
    let log = LockLog(files)
    _ = try log.look(now: at(0))
    files.files = [:]
    let (tail, listing) = try log.look(now: at(1))
    #expect(tail == .empty && listing.numbers.isEmpty)
  }

  /// Between two listings as well.
  @Test func questionsAndAnswersOfOthersAreSeenByName() throws {
    var w = World()
    w.append(.claimed, World.token(1))
    files.put(w)
    let log = LockLog(files)
    var (asker, other) = (board("a"), board("b"))
    _ = try log.look(now: at(0))
    for second in [1, 10, 19] {
      files.clock = Int64(second)
      let number = try #require(try asker.takeRight(files.list(), now: at(second)))
      #expect(try log.look(now: at(second + 1)).listing.asked == number)
      try asker.publish(answer(), number: number, among: LockListing([]))
      let listings = files.listings
      let listing = try log.look(now: at(second + 2)).listing
      #expect(files.listings == listings)
      #expect(other.latest(listing)?.number == number)
    }
  }

  /// Nor is it a server's reason to end.
  @Test func questionThatCannotBeReadIsInNobodysWay() throws {
    var w = World()
    for kind in [EntryKind.claimed, .submitted, .started] { w.append(kind, World.token(1)) }
    files.put(w)
    let log = LockLog(files)
    _ = try log.look(now: at(0))
    files.files[QueueName.name(1, "asked")] = []
    files.unreadable = [QueueName.name(1, "asked")]
    #expect(try log.look(now: at(1)).listing.asked == 1)
    var names: [String] = []
    files.afterReading = { names.append($0) }
    #expect(throws: Never.self) {
      _ = try log.foldForServer(lock: 3, nonce: World.owner.nonce, now: at(2))
    }
    #expect(!names.isEmpty && !names.contains { $0.hasPrefix("queue.") }, "what is on the board is nothing to a server")
    files.files[QueueName.name(1, "answer")] = []
    files.unreadable.insert(QueueName.name(1, "answer"))
    var other = board("b")
    #expect(other.latest(try log.look(now: at(3)).listing) == nil)
  }
}
