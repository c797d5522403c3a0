@testable import CoordCore

/// All that was seen of one sort, by number. What has one key acts alike from then on: the first one stands for all.
struct Kinds<Key: Hashable, Value> {
  private(set) var values: [Value] = []
  private var numbers: [Key: Int32] = [:]

  mutating func number(_ key: Key, _ value: @autoclosure () -> Value) -> Int32 {
    if let number = numbers[key] { return number }
    values.append(value())
    let number = Int32(values.count - 1)
    numbers[key] = number
    return number
  }

  subscript(number: Int32) -> Value { values[Int(number)] }
}

/// The parts of all worlds, each once, by number; and what comes of each step of a part, which is worked out once.
final class SmallBook {
  struct LogKey: Hashable {
    var before: Int32
    var body: EntryBody
    var author: Author
  }

  /// What a part does next, and of what sort that is.
  struct Next {
    enum Sort {
      /// Waits, or is over.
      case none
      /// What others do makes no difference for it, nor can they see it.
      case local
      /// Changes nothing but the part itself.
      case reads
      case writes
    }
    var sort: Sort
    var isOver = false
    var isQuiet = false
    var isPaused = false
    var isUp = false
    /// The server may go at any moment.
    var isGoing = false
    /// Local once nobody may ask the scheduler any more.
    var isLook = false
  }

  /// The steps of parts.
  enum Step: Int32 {
    case tick, wake, file, age, wait, look, decide, claim, probed, mayNotAsk, question, asks, othersAsk, publish, othersPublish
    case append, took, submit, cancel, reply, die, pause, goOn, around, failed, serve, beat, crash, node, gone
  }

  /// Both who ask are on one host: each sees whether the other one lives.
  var oneHost = false
  private(set) var logs = Kinds<LogKey, LogTail>()
  var infos = Kinds<SmallInfo, SmallInfo>()
  var boards = Kinds<QueueSnapshot, QueueSnapshot>()
  var queues = Kinds<SmallQueue, SmallQueue>()
  private(set) var clients = Kinds<ClientKey, SmallClient>()
  private(set) var runs = Kinds<RunKey, SmallRun>()
  private(set) var clientNext: [Next] = []
  private(set) var runNext: [Next] = []
  private var known: [SIMD4<Int32>: Int32] = [:]

  init() {
    let root = EntryBody(.ended, Token(random: 0, 0))
    let nobody = Author(user: "", uid: 0, host: "", bootID: "", pid: 0, pidStart: 0, nonce: "")
    _ = logs.number(LogKey(before: -1, body: root, author: nobody), .empty)
    _ = infos.number(SmallInfo(), SmallInfo())
    _ = queues.number(SmallQueue(), SmallQueue())
  }

  func number(_ client: SmallClient) -> Int32 {
    let number = clients.number(client.key, client)
    if Int(number) == clientNext.count { clientNext.append(client.next(oneHost: oneHost)) }
    return number
  }

  func number(_ run: SmallRun) -> Int32 {
    let number = runs.number(run.key, run)
    if Int(number) == runNext.count { runNext.append(run.next) }
    return number
  }

  func number(_ info: SmallInfo) -> Int32 { infos.number(info, info) }
  func number(_ queue: SmallQueue) -> Int32 { queues.number(queue, queue) }

  /// The log with one entry more. Whose it is matters of a claim and of a start only.
  func append(_ body: EntryBody, by author: Author, to log: Int32) -> Int32 {
    let isNamed = body.kind == .claimed || body.kind == .started
    let author = isNamed ? author : Author(user: "", uid: 0, host: "", bootID: "", pid: 0, pidStart: 0, nonce: "")
    let tail = logs[log]
    func longer() -> LogTail {
      let entry = LockEntry(
        number: tail.next, previous: tail.slots.last?.digest ?? LockEntry.nothingBefore, time: WallTime(seconds: 0),
        author: author, body: body)
      return LogTail(first: 1, slots: tail.slots + [.entry(entry, digest: entry.digest)])
    }
    return logs.number(LogKey(before: log, body: body, author: author), longer())
  }

  // MARK: - what comes of a step

  /// `step` names the step, and `a` and `b` all that it depends on but for the client.
  func client(_ i: Int32, _ step: Step, _ a: Int32 = 0, _ b: Int32 = 0, _ change: (inout SmallClient) -> Void) -> Int32 {
    let key = SIMD4(i, step.rawValue, a, b)
    if let number = known[key] { return number }
    var client = clients[i]
    change(&client)
    let number = number(client)
    known[key] = number
    return number
  }

  func run(_ i: Int32, _ step: Step, _ a: Int32 = 0, _ b: Int32 = 0, _ change: (inout SmallRun) -> Void) -> Int32 {
    let key = SIMD4(i, step.rawValue | 1 << 16, a, b)
    if let number = known[key] { return number }
    var run = runs[i]
    change(&run)
    let number = number(run)
    known[key] = number
    return number
  }

  /// Any other number that is worked out once.
  func once(_ i: Int32, _ step: Step, _ a: Int32 = 0, _ b: Int32 = 0, _ find: () -> Int32) -> Int32 {
    let key = SIMD4(i, step.rawValue | 1 << 17, a, b)
    if let number = known[key] { return number }
    let number = find()
    known[key] = number
    return number
  }
}
