import Glibc

// SO_PEERGROUPS of asm-generic/socket.h (Linux 4.13 and later), which `import Glibc` does not show.
private let peerGroups: Int32 = 59

/// A stream socket of this machine (unix(7)). Never blocking.
enum UnixSocket {
  /// Calls `body` with the address of a path.
  static func address<R>(_ path: String, _ body: (UnsafePointer<sockaddr>, socklen_t) -> R) -> R {
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    let bytes = Array(path.utf8.prefix(107))
    withUnsafeMutableBytes(of: &address.sun_path) { room in
      for (i, byte) in bytes.enumerated() { room[i] = byte }
      // The abstract namespace, as systemd writes it.
      if bytes.first == UInt8(ascii: "@") { room[0] = 0 }
    }
    let length = socklen_t(MemoryLayout<sa_family_t>.size + bytes.count + (bytes.first == UInt8(ascii: "@") ? 0 : 1))
    return withUnsafePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { body($0, length) }
    }
  }

  static func open(datagram: Bool = false) throws(SystemFailure) -> Descriptor {
    let type = datagram ? SOCK_DGRAM : SOCK_STREAM
    let fd = socket(AF_UNIX, Int32(type.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue), 0)
    guard fd >= 0 else { throw SystemFailure("socket") }
    return Descriptor(owning: fd)
  }

  /// Connected at once, or not at all: a full backlog is an error too.
  static func connect(_ path: String) throws(SystemFailure) -> Descriptor {
    let socket = try open()
    if address(path, { Glibc.connect(socket.raw, $0, $1) }) != 0 { throw SystemFailure("connect to \(path)") }
    return socket
  }

  /// Listens at a path. One that nobody listens on any more is taken over.
  static func listen(_ path: String, mode: mode_t, group: gid_t?) throws(SystemFailure) -> Descriptor {
    do throws(SystemFailure) {
      _ = try connect(path)
      throw SystemFailure("listen on \(path): a service of this machine already does", code: EADDRINUSE)
    } catch {
      if error.code == EADDRINUSE || error.code == EAGAIN { throw error }
    }
    let socket = try open()
    // Under another name first: at no moment is there a name that does not answer.
    let temporary = "\(path).\(getpid())"
    unlink(temporary)
    guard address(temporary, { bind(socket.raw, $0, $1) }) == 0 else { throw SystemFailure("bind \(temporary)") }
    if let group { _ = chown(temporary, uid_t.max, group) }
    guard chmod(temporary, mode) == 0, Glibc.listen(socket.raw, 4096) == 0, rename(temporary, path) == 0 else {
      let failure = SystemFailure("listen on \(path)")
      unlink(temporary)
      throw failure
    }
    return socket
  }

  /// The next one that connected, if there is one.
  static func accept(_ listener: borrowing Descriptor) -> Descriptor? {
    let fd = Glibc.accept(listener.raw, nil, nil)
    guard fd >= 0 else { return nil }
    // `import Glibc` does not show accept4. No child is started meanwhile.
    _ = fcntl(fd, F_SETFD, FD_CLOEXEC)
    _ = fcntl(fd, F_SETFL, O_NONBLOCK)
    return Descriptor(owning: fd)
  }

  /// Who is at the other end: what the kernel noted when it connected.
  static func peer(_ socket: borrowing Descriptor) -> (uid: uid_t, groups: [gid_t])? {
    // struct ucred: pid, uid, gid.
    var who: (pid_t, uid_t, gid_t) = (0, 0, 0)
    var size = socklen_t(MemoryLayout.size(ofValue: who))
    guard getsockopt(socket.raw, SOL_SOCKET, SO_PEERCRED, &who, &size) == 0 else { return nil }
    var groups = [gid_t](repeating: 0, count: 4096)
    var length = socklen_t(groups.count * MemoryLayout<gid_t>.size)
    let more =
      getsockopt(socket.raw, SOL_SOCKET, peerGroups, &groups, &length) == 0 ? Int(length) / MemoryLayout<gid_t>.size : 0
    return (who.1, [who.2] + groups.prefix(more))
  }
}
