import CoordCore
import Testing

private func entry(_ number: Int, _ kind: EntryKind, by racer: Int, previous: String = LockEntry.nothingBefore)
  -> LockEntry
{
  LockEntry(
    number: number, previous: previous, time: WallTime(seconds: 1_800_000_000),
    author: Author(
      user: "ann\(racer)", uid: UInt32(racer), host: "login", bootID: "b", pid: Int32(racer), pidStart: 1,
      nonce: "r\(racer)k\(number)"),
    body: EntryBody(kind, Token(random: 7, UInt64(number))))
}

/// What the protocol needs of its directory. The same on every one of them: simulated, local, network, lying.
@Suite(.serialized) struct LockDirectoryContract {
  @Test(arguments: Place.all) func oneOfManyTakesANumber(place: Place) {
    let directory = place.fresh()
    let won = directory.race(24) { i, racer in racer.takes(entry(1, .claimed, by: i)) }
    #expect(won.filter { $0 == true }.count == 1)
    #expect(won.filter { $0 == false }.count == 23)
    // Everybody, everywhere, reads the winner's entry.
    let winner = won.firstIndex(of: true).map { entry(1, .claimed, by: $0).encoded }
    let read = directory.race(4) { _, racer in racer.reads(1) }
    #expect(read.allSatisfy { $0 == winner })
  }

  @Test(arguments: Place.all) func oneOfFiftyBreakersEndsAStaleClaim(place: Place) {
    let directory = place.fresh()
    let claim = entry(1, .claimed, by: 99)
    #expect(directory.race(1) { _, racer in racer.takes(claim) } == [true])
    let won = directory.race(50) { i, racer in racer.takes(entry(2, .ended, by: i, previous: claim.digest)) }
    #expect(won.filter { $0 == true }.count == 1 && won.filter { $0 == false }.count == 49)
  }

  /// Everybody takes the next number until there are twelve: no hole, no number for two, one chain.
  @Test(arguments: Place.all) func numbersAreOneChain(place: Place) throws {
    let directory = place.fresh()
    let wins = directory.race(8) { i, racer in
      var mine: [Int] = []
      for _ in 0..<400 {
        guard let tail = try? racer.log.tail(), case .state(let state) = tail.fold() else {
          racer.wait()
          continue
        }
        if state.next > 12 { break }
        let kind: EntryKind = state.next % 2 == 1 ? .claimed : .ended
        let draft = entry(state.next, kind, by: i, previous: state.previous)
        if racer.takes(draft) == true { mine.append(state.next) }
      }
      return mine
    }
    try #require(wins.flatMap(\.self).sorted() == Array(1...12))
    let chains = directory.race(2) { _, racer in
      (1...12).compactMap { number in
        racer.reads(number).flatMap { LockEntry(decoding: $0, number: number) }
      }
    }
    for entries in chains {
      #expect(entries.count == 12)
      for (before, after) in zip(entries, entries.dropFirst()) { #expect(after.previous == before.digest) }
    }
  }

  /// Whoever comes late loses, whatever his cached listing says, and changes nothing.
  @Test(arguments: Place.all) func takenNumberNeverChanges(place: Place) {
    let directory = place.fresh()
    let first = entry(1, .claimed, by: 99)
    #expect(directory.race(1) { _, racer in racer.takes(first) } == [true])
    #expect(directory.race(16) { i, racer in racer.takes(entry(1, .claimed, by: i)) }.allSatisfy { $0 == false })
    let read = directory.race(2) { _, racer in racer.reads(1) }
    #expect(read.allSatisfy { $0 == first.encoded })
  }

  /// The same entry again, as after a lost reply: still its own.
  @Test(arguments: Place.all) func takingAgainIsTheSameWin(place: Place) {
    let directory = place.fresh()
    let mine = entry(1, .claimed, by: 1)
    // One process: no two have the same nonce, and so the same temporary name.
    #expect(directory.race(1) { _, racer in [racer.takes(mine), racer.takes(mine)] } == [[true, true]])
  }

  /// A writer that died between creating and writing (no links): not absent, not an entry, and nobody's to take.
  @Test(arguments: Place.all, [0, 100]) func tornNumberIsTaken(place: Place, size: Int) {
    let directory = place.fresh()
    let whole = entry(1, .claimed, by: 99)
    let torn = Array(whole.encoded[..<size])
    let there = directory.race(1) { _, racer -> [UInt8]? in
      try? racer.files.create("00000001", torn)
      return racer.reads(1)
    }
    // A simulated writer may be cut off by itself; only then is it other than what was asked.
    guard there == [torn] else { return }
    let won = directory.race(4) { i, racer in try? racer.log.append(entry(1, .claimed, by: i)) }
    #expect(!won.contains(.won))
  }

  /// A number below the highest, which was removed for its age, is nobody's to take.
  @Test(arguments: Place.all) func holeLeftByPruningIsNotWon(place: Place) {
    let directory = place.fresh()
    let won = directory.race(1) { i, racer -> [Bool?] in
      var last = LockEntry.nothingBefore
      for number in 1...4 {
        let next = entry(number, number % 2 == 1 ? .claimed : .ended, by: 9, previous: last)
        guard racer.takes(next) == true else { return [] }
        last = next.digest
      }
      racer.files.discard("00000001")
      racer.files.discard("00000002")
      return [racer.takes(entry(2, .ended, by: i)), racer.takes(entry(1, .claimed, by: i))]
    }
    #expect(won == [[false, false]])
  }

  /// The directory was emptied since its log was read: there is nothing to go on from.
  @Test(arguments: Place.all) func numberAboveAGapIsNotTaken(place: Place) {
    let directory = place.fresh()
    #expect(directory.race(1) { i, racer in racer.takes(entry(5, .ended, by: i)) } == [false])
    #expect(directory.race(1) { _, racer in (try? racer.files.lock(LockName.name(5))) ?? nil } == [nil])
  }

  /// What a process has read is no proof of what is there.
  @Test(arguments: Place.all) func removedNumberIsNotRemembered(place: Place) {
    let directory = place.fresh()
    let lengths = directory.race(1) { i, racer -> [Int] in
      let first = entry(1, .claimed, by: i)
      guard racer.takes(first) == true, racer.takes(entry(2, .ended, by: i, previous: first.digest)) == true else {
        return []
      }
      func length() -> Int {
        for _ in 0..<500 {
          if let tail = try? racer.log.tail() { return tail.slots.count }
          racer.wait()
        }
        return -1
      }
      let before = length()
      for name in ["00000001", "00000002"] { racer.files.discard(name) }
      return [before, length()]
    }
    #expect(lengths == [[2, 0]])
  }

  /// The older half of a token is missing: what it says is not known.
  @Test(arguments: Place.all) func numberThatIsMissingBelowTheEndIsNoticed(place: Place) {
    let directory = place.fresh()
    let folds = directory.race(1) { i, racer -> LogFold? in
      var last = LockEntry.nothingBefore
      for (number, kind) in zip(1..., [EntryKind.claimed, .ended, .claimed, .submitted]) {
        let next = entry(number, kind, by: i, previous: last)
        guard racer.takes(next) == true else { return nil }
        last = next.digest
      }
      racer.files.discard("00000003")
      for _ in 0..<500 {
        if let tail = try? racer.log.tail() { return tail.fold() }
        racer.wait()
      }
      return nil
    }
    #expect(folds == [.missing(number: 3)])
  }

  /// The newest answer of the queue board is the same for all, and each number is asked by one.
  @Test(arguments: Place.all) func oneAsksForEverybody(place: Place) {
    let directory = place.fresh()
    let rights = directory.race(16) { i, racer -> Int? in
      var board = QueueBoard(racer.files, nonce: "q\(i)")
      let now = Instant(sinceBoot: .seconds(10))
      return (try? board.takeRight(racer.files.list(), now: now)) ?? nil
    }
    let taken = rights.compactMap { $0 }
    #expect(Set(taken).count == taken.count)
  }
}
