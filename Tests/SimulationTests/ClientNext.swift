@testable import CoordCore

/// What a client does next, as far as the world has to know.
struct ClientNext: Equatable {
  enum Doing: Equatable {
    case nothing, look, decide, reply, ask, cancel, leave
    /// `isLate`: the window of its claim is over.
    case submit(isLate: Bool)
    case probe(node: Int32)
    case append(after: Int32, isEnd: Bool)
    /// `behind`: how many questions were asked since.
    case publish(board: Int32, behind: Int32, isNewer: Bool)
    case answer(isOld: Bool)
  }

  var doing: Doing
  var sort: Sort
  var isOver: Bool
  var isQuiet: Bool
  var isPaused: Bool
  /// Paused, and for no longer than a pause may be.
  var isHeld: Bool
  /// The token that it may still call sbatch for.
  var maySubmit: Token?

  var isAsking: Bool { if case .ask = doing { true } else { false } }
}

/// Of what sort a step is.
enum Sort {
  case none
  /// What others do makes no difference for it, nor can they see it.
  case local
  /// Changes nothing but the part itself.
  case reads
  case writes
}

extension SmallClient: SmallPart {
  func next(_ book: SmallBook) -> ClientNext {
    let doing = doing
    return ClientNext(
      doing: doing, sort: sort(doing, book), isOver: isOver, isQuiet: quiet, isPaused: paused,
      isHeld: paused && pausedFor < SmallWorld.longestPause, maySubmit: maySubmit)
  }

  private var maySubmit: Token? {
    guard !isOver, let mine = coordinator.mine, now - mine.at < Limits.submitWindow else { return nil }
    return mine.stage == .claimed || isAboutToSubmit ? mine.token : nil
  }

  private var doing: ClientNext.Doing {
    switch stage {
    case .over: return .nothing
    case .ready: return quiet ? .nothing : .look
    case .looked: return .decide
    case .called: return .reply
    case .asked(let snapshot, let number, _):
      return .publish(board: snapshot, behind: Int32(asked - number), isNewer: number > board ?? 0)
    case .acting(let deeds):
      switch deeds[0] {
      case .probe(let place): return .probe(node: SmallRun.number(ofNode: place.endpoint.node))
      case .look: return .ask
      case .append(let body, let log): return .append(after: log, isEnd: body.kind == .ended)
      case .submit: return .submit(isLate: maySubmit == nil)
      case .cancel: return .cancel
      case .answer(let isOld): return .answer(isOld: isOld)
      case .leave: return .leave
      }
    }
  }

  private func sort(_ doing: ClientNext.Doing, _ book: SmallBook) -> Sort {
    if paused { return .none }
    switch doing {
    case .nothing: return .none
    case .look, .probe: return .reads
    case .decide, .reply: return .local
    case .ask, .submit, .cancel, .append, .publish: return .writes
    // That it is gone is seen by those on its host only.
    case .leave, .answer: return book.isOneHost ? .writes : .local
    }
  }

  mutating func take(_ step: SmallStep, _ book: SmallBook) {
    switch step.deed {
    case .tick: tick()
    case .wake: wake()
    case .file: fileChanged(book.infos[step.a])
    case .othersAsk: asked += 1
    case .othersPublish: board = asked - Int(step.a)
    case .pause: paused = true
    case .goOn: (paused, pausedFor) = (false, 0)
    case .die: die()
    case .look, .lookAndDecide:
      let board = (step.b & 0xFFFFF) - 1
      look(
        step.a, board < 0 ? nil : book.boards[board], isOwn: step.b >> 20 & 1 == 1, ClaimView(code: step.b >> 21))
      if step.deed == .lookAndDecide { take(SmallStep(.decide), book) }
    default: goOn(step, book)
    }
  }

  /// What it was about to do is done.
  private mutating func goOn(_ step: SmallStep, _ book: SmallBook) {
    switch stage {
    case .looked(let view): decide(view, book.logs[view.log])
    case .asked(_, let number, let rest):
      if number > board ?? 0 { board = number }
      goOn(rest)
    case .called(let token, let reply, let rest):
      coordinator.handle(.submitted(token, reply), now: now)
      goOn(rest)
    case .acting(let deeds):
      let rest = Array(deeds.dropFirst())
      switch deeds[0] {
      case .probe(let place):
        let reach: Reach = step.a == 1 ? .reached(place.endpoint) : .refused(place.endpoint)
        coordinator.handle(.probed(place, reach), now: now)
        goOn(rest)
      case .look where step.deed == .mayNotAsk:
        goOn(rest)
        if rest.isEmpty { quiet = !stale }
      case .look:
        asked += 1
        stage = .asked(board: step.a, number: asked, rest)
      case .append(let body, _):
        took(body, won: step.a == 1)
        goOn(rest)
      case .submit(let token) where step.a == 5:
        coordinator.handle(.notSubmitted(token, lasting: nil), now: now)
        goOn(rest)
      case .submit(let token):
        let replies: [SubmitReply] = [.accepted(JobID("\(step.b)")!), .doubtful("timed out"), .refused("no")]
        stage = .called(token, replies[step.a == 0 ? 0 : step.a == 4 ? 2 : 1], rest)
      case .cancel, .answer, .leave: goOn(rest)
      }
    case .ready, .over: break
    }
  }
}
