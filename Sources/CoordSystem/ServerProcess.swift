internal import CoordCore
import Glibc

/// The data server's processes: a group of their own, a port, a guardian.
struct ServerProcess: ~Copyable {
  let group: Int32
  private(set) var guardian: Guardian
  private let environment: [String: String]
  private let log: String?
  private let logStart: Int

  /// Starts the command with `{port}` and the other placeholders filled in. Its output goes where the job's goes.
  static func start(
    _ arguments: [String], port: Int, alive: Instant, project: Project, machine: Machine, log: String?,
    cookieSecret: String
  ) throws(SystemFailure) -> ServerProcess {
    let settings = project.settings
    let filled = arguments.map { argument in
      [
        "{port}": "\(port)", "{app}": settings.appPath, "{app_dir}": Project.parent(of: settings.appPath),
        "{credentials}": settings.credentials,
      ].reduce(argument) { replacing($1.key, by: $1.value, in: $0) }
    }
    var environment = machine.environment
    // The page is reached through a tunnel whose local port may be another one; nothing but this machine's own
    // browser is allowed. The option --allow-websocket-origin cannot say this.
    if environment["BOKEH_ALLOW_WS_ORIGIN"] == nil {
      environment["BOKEH_ALLOW_WS_ORIGIN"] = "localhost:*,127.0.0.1:*"
    }
    // By the environment, not as an argument: everybody on the node can read arguments.
    environment["PANEL_COOKIE_SECRET"] = cookieSecret
    environment["COORD_PORT"] = "\(port)"
    // The command is held back until its guardian watches: a supervisor that dies in between leaves nothing behind.
    let gate = try Pipe()
    var command = Command(["/proc/self/exe", "hold", "\(alive.nanoseconds)"] + filled, environment: environment)
    command.input = .descriptor(gate.readEnd.raw)
    command.output = .inherit
    command.errors = .inherit
    let logStart = log.flatMap { status(of: $0) }.map { Int($0.st_size) } ?? 0
    let group = try command.start()
    do throws(SystemFailure) {
      let guardian = try Guardian.start(group: group, alive: alive, environment: machine.environment)
      try gate.writeEnd.write([UInt8(ascii: "g")], "gate")
      return ServerProcess(group: group, guardian: guardian, machine: machine, log: log, logStart: logStart)
    } catch {
      // Without a guardian it must not run.
      ProcessTable.end(group: group)
      waitpid(group, nil, 0)
      throw error
    }
  }

  private init(group: Int32, guardian: consuming Guardian, machine: Machine, log: String?, logStart: Int) {
    (self.group, environment, self.log, self.logStart) = (group, machine.environment, log, logStart)
    self.guardian = guardian
  }

  /// A guardian that was killed is replaced.
  ///
  /// - Parameter alive: when the last complete beat began.
  mutating func keepGuarded(alive: Instant) {
    guard waitpid(guardian.pid, nil, WNOHANG) == guardian.pid else { return }
    if let next = try? Guardian.start(group: group, alive: alive, environment: environment) { guardian = next }
  }

  /// Nothing of the server is left.
  consuming func release() { guardian.dismiss() }

  /// The last lines that the server wrote.
  func tail(lines: Int = 12) -> String {
    guard let log, let file = try? Descriptor(path: log, O_RDONLY) else { return "" }
    let size = status(of: log).map { Int($0.st_size) } ?? 0
    lseek(file.raw, max(logStart, size - 16_384), SEEK_SET)
    let bytes = (try? file.readAll(log, limit: 16_384)) ?? []
    return String(decoding: bytes, as: UTF8.self).split(separator: "\n").suffix(lines).joined(separator: "\n")
  }
}

/// The other side of the gate, in the server's own process.
public enum Gate {
  /// Waits for the word to go, then becomes the command; an error text if it cannot, or is not to.
  ///
  /// - Parameter alive: when the last complete beat began. A supervisor that was held up before it let us go may have been
  ///   taken for dead since: after S it is too late.
  public static func pass(_ arguments: [String], alive: Int64) -> String {
    var word: UInt8 = 0
    var n: Int
    repeat { n = read(0, &word, 1) } while n < 0 && errno == EINTR
    guard n == 1 else { return "the supervisor is gone: \(arguments.first ?? "") was not started" }
    if let null = try? Descriptor(path: "/dev/null", O_RDONLY) { dup2(null.raw, 0) }
    guard Machine.now - Instant(nanoseconds: alive) < Limits.selfFence else {
      return "held up for too long: \(arguments.first ?? "") was not started"
    }
    let argv = arguments.map { strdup($0) } + [nil]
    _ = argv[0].map { execvp($0, argv) }
    return SystemFailure("start \(arguments.first ?? "")").text
  }
}

/// `text` with every `placeholder` replaced.
private func replacing(_ placeholder: String, by value: String, in text: String) -> String {
  var out = ""
  var rest = Substring(text)
  while let range = rest.firstRange(of: placeholder) {
    out += rest[..<range.lowerBound] + value
    rest = rest[range.upperBound...]
  }
  return out + rest
}

/// The secret that signs login cookies. Kept, so that a restart does not log everybody out.
enum CookieSecret {
  /// The team's secret, or this user's own where the team's belongs to somebody else: it is 0600.
  static func load(project: Project) -> String {
    let paths = [project.utils + "/.cookie_secret", project.utils + "/.cookie_secret.\(getuid())"]
    for path in paths {
      if let kept = read(path) { return kept }
      create(path)
      if let made = read(path) { return made }
    }
    return fresh()
  }

  private static func read(_ path: String) -> String? {
    guard let bytes = (try? contents(of: path)) ?? nil, bytes.count >= 32 else { return nil }
    return String(decoding: bytes.filter { $0 > 0x20 }, as: UTF8.self)
  }

  private static func fresh() -> String { (0..<4).map { _ in hexadecimal(Machine.random(), digits: 16) }.joined() }

  private static func create(_ path: String) {
    let temporary = "\(path).\(hexadecimal(Machine.random(), digits: 16))"
    if let file = try? Descriptor(path: temporary, O_WRONLY | O_CREAT | O_EXCL, mode: 0o600),
      (try? file.write(Array((fresh() + "\n").utf8), temporary)) != nil, (try? file.sync(temporary)) != nil
    {
      link(temporary, path)
    }
    unlink(temporary)
  }
}
