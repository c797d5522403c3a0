@testable import CoordCore

/// One who asks for the server, between two of its operations. Its clock, its count of questions and of files begin
/// anywhere: only differences matter.
struct SmallClient {
  /// What can be seen of the last claimant.
  struct ClaimView: Hashable {
    var claimant = Observation.Claimant.unknown
    var submitBegan: Bool?
    /// The job that its sbatch printed.
    var job: Int?

    var code: Int32 {
      let who: Int32 = claimant == .unknown ? 0 : claimant == .alive ? 1 : 2
      return who | (submitBegan.map { $0 ? 2 : 1 } ?? 0) << 2 | Int32(job.map { $0 - 99 } ?? 0) << 4
    }

    init() {}

    init(code: Int32) {
      claimant = [.unknown, .alive, .dead][Int(code & 3)]
      submitBegan = [nil, false, true][Int(code >> 2 & 3)]
      job = code >> 4 == 0 ? nil : Int(code >> 4) + 99
    }
  }

  /// What one look saw.
  struct View: Hashable {
    var began: Instant
    var file: InfoReading
    var log: Int32
    var board: QueueReading?
    var claim = ClaimView()
  }

  /// What it is about to do, without the words that go with it.
  enum Deed: Hashable {
    case probe(ServerPlace)
    case look(QueueQuery)
    case append(EntryBody, after: Int32)
    case submit(Token)
    case cancel(JobID, Token)
    /// `isOld`: the log that it looked at names a newer server.
    case answer(isOld: Bool)
    case leave
  }

  indirect enum Stage: Hashable {
    case ready
    case looked(View)
    case acting([Deed])
    case asked(board: Int32, number: Int, [Deed])
    case called(Token, SubmitReply, [Deed])
    case over
  }

  let index: Int
  let author: Author
  var now = Instant(sinceBoot: .seconds(5000))
  var coordinator: Coordinator
  var stage = Stage.ready
  var readsLog = false
  /// Nothing is to be done before something changes.
  var quiet = false
  /// The log changed since the look that it acts upon.
  var stale = false
  var paused = false
  /// For how many quanta.
  var pausedFor = 0
  var claims: UInt64 = 0
  /// server_info.txt as it is, and how many there were.
  var file = InfoReading.absent
  var files = 0
  /// How many questions anybody asked, and the number of the newest answer.
  var asked = 0
  var board: Int?

  init(_ index: Int, host: String) {
    self.index = index
    author = Author(
      user: "ann\(index)", uid: 1001 + UInt32(index), host: host, bootID: "b", pid: Int32(index), pidStart: 1,
      nonce: "c\(index)")
    coordinator = Coordinator(
      goal: .answer, me: author.uid, scheduler: "slurm", wait: .seconds(120), insists: false, home: SmallWorld.home,
      now: now)
  }

  var isOver: Bool { stage == .over }
  /// sbatch is what it calls next.
  var isAboutToSubmit: Bool {
    if case .acting(let deeds) = stage, case .submit = deeds[0] { true } else { false }
  }
  var wall: WallTime { WallTime(seconds: 1_800_000_000 + now.sinceBoot.components.seconds) }

  // MARK: - what happens around it

  mutating func tick() {
    now = now + SmallWorld.quantum
    if paused { pausedFor += 1 }
    quiet = false
  }

  /// The log is another one: whoever waits looks again at once. What else changes is seen when time goes on, or before.
  mutating func wake() {
    (quiet, stale) = (false, true)
    // Whatever it last saw as the log's end is so no more: how long it stood still is of no meaning.
    if case .looked = stage { return }
    coordinator.last = Watch()
  }

  mutating func fileChanged(_ info: SmallInfo) {
    files += 1
    file = .absent
    guard var server = info.server else { return }
    (server.beat, server.heartbeat) = (files, info.heartbeat(wall))
    file = .info(server, digest: files)
  }

  // MARK: - its own steps

  mutating func look(_ log: Int32, _ snapshot: QueueSnapshot?, isOwn: Bool, _ claim: ClaimView) {
    stale = false
    var view = View(began: now, file: file, log: log, claim: claim)
    if let snapshot, let board {
      view.board = QueueReading(snapshot: snapshot, number: board, highestAsked: asked, isOwn: isOwn)
    }
    stage = .looked(view)
  }

  mutating func decide(_ view: View, _ tail: LogTail) {
    var o = Observation(
      began: view.began, now: now, wall: wall, info: view.file, log: readsLog ? .success(tail) : nil,
      queue: readsLog ? view.board : nil, claimant: view.claim.claimant,
      submitOutput: view.claim.job.map { "Submitted batch job \($0)\n" } ?? "",
      freshToken: Token(random: UInt64(author.uid), claims + 1))
    o.submitBegan = view.claim.submitBegan
    if let info = view.file.info, info.lock > 0, info.lock <= tail.slots.count {
      let entry = tail.slots[info.lock - 1].entry
      o.infoIsInLog = entry?.kind == .started && entry?.token == info.token
    }
    let all = coordinator.next(o)
    if all == [.readLog] {
      readsLog = true
      stage = .ready
      return
    }
    goOn(all.compactMap { deed($0, view, tail) })
    if stage == .ready { quiet = !stale }
  }

  private func deed(_ action: Action, _ view: View, _ tail: LogTail) -> Deed? {
    switch action {
    case .readLog, .wait: return nil
    case .probe(let place): return .probe(place)
    case .look(let query): return .look(query)
    case .append(let draft): return .append(draft.body.wordless, after: view.log)
    case .submit(let token, _, _): return .submit(token)
    case .cancel(let job, let token): return .cancel(job, token)
    case .answer(let info):
      // I7: nothing that was served after it, and seen by this process, is passed over.
      let last = tail.slots.last { $0.entry?.kind == .started }?.entry?.token
      return .answer(isOld: readsLog && last != nil && last != info.token)
    case .settle, .fail: return .leave
    }
  }

  mutating func goOn(_ rest: [Deed]) { stage = rest.isEmpty ? .ready : .acting(rest) }

  mutating func took(_ body: EntryBody, won: Bool) {
    guard body.kind == .claimed else { return }
    // A claim that was lost is in no log: nothing is ever read of it.
    if won { claims += 1 } else { coordinator.mine = nil }
  }

  /// What it knew is of no meaning any more.
  mutating func die() { (stage, quiet, paused, pausedFor) = (.over, true, false, 0) }
}

extension EntryBody {
  /// Without words in which times are spoken.
  var wordless: EntryBody {
    var body = self
    (body.reason, body.logTail, body.next) = (nil, nil, nil)
    return body
  }
}
