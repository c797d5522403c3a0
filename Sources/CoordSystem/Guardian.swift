internal import CoordCore
import Glibc

/// A second process that ends the server if its supervisor does not say in time that it beats.
///
/// The supervisor itself may hang in a write to a frozen file server, be stopped, or be killed; then the server must not
/// live on while the team, after D, starts another one. The guardian does nothing but read a pipe.
public struct Guardian: ~Copyable {
  private let pipe: Descriptor
  public let pid: Int32

  /// What the supervisor writes: a beat was completed; the server is gone, be done.
  static let beat = UInt8(ascii: "b")
  static let done = UInt8(ascii: "d")

  /// Starts one for the process group `group`. It runs this executable's `guard` verb.
  public static func start(group: Int32, environment: [String: String]) throws(SystemFailure) -> Guardian {
    let pipe = try Pipe()
    var command = Command(["/proc/self/exe", "guard", "\(group)"], environment: environment)
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

  public func completedBeat() { tell(Self.beat) }

  /// The server is gone: the guardian ends without touching anything.
  public consuming func dismiss() {
    tell(Self.done)
    waitpid(pid, nil, 0)
  }

  private func tell(_ word: UInt8) {
    var word = word
    _ = Glibc.write(pipe.raw, &word, 1)
  }

  /// The guardian's own life: returns when its work is done.
  public static func watch(group: Int32) {
    for signal in [SIGTERM, SIGINT, SIGHUP] { Glibc.signal(signal, SIG_IGN) }
    var lastBeat = Machine.now
    var words = [UInt8](repeating: 0, count: 64)
    while true {
      let left = Limits.selfFence - (Machine.now - lastBeat)
      guard left > .zero else { break }
      var p = pollfd(fd: 0, events: Int16(POLLIN), revents: 0)
      // poll's clock stands still while the machine sleeps: look at BOOTTIME every second.
      guard poll(&p, 1, Int32(min(left, .seconds(1)) / .milliseconds(1)) + 1) > 0 else { continue }
      let n = read(0, &words, words.count)
      if n < 0, errno == EINTR { continue }
      // The supervisor is gone, and did not say that the server is.
      guard n > 0 else { break }
      if words[..<n].contains(done) { return }
      lastBeat = Machine.now
    }
    ProcessTable.end(group: group)
  }
}

extension ProcessTable {
  /// TERM to the whole group, KILL after the grace to what stays. Returns when nothing is left.
  static func end(group: Int32) {
    kill(-group, SIGTERM)
    let end = Machine.now + Limits.stopGrace
    while groupExists(group), Machine.now < end { Machine.sleep(.milliseconds(100)) }
    while groupExists(group) {
      kill(-group, SIGKILL)
      Machine.sleep(.milliseconds(100))
    }
  }
}
