/// The numbered lock files over the raw directory.
///
/// What was read whole is kept, as long as the newest of it is there unchanged: each entry names the one before by its
/// checksum. So a poll costs a few look-ups, and a directory that was removed, emptied or restored under a process is noticed by
/// its next look.
public final class LockLog<Files: LockFiles> {
  public let files: Files
  private var known: [Int: Slot] = [:]
  /// Their files, as they were read.
  private var whole: [Int: LockFile] = [:]
  /// The first number of the last tail: what is needed has to be there.
  private var needed = 1
  /// The last tail, where nothing of it is to be read again.
  private var settled: LogTail?
  /// The last listing of who looks often.
  private var seen: (listing: LockListing, at: Instant)?
  /// What the log told of tokens so far, of which listing, and what it leads to.
  private var told: (reading: KnownTokens.Reading, of: [Int], previous: String)?
  /// Whether files here belong to who made them; nil: not asked yet.
  private var ownersAreReal: Bool?

  public init(_ files: Files) { self.files = files }

  /// All numbers of the directory, in order.
  public func numbers() throws(StorageFailure) -> [Int] { try files.list().numbers }

  /// Reads the log's end back to where the last token begins.
  ///
  /// A listing may be stale (NFS directory caches): it is only a view, and taking the next number is what decides.
  public func tail() throws(StorageFailure) -> LogTail { try tail(numbers()).tail }

  /// The log's end, and the listing from which it was read.
  public func end() throws(StorageFailure) -> (tail: LogTail, listing: LockListing) {
    let listing = try files.list()
    return (try tail(listing.numbers).tail, listing)
  }

  /// The log's end, and a listing that is not older: whatever was asked before a number was taken is in it.
  ///
  /// For who looks often: while the last entry is there as it was and none follows it, the directory is listed only once in
  /// `Limits.listingPace`. What somebody puts in or takes out elsewhere in it is seen then.
  public func look(now: Instant) throws(StorageFailure) -> (tail: LogTail, listing: LockListing) {
    guard let (tail, seen) = try unchanged(now) else { return try lookAnew(now) }
    // A name that cannot be read is one all the same, and a listing has it.
    guard let listing = try? seen.listing.followed(in: files) else { return try lookAnew(now) }
    self.seen = (listing, seen.at)
    return (tail, listing)
  }

  /// The same for who asks no scheduler: what people put on its board is nothing to him.
  private func tail(now: Instant) throws(StorageFailure) -> LogTail {
    if let tail = try unchanged(now)?.tail { return tail }
    return try lookAnew(now).tail
  }

  private func unchanged(
    _ now: Instant
  ) throws(StorageFailure) -> (tail: LogTail, seen: (listing: LockListing, at: Instant))? {
    guard let settled, let seen, now - seen.at < Limits.listingPace, try isTheEnd(settled) else { return nil }
    return (settled, seen)
  }

  private func lookAnew(_ now: Instant) throws(StorageFailure) -> (tail: LogTail, listing: LockListing) {
    seen = nil
    var listing = try files.list()
    let (tail, wasKnown) = try tail(listing.numbers)
    if !wasKnown { listing = try files.list() }
    seen = (listing, now)
    return (tail, listing)
  }

  private func isTheEnd(_ tail: LogTail) throws(StorageFailure) -> Bool {
    guard let last = whole[tail.lastNumber] else { return false }
    files.refresh()
    guard try files.lock(LockName.name(tail.lastNumber)) == last else { return false }
    return try files.lock(LockName.name(tail.next)) == nil
  }

  private func tail(_ listed: [Int]) throws(StorageFailure) -> (tail: LogTail, wasKnown: Bool) {
    try forgetWhatIsGone(listed)
    let mayBeOfAnotherLife = !known.isEmpty
    let (tail, wasKnown) = try read(listed)
    guard mayBeOfAnotherLife, !tail.isInOrder else { return (tail, wasKnown) }
    // Somebody restored the directory while it was read, and what is remembered is of the life before.
    forget()
    return (try read(listed).tail, false)
  }

  private func forget() { (known, whole, settled, told) = ([:], [:], nil, nil) }

  private func read(_ listed: [Int]) throws(StorageFailure) -> (tail: LogTail, wasKnown: Bool) {
    var end = max(listed.last ?? 0, known.keys.max() ?? 0)
    // A name that a cached listing does not have yet may be found by opening it.
    while try slot(end + 1) != nil { end += 1 }
    if let settled, settled.lastNumber == end { return (settled, true) }
    while end > 0 {
      let run = try run(endingAt: end)
      if run.slots.contains(where: \.isWhole) || !run.isCutOff {
        keep(run)
        return (run, false)
      }
      // Above a gap, and no entry in it: strange files, not the log.
      let below = min(run.first, end)
      end = listed.last { $0 < below } ?? 0
    }
    return (.empty, false)
  }

  /// A process may run for months: of what came before nothing is kept.
  private func keep(_ run: LogTail) {
    needed = run.first
    settled = !run.isCutOff && run.isChain ? run : nil
    guard known.count > run.slots.count else { return }
    known = known.filter { $0.key >= needed }
    whole = whole.filter { $0.key >= needed }
  }

  /// Consecutive numbers downward, by number and not by the listing: one that lacks the older half of a token would make
  /// it look idle. An `ended` is the beginning of the tail only if an entry after it names it: where links are not
  /// supported, it may have been passed over.
  private func run(endingAt end: Int) throws(StorageFailure) -> LogTail {
    var slots: [Slot] = []
    var named: Set<String> = []
    var number = end
    var isCutOff = false
    while number >= 1 {
      guard let slot = try slot(number) else {
        isCutOff = true
        break
      }
      slots.append(slot)
      if let entry = slot.entry {
        if entry.kind == .ended, named.contains(slot.digest) { break }
        named.insert(entry.previous)
      }
      number -= 1
    }
    var tail = LogTail(first: end - slots.count + 1, slots: slots.reversed())
    tail.isCutOff = isCutOff
    return tail
  }

  /// What the log says to the one who took `started` as this number.
  ///
  /// - Parameter now: for who looks often, as above; nil: the directory is listed.
  public func foldForServer(lock: Int, nonce: String, now: Instant? = nil) throws(StorageFailure) -> LogFold {
    let tail = if let now { try tail(now: now) } else { try tail() }
    let fold = tail.foldBeforeTornEnd
    guard case .newer = fold else { return fold }
    // What a newer coord decided is not known; whether ours is still there is.
    if let own = try read(lock)?.entry, own.kind == .started, own.author.nonce == nonce { return fold }
    return .state(ServiceState(next: lock + 1, previous: LockEntry.nothingBefore))
  }

  /// A directory may be removed, emptied or restored while this process runs: memory is no proof of what is there.
  private func forgetWhatIsGone(_ listed: [Int]) throws(StorageFailure) {
    guard let newest = known.keys.max(), let remembered = whole[newest] else { return }
    var isWhole = try files.lock(LockName.name(newest)) == remembered
    var number = newest - 1
    while isWhole, number >= needed {
      // Not listed may be a stale listing; not to be opened either is gone.
      if !listed.contains(number), try files.lock(LockName.name(number)) == nil { isWhole = false }
      number -= 1
    }
    if !isWhole { forget() }
  }

  /// Every number of the directory that can be read, the oldest first. None of it is kept.
  public func read(_ body: (_ number: Int, Slot) -> Void) throws(StorageFailure) {
    for number in try numbers() {
      if let slot = try read(number) { body(number, slot) }
    }
  }

  /// The newest entry of which this is true, from a number on; those that count for nothing are read too.
  public func last(
    from number: Int = .max, where isWanted: (LockEntry) -> Bool
  ) throws(StorageFailure) -> LockEntry? {
    for number in try numbers().reversed().drop(while: { $0 > number }) {
      if let entry = try read(number)?.entry, isWanted(entry) { return entry }
    }
    return nil
  }

  /// What the log tells of tokens, read backwards: to its beginning, or until that is enough. What was read once is remembered, as
  /// long as the log has the same end and numbers.
  ///
  /// - Parameters:
  ///   - tail: what led to `state`.
  ///   - numbers: of the listing that led to it.
  public func known(
    leadingTo state: ServiceState, _ tail: LogTail, among numbers: [Int],
    until isEnough: (KnownTokens) -> Bool = { _ in false }
  ) throws(StorageFailure) -> KnownTokens {
    var reading: KnownTokens.Reading
    if let told, told.previous == state.previous, told.of == numbers {
      reading = told.reading
    } else {
      reading = KnownTokens.Reading(tail.slots, leadingTo: state.previous)
      reading.left = numbers.prefix { $0 < tail.first }.count
    }
    var isWhole = true
    while reading.left > 0, !reading.isOver, !isEnough(reading.known) {
      reading.left -= 1
      let slot = try read(numbers[reading.left])
      // For the next look it may be there, and whole.
      if slot.map(\.isTorn) ?? true { isWhole = false }
      if let slot { reading.take(slot) }
    }
    told = isWhole ? (reading, numbers, state.previous) : nil
    return reading.known
  }

  private func slot(_ number: Int) throws(StorageFailure) -> Slot? {
    if let slot = known[number] { return slot }
    guard let file = try files.lock(LockName.name(number)) else { return nil }
    let slot = slot(number, file)
    if case .entry = slot { (known[number], whole[number]) = (slot, file) }
    return slot
  }

  /// The number as the directory has it now.
  public func read(_ number: Int) throws(StorageFailure) -> Slot? {
    try files.lock(LockName.name(number)).map { slot(number, $0) }
  }

  private func slot(_ number: Int, _ file: LockFile) -> Slot {
    switch file {
    case .strange(let what): return .void(digest: what, why: "it is \(what)")
    case .bytes(let bytes, let owner):
      let slot = Slot(bytes: bytes, number: number, owner: owner)
      guard case .void = slot, owner != nil else { return slot }
      let areReal = ownersAreReal ?? files.ownersAreReal
      ownersAreReal = areReal
      return areReal ? slot : Slot(bytes: bytes, number: number)
    }
  }

  /// Takes a number with this entry, or says that somebody else has it. Steps 0 to 5 of docs/protocol.md.
  public func append(_ entry: LockEntry) throws(StorageFailure) -> AppendResult {
    seen = nil
    let bytes = entry.encoded
    let name = LockName.name(entry.number)
    // Above a gap there is nothing to take: the directory was emptied or restored since the log was read.
    if entry.number > 1, try files.lock(LockName.name(entry.number - 1)) == nil { return .lost }
    guard let there = try files.place(bytes, as: name, nonce: entry.author.nonce) else {
      return .unsettled("lock \(name) cannot be read back")
    }
    guard there == bytes else {
      // A torn file of ours (create without links) is not a loss yet; anybody's whole entry is.
      if case .torn = Slot(bytes: there, number: entry.number), bytes.starts(with: there) {
        return .unsettled("lock \(name) is not whole")
      }
      return .lost
    }
    return try isAtTheEnd(entry) ? .won : .lost
  }

  /// False if a higher number exists that does not lead back to `entry`: it then took a hole that pruning left.
  private func isAtTheEnd(_ entry: LockEntry) throws(StorageFailure) -> Bool {
    for number in try numbers().reversed() {
      guard number > entry.number else { break }
      if number == entry.number + 1, let next = try slot(number) {
        return next.entry.map { $0.previous == entry.digest } ?? true
      }
      // What is no entry and stands above a gap is none of the log.
      if number > entry.number + 1, try slot(number)?.entry != nil, try slot(entry.number + 1) == nil { return false }
    }
    return true
  }
}
