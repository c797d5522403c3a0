public import CoordCore
import Glibc

/// `coord connect` by the service of this machine.
public enum ServiceCall {
  /// Asks; nil where no service answers, or what answers is none: then the files are there. So they are after 2 s in which it says
  /// nothing, for whoever may write them: it hangs, or waits for sbatch. Whoever may only read asks them once, by `look`.
  ///
  /// Believed is a service of root, of the owner of hpc_utils, or of this very user.
  ///
  /// - Parameters:
  ///   - look: what the files answer at once, if they do.
  ///   - say: gets each new thing that is waited for.
  public static func ask(
    socket path: String, _ request: ServiceRequest, project: Project, signals: Signals,
    look: () -> ServerInfo?, say: (String) -> Void
  ) -> Result<ServerInfo, CoordError>? {
    let end = Machine.now + request.wait
    var left = request
    var turnedAway = 0
    while true {
      let pause: Duration
      switch converse(socket: path, left, project: project, signals: signals, look: look, say: say) {
      case .noService: return nil
      case .over(let result): return result
      // Its queue is full: too many ask in this moment, or it hangs.
      case .crowded: pause = .milliseconds(Int.random(in: 200...2000))
      case .busy(let asked): pause = asked
      }
      // It did not hear what was asked, nor of which project.
      if let info = look() { return .success(info) }
      turnedAway += 1
      if turnedAway > patience, mayWrite(project) { return nil }
      guard Machine.now + pause < end else {
        return .failure(
          .tryAgain(
            what: "no answer yet",
            why: "the service has more to do than it can (\(path)), and the files tell of no server that is ready",
            next: "run `coord connect` again; if it stays so, `coord status` says what the files tell"))
      }
      if turnedAway == 1 { say("as many wait at the service as it takes: asking again in a moment") }
      if let signal = signals.interruption(within: pause) { return .failure(.interrupted(signal: signal)) }
      left.wait = end - Machine.now
    }
  }

  /// So often it is asked again where it is full, by who may do without it.
  private static let patience = 3

  private enum Outcome {
    case noService
    case crowded
    case busy(Duration)
    case over(Result<ServerInfo, CoordError>)
  }

  private static func converse(
    socket path: String, _ request: ServiceRequest, project: Project, signals: Signals,
    look: () -> ServerInfo?, say: (String) -> Void
  ) -> Outcome {
    let socket: Descriptor
    do throws(SystemFailure) {
      socket = try UnixSocket.connect(path)
    } catch {
      return error.code == EAGAIN ? .crowded : .noService
    }
    guard let peer = UnixSocket.peer(socket),
      // Anybody may listen in a folder that is open to all, and tell an address of his own.
      [0, getuid(), status(of: project.utils)?.st_uid ?? 0].contains(peer.uid)
    else { return .noService }
    // One that refuses us may have answered and closed before it heard anything: its words are there to read.
    try? socket.write(Array(request.line.utf8), path)
    var reader = ServiceReplyReader()
    var input: [UInt8] = []
    var said = ""
    let end = Machine.now + request.wait
    var patience = Machine.now + Limits.serviceCourtesy
    // The service itself says when the time is over; this is for one that hangs.
    while Machine.now < end + (said.isEmpty ? .zero : .seconds(20)) {
      if Machine.now >= patience {
        if mayWrite(project) { return .noService }
        if let info = look() { return .over(.success(info)) }
        patience = Machine.now + Limits.serviceSilence
      }
      if let signal = signals.interruption(within: .zero) { return .over(.failure(.interrupted(signal: signal))) }
      var p = pollfd(fd: socket.raw, events: Int16(POLLIN), revents: 0)
      guard poll(&p, 1, 200) > 0 else { continue }
      var buffer = [UInt8](repeating: 0, count: 4096)
      let n = recv(socket.raw, &buffer, buffer.count, 0)
      if n < 0, errno == EAGAIN || errno == EINTR { continue }
      guard n > 0, input.count < 1 << 16 else { return .noService }
      input += buffer[..<n]
      while let newline = input.firstIndex(of: UInt8(ascii: "\n")) {
        let line = String(decoding: input[..<newline], as: UTF8.self)
        input.removeSubrange(...newline)
        do throws(CoordError) {
          switch try reader.take(line) {
          case .progress(let text)?:
            // It repeats itself to show that it lives.
            if text != said { say(text) }
            (said, patience) = (text, Machine.now + Limits.serviceSilence)
          case .busy(let pause)?: return .busy(pause)
          case .answer(let info)?: return .over(.success(info))
          case .failure(let error)?: return .over(.failure(error))
          case nil: break
          }
        } catch {
          say("what listens at \(path) is no service of this version: the files are asked")
          return .noService
        }
      }
    }
    if mayWrite(project) { return .noService }
    return .over(
      .failure(
        .tryAgain(
          what: "no answer yet",
          why: "the service does not answer (\(path)), and the files tell of no server that is ready",
          next: "tell who runs the project that `coord serve` hangs on \(Machine.hostName); "
            + "another login node may have one")))
  }

  private static func mayWrite(_ project: Project) -> Bool {
    // Where it is not there yet, it is made.
    access(Project.isDirectory(project.locks) ? project.locks : project.utils, W_OK) == 0
  }

  /// Of a failure of who went by the files, because no service answered: where only the service may write, that it is missing.
  public static func explained(_ error: CoordError, _ project: Project) -> CoordError {
    guard case .permission = error, !project.settings.socket.isEmpty, !mayWrite(project) else { return error }
    return .permission(
      what: "no server is ready, and you may not start one by yourself",
      why: "no service answers on \(project.settings.socket) of \(Machine.hostName), and \(error.why)",
      next: "tell who runs the project that `coord serve` does not run there, or log in to another login node")
  }
}
