import CoordCore
import Testing

@Suite struct LogOfTheServer {
  private static let older = "hpc_utils/logs/panel-server-4710.log"
  private static let own = "hpc_utils/logs/panel-server-4711.log"

  /// What is chosen after these entries, where these files exist.
  private func choice(
    _ files: [String] = [older, own], newest: String? = nil, _ build: (inout World) -> Void
  ) throws -> LogChoice {
    var world = World()
    build(&world)
    guard case .state(let state) = world.tail.fold() else { throw CoordError.bug("not settled") }
    return LogChoice(
      state, last: { world.tail.slots.compactMap(\.entry).last { $0.body.log.map(files.contains) ?? false } },
      newest: newest.map { ($0, WallTime(seconds: 1_795_000_000)) }, exists: files.contains)
  }

  private func ended(_ world: inout World, _ token: UInt64, log: String?, _ job: String) {
    world.append(.claimed, World.token(token))
    world.append(.submitted, World.token(token)) { $0.job = JobID(job) }
    if log != nil {
      world.append(.started, World.token(token)) { ($0.job, $0.log) = (JobID(job), log) }
      world.wait(600)
    }
    world.append(.ended, World.token(token)) { ($0.job, $0.outcome) = (JobID(job), .stopped) }
  }

  @Test func ofTheLastServerNothingIsSaid() throws {
    let running = try choice {
      $0.append(.claimed, World.token(1))
      $0.append(.started, World.token(1)) { $0.log = Self.own }
    }
    #expect(running == LogChoice(path: Self.own, note: nil))
    let over = try choice { ended(&$0, 1, log: Self.own, "4711") }
    #expect(over == LogChoice(path: Self.own, note: nil))
    // That it is gone is said by whoever opens it.
    let gone = try choice([], newest: Self.older) { ended(&$0, 1, log: Self.own, "4711") }
    #expect(gone == LogChoice(path: Self.own, note: nil))
  }

  @Test func jobThatHasBegunIsShownBeforeItServes() throws {
    let begun = try choice {
      ended(&$0, 1, log: Self.older, "4710")
      $0.append(.claimed, World.token(2))
      $0.append(.submitted, World.token(2))
    }
    #expect(begun == LogChoice(path: Self.own, note: nil))
    let local = "hpc_utils/logs/panel-server-local-\(World.token(2).description.prefix(8)).log"
    let here = try choice([local]) {
      ended(&$0, 1, log: Self.older, "4710")
      $0.append(.claimed, World.token(2)) { $0.scheduler = "local" }
    }
    #expect(here == LogChoice(path: local, note: nil))
  }

  @Test func olderOneIsNamedWhileAJobWaits() throws {
    let waits = try choice([Self.older]) {
      ended(&$0, 1, log: Self.older, "4710")
      $0.append(.claimed, World.token(2))
      $0.append(.submitted, World.token(2))
    }
    #expect(waits.path == Self.older)
    #expect(
      waits.note == "job 4711 has not begun, and has no log yet; this is the log of job 4710, which started at "
        + WallTime(seconds: 1_795_000_000).text)
    let claimed = try choice([Self.older]) {
      ended(&$0, 1, log: Self.older, "4710")
      $0.append(.claimed, World.token(2))
    }
    #expect(claimed.note?.hasPrefix("the server that was asked for has no log yet; this is the log of job 47") == true)
  }

  @Test func olderOneIsNamedAfterAJobThatLeftNone() throws {
    let left = try choice([Self.older]) {
      ended(&$0, 1, log: Self.older, "4710")
      ended(&$0, 2, log: nil, "4711")
    }
    #expect(left.path == Self.older && left.note?.hasPrefix("the last job, 4711, left no log; this is") == true)
    let noJob = try choice([Self.older]) {
      ended(&$0, 1, log: Self.older, "4710")
      $0.append(.claimed, World.token(2))
      $0.append(.ended, World.token(2)) { $0.outcome = .withdrawn }
    }
    #expect(noJob.note?.hasPrefix("the last server that was asked for left no log; this is the log of job 47") == true)
  }

  @Test func fileThatNoServerNamesIsNamed() throws {
    let text = WallTime(seconds: 1_795_000_000).text
    let removed = try choice([], newest: "/p/old.log") {
      ended(&$0, 1, log: Self.older, "4710")
      ended(&$0, 2, log: nil, "4711")
    }
    #expect(
      removed.note
        == "the last job, 4711, left no log; this is the newest one that is there, /p/old.log, written at \(text)")
    let unknown = try choice([], newest: "/p/old.log") { _ in }
    #expect(unknown.path == "/p/old.log" && unknown.note?.contains("of no server here the log is known") == true)
  }

  @Test func noneAtAll() throws {
    #expect(try choice([]) { _ in } == LogChoice(path: nil, note: nil))
    let waits = try choice([]) {
      $0.append(.claimed, World.token(2))
      $0.append(.submitted, World.token(2))
    }
    #expect(waits == LogChoice(path: nil, note: "job 4711 has not begun, and has no log yet"))
  }
}
