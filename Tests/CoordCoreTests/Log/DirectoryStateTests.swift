import CoordCore
import Testing

private let t1 = World.token(1)
private let t2 = World.token(2)

extension LogFold {
  fileprivate var state: ServiceState? { if case .state(let state) = self { state } else { nil } }
}

/// What the lock directory may hold, and what that means: docs/protocol.md, "What the directory may hold".
@Suite struct WhatTheDirectoryMayHold {
  private func entry(_ tail: LogTail, _ kind: EntryKind, _ token: Token, previous: String) -> Slot {
    let entry = LockEntry(
      number: tail.next, previous: previous, time: WallTime(seconds: 1), author: World.owner,
      body: EntryBody(kind, token))
    return .entry(entry, digest: entry.digest)
  }

  @Test func entryThatFollowsNothingIsVoid() {
    var w = World()
    w.append(.claimed, t1)
    w.append(.started, t1)
    let before = w.tail.fold().state
    for kind in EntryKind.allCases {
      for token in [t1, t2] {
        var tail = w.tail
        tail.slots.append(entry(tail, kind, token, previous: String(repeating: "a", count: 64)))
        let after = tail.fold().state
        #expect(after?.start == before?.start && after?.stop == nil && after?.phase == .started && after?.next == 4)
        #expect(after?.previous == before?.previous)
        #expect(after != nil && tail.passedOver == [3])
        #expect(StrangeFile.find(among: LockListing([]), tail: tail).map(\.name) == ["00000003"], "doctor names it")
        // And the log goes on from what counts.
        tail.slots.append(entry(tail, .ended, t1, previous: before!.previous))
        #expect(tail.fold().state?.phase == .idle)
      }
    }
  }

  @Test func severalVoidNumbersThatAreCompletedLateStayVoid() {
    var w = World()
    w.append(.claimed, t1)
    let claimed = w.tail.fold().state!
    var late = w
    late.append(.submitted, t1)
    late.append(.stopRequested, t1)
    var tail = w.tail
    tail.slots += [.torn(digest: "x"), .torn(digest: "y")]
    tail.slots.append(entry(tail, .ended, t1, previous: claimed.previous))
    #expect(tail.fold().state?.phase == .idle)
    tail.slots[1] = late.tail.slots[1]
    #expect(tail.fold().state?.submission == nil && tail.fold().state?.phase == .idle)
    tail.slots[2] = late.tail.slots[2]
    #expect(tail.fold().state?.submission == nil && tail.fold().state?.phase == .idle)
  }

  /// A process makes sure that its newest number is there, and then, while it reads the next, somebody restores the directory.
  @Test func whatIsRememberedOfAnotherLifeIsReadAgain() throws {
    let files = MemoryFiles()
    let log = LockLog(files)
    var before = World()
    before.append(.claimed, t1)
    files.put(before)
    _ = try log.tail()
    var now = World()
    for kind in [EntryKind.claimed, .ended] { now.append(kind, World.token(2)) }
    files.afterReading = { _ in
      files.afterReading = { _ in }
      files.put(now)
    }
    #expect(try log.tail() == now.tail)
  }

  @Test func strangeFilesUseUpTheirNumber() {
    var w = World()
    w.append(.claimed, t1)
    w.tail.slots.append(.void(digest: "d", why: "it is a directory"))
    #expect(w.tail.fold().state?.next == 3 && w.tail.fold().state?.phase == .claimed)
  }

  @Test func missingNumberIsWaitedForAndThenTheLogBeginsAfterIt() {
    var w = World()
    for kind in [EntryKind.claimed, .submitted, .started, .ended] { w.append(kind, t1) }
    w.tail.slots.removeFirst(3)
    w.tail.first = 4
    w.tail.isCutOff = true
    #expect(w.tail.fold() == .missing(number: 3))
    guard case .state(let state) = w.tail.fold(void: w.tail.unsettled) else { return #expect(Bool(false)) }
    // The `ended` alone does not show whose it was.
    #expect(state.phase == .idle && !state.isFounded && state.next == 5)
  }

  @Test func missingNumberBelowAStartDoesNotMatter() {
    for (removed, kinds) in [(1, [EntryKind.claimed, .submitted, .started]), (2, [.claimed, .submitted, .started])] {
      var w = World()
      for kind in kinds { w.append(kind, t1) }
      w.tail.slots.removeFirst(removed)
      w.tail.first = 1 + removed
      w.tail.isCutOff = true
      for fold in [w.tail.fold(), w.tail.foldBeforeTornEnd] {
        #expect(fold.state?.phase == .started && fold.state?.liveToken == t1 && fold.state?.isFounded == true)
      }
      w.append(.stopRequested, t1)
      #expect(w.tail.fold().state?.stop != nil)
      w.append(.ended, t1)
      #expect(w.tail.fold().state?.phase == .idle && w.tail.fold().state?.isFounded == true)
    }
  }

  /// Somebody removed the `started` of a server that is suspended; then its token was stopped "before it started".
  @Test func heartbeatOfATokenThatTheLogNeverStartedIsWaitedFor() {
    var w = World()
    w.beat(1, token: t1)
    w.wait(60)
    for kind in [EntryKind.claimed, .submitted, .stopRequested, .ended] { w.append(kind, t1) }
    var c = w.observer()
    func claims(within seconds: Int, _ state: String?) -> Bool {
      for _ in 0..<seconds {
        var job = World.queued(state ?? "", token: t1)
        job.workDir = "/project"
        w.answer(state == nil ? [] : [job])
        if c.next(w.observation()).appended?.kind == .claimed { return true }
        w.wait(1)
      }
      return false
    }
    #expect(!claims(within: 300, "SUSPENDED") && claims(within: 10, nil))
    c = w.observer()
    #expect(!claims(within: 70, nil) && claims(within: 10, nil))
    // One that the log has started is what it says: over.
    for kind in [EntryKind.claimed, .started, .ended] { w.append(kind, World.token(2)) }
    w.beat(1, token: World.token(2))
    c = w.observer()
    #expect(claims(within: 10, nil))
  }

  @Test func missingNumberBelowWhatAClaimNamesDoesNotMatter() {
    var w = World()
    for kind in [EntryKind.claimed, .submitted] { w.append(kind, t1) }
    w.append(.claimed, World.token(2))
    w.tail.slots.removeFirst()
    w.tail.first = 2
    w.tail.isCutOff = true
    #expect(w.tail.fold().state?.liveToken == World.token(2))
    // But it may itself be above a listing's gap.
    w.tail.slots.removeFirst()
    w.tail.first = 3
    #expect(w.tail.fold() == .missing(number: 2) && w.tail.foldBeforeTornEnd == .missing(number: 2))
    #expect(w.tail.fold(void: w.tail.unsettled).state?.liveToken == World.token(2))
  }

  @Test func entryOfANewerCoordIsNeitherTornNorVoid() {
    var w = World()
    w.append(.claimed, t1)
    let text = String(decoding: w.tail.slots[0].entry!.encoded, as: UTF8.self)
    for (old, new) in [
      ("FORMAT=1", "FORMAT=2"), ("KIND=claimed", "KIND=handed-over"), ("USER=", "OUTCOME=parked\nUSER="),
    ] {
      let lines = text.split(separator: "\n").dropLast().joined(separator: "\n") + "\n"
      let changed = lines.replacing(old, with: new, maxReplacements: 1)
      let bytes = Array((changed + "CHECKSUM=\(SHA256.hex(Array(changed.utf8)))\n").utf8)
      let slot = Slot(bytes: bytes, number: 1)
      #expect(slot == .newer(digest: SHA256.hex(bytes)), "\(new)")
      #expect(LogTail(first: 1, slots: [slot]).fold() == .newer(number: 1))
      var c = w.observer()
      w.tail = LogTail(first: 1, slots: [slot])
      let error = c.next(w.observation(log: true)).error
      #expect(error?.exitCode == 78 && error?.what == "a newer coord works here")
    }
  }

  @Test func entryCountsOnlyAsItsOwnersFile() {
    var w = World()
    w.append(.claimed, t1)
    let bytes = w.tail.slots[0].entry!.encoded
    #expect(Slot(bytes: bytes, number: 1, owner: 1001).entry != nil && Slot(bytes: bytes, number: 1).entry != nil)
    guard case .void = Slot(bytes: bytes, number: 1, owner: 1002) else { return #expect(Bool(false)) }
    guard case .void = Slot(bytes: bytes, number: 2, owner: 1001) else { return #expect(Bool(false)) }
  }

  @Test func numbersHaveABound() {
    #expect(LockName.number("9223372036854775807") == nil && LockName.number("00000007") == 7)
    #expect(QueueName.parse("queue.9223372036854775807.asked") == nil && QueueName.parse("queue.7.asked")?.number == 7)
  }

  @Test func copyIsKnownByItsPlaceAndItsPathTogether() {
    let identity = LogIdentity(id: "0123456789abcdef", place: LogPlace(inode: 7, path: "/a/locks"))
    #expect(!identity.isCopied(to: LogPlace(inode: 7, path: "/a/locks")))
    #expect(!identity.isCopied(to: LogPlace(inode: 7, path: "/moved/locks")), "a move")
    #expect(!identity.isCopied(to: LogPlace(inode: 8, path: "/a/locks")), "a restored backup")
    #expect(identity.isCopied(to: LogPlace(inode: 8, path: "/b/locks")))
  }
}
