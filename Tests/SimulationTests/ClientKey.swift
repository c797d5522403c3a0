@testable import CoordCore

/// What of a client can still make a difference. Two clients with one key do the same from now on, whatever happens
/// around them: times count from now, and no further than anything asks for; numbers of questions from the newest one;
/// what it saw of a file or of the log's end counts only as long as it may be seen again.
struct ClientKey: Hashable {
  var index: Int
  var stage: SmallClient.Stage
  var flags: [Bool] = []
  var ages: [Int] = []
  var claims: UInt64 = 0
  var file: InfoReading = .absent
  /// What it saw last of that file: nothing, this, none, or another one, which never comes back. The same of what it is
  /// looking at.
  var watched: [Int] = []
  /// The end of the log, if it saw that.
  var last: Int?
  /// Numbers of questions, from the newest one.
  var questions: [Int] = []
  var mine: Coordinator.Claim?
  var witnessed: Set<Token> = []
  var jobs: Set<Token> = []
  var cancelled: [Token: Int] = [:]
  var probed: Coordinator.Probe?
  /// Whose beat it saw last.
  var beats: Token?
}

extension SmallClient {
  /// In quanta: the longest time that anything asks for, D or what comes of a stale claim.
  private static let longest: Int = {
    let longest = max(Limits.silence, Limits.claimWatch + Limits.queuePatience + .seconds(10)).components.seconds
    let quantum = SmallWorld.quantum.components.seconds
    return Int((longest + quantum - 1) / quantum)
  }()

  /// In quanta before now, up to the longest that anything asks for.
  private func age(_ then: Instant, _ most: Int) -> Int {
    min(Int((now - then).components.seconds / SmallWorld.quantum.components.seconds), most)
  }

  /// The number of the oldest answer that it may still decide upon.
  private var oldest: Int {
    if case .looked(let view) = stage { return view.board?.number ?? 0 }
    return board ?? 0
  }

  /// All below that one are alike.
  private func question(_ number: Int) -> Int { max(number, oldest - 1) - asked }

  var unkeyed: [Int] { [Int(now.sinceBoot.components.seconds), asked, files] }

  var key: ClientKey {
    var key = ClientKey(index: index, stage: stage)
    guard !isOver else { return key }
    let c = coordinator
    // Held up in its look, it compares what that saw with times as far before it.
    var long = Self.longest
    switch stage {
    case .looked(let view):
      long += SmallWorld.longestPause + 1
      key.stage = .looked(looked(view, long))
    case .asked(let board, let number, let rest): key.stage = .asked(board: board, number: number - asked, rest)
    case .ready, .acting, .called, .over: break
    }
    key.flags = [readsLog, quiet, stale && stage != .ready, paused, c.file.beat.hasChanged, c.absence.hasFirst]
    key.claims = claims
    key.file = reading(file)
    let beat = c.file.beat
    key.watched = [beat == Watch() ? 0 : which(beat.value, of: file)]
    if case .looked(let view) = stage {
      key.watched += [which(view.file, of: file), which(beat.value, of: view.file)]
    }
    key.last = c.last.value
    key.beats = beat.value?.info?.token
    key.ages += [
      max(-age(c.deadline, long), 0), age(beat.since, long), beat.latest.map { age($0, 4) } ?? 4,
      beat.changedAfter.map { age($0, 4) } ?? 4, c.file.begunAfter.map { age($0, 4) } ?? 4, age(c.last.since, long),
      c.absence.secondLookDue(apart: .zero).map { age($0, long) } ?? 0,
      (c.mine?.soughtSince).map { age($0, 1) } ?? -1, c.renewals, pausedFor,
    ]
    key.questions = [
      board.map { $0 - asked } ?? -1000, question(c.absence.floor), question(c.absence.latestNumber), gate,
      c.askedInSilence.map(question) ?? -1000,
    ]
    key.mine = mine
    key.witnessed = c.witnessed
    key.jobs = c.jobs
    key.cancelled = c.cancelled.mapValues { age($0, 1) }
    // An attempt to connect is believed for 2 s.
    key.probed = c.probed.flatMap { $0.at == now ? $0 : nil }
    key.probed?.at = Instant(sinceBoot: .zero)
    return key
  }

  /// What it sees is what it saw, too, once it has decided.
  private func looked(_ view: View, _ long: Int) -> View {
    var view = view
    view.began = Instant(sinceBoot: .seconds(age(view.began, long)))
    view.file = reading(view.file)
    if var board = view.board {
      (board.number, board.highestAsked) = (board.number - asked, question(board.highestAsked))
      view.board = board
    }
    return view
  }

  private func which(_ file: InfoReading?, of now: InfoReading) -> Int { file == now ? 1 : file == .absent ? 2 : 3 }

  /// Its time is believed for a quantum.
  private func reading(_ file: InfoReading) -> InfoReading {
    guard case .info(var info, _) = file else { return file }
    let age = (wall.seconds - info.heartbeat.seconds) / SmallWorld.quantum.components.seconds
    (info.beat, info.heartbeat) = (0, WallTime(seconds: min(age, 2)))
    return .info(info, digest: 0)
  }

  /// Above which number an answer is the second look: asked of a copy. Only from the newest answer on does it matter.
  private var gate: Int {
    guard coordinator.absence.hasFirst else { return -1000 }
    for number in oldest...(asked + 1) {
      var absence = coordinator.absence
      let late = now + .seconds(100_000)
      if absence.take(number: number, began: late, ended: late, apart: .zero) { return number - asked }
    }
    return 1000
  }

  private var mine: Coordinator.Claim? {
    guard var mine = coordinator.mine else { return nil }
    mine.soughtSince = nil
    switch mine.stage {
    // sbatch has to be called within 4 quanta; later the time of the claim does not matter any more.
    case .claimed: mine.at = Instant(sinceBoot: .seconds(age(mine.at, 4)))
    case .replied(let reply, let seen):
      mine.at = Instant(sinceBoot: .zero)
      mine.stage = .replied(reply, seenNumber: seen.map(question))
    case .submitting where isAboutToSubmit: mine.at = Instant(sinceBoot: .seconds(age(mine.at, 4)))
    case .submitting, .hindered: mine.at = Instant(sinceBoot: .zero)
    }
    return mine
  }
}

extension Watch {
  /// The beginning of the last look: what comes next is a change after that.
  fileprivate var latest: Instant? {
    var copy = self
    copy.see(nil, began: Instant(sinceBoot: .zero), ended: Instant(sinceBoot: .zero))
    return copy.changedAfter
  }
}
