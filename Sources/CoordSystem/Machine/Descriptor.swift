import Glibc

/// An open file descriptor, closed exactly once.
struct Descriptor: ~Copyable {
  let raw: Int32

  init(owning raw: Int32) { self.raw = raw }

  /// Opens a file, always close-on-exec.
  init(path: String, _ flags: Int32, mode: mode_t = 0o600) throws(SystemFailure) {
    var fd: Int32
    repeat { fd = open(path, flags | O_CLOEXEC, mode) } while fd < 0 && errno == EINTR
    guard fd >= 0 else { throw SystemFailure("open \(path)") }
    raw = fd
  }

  /// Creates a file that was not there, with this mode whatever the umask: one call less than changing it after.
  init(creating path: String, mode: mode_t) throws(SystemFailure) {
    let old = umask(0)
    defer { umask(old) }
    try self.init(path: path, O_WRONLY | O_CREAT | O_EXCL, mode: mode)
  }

  deinit { _ = Glibc.close(raw) }

  /// Closes it and says so if that failed: on a network filesystem a full quota may show only here.
  consuming func close(_ path: String) throws(SystemFailure) {
    let fd = raw
    discard self
    if Glibc.close(fd) != 0 { throw SystemFailure("close \(path)") }
  }

  func write(_ bytes: [UInt8], _ path: String) throws(SystemFailure) {
    var sent = 0
    while sent < bytes.count {
      let n = bytes[sent...].withUnsafeBytes { Glibc.write(raw, $0.baseAddress, $0.count) }
      if n < 0 {
        if errno == EINTR { continue }
        throw SystemFailure("write \(path)")
      }
      sent += n
    }
  }

  /// Reads to the end, or to `limit` bytes.
  /// - Parameter size: of a file that nobody writes any more: what comes after it is not asked for.
  /// - Parameter isLocal: a file of a local disk: a read that brings less than was asked for brings its end.
  func readAll(
    _ path: String, limit: Int = 1 << 20, size: Int? = nil, isLocal: Bool = false
  ) throws(SystemFailure) -> [UInt8] {
    var all: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 16_384)
    while all.count < limit {
      let n = buffer.withUnsafeMutableBytes { Glibc.read(raw, $0.baseAddress, $0.count) }
      if n < 0 {
        if errno == EINTR { continue }
        throw SystemFailure("read \(path)")
      }
      if n == 0 { break }
      all += buffer[..<n]
      if all.count == size || n < buffer.count && isLocal { break }
    }
    return all
  }

  func sync(_ path: String) throws(SystemFailure) {
    if fsync(raw) != 0 { throw SystemFailure("fsync \(path)") }
  }

  func setMode(_ mode: mode_t, _ path: String) throws(SystemFailure) {
    if fchmod(raw, mode) != 0 { throw SystemFailure("chmod \(path)") }
  }
}

/// One that a collection holds: closed with the last reference.
final class SharedDescriptor {
  private let descriptor: Descriptor
  var raw: Int32 { descriptor.raw }

  init(_ descriptor: consuming Descriptor) { self.descriptor = descriptor }
}

/// Both ends of a pipe, close-on-exec.
struct Pipe: ~Copyable {
  let readEnd: Descriptor
  let writeEnd: Descriptor

  init() throws(SystemFailure) {
    var ends: [Int32] = [0, 0]
    let made = pipe(&ends)
    for end in ends where made == 0 { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
    readEnd = Descriptor(owning: made == 0 ? ends[0] : -1)
    writeEnd = Descriptor(owning: made == 0 ? ends[1] : -1)
    if made != 0 { throw SystemFailure("pipe") }
  }

  consuming func intoWriteEnd() -> Descriptor { writeEnd }
  consuming func intoReadEnd() -> Descriptor { readEnd }
  consuming func shared() -> (readEnd: SharedDescriptor, writeEnd: SharedDescriptor) {
    (SharedDescriptor(readEnd), SharedDescriptor(writeEnd))
  }
}

/// The whole content of a file; nil if there is none.
public func contents(of path: String, limit: Int = 1 << 20, isLocal: Bool = false) throws(SystemFailure) -> [UInt8]? {
  do throws(SystemFailure) {
    let file = try Descriptor(path: path, O_RDONLY | O_NONBLOCK)
    return try file.readAll(path, limit: limit, isLocal: isLocal)
  } catch {
    if error.code == ENOENT { return nil }
    throw error
  }
}

/// Creates a file (O_EXCL) with its content, down to the disk; what fails halfway is left as it is.
/// - Parameter mode: whatever the umask says: a teammate's may be 077.
/// - Parameter group: kept where the system lets this user.
func createFile(_ path: String, _ bytes: [UInt8], mode: mode_t, group: gid_t? = nil, durable: Bool = true)
  throws(SystemFailure)
  -> stat
{
  let file = try Descriptor(creating: path, mode: mode)
  if let group, fchown(file.raw, uid_t.max, group) == 0 { try file.setMode(mode, path) }
  try file.write(bytes, path)
  if durable { try file.sync(path) }
  var s = stat()
  if fstat(file.raw, &s) != 0 { throw SystemFailure("stat \(path)") }
  try file.close(path)
  return s
}

/// The same under a temporary name that only this process uses: it replaces what an earlier attempt left, and leaves nothing
/// where it fails.
func stage(
  _ bytes: [UInt8], at temporary: String, mode: mode_t, group: gid_t? = nil, durable: Bool = true
) throws(SystemFailure) -> stat {
  do throws(SystemFailure) {
    return try createFile(temporary, bytes, mode: mode, group: group, durable: durable)
  } catch {
    let isGone = unlink(temporary) == 0 || errno == ENOENT
    let stays = SystemFailure("remove \(temporary)")
    guard error.code == EEXIST else { throw error }
    if !isGone { throw stays }
    return try createFile(temporary, bytes, mode: mode, group: group, durable: durable)
  }
}

/// Puts a staged file in the place of `path`, or removes it and says why not.
func move(_ temporary: String, over path: String) throws(SystemFailure) {
  guard rename(temporary, path) != 0 else { return }
  let failure = SystemFailure("replace \(path)")
  unlink(temporary)
  throw failure
}

/// Names in a directory, without `.` and `..`.
public func entries(of directory: String) throws(SystemFailure) -> [String] {
  var names: [String] = []
  try forEachEntry(of: directory) { names.append($0) }
  return names
}

/// The same, one after the other.
func forEachEntry(of directory: String, _ take: (String) -> Void) throws(SystemFailure) {
  guard let stream = opendir(directory) else { throw SystemFailure("open directory \(directory)") }
  defer { closedir(stream) }
  errno = 0
  while let entry = readdir(stream) {
    let name = withUnsafePointer(to: &entry.pointee.d_name) {
      $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
    }
    if name != ".", name != ".." { take(name) }
    errno = 0
  }
  if errno != 0 { throw SystemFailure("read directory \(directory)") }
}

/// Where a symbolic link leads; nil if it is none.
func target(ofLink path: String) -> String? {
  var buffer = [CChar](repeating: 0, count: 4096)
  let n = readlink(path, &buffer, buffer.count)
  return n > 0 ? String(decoding: buffer[..<n].map { UInt8(bitPattern: $0) }, as: UTF8.self) : nil
}

/// Where a path leads, if its last part is a symbolic link: what is there may be missing. Links in a circle lead nowhere.
func followed(_ path: String) -> String {
  var path = path
  for _ in 0..<40 {
    guard let next = target(ofLink: path) else { break }
    path = next.hasPrefix("/") ? next : Project.parent(of: path) + "/" + next
  }
  return path
}

/// What stat(2) says; nil if there is no such file or it cannot be asked.
func status(of path: String) -> stat? {
  var s = stat()
  return stat(path, &s) == 0 ? s : nil
}

/// Whoever closed a standard stream must not find our words in the next file or socket that is opened.
public func openStandardStreams() {
  var streams = (0...2).map { pollfd(fd: Int32($0), events: 0, revents: 0) }
  guard poll(&streams, 3, 0) > 0, streams.contains(where: { $0.revents & Int16(POLLNVAL) != 0 }) else { return }
  var descriptor: Int32
  repeat { descriptor = open("/dev/null", O_RDWR | O_CLOEXEC) } while (0...2).contains(descriptor)
  if descriptor > 2 { close(descriptor) }
}
