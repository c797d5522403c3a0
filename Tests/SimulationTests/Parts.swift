/// A process of the small world, as a value.
protocol SmallPart {
  /// What of it can still make a difference.
  associatedtype Key: Hashable
  /// What it does next, as far as the world has to know.
  associatedtype Next: Equatable

  var key: Key { get }
  /// What of it the key does not hold as it is.
  var unkeyed: [Int] { get }
  func next(_ book: SmallBook) -> Next
  mutating func take(_ step: SmallStep, _ book: SmallBook)
}

/// All that was seen of one sort, by number: what has one key is one.
struct Kinds<Key: Hashable, Value> {
  private(set) var values: [Value] = []
  private var numbers: [Key: Int32] = [:]
  var count: Int { values.count }

  /// - Parameter isNew: set where it was not seen before.
  mutating func number(_ key: Key, _ isNew: inout Bool, _ value: () -> Value) -> Int32 {
    if let number = numbers[key] { return number }
    isNew = true
    values.append(value())
    let number = Int32(values.count - 1)
    numbers[key] = number
    return number
  }

  mutating func number(_ key: Key, _ value: () -> Value) -> Int32 {
    var isNew = false
    return number(key, &isNew, value)
  }

  subscript(number: Int32) -> Value { values[Int(number)] }
}

/// Processes by number. Those with one key do the same from then on, whatever happens around them: the first one stands
/// for all, and what comes of each of its steps is worked out once.
struct Parts<Part: SmallPart> {
  private var kinds = Kinds<SIMD2<Int>, Part>()
  private(set) var next: [Part.Next] = []
  /// What each came of; -1: it is the first of all.
  private(set) var origins: [(before: Int32, step: SmallStep)] = []
  var twins: [Int32] = []
  private var known = Memo()
  /// Where keys are checked: others with the same key that differ from the first one, two of each, and what that did.
  private var others: [[Part]] = []
  private var done: [[(step: SmallStep, after: Int32)]] = []
  private(set) var checks = 0
  /// Others that did not do as the first one did.
  private(set) var mistakes: [String] = []

  var count: Int { next.count }

  subscript(number: Int32) -> Part { kinds[number] }

  mutating func number(
    _ part: Part, _ book: SmallBook, of before: Int32 = -1, _ step: SmallStep = SmallStep(.start)
  ) -> Int32 {
    var isNew = false
    let number = kinds.number(Self.mark(part.key), &isNew) { part }
    if isNew {
      next.append(part.next(book))
      origins.append((before, step))
      twins.append(-1)
    }
    if book.isChecked { keep(part, number, isNew, book) }
    return number
  }

  /// 128 bits of a key.
  private static func mark(_ key: Part.Key) -> SIMD2<Int> {
    var second = Hasher()
    second.combine(1)
    second.combine(key)
    return SIMD2(key.hashValue, second.finalize())
  }

  mutating func after(_ number: Int32, _ step: SmallStep, _ book: SmallBook) -> Int32 {
    if let after = known[number, step] { return after }
    var part = kinds[number]
    part.take(step, book)
    let after = self.number(part, book, of: number, step)
    known[number, step] = after
    if book.isChecked {
      done[Int(number)].append((step, after))
      for other in others[Int(number)] { check(other, number, step, after, book) }
    }
    return after
  }

  private mutating func keep(_ part: Part, _ number: Int32, _ isNew: Bool, _ book: SmallBook) {
    if isNew {
      others.append([])
      done.append([])
    } else if others[Int(number)].count < 2 {
      let known = [kinds[number]] + others[Int(number)]
      if known.contains(where: { $0.unkeyed == part.unkeyed }) { return }
      others[Int(number)].append(part)
      if part.next(book) != next[Int(number)] { mistakes.append("next: \(kinds[number])\n\(part)") }
      for (step, after) in done[Int(number)] { check(part, number, step, after, book) }
    }
  }

  private mutating func check(_ other: Part, _ number: Int32, _ step: SmallStep, _ after: Int32, _ book: SmallBook) {
    var part = other
    part.take(step, book)
    checks += 1
    if self.number(part, book, of: number, step) != after { mistakes.append("\(step): \(kinds[number])\n\(other)") }
  }
}
