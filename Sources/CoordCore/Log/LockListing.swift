/// The names of the lock directory, read once and sorted out for all that one look wants to know of them.
public struct LockListing: Sendable {
  /// The numbers that are taken, in order.
  public private(set) var numbers: [Int] = []
  /// The highest number that anybody asked the scheduler under; the answers up to it, in order.
  public private(set) var asked = 0
  private(set) var answered: [Int] = []
  /// All other names, which are few however long the log is; those of the queue board are among them.
  public private(set) var others: [String] = []

  /// - Parameter visit: gives each name, in any order.
  public init<E>(_ visit: (_ take: (String) -> Void) throws(E) -> Void) throws(E) {
    var (numbers, answered, others, questions): ([Int], [Int], [String], [Int]) = ([], [], [], [])
    try visit { name in
      if let number = LockName.number(name) {
        numbers.append(number)
        return
      }
      others.append(name)
      if let (number, part) = QueueName.parse(name) {
        questions.append(number)
        if part == "answer" { answered.append(number) }
      }
    }
    numbers.sort()
    asked = QueueName.highest(questions)
    answered.sort()
    while let last = answered.last, last > asked { answered.removeLast() }
    (self.numbers, self.answered, self.others) = (numbers, answered, others)
  }

  /// The same with what was asked and answered since, looked up by name: questions go on one by one.
  func followed(in files: some LockFiles) throws(StorageFailure) -> LockListing {
    var now = self
    while try files.lock(QueueName.name(now.asked + 1, "asked")) != nil { now.asked += 1 }
    // Of older questions nobody waits for an answer.
    for number in max(1, now.asked - 2, (now.answered.last ?? 0) + 1)..<max(1, now.asked + 1) {
      if try files.lock(QueueName.name(number, "answer")) != nil { now.answered.append(number) }
    }
    return now
  }

  public init(_ names: [String]) { self.init { take in names.forEach(take) } }
}
