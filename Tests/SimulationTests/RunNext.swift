@testable import CoordCore

/// What a run does next, as far as the world has to know.
struct RunNext: Equatable {
  enum Doing: Equatable {
    case nothing, look, decide, around, tend, farewell
    case serve(isLaunch: Bool)
    case append(number: Int, isEnd: Bool)
    /// `age`: in quanta, since it began.
    case beat(age: Int32)
  }

  var doing: Doing
  var sort: Sort
  /// All its processes are gone.
  var isOver: Bool
  var isQuiet: Bool
  var isPaused: Bool
  /// Paused, and for no longer than a pause may be.
  var isHeld: Bool
  var isDead: Bool
  var isUp: Bool
  /// The server may go at any moment.
  var isGoing: Bool
  var node: Int32
}

extension SmallRun: SmallPart {
  static func number(ofNode name: String) -> Int32 {
    let parts = name.dropFirst(4).split(separator: "-").map { Int32($0)! }
    return parts[0] << 8 | parts[1]
  }

  func next(_ book: SmallBook) -> RunNext {
    let doing = doing
    return RunNext(
      doing: doing, sort: sort(doing), isOver: left != nil, isQuiet: quiet || dead, isPaused: paused,
      isHeld: paused && pausedFor < SmallWorld.longestPause, isDead: dead,
      isUp: up, isGoing: up && (ending || dead), node: Self.number(ofNode: node))
  }

  private var doing: RunNext.Doing {
    if dead || left != nil || quiet { return .nothing }
    switch stage {
    case .gone: return .nothing
    case .ready: return .look
    case .looked: return .decide
    case .around: return .around
    case .appending(let draft), .recording(_, let draft):
      return .append(number: draft.number, isEnd: draft.body.kind == .ended)
    case .serving(let actions): return actions.isEmpty ? .tend : .serve(isLaunch: actions[0] == .launch)
    case .beating(_, _, let began, _):
      return .beat(age: Int32((now - began).components.seconds / SmallWorld.quantum.components.seconds))
    case .farewell: return .farewell
    }
  }

  private func sort(_ doing: RunNext.Doing) -> Sort {
    if paused { return .none }
    switch doing {
    case .nothing: return .none
    case .decide: return .local
    case .look, .farewell: return .reads
    // Having looked around, it may have taken `started`: I6 asks for that.
    case .around, .append, .beat: return .writes
    // Whether the server is up is its own affair, until it was told to end: then that goes by itself.
    case .tend: return ending ? .reads : .local
    case .serve:
      guard case .serving(let actions) = stage else { return .writes }
      switch actions[0] {
      case .probe: return ending ? .reads : .local
      case .terminate, .explain, .finish: return .local
      case .beat, .confirm: return .reads
      case .launch, .kill: return .writes
      }
    }
  }

  mutating func take(_ step: SmallStep, _ book: SmallBook) {
    switch step.deed {
    case .tick: tick()
    case .wake: wake()
    case .pause: paused = true
    case .goOn: (paused, pausedFor) = (false, 0)
    case .die: supervisorDies()
    case .nodeDies: nodeDies()
    case .gone: serverGone()
    case .look, .lookAndDecide:
      stale = false
      stage = .looked(log: step.a, began: now)
      if step.deed == .lookAndDecide { decide(step.a, book.logs[step.a], began: now) }
    default: goOn(step, book)
    }
  }

  /// What it was about to do is done.
  private mutating func goOn(_ step: SmallStep, _ book: SmallBook) {
    switch stage {
    case .ready, .gone: break
    case .looked(let log, let began): decide(log, book.logs[log], began: began)
    case .around(let question, let log):
      lookAround(question, book.logs[log], book.infos[step.a], book.queues[step.b])
    case .appending(let draft):
      if step.b == 0 { appended(draft, won: step.a == 1) } else { appendFailed() }
    case .serving(let actions):
      if actions.isEmpty { lookAfterServer() } else { serve(step.a, book.logs[step.a]) }
    case .beating(_, _, _, let rest) where step.a == 1: beatTooLate(rest)
    case .beating(_, let log, let began, let rest): beaten(book.logs[log].foldBeforeTornEnd, began: began, rest)
    case .farewell(let farewell): sayFarewell(farewell, book.logs[step.a].fold())
    case .recording(let farewell, _): recorded(farewell, won: step.a == 1)
    }
  }
}
