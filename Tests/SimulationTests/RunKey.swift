@testable import CoordCore

/// What of a run can still make a difference. Two runs with one key do the same from now on, whatever happens around
/// them: times count from now, and no further than anything asks for.
struct RunKey: Hashable {
  var job: SmallQueue.Job
  var stage: SmallRun.Stage
  var flags: [Bool] = []
  var times: [Int64] = []
  var entrance: Entrance?
  var ending: Supervision.Ending?
  var left: String?
}

extension SmallRun {
  /// When a guardian waits no more.
  private static let wake = (Limits.selfFence + Limits.lateWake).components.seconds

  /// In seconds before now, up to the longest that anything asks for.
  private func age(_ then: Instant, _ most: Int64) -> Int64 { min((now - then).components.seconds, most) }

  var unkeyed: [Int] { [Int(now.sinceBoot.components.seconds)] }

  var key: RunKey {
    var key = RunKey(job: job, stage: stage)
    key.left = left
    key.flags = [up, dead, tidied, mayHaveStarted]
    if left != nil { return key }
    key.times = [beat.map { age($0, Self.wake) } ?? -1, Int64(pausedFor)]
    key.flags += [guarded, paused]
    // Nobody but its guardian is left: it ends the server in any case.
    if dead { return key }
    key.flags += [quiet, stale && stage != .ready && supervision == nil, ending, exitSeen, hasBeaten]
    key.times.append(Int64(lock))
    key.entrance = entrance
    guard let supervision else {
      // On its way in or out; these two have their own clocks, which begin at birth.
      key.times.append(now.sinceBoot.components.seconds)
      return key
    }
    if case .beating(let state, let log, let began, let rest) = stage {
      key.stage = .beating(state, log: log, began: Instant(sinceBoot: .seconds(age(began, 1 << 30))), rest: rest)
    }
    key.flags.append(supervision.running)
    key.times += [
      max(-age(supervision.nextBeat, 0), 0), max(-age(supervision.nextProbe, 0), 0),
      age(supervision.lastBeat, Self.wake),
      // HANG_LIMIT.
      supervision.lastAnswer.map { age($0, 300) } ?? -1, Int64(supervision.portTries),
    ]
    switch supervision.stage {
    // START_LIMIT.
    case .starting(let since): key.times += [0, age(since, 61)]
    case .ready: key.times.append(1)
    case .hung: key.times.append(2)
    case .stopping(let ending, let since, let killed):
      key.times += [killed ? 4 : 3, age(since, Limits.stopGrace.components.seconds)]
      key.ending = Supervision.Ending(ending.outcome, "")
      key.ending?.record = ending.record
    case .over: key.times.append(5)
    }
    return key
  }
}
