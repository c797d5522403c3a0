/// What came of taking a number.
public enum AppendResult: Hashable, Sendable {
  case won
  case lost
  /// Neither can be said: the same entry must be tried again at the same number.
  case unsettled(String)
}

/// The file names of the numbered locks.
public enum LockName {
  public static func name(_ number: Int) -> String {
    let digits = "\(number)"
    return String(repeating: "0", count: max(0, 8 - digits.utf8.count)) + digits
  }

  /// The number that a file name stands for; nil for any other file.
  public static func number(_ name: String) -> Int? {
    guard name.utf8.count >= 8, name.utf8.allSatisfy(isDigit), let n = Int(name), n > 0, Self.name(n) == name else {
      return nil
    }
    return n
  }
}

/// The numbered lock files over the raw directory.
///
/// What was read whole is kept: a number's content never changes, so that a poll costs one listing and one look-up.
public final class LockLog<Files: LockFiles> {
  public let files: Files
  private var known: [Int: Slot] = [:]

  public init(_ files: Files) { self.files = files }

  /// All numbers of the directory, in order.
  public func numbers() throws(StorageFailure) -> [Int] {
    try files.names().compactMap(LockName.number).sorted()
  }

  /// Reads the log's end back to where the last token begins.
  ///
  /// A listing may be stale (NFS directory caches): it is only a view, and taking the next number is what decides.
  public func tail() throws(StorageFailure) -> LogTail {
    let all = try numbers()
    // A name that a cached listing does not have yet may be found by opening it.
    var highest = max(all.last ?? 0, known.keys.max() ?? 0)
    while try slot(highest + 1) != nil { highest += 1 }
    guard highest > 0 else { return .empty }
    var slots: [Slot] = []
    var number = highest
    // By number, not by the listing: one that lacks the older half of a token would make it look idle.
    while number >= 1 {
      guard let slot = try slot(number) else {
        throw StorageFailure(.other, "lock \(LockName.name(number)) cannot be read yet")
      }
      slots.append(slot)
      if number < highest, slot.entry?.kind == .ended { break }
      number -= 1
    }
    return LogTail(first: highest - slots.count + 1, slots: slots.reversed())
  }

  /// Every number of the directory that can be read, the oldest first.
  public func all() throws(StorageFailure) -> [(number: Int, slot: Slot)] {
    var all: [(number: Int, slot: Slot)] = []
    for number in try numbers() {
      if let slot = try slot(number) { all.append((number, slot)) }
    }
    return all
  }

  private func slot(_ number: Int) throws(StorageFailure) -> Slot? {
    if let slot = known[number] { return slot }
    guard let bytes = try files.read(LockName.name(number)) else { return nil }
    let slot = Slot(bytes: bytes, number: number)
    if case .entry = slot { known[number] = slot }
    return slot
  }

  /// Takes a number with this entry, or says that somebody else has it. Steps 1 to 5 of docs/protocol.md.
  public func append(_ entry: LockEntry) throws(StorageFailure) -> AppendResult {
    let bytes = entry.encoded
    let name = LockName.name(entry.number)
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
    guard let highest = try numbers().last, highest > entry.number else { return true }
    guard let next = try slot(entry.number + 1) else { return false }
    return next.entry.map { $0.previous == entry.digest } ?? true
  }
}
