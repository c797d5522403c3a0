import CoordCore

extension Schedule {
  /// What is left out of a schedule.
  public struct Cut: Sendable {
    public var without: Set<Faults.Lasting>
    /// The faults that happen, each by its place in the story; nil: all.
    public var happening: Set<Int>?

    public init(without: Set<Faults.Lasting> = [], happening: Set<Int>? = nil) {
      (self.without, self.happening) = (without, happening)
    }

    /// The shortest cut of a story in which `holds` is still true, by leaving out ever smaller parts (delta debugging, Zeller
    /// and Hildebrandt, 2002).
    /// - Parameters:
    ///   - drawn: the faults that a cut's story draws.
    ///   - runs: after so many stories it has to be short enough.
    public static func shortest(runs: Int = 2000, drawn: (Cut) -> [Int], holds: (Cut) -> Bool) -> Cut {
      var left = runs
      func stillHolds(_ cut: Cut) -> Bool {
        left -= 1
        return left >= 0 && holds(cut)
      }
      var cut = Cut()
      func leaveOutLasting() {
        for lasting in Faults.Lasting.allCases where !cut.without.contains(lasting) {
          var shorter = cut
          shorter.without.insert(lasting)
          if stillHolds(shorter) { cut = shorter }
        }
      }
      leaveOutLasting()
      var kept = drawn(cut)
      var size = kept.count
      while size > 0, left > 0 {
        let before = kept.count
        var start = 0
        while start < kept.count {
          var fewer = kept
          fewer.removeSubrange(start..<min(start + size, kept.count))
          let shorter = Cut(without: cut.without, happening: Set(fewer))
          if stillHolds(shorter) { (kept, cut) = (fewer, shorter) } else { start += size }
        }
        size = size == 1 && kept.count < before ? 1 : size / 2
      }
      leaveOutLasting()
      return cut
    }

    /// As it is written in a test.
    var source: String {
      var arguments: [String] = []
      if !without.isEmpty {
        arguments.append("without: [" + without.map { ".\($0)" }.sorted().joined(separator: ", ") + "]")
      }
      if let happening {
        arguments.append("happening: [" + happening.sorted().map(String.init).joined(separator: ", ") + "]")
      }
      return "Schedule.Cut(" + arguments.joined(separator: ", ") + ")"
    }
  }

  /// A story that breaks a promise, made as short as it gets.
  public struct Failure: CustomStringConvertible {
    public let seed: UInt64
    public let cut: Cut
    let trace: [String]

    /// A test, and what happens in it.
    public var description: String {
      """
      @Test func seed\(seed)() {
        let cut = \(cut.source)
        #expect(Schedule(seed: \(seed), cut: cut).run()?.description == nil)
      }

      """ + trace.joined(separator: "\n")
    }
  }

  /// The shortest story of this seed that breaks the promise that the whole one broke.
  public static func shrunk(seed: UInt64, _ violation: Violation) -> Failure {
    shrunk(seed: seed) { $0.run()?.promise == violation.promise }
  }

  /// Runs it; whether a line of what happens is so.
  public func isTold(_ line: (String) -> Bool) -> Bool {
    _ = run()
    return world.trace.contains(where: line)
  }

  /// The same, for anything that may be true of a schedule.
  public static func shrunk(seed: UInt64, _ holds: (Schedule) -> Bool) -> Failure {
    let cut = Cut.shortest(
      drawn: { cut in
        let schedule = Schedule(seed: seed, cut: cut, tracing: true)
        _ = holds(schedule)
        return schedule.world.random.drawn
      }, holds: { holds(Schedule(seed: seed, cut: $0, tracing: true)) })
    let schedule = Schedule(seed: seed, cut: cut, tracing: true)
    _ = holds(schedule)
    return Failure(seed: seed, cut: cut, trace: schedule.world.trace)
  }
}
