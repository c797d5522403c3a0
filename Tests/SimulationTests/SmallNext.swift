@testable import CoordCore

extension SmallClient {
  func next(oneHost: Bool) -> SmallBook.Next {
    var next = SmallBook.Next(sort: sort(oneHost: oneHost))
    (next.isOver, next.isQuiet, next.isPaused) = (isOver, quiet, paused)
    if case .acting(let deeds) = stage, case .look = deeds[0] { next.isLook = true }
    return next
  }

  private func sort(oneHost: Bool) -> SmallBook.Next.Sort {
    if paused { return .none }
    switch stage {
    case .over: return .none
    case .ready: return quiet ? .none : .reads
    case .looked, .called: return .local
    case .asked: return .writes
    case .acting(let deeds):
      switch deeds[0] {
      case .probe: return .reads
      case .look, .append, .submit, .cancel: return .writes
      // That it is gone is seen by those on its host only.
      case .answer, .leave: return oneHost ? .writes : .local
      }
    }
  }
}

extension SmallRun {
  var next: SmallBook.Next {
    var next = SmallBook.Next(sort: sort)
    (next.isOver, next.isQuiet, next.isPaused) = (left != nil, quiet || dead, paused)
    next.isUp = up
    next.isGoing = up && (ending || dead)
    return next
  }

  private var sort: SmallBook.Next.Sort {
    if paused || dead || left != nil { return .none }
    switch stage {
    case .gone: return .none
    case .ready, .farewell: return quiet ? .none : .reads
    case .looked: return .local
    case .around: return .reads
    case .appending, .beating, .recording: return .writes
    case .serving(let actions):
      if quiet { return .none }
      switch actions.first {
      // Whether the server is up is its own affair, until it was told to end: then that goes by itself.
      case nil, .probe: return ending ? .reads : .local
      case .terminate, .explain, .finish: return .local
      case .beat: return .reads
      case .launch, .kill: return .writes
      }
    }
  }
}
