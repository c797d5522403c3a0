internal import CoordCore
import Glibc

/// The data server's processes: a group of their own, a port, a guardian.
struct ServerProcess: ~Copyable {
  let group: Int32
  private(set) var guardian: Guardian
  /// Runs beside it until it has succeeded.
  private var check: AppCheck?
  private let environment: [String: String]
  private let lineage: Lineage
  private let log: String?
  private let logStart: Int

  /// What the placeholders stand for.
  private static func placeholders(_ settings: Settings, port: Int) -> [String: String] {
    [
      "{port}": "\(port)", "{app}": settings.appPath, "{app_dir}": Project.parent(of: settings.appPath),
      "{credentials}": settings.credentials,
    ]
  }

  /// Starts the command with `{port}` and the other placeholders filled in. Its output goes where the job's goes.
  static func start(
    _ arguments: [String], port: Int, alive: Instant, project: Project, machine: Machine, log: String?,
    lineage: Lineage, cookieSecret: String
  ) throws(SystemFailure) -> ServerProcess {
    let settings = project.settings
    let values = placeholders(settings, port: port)
    let filled = arguments.map { argument in
      values.reduce(argument) { $0.replacing($1.key, with: $1.value) }
    }
    var environment = machine.environment
    // The page is reached through a tunnel whose local port may be another one; nothing but this machine's own
    // browser is allowed. The option --allow-websocket-origin cannot say this.
    if environment["BOKEH_ALLOW_WS_ORIGIN"] == nil {
      environment["BOKEH_ALLOW_WS_ORIGIN"] = "localhost:*,127.0.0.1:*"
    }
    // By the environment, not as an argument: everybody on the node can read arguments.
    environment["PANEL_COOKIE_SECRET"] = cookieSecret
    // The command is held back until its guardian watches: a supervisor that dies in between leaves nothing behind.
    let gate = try Pipe()
    var command = ChildProcess(["/proc/self/exe", "hold", "\(alive.nanoseconds)"] + filled, environment: environment)
    command.input = .descriptor(gate.readEnd.raw)
    command.output = .inherit
    command.errors = .inherit
    let logStart = log.flatMap { status(of: $0) }.map { Int($0.st_size) } ?? 0
    let group = try command.start()
    do throws(SystemFailure) {
      let guardian = try Guardian.start(
        group: group, alive: alive, lineage: lineage, environment: machine.environment)
      try gate.writeEnd.write([UInt8(ascii: "g")], "gate")
      return ServerProcess(
        group: group, guardian: guardian, environment: environment, lineage: lineage, log: log, logStart: logStart)
    } catch {
      // Without a guardian it must not run.
      ProcessTable.end(group: group)
      waitpid(group, nil, 0)
      throw error
    }
  }

  private init(
    group: Int32, guardian: consuming Guardian, environment: [String: String], lineage: Lineage, log: String?,
    logStart: Int
  ) {
    (self.group, self.environment, self.lineage) = (group, environment, lineage)
    (self.log, self.logStart) = (log, logStart)
    self.guardian = guardian
  }

  /// Starts what has to succeed before the server is announced; why not, where nothing has to.
  mutating func startCheck(_ project: Project, port: Int) -> String? {
    let values = Self.placeholders(project.settings, port: port)
    let command = AppCheck.command(project.settings, project: project, environment: environment) { line in
      // A shell reads it: a path is one word, whatever is in it.
      values.reduce(line) { $0.replacing($1.key, with: "'" + $1.value.replacing("'", with: "'\\''") + "'") }
    }
    guard let arguments = command.arguments else { return command.why }
    do throws(SystemFailure) {
      check = try AppCheck.start(arguments, group: group, environment: environment)
      return nil
    } catch {
      return error.text
    }
  }

  /// How the check ended, once; nil while it runs, or where there is none.
  mutating func checked() -> (status: Int32, tail: String)? {
    guard let result = check?.result() else { return nil }
    check = nil
    return result
  }

  /// A guardian that was killed is replaced.
  ///
  /// - Parameter alive: when the last complete beat began.
  mutating func keepGuarded(alive: Instant) {
    guard waitpid(guardian.pid, nil, WNOHANG) == guardian.pid else { return }
    if let next = try? Guardian.start(group: group, alive: alive, lineage: lineage, environment: environment) {
      guardian = next
    }
  }

  /// Nothing of the server is left.
  consuming func release() { guardian.dismiss() }

  /// The last lines that the server wrote.
  func tail() -> String {
    guard let log, let file = try? Descriptor(path: log, O_RDONLY) else { return "" }
    let size = status(of: log).map { Int($0.st_size) } ?? 0
    lseek(file.raw, max(logStart, size - 16_384), SEEK_SET)
    let bytes = (try? file.readAll(log, limit: 16_384)) ?? []
    return String(decoding: bytes, as: UTF8.self).lastLines
  }
}
