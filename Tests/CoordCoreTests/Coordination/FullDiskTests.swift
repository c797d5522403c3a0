import CoordCore
import Testing

private let t1 = World.token(1)
private let t2 = World.token(2)
private let start = Instant(sinceBoot: .seconds(1000))
private let problem = "/full/info: No space left on device (filesystem /full, xfs)"

/// A log whose last token's server lost its heartbeat for this cause, and one that follows it.
private func followed(_ cause: EndCause?) -> World {
  var w = World()
  for kind in [EntryKind.claimed, .started] { w.append(kind, t1) }
  w.append(.ended, t1) { ($0.outcome, $0.reason, $0.cause) = (.lost, problem, cause) }
  w.append(.claimed, t2)
  w.append(.started, t2)
  return w
}

/// A server whose beats fail after `life` seconds: its end.
private func fenced(after life: Int, before cause: EndCause?) -> Supervision.Ending? {
  var s = Supervision(token: t1, nonce: "ann1", startLimit: .seconds(60), claimed: start, now: start)
  s.causeBefore = cause
  _ = s.begin(now: start)
  var w = World()
  for kind in [EntryKind.claimed, .started] { w.append(kind, t1) }
  for second in stride(from: 0, through: life, by: 5) {
    let now = start + .seconds(second)
    _ = s.handle(.beatCompleted(w.tail.fold(), began: now), now: now)
  }
  s.launch(w.tail.fold(), now: start + .seconds(life))
  let now = start + .seconds(life + 46)
  _ = s.handle(.beatFailed(problem), now: start + .seconds(life + 45))
  _ = s.handle(.tick, now: now)
  for case .finish(let ending) in s.handle(.groupEmptied, now: now) { return ending }
  return nil
}

@Suite struct FullDisks {
  @Test func secondEndInShortOrderIsToldToThoseWhoWait() {
    let first = fenced(after: 0, before: nil)
    #expect(first?.outcome == .lost && first?.cause == .heartbeatNotWritten && first?.reason.contains(problem) == true)
    let second = fenced(after: 0, before: .heartbeatNotWritten)
    #expect(second?.outcome == .failed && second?.cause == .heartbeatNotWritten)
    #expect(second?.reason.contains("as that of the server before: \(problem)") == true)
    // One that served well for a while is a first one again.
    #expect(fenced(after: 600, before: .heartbeatNotWritten)?.outcome == .lost)
    #expect(fenced(after: 540, before: .heartbeatNotWritten)?.outcome == .failed)
  }

  @Test func logShowsTheCauseOfTheEndBefore() {
    for cause in [EndCause.heartbeatNotWritten, nil] {
      guard case .state(let state) = followed(cause).tail.fold() else { continue }
      #expect(state.phase == .started && state.endBefore?.body.cause == cause && state.endBefore?.token == t1)
    }
  }

  @Test func causeIsKeptAndOneOfTomorrowIsNoHindrance() {
    guard let entry = followed(.heartbeatNotWritten).tail.slots[2].entry else { return }
    #expect(LockEntry(decoding: entry.encoded, number: 3)?.body.cause == .heartbeatNotWritten)
    let text = String(decoding: entry.encoded.dropLast(74), as: UTF8.self)
      .replacing("heartbeat-not-written", with: "of-tomorrow")
    let bytes = Array((text + "CHECKSUM=\(SHA256.hex(Array(text.utf8)))\n").utf8)
    let read = LockEntry(decoding: bytes, number: 3)
    #expect(read != nil && read?.body.cause == nil && read?.body.outcome == .lost)
  }

  @Test func thoseWhoWaitReadWhatToDo() {
    var w = followed(nil)
    var c = w.observer()
    _ = c.next(w.observation(log: false))
    _ = c.next(w.observation())
    w.append(.ended, t2) {
      ($0.outcome, $0.reason, $0.cause, $0.log) = (.failed, problem, .heartbeatNotWritten, "hpc_utils/logs/x")
    }
    let error = c.next(w.observation()).error
    #expect(error?.exitCode == 69 && error?.why.contains("filesystem /full") == true)
    #expect(error?.next.contains("make room") == true && error?.next.contains("STATUS_FILE") == true)
  }

  private func report(_ sighting: Sighting?, since seconds: Int) -> StatusReport? {
    guard case .state(let state) = followed(nil).tail.fold() else { return nil }
    var report = StatusReport(service: state)
    (report.sighting, report.sinceStart) = (sighting, .seconds(seconds))
    return report
  }

  /// The first beat is due at once; a job that was fenced leaves none behind.
  @Test func startedWithoutAHeartbeatIsStartingOnlyForS() {
    let runs = Sighting.found(World.queued("RUNNING", token: t2))
    #expect(report(runs, since: 45)?.state == .starting && report(nil, since: 45)?.state == .starting)
    #expect(report(runs, since: 46)?.state == .silent && report(.hidden("x"), since: 46)?.state == .silent)
    #expect(report(runs, since: 46)?.why.contains("shows no heartbeat") == true)
    for state in ["FAILED", "NODE_FAIL"] {
      let over = report(.found(World.queued(state, token: t2)), since: 5)
      #expect(over?.state == .silent && over?.exitCode == 75)
      #expect(over?.why.contains("job 4711 is over (\(state)) and its end was not recorded") == true)
    }
    #expect(report(.gone, since: 5)?.why.contains("left the queue") == true)
    #expect(report(.unknown("x"), since: 5)?.state == .starting)
  }

  @Test func fullFilesystemIsNamed() {
    var report = report(.gone, since: 90)
    report?.full = "the filesystem /full is full"
    report?.statusFile = "/full/info"
    #expect(report?.why.contains("the filesystem /full is full: no heartbeat can be written (/full/info)") == true)
    #expect(report?.lines.contains { $0 == ("next", "make room there, then run `coord connect`") } == true)
  }
}

@Suite struct Lag {
  /// A number that is not there yet, or not whole: caches, and not a quota.
  @Test(arguments: [true, false])
  func isSaidAsWhatItIs(isMissing: Bool) {
    var w = World()
    w.append(.claimed, t1)
    w.append(.submitted, t1)
    if isMissing {
      w.tail = LogTail(first: 2, slots: [w.tail.slots[1]])
      w.tail.isCutOff = true
    } else {
      w.tail.slots[1] = .torn(digest: "x")
    }
    var c = w.observer(wait: 30)
    var error: CoordError?
    for _ in 0..<120 where error == nil {
      let actions = c.next(w.observation())
      if let progress = actions.progress, w.now > start {
        #expect(progress.text.hasPrefix("waiting for the shared filesystem"))
      }
      error = actions.error
      w.wait(1)
    }
    #expect(error?.exitCode == 75 && error?.message.contains("quota") == false)
    #expect(error?.next.contains("try again in a minute") == true)
    #expect(StorageFailure(.lag, "lock 3 cannot be read back").error.exitCode == 75)
    #expect(StorageFailure(.full, "x").error.next.contains("quota"))
  }
}
