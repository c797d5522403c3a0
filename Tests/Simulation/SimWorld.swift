import CoordCore

/// A promise of docs/protocol.md that did not hold.
public struct Violation: Error, CustomStringConvertible {
  public let description: String
  /// Which one.
  var promise: Substring { description.prefix { $0 != ":" } }
}

/// A process that a simulation may pause or kill at each of its operations.
public class SimProcess {
  let world: SimWorld
  let host: SimHost
  let author: Author
  /// True time of the next step.
  var wake: Duration
  var dead = false
  /// How many operations it did.
  private var operations = 0
  /// Inside a step: it cannot be stepped again before that is over.
  var busy = false
  /// Its job is suspended until then: it does not run, and does not notice.
  var frozenUntil = Duration.zero
  /// Its machine reaches nothing until then.
  var cutUntil = Duration.zero

  init(_ world: SimWorld, host: SimHost, uid: UInt32, wake: Duration) {
    (self.world, self.host, self.wake) = (world, host, wake)
    author = world.author(host: host, uid: uid)
  }

  var now: Instant { host.now(world.time) }
  var wall: WallTime { host.wall(world.time) }

  /// Whose controller it asks.
  var cluster: String { host.cluster }

  /// What chance decides next is decided by this place in the story.
  func enter() {
    operations += 1
    world.random.enter(process: Int(author.pid), operation: operations)
  }

  /// One step of its loop, ending with `wake` set.
  func step() {}

  /// Takes a number as the shipped writer does; false for a dead process.
  func append(_ draft: LockDraft, _ log: LockLog<SimFiles>, within limit: Duration) throws(StorageFailure) -> Bool {
    let entry = LockEntry(
      number: draft.number, previous: draft.previous, time: wall, author: author, body: draft.body)
    world.begins(draft, by: self)
    let began = world.time
    var appending = Appending(within: limit, now: now)
    while !dead {
      let result: Result<AppendResult, StorageFailure>
      do throws(StorageFailure) { result = .success(try log.append(entry)) } catch { result = .failure(error) }
      if dead { break }
      switch appending.next(result, now: now) {
      case .over(let won):
        if won {
          world.note("\(author.nonce) takes \(draft.number) \(draft.body.kind) \(draft.body.reason ?? "")")
          world.won(entry, after: world.time - began)
          world.recorded(draft, by: self)
          if world.depth < 6, world.random.fault(world.faults.heldAfter) {
            world.note("\(author.nonce) is held up")
            world.run(until: world.time + world.random.seconds(30...200))
          }
        }
        return won
      case .again(let pause): world.run(until: world.time + pause)
      case .failed(let failure): throw failure
      }
    }
    return false
  }

  /// What happens with it when it dies.
  func died() {}

  func kill() {
    guard !dead else { return }
    dead = true
    world.note("\(author.nonce) dies")
    died()
  }
}

/// A machine: its clocks, and whether it is up.
public final class SimHost {
  let name: String
  let rate: Double
  var offset: Int64
  var boot: Int
  var cluster = "sim"

  init(name: String, rate: Double, offset: Int64) {
    (self.name, self.rate, self.offset, boot) = (name, rate, offset, 1)
  }

  func now(_ time: Duration) -> Instant { Instant(sinceBoot: .seconds(5000) + time * rate) }
  func wall(_ time: Duration) -> WallTime {
    WallTime(seconds: 1_800_000_000 + offset + (time * rate).components.seconds)
  }
}

/// The whole cluster: a true time, a file system, a scheduler, hosts and processes.
public final class SimWorld {
  public var random: Seeded
  public var faults: Faults
  private let clocksAgree: Bool
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
  private var servedInOrder: [(token: Token, at: Duration)] = []
  private var gone: [Token: Duration] = [:]
  /// Tokens for which somebody may have taken `submitted`, `started` or `stop-requested`.
  private var begun: [EntryKind: Set<Token>] = [:]
  /// The numbers of `started` and `stop-requested`, by token.
  private var (starts, stops): ([Token: Int], [Token: Int]) = ([:], [:])
  /// Who claimed a token, and when by its own clock.
  private var claims: [Token: (by: SimProcess, at: Instant)] = [:]
  /// The highest number that somebody has taken for certain.
  private var last: (number: Int, digest: String)?
  /// Somebody changed the lock directory by hand.
  var touched = false
  /// A newer coord wrote there.
  var hasNewer = false
  public private(set) var violations: [Violation] = []
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
  public private(set) var (claim, start): (Int, Int) = (0, 0)

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

  // MARK: - what must hold

  /// An append is tried: its entry may be there whatever is reported.
  func begins(_ draft: LockDraft, by process: SimProcess) {
    begun[draft.body.kind, default: []].insert(draft.body.token)
    if draft.body.kind == .claimed { claims[draft.body.token] = (process, process.now) }
  }

  /// I3: what follows a number names it, and nobody passes over one while it is being written. Whoever was held up in it for
  /// longer does nothing with it any more.
  func won(_ entry: LockEntry, after taken: Duration) {
    let before = LockName.name(entry.number - 1)
    if !touched, let (writer, since) = disk.writing[before], !writer.dead, time - since < Limits.submitWindow,
      let there = disk[before], LockEntry(decoding: there.bytes, number: entry.number - 1) == nil
    {
      violate("I3: number \(entry.number) passes over the one before, which \(writer.author.nonce) is writing")
    }
    if let last, !touched, entry.number > last.number {
      var wanted = entry.previous
      for number in stride(from: entry.number - 1, to: last.number, by: -1) where wanted != last.digest {
        guard let file = disk[LockName.name(number)] else { continue }
        if case .entry(let between, wanted) = Slot(bytes: file.bytes, number: number) { wanted = between.previous }
      }
      if wanted != last.digest {
        violate("I3: number \(entry.number) passes over \(last.number), which was taken")
      }
    }
    if entry.number > last?.number ?? 0 { last = taken < Limits.selfFence ? (entry.number, entry.digest) : nil }
  }

  /// I6, no submission is lost: a job that waits, or is on its way to its server, is never declared over by others but at a stop.
  func recorded(_ draft: LockDraft, by process: SimProcess) {
    let token = draft.body.token
    if draft.body.kind == .claimed, claim == 0 { claim = operations }
    if draft.body.kind == .stopRequested { stops[token] = draft.number }
    if draft.body.kind == .started { starts[token] = draft.number }
    // That nobody does needs no proof before a stop is the end.
    if let stop = stops[token], let start = starts[token], stop < start, !touched {
      violate("I1: a server starts after its stop")
    }
    func has(_ kind: EntryKind) -> Bool { begun[kind]?.contains(token) ?? false }
    guard draft.body.kind == .ended, !touched else { return }
    // One that is suspended stands still; where a directory was touched its log may be another one's.
    for server in servers.values where server.token == token && server !== process && server.frozenUntil <= time {
      violate("I6: the server of job \(server.id) lives, and is declared over: \(draft.body.reason ?? "")")
    }
    guard !has(.started), !has(.stopRequested) else { return }
    if let (claimant, at) = claims[token], claimant !== process, !claimant.dead, slurm.submitted[token] == nil,
      claimant.now - at < Limits.submitWindow
    {
      violate("I6: a claimant may still submit, and is declared over: \(draft.body.reason ?? "")")
    }
    for job in slurm.jobs where job.token == token && job.run !== process {
      // One whose number is not in the log and that shows no token can be known by nobody.
      if job.isRenamed, !disk.names(token, "\(job.id)") { continue }
      guard ["PENDING", "RUNNING", "SUSPENDED"].contains(job.state) else { continue }
      violate("I6: job \(job.id) is \(job.state), and its token is declared over: \(draft.body.reason ?? "")")
    }
  }

  /// I7: no answer names another server than the last one that was started, as far as one look can know.
  func answered(_ info: ServerInfo) {
    // Nor one that is gone: by its port alone nobody is known. A clock that is set to just that time may believe its heartbeat.
    if let at = gone[info.token], time - at > .seconds(60), clocksAgree {
      violate("I7: the answer names a server that was gone at \(at.components.seconds)s")
    }
    guard !touched, let last = servedInOrder.last, last.token != info.token else { return }
    // Whoever looked before it started may say so for as long as one look takes and a heartbeat counts as fresh.
    if time - last.at > .seconds(60) {
      violate("I7: the answer names a server of before \(last.at.components.seconds)s")
    }
  }

  func serverStarted(_ job: SimJob, token: Token) {
    note("server of \(job.author.nonce) (job \(job.id)) starts")
    // One that is suspended does nothing, and its guardian ends it before it does. But where the scheduler says so, nobody
    // takes its place.
    if servers.values.contains(where: { $0.frozenUntil <= time || schedulerIsReliable }) {
      violate("two live servers: job \(servers.values.first!.id) and job \(job.id)")
    }
    // Somebody who removes a `started` by hand undoes what it decided; two at once there may not be even then.
    if !servedTokens.insert(token).inserted, !touched { violate("I1: token \(token) is served twice") }
    servers[ObjectIdentifier(job)] = job
    gone[token] = nil
    if start == 0 { start = operations }
    servedInOrder.append((token, time))
  }

  /// A suspended job went on a moment ago.
  func serverResumed(_ job: SimJob) {
    guard servers[ObjectIdentifier(job)] != nil, servers.values.filter({ $0.frozenUntil <= time }).count > 1 else {
      return
    }
    violate("two live servers: job \(job.id) was suspended, and goes on beside another")
  }

  func serverEnded(_ job: SimJob) {
    guard servers.removeValue(forKey: ObjectIdentifier(job)) != nil else { return }
    note("server of job \(job.id) is gone")
    gone[job.token] = time
  }
}
