internal import CoordCore
import Glibc

/// What has to succeed before the server is announced: the app is imported once, beside the starting server.
///
/// A page whose application cannot be imported answers /liveness with 200; people would get an empty page.
struct AppCheck: ~Copyable {
  private let pid: Int32
  private let pipe: Descriptor
  private var output: [UInt8] = []
  private var ended = false

  /// What is to be run; nil where there is nothing to check, with the reason.
  static func command(
    _ settings: Settings, project: Project, environment: [String: String], filled: (String) -> String
  ) -> (arguments: [String]?, why: String) {
    if let given = settings.checkCommand {
      return given.isEmpty ? (nil, "CHECK_COMMAND is empty") : (["/bin/sh", "-c", filled(given)], "")
    }
    let app = project.resolve(settings.appPath)
    guard status(of: app) != nil else { return (nil, "there is no \(settings.appPath)") }
    return ([python(environment), "-c", importer, app, project.resolve(settings.credentials)], "")
  }

  /// The Python that `panel` in PATH runs under.
  private static func python(_ environment: [String: String]) -> String {
    for folder in (environment["PATH"] ?? "").split(separator: ":") {
      let panel = "\(folder)/panel"
      guard access(panel, X_OK) == 0 else { continue }
      let text = String(decoding: ((try? contents(of: panel, limit: 1024)) ?? nil) ?? [], as: UTF8.self)
      return Shebang.python(of: text) ?? "python3"
    }
    return "python3"
  }

  /// Starts it in the server's process group: whoever ends that ends this too.
  static func start(_ arguments: [String], group: Int32, environment: [String: String]) throws(SystemFailure)
    -> AppCheck
  {
    let pipe = try Pipe()
    var command = ChildProcess(arguments, environment: environment)
    command.group = group
    command.output = .descriptor(pipe.writeEnd.raw)
    command.errors = .descriptor(pipe.writeEnd.raw)
    let pid = try command.start()
    _ = fcntl(pipe.readEnd.raw, F_SETFL, O_NONBLOCK)
    return AppCheck(pid: pid, pipe: pipe)
  }

  private init(pid: Int32, pipe: consuming Pipe) {
    self.pid = pid
    self.pipe = pipe.intoReadEnd()
  }

  deinit { if !ended { waitpid(pid, nil, WNOHANG) } }

  /// How it ended; nil while it runs. To be called until then: what it prints is taken here.
  mutating func result() -> (status: Int32, tail: String)? {
    var raw: Int32 = 0
    let over = waitpid(pid, &raw, WNOHANG) == pid
    drain()
    guard over else { return nil }
    ended = true
    let status = raw & 0x7f == 0 ? (raw >> 8) & 0xff : 128 + (raw & 0x7f)
    return (status, String(decoding: output, as: UTF8.self).lastLines)
  }

  private mutating func drain() {
    var buffer = [UInt8](repeating: 0, count: 16_384)
    while true {
      let n = read(pipe.raw, &buffer, buffer.count)
      guard n > 0 else { return }
      // The end is what tells.
      output = (output + buffer[..<n]).suffix(65_536)
    }
  }

  /// The check's way to say that it cannot tell: this is no Panel app.
  static let skipped: Int32 = 77

  /// What bokeh does for each session (bokeh.application.handlers), with a session as `panel serve --warm` makes it.
  ///
  /// As the users of credentials.json, one after the other: an app may fail for somebody who has nothing to do. What
  /// cannot be imported, or fails for all of them, is broken; what asks for its browser cannot be judged here.
  private static let importer = """
    import json, os, sys, traceback
    path, credentials = sys.argv[1:3]
    sys.argv = [path]
    try:
        import bokeh.command.util as util
    except ImportError:
        print("bokeh cannot be imported by", sys.executable)
        sys.exit(77)
    build, users = util.build_single_handler_application, [None]
    start = lambda application: application.create_document()
    try:
        import panel
        try:
            from panel.io.application import build_single_handler_application as build
        except ImportError:
            from panel.io.server import build_single_handler_application as build
        from panel.io.session import generate_session as start
        with open(credentials) as file:
            users = sorted(json.load(file))[:8]
    except Exception:
        pass

    def problem(user):
        try:
            type(panel.state).user = property(lambda self: user)
        except Exception:
            pass
        try:
            application = build(path, [])
            start(application)
        except BaseException:
            return traceback.format_exc()
        return "\\n".join(f"{h.error}\\n{h.error_detail}" for h in application.handlers if h.failed)

    code = 0
    for user in users:
        text = problem(user)
        code = 0 if not text else 77 if "session_context" in text or "server/contexts.py" in text else 1
        if code != 1 or "ModuleNotFoundError:" in text or "ImportError:" in text or "SyntaxError:" in text:
            break
    print(text)
    sys.stdout.flush()
    sys.stderr.flush()
    # Whatever threads the app has begun.
    os._exit(code)
    """
}
