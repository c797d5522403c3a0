import CoordCore

/// The whole cluster: a true time, a file system, a scheduler, hosts and processes.
public final class SimWorld {
  public var random: Seeded
  public var faults: Faults
  let clocksAgree: Bool
  /// The scheduler always answers, to everybody, with what is so now.
  let schedulerIsReliable: Bool
  var time = Duration.zero
  var processes: [SimProcess] = []
  var logins: [SimHost] = []
  var nodes: [SimHost] = []
  let disk = SimDisk()
  let slurm = SimSlurm()
  /// Server processes that exist: by job run.
  var servers: [ObjectIdentifier: SimJob] = [:]
  var servedTokens: Set<Token> = []
  var servedInOrder: [(token: Token, at: Duration)] = []
  var gone: [Token: Duration] = [:]
  /// Tokens for which somebody may have taken `submitted`, `started` or `stop-requested`.
  var begun: [EntryKind: Set<Token>] = [:]
  /// The numbers of `started` and `stop-requested`, by token.
  var (starts, stops): ([Token: Int], [Token: Int]) = ([:], [:])
  /// Who claimed a token, and when by its own clock.
  var claims: [Token: (by: SimProcess, at: Instant)] = [:]
  /// The highest number that somebody has taken for certain.
  var last: (number: Int, digest: String)?
  /// Somebody changed the lock directory by hand.
  var touched = false
  /// When somebody last changed locks there.
  var locksTouched = Duration.zero - .seconds(1)
  /// A newer coord wrote there.
  var hasNewer = false
  public internal(set) var violations: [Violation] = []
  public private(set) var trace: [String] = []
  public var tracing = false
  var depth = 0
  var answers = 0
  private var names = 0

  public init(seed: UInt64, faults: (inout Seeded) -> Faults) {
    random = Seeded(seed: seed)
    self.faults = faults(&random)
    schedulerIsReliable =
      !self.faults.hiddenJobs && self.faults.queueCache == 0 && !self.faults.twoClusters
      && self.faults.amnesia == .infinity && self.faults.nodeLost == .infinity
    clocksAgree = self.faults.wallOffset == 0...0 && self.faults.clockRates == 1...1
    for i in 1...2 { logins.append(host("login\(i)")) }
    for i in 1...3 { nodes.append(host("node\(i)")) }
    if self.faults.twoClusters { logins[1].cluster = "other" }
  }

  private func host(_ name: String) -> SimHost {
    // What is allowed is most telling at its ends.
    let rates = [faults.clockRates.lowerBound, 1, faults.clockRates.upperBound]
    return SimHost(
      name: name, rate: rates.randomElement(using: &random) ?? 1,
      offset: Int64.random(in: faults.wallOffset, using: &random))
  }

  func author(host: SimHost, uid: UInt32) -> Author {
    names += 1
    return Author(
      user: "ann\(uid - 1000)", uid: uid, host: host.name, bootID: "\(host.name)-\(host.boot)", pid: Int32(names),
      pidStart: UInt64(names), nonce: "p\(names)")
  }

  func note(_ text: @autoclosure () -> String) {
    if tracing { trace.append("\(time.components.seconds)s \(text())") }
  }

  func violate(_ text: String) {
    note("VIOLATION \(text)")
    violations.append(Violation(description: text))
  }

  /// Runs everybody until a true time.
  func run(until end: Duration) {
    depth += 1
    defer { depth -= 1 }
    while violations.isEmpty {
      var earliest: SimProcess?
      for process in processes where !process.dead && !process.busy {
        if process.wake < process.frozenUntil { process.wake = process.frozenUntil }
        if process.wake < earliest?.wake ?? .seconds(1 << 40) { earliest = process }
      }
      guard let next = earliest else { break }
      let at = min(next.wake, slurm.nextEvent ?? .seconds(1 << 40), disk.nextEvent ?? .seconds(1 << 40))
      guard at <= end else { break }
      time = max(time, at)
      disk.perform(time)
      slurm.perform(self)
      if next.wake <= time { step(next) }
      if next.dead { processes.removeAll { $0.dead && !$0.busy } }
    }
    time = max(time, end)
  }

  private func step(_ process: SimProcess) {
    process.busy = true
    process.enter()
    process.step()
    process.busy = false
    if process.wake <= time { process.wake = time + .milliseconds(1) }
  }

  /// What happens at the operations of an exhaustive search, by their number. nil: chance decides.
  public enum Disturbance: Sendable {
    case crash
    case pause(Duration)
  }
  /// No schedule needs nearly as many operations.
  static let patience = 1_000_000
  public var plan: [Int: Disturbance]?
  public private(set) var operations = 0
  /// The operation by which the first claim was taken, and the one by which the first server started.
  public internal(set) var (claim, start): (Int, Int) = (0, 0)

  /// Called before every operation of a process: here it may be killed, or others may go first.
  func operation(_ process: SimProcess) {
    process.enter()
    time += .microseconds(Int.random(in: 100...3000, using: &random))
    if time < process.frozenUntil { run(until: process.frozenUntil) }
    if process.dead { return }
    operations += 1
    if operations == Self.patience {
      violate("I4: \(operations) operations and no end: somebody goes round in circles")
    }
    if let plan {
      switch plan[operations] {
      case .crash?: process.kill()
      case .pause(let length)?:
        note("\(process.author.nonce) pauses for \(length.spoken)")
        run(until: time + length)
      case nil: break
      }
      return
    }
    if depth < 6, random.fault(faults.slowCall) { run(until: time + random.seconds(5...10)) }
    if process.dead { return }
    if random.fault(faults.crash) {
      process.kill()
    } else if depth < 6, random.fault(faults.pause) {
      let length = random.seconds(faults.pauseSeconds)
      note("\(process.author.nonce) pauses for \(length.spoken)")
      run(until: time + length)
    } else if depth < 6, random.once(in: 20) {
      run(until: time + random.seconds(0...0.05))
    }
  }

  /// The story is over: nothing holds on to anything.
  func end() {
    processes = []
    servers = [:]
    claims = [:]
    for job in slurm.jobs { job.run = nil }
    slurm.jobs = []
  }
}
