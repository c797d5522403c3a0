/// Two looks that did not find a job, far enough apart, the second one asked after that time was over.
struct AbsenceProof: Hashable, Sendable {
  /// The highest number that anybody asked the scheduler under, as far as this process saw.
  private(set) var latestNumber = 0
  /// The end of the first look.
  private var first: Instant?
  private var gate: Int?
  /// What was asked under this number or a lower one was asked too early to prove anything.
  private(set) var floor = 0

  /// Takes note of how far the questions are. True: they began anew, far below, since the directory was emptied. A listing
  /// that is only old is not so far behind.
  mutating func hear(highest: Int) -> Bool {
    guard highest < latestNumber - 40 else {
      latestNumber = max(latestNumber, highest)
      return false
    }
    latestNumber = highest
    begin()
    return true
  }

  /// Forgets the first look: the job was seen, or there is another one to prove. Older answers prove nothing.
  mutating func begin() { (first, gate, floor) = (nil, nil, latestNumber) }

  var hasFirst: Bool { first != nil }

  /// When the second look may be asked, where a first one was had.
  func secondLookDue(apart: Duration) -> Instant? { first.map { $0 + apart } }

  /// Takes the look of snapshot `number`, which did not find the job. True: that makes two.
  mutating func take(number: Int, began: Instant, ended: Instant, apart: Duration) -> Bool {
    guard let first else {
      if number > floor { self.first = ended }
      return false
    }
    guard began - first >= apart else { return false }
    guard let gate else {
      self.gate = latestNumber
      return false
    }
    return number > gate
  }
}
