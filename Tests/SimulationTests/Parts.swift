/// A process of the small world, as a value.
protocol SmallPart {
  /// What of it can still make a difference.
  associatedtype Key: Hashable
  /// What it does next, as far as the world has to know.
  associatedtype Next

  var key: Key { get }
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

/// Processes by number. Those with one key do the same from then on, whatever happens around them: the first one stands for all, and
/// what comes of each of its steps is worked out once.
struct Parts<Part: SmallPart> {
  private var kinds = Kinds<SIMD2<Int>, Part>()
  private(set) var next: [Part.Next] = []
  /// What each came of: -1 where it is the first of its kind.
  private(set) var origins: [(before: Int32, step: SmallStep)] = []
  var twins: [Int32] = []
  private var known = Memo()

  var count: Int { next.count }

  subscript(number: Int32) -> Part { kinds[number] }

  /// 128 bits of a key.
  private static func mark(_ key: Part.Key) -> SIMD2<Int> {
    var second = Hasher()
    second.combine(1)
    second.combine(key)
    return SIMD2(key.hashValue, second.finalize())
  }

  mutating func number(_ part: Part, _ book: SmallBook, of before: Int32 = -1, _ step: SmallStep = SmallStep(.start)) -> Int32 {
    var isNew = false
    let number = kinds.number(Self.mark(part.key), &isNew) { part }
    if isNew {
      next.append(part.next(book))
      origins.append((before, step))
      twins.append(-1)
      others.append([])
      done.append([])
    } else if checks, others[Int(number)].count < limit {
      others[Int(number)].append(part)
      for (step, result) in done[Int(number)] { check(number, part, step, result, book) }
    }
    return number
  }

  mutating func after(_ number: Int32, _ step: SmallStep, _ book: SmallBook) -> Int32 {
    if let after = known[number, step] { return after }
    var part = kinds[number]
    part.take(step, book)
    let after = self.number(part, book, of: number, step)
    known[number, step] = after
    if checks {
      done[Int(number)].append((step, after))
      for other in others[Int(number)] { check(number, other, step, after, book) }
    }
    return after
  }

  private var others: [[Part]] = []
  private var done: [[(SmallStep, Int32)]] = []
  mutating func check(_ number: Int32, _ part: Part, _ step: SmallStep, _ result: Int32, _ book: SmallBook) {
    var part = part
    let before = part
    part.take(step, book)
    checked += 1
    let other = self.number(part, book, of: number, step)
    if other != result {
      wrong += 1
      if wrong < 4 {
        func lines<T>(_ x: T) -> [String] { var t = ""; dump(x, to: &t); return t.split(separator: "\n").map(String.init) }
        func diff<T>(_ a: T, _ b: T) { let (x, y) = (lines(a), lines(b)); if x.count != y.count { print(a, "\n", b) } else { for (p, q) in zip(x, y) where p != q { print("   ", p, "|", q) } } }
        print("CHECK", step); diff(kinds[number], before); print("  ->"); diff(kinds[result].key, part.key)
      }
    }
  }
}

import Foundation
let checks = ProcessInfo.processInfo.environment["CHECKS"] != nil
let limit = 2
nonisolated(unsafe) var checked = 0
nonisolated(unsafe) var wrong = 0
