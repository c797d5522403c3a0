/// What the end of the log says, where it can be told.
public enum LogFold: Hashable, Sendable {
  case state(ServiceState)
  /// The last number is not a whole entry (yet).
  case beingWritten(number: Int)
  /// A number below the last one is not there (yet).
  case missing(number: Int)
  /// Written by a newer coord: what it decides is not known here.
  case newer(number: Int)
}

extension LogTail {
  /// What is not settled yet, as a value that can be watched: a torn last number, a missing one, or both.
  public var unsettled: String? {
    var marks: [String] = isCutOff ? ["no \(first - 1)"] : []
    if case .torn(let digest)? = slots.last { marks.append(digest) }
    return marks.isEmpty ? nil : marks.joined(separator: " ")
  }

  /// Folds the entries into a state. `void` is what `unsettled` was for so long that nobody is writing it any more: a torn
  /// last number then counts as taken by nobody, and the log as beginning after a missing one.
  ///
  /// PREVIOUS names the last entry that counts before it; numbers in between are void. So a number whose writer was held
  /// up, and completes it after the log went on without it, stays void. An entry that names nothing that counts is void
  /// itself: a ghost of another life of this directory. docs/protocol.md, "What the directory may hold".
  public func fold(void: String? = nil) -> LogFold { follow(void).fold }

  /// Numbers of whole entries that count for nothing: they follow nothing that counts, or were passed over.
  public var passedOver: [Int] {
    let (fold, places) = follow(unsettled)
    guard case .state = fold else { return [] }
    let counting = Set(places)
    return slots.indices.filter { slots[$0].isEntry && !counting.contains($0) }.map { first + $0 }
  }

  /// The state, and the places of the entries that count.
  private func follow(_ void: String?) -> (fold: LogFold, counting: [Int]) {
    let isSettled = void != nil && void == unsettled
    var state = ServiceState(next: first, previous: LockEntry.nothingBefore)
    // Before the oldest entry, and what counts since, by place; each with the checksum that the next one has to name.
    var root: ServiceState?
    var counting: [(digest: String, index: Int)] = []
    func take(_ entry: LockEntry, _ digest: String, isFirst: Bool) {
      state.apply(entry)
      if entry.kind == .started || (entry.kind == .claimed && !isFirst), state.isFounded { state.needsOlder = false }
      state.previous = digest
    }
    for (index, slot) in slots.enumerated() {
      let number = first + index
      state.next = number + 1
      switch slot {
      case .void: break
      case .newer: return (.newer(number: number), [])
      case .torn:
        if number == lastNumber, !isSettled { return (.beingWritten(number: number), []) }
      case .entry(let entry, let digest):
        if root == nil {
          // The oldest one read may follow what was pruned. Where it is needed, that it is missing is known.
          state.isFounded = !isCutOff && (entry.previous == LockEntry.nothingBefore || entry.kind == .ended)
          state.needsOlder = isCutOff
          root = state
          counting.append((entry.previous, -1))
        }
        guard let before = counting.lastIndex(where: { $0.digest == entry.previous }) else { break }
        if before < counting.count - 1, let root {
          // It names an older one: what came in between counts no more.
          counting.removeSubrange((before + 1)...)
          state = root
          for (place, counted) in counting.enumerated().dropFirst() {
            if case .entry(let older, let digest) = slots[counted.index] { take(older, digest, isFirst: place == 1) }
          }
          state.next = number + 1
        }
        take(entry, digest, isFirst: counting.count == 1)
        counting.append((digest, index))
      }
    }
    // Numbers that were torn from the first one on have not decided anything.
    if root == nil {
      state.isFounded = !isCutOff && slots.allSatisfy(\.isTorn)
      state.needsOlder = isCutOff
    }
    if state.needsOlder, !isSettled { return (.missing(number: first - 1), []) }
    return (.state(state), counting.map(\.index))
  }

  /// Folds, with what is not settled void once `watch` saw it unchanged for the claim limit.
  public func fold(watching watch: inout Watch<String>, began: Instant, ended: Instant) -> LogFold {
    watch.see(unsettled, began: began, ended: ended)
    return fold(void: watch.unchanged >= Limits.claimWatch ? unsettled : nil)
  }

  /// Folds for the one who serves: a number that somebody is writing has not decided anything yet.
  public var foldBeforeTornEnd: LogFold {
    let fold = fold(void: unsettled)
    if case .state(let state) = fold, state.needsOlder { return .missing(number: first - 1) }
    return fold
  }
}
