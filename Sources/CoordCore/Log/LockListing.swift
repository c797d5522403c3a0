/// The names of the lock directory, read once and sorted out for all that one look wants to know of them.
public struct LockListing: Sendable {
  /// The numbers that are taken, in order.
  public private(set) var numbers: [Int] = []
  /// The highest number that anybody asked the scheduler under, and the answers up to it, in order.
  private(set) var (asked, answered): (Int, [Int]) = (0, [])

  public init(_ names: [String]) {
    var questions: [Int] = []
    for name in names {
      if let number = LockName.number(name) {
        numbers.append(number)
      } else if let (number, part) = QueueName.parse(name) {
        questions.append(number)
        if part == "answer" { answered.append(number) }
      }
    }
    numbers.sort()
    asked = QueueName.highest(questions)
    answered.sort()
    while let last = answered.last, last > asked { answered.removeLast() }
  }
}

extension LockFiles {
  public func list() throws(StorageFailure) -> LockListing { LockListing(try names()) }
}
