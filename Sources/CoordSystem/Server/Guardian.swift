internal import CoordCore
import Glibc

/// A second process that ends the server if its supervisor does not say in time that it beats.
///
/// The supervisor itself may hang in a write to a frozen file server, be stopped, or be killed; then the server must not
/// live on while the team, after D, starts another one. The guardian does nothing but read a pipe.
public struct Guardian: ~Copyable {
  private let pipe: Descriptor
  public let pid: Int32

  /// What the supervisor writes instead of the time of a beat: the server is gone, be done.
  private static let done: Int64 = 0

  /// Starts one for the process group `group`. It runs this executable's `guard` verb.
  ///
  /// - Parameters:
  ///   - alive: when the last complete beat began, or before `started` was taken.
  ///   - lineage: what has to go on above the supervisor.
  static func start(
    group: Int32, alive: Instant, lineage: Lineage, environment: [String: String]
  ) throws(SystemFailure) -> Guardian {
    let pipe = try Pipe()
    // A guardian that does not read must not hold up the beats.
    _ = fcntl(pipe.writeEnd.raw, F_SETFL, O_NONBLOCK)
    var command = ChildProcess(
      ["/proc/self/exe", "guard", "\(group)", "\(alive.nanoseconds)", lineage.text], environment: environment)
    command.input = .descriptor(pipe.readEnd.raw)
    command.output = .null
    command.errors = .inherit
    command.newSession = true
    let pid = try command.start()
    return Guardian(pipe: pipe, pid: pid)
  }

  private init(pipe: consuming Pipe, pid: Int32) {
    self.pipe = pipe.intoWriteEnd()
    self.pid = pid
  }

  func completedBeat(began: Instant) { tell(began.nanoseconds) }

  /// The server is gone: the guardian ends without touching anything.
  public consuming func dismiss() {
    tell(Self.done)
    // One that somebody stopped would never hear it.
    kill(pid, SIGCONT)
    let end = Machine.now + .seconds(5)
    while waitpid(pid, nil, WNOHANG) == 0 {
      if Machine.now >= end { kill(pid, SIGKILL) }
      Machine.sleep(.milliseconds(5))
    }
  }

  // Eight bytes at once: a pipe takes them whole or not at all.
  private func tell(_ word: Int64) {
    withUnsafeBytes(of: word) { _ = Glibc.write(pipe.raw, $0.baseAddress, $0.count) }
  }

  /// The guardian's own life: returns when its work is done.
  public static func watch(group: Int32, alive: Int64, lineage: Lineage) {
    // What tells the whole job to end is for the supervisor to obey.
    _ = Signals.blockAll()
    var watchman = Watchman(lastBeat: Instant(nanoseconds: alive))
    var supervised = true
    while true {
      switch watchman.decide(now: Machine.now, supervised: supervised && lineage.holds) {
      case .kill: return ProcessTable.destroy(group: group)
      case .terminate(let grace): return ProcessTable.end(group: group, grace: grace)
      case .wait(let left):
        var p = pollfd(fd: 0, events: Int16(POLLIN), revents: 0)
        // poll's clock stands still while the machine sleeps: look at BOOTTIME now and then. Often, since what the server
        // does between the machine's waking and ours must not be much.
        guard poll(&p, 1, Int32(min(left, .milliseconds(250)) / .milliseconds(1)) + 1) > 0 else { continue }
        var word: Int64 = 0
        let n = withUnsafeMutableBytes(of: &word) { read(0, $0.baseAddress, $0.count) }
        if n < 0, errno == EINTR { continue }
        if n == 8, word == done { return }
        // Otherwise the supervisor is gone, and did not say that the server is.
        if n == 8 { watchman.completedBeat(began: Instant(nanoseconds: word)) } else { supervised = false }
      }
    }
  }
}

extension Instant {
  var nanoseconds: Int64 { Int64(sinceBoot / .nanoseconds(1)) }

  init(nanoseconds: Int64) { self.init(sinceBoot: .nanoseconds(nanoseconds)) }
}
