@testable import CoordCore

/// The parts of all worlds, each once, by number.
final class SmallBook {
  struct LogKey: Hashable {
    var before: Int32
    var body: EntryBody
    var author: Author
  }

  /// What the scheduler may do next.
  struct QueueNext {
    /// Which jobs wait, by place.
    var waiting: [Int]
    var hasLate: Bool
    var mayWait: Bool
  }

  /// Who asks, each as at the beginning.
  let team: [SmallClient]
  /// Both who ask are on one host: each sees whether the other one lives.
  let isOneHost: Bool
  /// Whether it is looked at that keys lose nothing.
  let isChecked: Bool
  /// How long the first job may wait.
  let waits: SmallQueue.Waits
  var logs = Kinds<LogKey, LogTail>()
  private(set) var logKeys: [LogKey] = []
  var infos = Kinds<SmallInfo, SmallInfo>()
  var boards = Kinds<QueueSnapshot, QueueSnapshot>()
  private(set) var queues = Kinds<SmallQueue, SmallQueue>()
  private(set) var queueNext: [QueueNext] = []
  var clients = Parts<SmallClient>()
  var runs = Parts<SmallRun>()
  private var known = Memo()
  var twins = Twins()

  init(hosts: [String], waits: SmallQueue.Waits, isChecked: Bool) {
    (self.waits, self.isChecked) = (waits, isChecked)
    team = hosts.enumerated().map { SmallClient($0.offset, host: $0.element) }
    isOneHost = hosts[0] == hosts[1]
    let root = LogKey(before: -1, body: EntryBody(.ended, Token(random: 0, 0)), author: Self.nobody)
    logKeys = [root]
    _ = logs.number(root) { .empty }
    _ = number(SmallInfo())
    _ = number(SmallQueue())
  }

  private static let nobody = Author(user: "", uid: 0, host: "", bootID: "", pid: 0, pidStart: 0, nonce: "")

  func number(_ info: SmallInfo) -> Int32 { infos.number(info) { info } }

  func number(_ board: QueueSnapshot) -> Int32 {
    // A step of a client has room for no more.
    precondition(boards.count < (1 << 20) - 1)
    return boards.number(board) { board }
  }

  func number(_ queue: SmallQueue) -> Int32 {
    var isNew = false
    let number = queues.number(queue, &isNew) { queue }
    if isNew {
      let waiting = queue.jobs.indices.filter { queue.jobs[$0].state == "PENDING" }
      queueNext.append(QueueNext(waiting: waiting, hasLate: queue.late != nil, mayWait: queue.mayWait(waits)))
    }
    return number
  }

  /// The log with one entry more. Whose it is matters of a claim and of a start only.
  func append(_ body: EntryBody, by author: Author, to log: Int32) -> Int32 {
    let key = LogKey(
      before: log, body: body, author: body.kind == .claimed || body.kind == .started ? author : Self.nobody)
    var isNew = false
    let tail = logs[log]
    let number = logs.number(key, &isNew) {
      let entry = LockEntry(
        number: tail.next, previous: tail.slots.last?.digest ?? LockEntry.nothingBefore, time: WallTime(seconds: 0),
        author: key.author, body: body)
      return LogTail(first: 1, slots: tail.slots + [.entry(entry, digest: entry.digest)])
    }
    if isNew { logKeys.append(key) }
    return number
  }

  /// A number that is worked out once, for what is no process.
  func once(_ part: Int32, _ step: SmallStep, _ find: () -> Int32) -> Int32 {
    if let number = known[part, step] { return number }
    let number = find()
    known[part, step] = number
    return number
  }
}
