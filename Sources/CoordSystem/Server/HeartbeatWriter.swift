internal import CoordCore
import Glibc

/// Writes server_info.txt, whole each time: temporary file, fsync, rename.
///
/// A slow file server makes each of its round trips slow, and a beat that takes S ends the server. So the temporary file
/// of the next beat is made ahead of time, with its right mode, and what never changes is asked once: a beat is one write,
/// one fsync and one rename.
final class HeartbeatWriter {
  let path: String
  private let temporary: String
  private let mode: mode_t
  /// The next beat's file: open, empty, under its temporary name.
  private var next: Descriptor?
  /// The last beat's: closed when there is time.
  private var last: Descriptor?
  /// The slowest call of the last write.
  private(set) var slowest = (name: "", took: Duration.zero)

  init(path: String, nonce: String) {
    let folder = Project.parent(of: path)
    (self.path, temporary) = (path, "\(folder)/.server_info.\(nonce)")
    mode = 0o600 | ((status(of: folder)?.st_mode ?? 0o755) & 0o044)
  }

  deinit { discard() }

  /// Makes the next beat's file, where there is none yet. Where that fails, the beat tries again and says why.
  func prepare() { _ = try? make() }

  func write(_ info: ServerInfo) throws(SystemFailure) {
    slowest = ("", .zero)
    let bytes = info.encoded
    if next != nil {
      do throws(SystemFailure) { return try put(bytes) } catch { discard() }
      // Somebody may have removed it, or the server forgot it (ESTALE): once more, with a new one.
    }
    do throws(SystemFailure) {
      try make()
      try put(bytes)
    } catch {
      discard()
      throw error
    }
  }

  /// Removes the temporary file. The heartbeat itself stays.
  func discard() {
    last = nil
    guard next != nil else { return }
    next = nil
    unlink(temporary)
  }

  private func make() throws(SystemFailure) {
    last = nil
    guard next == nil else { return }
    // What an attempt that failed halfway has left is of no use.
    next = try timed("create") { () throws(SystemFailure) in
      do throws(SystemFailure) { return try create() } catch {
        guard error.code == EEXIST else { throw error }
        // Why it stays is why there is no heartbeat: "File exists" would tell nobody anything.
        if unlink(temporary) != 0, errno != ENOENT { throw SystemFailure("remove \(temporary)") }
        return try create()
      }
    }
    // A directory's default ACL may have its own opinion of the mode.
    var s = stat()
    if let raw = next?.raw, fstat(raw, &s) == 0, s.st_mode & 0o777 != mode { fchmod(raw, mode) }
  }

  /// Teammates read it, whatever this user's umask says.
  private func create() throws(SystemFailure) -> Descriptor {
    do throws(SystemFailure) { return try Descriptor(creating: temporary, mode: mode) } catch {
      throw SystemFailure("create \(temporary)", code: error.code)
    }
  }

  private func put(_ bytes: [UInt8]) throws(SystemFailure) {
    try next?.write(bytes, temporary)
    try timed("fsync") { () throws(SystemFailure) in try next?.sync(temporary) }
    try timed("rename") { () throws(SystemFailure) in
      if rename(temporary, path) != 0 { throw SystemFailure("replace \(path)") }
    }
    // After the fsync a close has nothing to report. It is another round trip on NFSv4, and can wait.
    last = next.take()
  }

  private func timed<R: ~Copyable>(_ name: String, _ call: () throws(SystemFailure) -> R) throws(SystemFailure) -> R {
    let began = Machine.now
    defer {
      let took = Machine.now - began
      if took > slowest.took { slowest = (name, took) }
    }
    return try call()
  }
}
