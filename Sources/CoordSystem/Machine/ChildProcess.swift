internal import CoordCore
public import Glibc

// POSIX_SPAWN_SETSID of glibc's spawn.h (2.26 and later), which `import Glibc` does not show.
private let spawnNewSession: Int32 = 0x80

/// A child process. It gets a clean signal mask and a process group or session of its own, so that a signal to us is not
/// one to it, and it and its children can be ended together.
public struct ChildProcess {
  public enum Stream {
    case null
    case capture
    case inherit
    case descriptor(Int32)
  }

  public struct Finished: Sendable {
    /// Exit status; nil if it was killed, ran out of time or could not be started.
    public var status: Int32?
    public var output = ""
    public var errors = ""
    /// errno of a start that failed.
    public var startFailure: Int32?
    public var ranOutOfTime = false
  }

  public var arguments: [String]
  public var environment: [String: String]
  public var output = Stream.capture
  public var errors = Stream.capture
  public var input = Stream.null
  public var newSession = false
  /// Its umask; nil: ours.
  public var mask: mode_t?
  /// An existing process group to join; 0: one of its own.
  public var group: Int32 = 0

  public init(_ arguments: [String], environment: [String: String]) {
    (self.arguments, self.environment) = (arguments, environment)
  }

  /// Starts it. Its pid is its process group too.
  public func start() throws(SystemFailure) -> Int32 {
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    for (stream, fd) in [(input, Int32(0)), (output, 1), (errors, 2)] {
      switch stream {
      case .null, .capture: posix_spawn_file_actions_addopen(&actions, fd, "/dev/null", O_RDWR, 0)
      case .inherit: break
      case .descriptor(let source): posix_spawn_file_actions_adddup2(&actions, source, fd)
      }
    }
    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    var none = sigset_t()
    sigemptyset(&none)
    var defaults = sigset_t()
    sigfillset(&defaults)
    posix_spawnattr_setsigmask(&attributes, &none)
    posix_spawnattr_setsigdefault(&attributes, &defaults)
    var flags = Int32(POSIX_SPAWN_SETSIGMASK) | Int32(POSIX_SPAWN_SETSIGDEF)
    if newSession {
      flags |= spawnNewSession
    } else {
      flags |= Int32(POSIX_SPAWN_SETPGROUP)
      posix_spawnattr_setpgroup(&attributes, group)
    }
    posix_spawnattr_setflags(&attributes, Int16(flags))
    let argv = arguments.map { strdup($0) } + [nil]
    let envp = environment.map { strdup("\($0.key)=\($0.value)") } + [nil]
    defer { for text in argv + envp { free(text) } }
    var pid: pid_t = 0
    let name = arguments[0]
    // This process has one thread: nobody else makes a file meanwhile.
    let old = mask.map { umask($0) }
    // posix_spawnp searches our PATH; the child's is the same.
    let result = DescriptorLimit.asGiven { posix_spawnp(&pid, name, &actions, &attributes, argv, envp) }
    if let old { umask(old) }
    guard result == 0 else { throw SystemFailure("start \(name)", code: result) }
    return pid
  }

  /// Runs it to its end and collects what it prints. At the deadline its group gets TERM, then KILL.
  public func run(deadline: Duration) -> Finished {
    var output: [UInt8] = []
    var result = run(deadline: deadline) { bytes in
      // More is noise; it is read all the same, so that the child does not hang.
      if output.count < 1 << 24 { output += bytes }
      return true
    }
    result.output = String(decoding: output, as: UTF8.self)
    return result
  }

  /// Runs it to its end, both pipes drained together.
  /// - Parameter take: gets its output as it comes; once it returns false the command is killed.
  public func run(deadline: Duration, reading take: (ArraySlice<UInt8>) -> Bool) -> Finished {
    Signals.ofChildren.blocked { runToItsEnd(deadline, take) }
  }

  private func runToItsEnd(_ deadline: Duration, _ take: (ArraySlice<UInt8>) -> Bool) -> Finished {
    var result = Finished()
    var child = self
    var open: [(read: SharedDescriptor, isOutput: Bool)] = []
    var writeEnds: [SharedDescriptor] = []
    func pipeFor(_ stream: Stream, isOutput: Bool) -> Stream {
      guard case .capture = stream, let ends = (try? Pipe())?.shared() else { return stream }
      open.append((ends.readEnd, isOutput))
      writeEnds.append(ends.writeEnd)
      return .descriptor(ends.writeEnd.raw)
    }
    child.output = pipeFor(output, isOutput: true)
    child.errors = pipeFor(errors, isOutput: false)
    let pid: Int32
    do throws(SystemFailure) {
      defer { writeEnds = [] }
      pid = try child.start()
    } catch {
      result.startFailure = error.code
      result.errors = error.text
      return result
    }
    let end = Machine.now + deadline
    var errors: [UInt8] = []
    var exitedAt: Instant?
    var killAt: Instant?
    while true {
      if !drain(&open, output: take, errors: &errors) { kill(-pid, SIGKILL) }
      if exitedAt == nil {
        var raw: Int32 = 0
        if waitpid(pid, &raw, WNOHANG) == pid {
          exitedAt = Machine.now
          result.status = raw & 0x7f == 0 ? (raw >> 8) & 0xff : nil
        }
      }
      let now = Machine.now
      // A grandchild may hold the pipes for ever: what comes within 0.2 s of the end is taken.
      if let exitedAt, open.isEmpty || now - exitedAt > .milliseconds(200) { break }
      if exitedAt == nil, let at = killAt {
        if now >= at { kill(-pid, SIGKILL) }
        // It hangs in the kernel (a dead mount): nobody can end it, and nobody waits for it.
        if now >= at + .seconds(2) { break }
      } else if exitedAt == nil, now >= end {
        result.ranOutOfTime = true
        kill(-pid, SIGTERM)
        killAt = now + .seconds(1)
      }
    }
    if result.ranOutOfTime {
      kill(-pid, SIGKILL)
      result.status = nil
      errors += Array("\n\(arguments[0]) timed out after \(deadline.spoken)".utf8)
    }
    result.errors = String(decoding: errors, as: UTF8.self)
    return result
  }

  /// Reads what is there, or waits a little for it. False: no more of the output is wanted.
  private func drain(
    _ open: inout [(read: SharedDescriptor, isOutput: Bool)], output take: (ArraySlice<UInt8>) -> Bool,
    errors: inout [UInt8]
  ) -> Bool {
    guard !open.isEmpty else {
      // Until it ends: its signal is blocked, and waits for us if it has come already.
      _ = Signals.ofChildren.next(within: .milliseconds(100))
      return true
    }
    var fds = open.map { pollfd(fd: $0.read.raw, events: Int16(POLLIN), revents: 0) }
    guard poll(&fds, nfds_t(fds.count), 20) > 0 else { return true }
    var wanted = true
    var buffer = [UInt8](repeating: 0, count: 65_536)
    for (index, fd) in fds.enumerated().reversed() where fd.revents != 0 {
      let n = read(fd.fd, &buffer, buffer.count)
      if n <= 0 {
        open.remove(at: index)
      } else if open[index].isOutput {
        wanted = take(buffer[..<n])
      } else if errors.count < 1 << 20 {
        errors += buffer[..<n]
      }
    }
    return wanted
  }
}
