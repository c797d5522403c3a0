internal import CoordCore
import Glibc

/// The executable, copied to this node and run from there.
///
/// What runs from the shared disk is read from it page by page: an upgrade that replaces the file there (NFS) ends a supervisor
/// with SIGBUS weeks later, at the first page that it did not need before. The copy has no name any more once it runs, so
/// that nothing of it is left, however it ends.
public enum NodeCopy {
  private static let variable = "COORD_NODE_COPY"
  private static let prefix = "coord-run."
  private static let file = "coord"
  /// What has stood for so long belongs to nobody: a copy takes less than a second.
  private static let leftOver = Duration.seconds(600)

  /// Becomes the copy, in this process. Returns in the copy; or where none can be run, with the reason.
  public static func become() -> String? {
    let pid = getpid()
    let me = "\(pid):\(ProcessTable.start(of: pid) ?? 0):"
    // Ours to take away: the server's command would pass it on.
    let mark = getenv(variable).map { String(cString: $0) }
    unsetenv(variable)
    if let mark, mark.hasPrefix(me) {
      if let folder = Folder(path: String(mark.dropFirst(me.utf8.count))) { folder.remove() }
      // The kernel named us after the descriptor that we were started by.
      if let name = try? Descriptor(path: "/proc/self/comm", O_WRONLY) { try? name.write(Array("coord".utf8), "comm") }
      return nil
    }
    var problem = "no directory of this node was found"
    for parent in parents() {
      clear(parent)
      do throws(SystemFailure) { try run(in: parent, me) } catch { problem = error.text }
    }
    return problem
  }

  /// Directories of this node, the job's own first.
  private static func parents() -> [String] {
    let variables: [String] = ["SLURM_TMPDIR", "TMPDIR"]
    let named: [String] = variables.compactMap { name in getenv(name).map { String(cString: $0) } }
    return (named + ["/tmp", "/var/tmp", "/dev/shm"]).compactMap { path in
      guard path.hasPrefix("/"), let real = realpath(path, nil) else { return nil }
      defer { free(real) }
      let resolved = String(cString: real)
      return Checkup.isOfTheNetwork(type: Filesystem(of: resolved).type) ? nil : resolved
    }
  }

  /// Returns only by an error: of the directory that it names.
  private static func run(in parent: String, _ me: String) throws(SystemFailure) {
    var template = Array("\(parent)/\(prefix)XXXXXX".utf8CString)
    guard mkdtemp(&template) != nil else { throw SystemFailure("make a directory in \(parent)") }
    let path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    // Where others may rename it (no sticky bit), they cannot put theirs in its place any more once it is open.
    guard let folder = Folder(path: path) else {
      rmdir(path)
      throw SystemFailure("open \(path)", code: EPERM)
    }
    defer { folder.remove() }
    let copy = try folder.fill(file)
    setenv(variable, me + path, 1)
    defer { unsetenv(variable) }
    let argv = CommandLine.arguments.map { strdup($0) } + [nil]
    defer { for text in argv { free(text) } }
    // By the descriptor: what was written is what runs. A file system that runs nothing (noexec) says so here.
    execve("/proc/self/fd/\(copy.raw)", argv, environ)
    throw SystemFailure("run a copy of coord in \(parent)")
  }

  /// Removes what this user's copies left in a directory, if they were killed in the moment between.
  private static func clear(_ parent: String) {
    for name in (try? entries(of: parent)) ?? [] where name.hasPrefix(prefix) {
      guard let folder = Folder(path: "\(parent)/\(name)"), folder.age > leftOver else { continue }
      folder.remove()
    }
  }

  /// A private directory of this user's, held open.
  private struct Folder: ~Copyable {
    private let path: String
    private let descriptor: Descriptor
    let age: Duration

    /// Nil where it is not this user's alone, or a link.
    init?(path: String) {
      var found = stat()
      guard let opened = try? Descriptor(path: path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW),
        fstat(opened.raw, &found) == 0, found.st_uid == geteuid(), found.st_mode & 0o077 == 0
      else { return nil }
      self.path = path
      descriptor = opened
      age = .seconds(Int(time(nil)) - found.st_mtim.tv_sec)
    }

    /// Copies this process's executable into it; the copy, open to be run.
    func fill(_ name: String) throws(SystemFailure) -> Descriptor {
      let source = try Descriptor(path: "/proc/self/exe", O_RDONLY)
      let before = try status(source)
      let raw = openat(descriptor.raw, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o500)
      guard raw >= 0 else { throw SystemFailure("create \(path)/\(name)") }
      let target = Descriptor(owning: raw)
      var buffer = [UInt8](repeating: 0, count: 4 << 20)
      var copied = 0
      while true {
        let n = buffer.withUnsafeMutableBytes { read(source.raw, $0.baseAddress, $0.count) }
        if n < 0, errno == EINTR { continue }
        guard n >= 0 else { throw SystemFailure("read coord") }
        if n == 0 { break }
        try target.write(Array(buffer[..<n]), path)
        copied += n
      }
      // Somebody writes a new one over it at this moment.
      let after = try status(source)
      guard copied == before.st_size, after.st_size == before.st_size,
        after.st_mtim.tv_sec == before.st_mtim.tv_sec, after.st_mtim.tv_nsec == before.st_mtim.tv_nsec
      else { throw SystemFailure("copy coord, which is being replaced", code: EAGAIN) }
      try target.close(path)
      let copy = openat(descriptor.raw, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW)
      guard copy >= 0 else { throw SystemFailure("open \(path)/\(name)") }
      return Descriptor(owning: copy)
    }

    private func status(_ file: borrowing Descriptor) throws(SystemFailure) -> stat {
      var found = stat()
      guard fstat(file.raw, &found) == 0 else { throw SystemFailure("stat coord") }
      return found
    }

    /// Removes it and what is in it; what somebody put in its place only if that is an empty directory.
    func remove() {
      unlinkat(descriptor.raw, file, 0)
      rmdir(path)
    }
  }
}
