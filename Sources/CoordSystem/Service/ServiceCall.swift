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
    guard let socket = try? UnixSocket.connect(path), let peer = UnixSocket.peer(socket),
      // Anybody may listen in a folder that is open to all, and tell an address of his own.
      [0, getuid(), status(of: project.utils)?.st_uid ?? 0].contains(peer.uid)
    else { return nil }
    // One that refuses us may have answered and closed before it heard anything: its words are there to read.
    try? socket.write(Array(request.line.utf8), path)
    var reader = ServiceReplyReader()
    var input: [UInt8] = []
    var said = ""
    // The service itself says when the time is over; this is for one that hangs.
    let end = Machine.now + request.wait + .seconds(20)
    var patience = Machine.now + Limits.serviceCourtesy
    while Machine.now < end {
      if Machine.now >= patience {
        if mayWrite(project) { return nil }
        if let info = look() { return .success(info) }
        patience = Machine.now + Limits.serviceSilence
      }
      if let signal = signals.interruption(within: .zero) { return .failure(.interrupted(signal: signal)) }
      var p = pollfd(fd: socket.raw, events: Int16(POLLIN), revents: 0)
      guard poll(&p, 1, 200) > 0 else { continue }
      var buffer = [UInt8](repeating: 0, count: 4096)
      let n = recv(socket.raw, &buffer, buffer.count, 0)
      if n < 0, errno == EAGAIN || errno == EINTR { continue }
      guard n > 0, input.count < 1 << 16 else { return nil }
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
          case .answer(let info)?: return .success(info)
          case .failure(let error)?: return .failure(error)
          case nil: break
          }
        } catch {
          say("what listens at \(path) is no service of this version: the files are asked")
          return nil
        }
      }
    }
    return nil
  }

  private static func mayWrite(_ project: Project) -> Bool {
    // Where it is not there yet, it is made.
    access(Project.isDirectory(project.locks) ? project.locks : project.utils, W_OK) == 0
  }
}
