internal import CoordCore
import Glibc

/// TCP and HTTP, as far as the coordinator needs them.
public enum Network {
  /// The status code of an HTTP GET to this machine; nil if no HTTP came back in time.
  public static func httpStatus(port: Int, path: String, within limit: Duration) -> Int? {
    let end = Machine.now + limit
    guard let fd = connected("127.0.0.1", port, within: limit) else { return nil }
    let socket = Descriptor(owning: fd)
    let request = Array("GET \(path) HTTP/1.0\r\nHost: localhost:\(port)\r\nConnection: close\r\n\r\n".utf8)
    guard (try? socket.write(request, "")) != nil else { return nil }
    var reply: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 512)
    while reply.count < 12, Machine.now < end {
      guard ready(socket.raw, Int16(POLLIN), within: end - Machine.now) else { return nil }
      let n = recv(socket.raw, &buffer, buffer.count, 0)
      if n < 0, errno == EAGAIN || errno == EINTR { continue }
      guard n > 0 else { break }
      reply += buffer[..<n]
    }
    let words = String(decoding: reply.prefix(15), as: UTF8.self).split(separator: " ")
    guard words.count >= 2, words[0].hasPrefix("HTTP/1.") else { return nil }
    return Int(words[1])
  }

  /// The first port from `first` upward that nobody listens on, on any address of this machine.
  public static func freePort(from first: Int) -> Int? {
    (first...min(first + 999, 65_535)).first { canListen("0.0.0.0", $0) != false && canListen("::", $0) != false }
  }

  /// Listens on the first free port from `first` upward, for whoever wants to see whether it can be reached.
  static func listen(from first: Int) -> (socket: Int32, port: Int)? {
    var from = first
    for _ in 0..<20 {
      guard let port = freePort(from: from) else { return nil }
      from = port + 1
      let made: Int32? = socketAddress("0.0.0.0", port) { family, raw, length -> Int32? in
        let fd = openSocket(family)
        guard fd >= 0 else { return nil }
        var on: Int32 = 1
        setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, socklen_t(MemoryLayout<Int32>.size))
        if bind(fd, raw, length) == 0, Glibc.listen(fd, 16) == 0 { return fd }
        close(fd)
        return nil
      }.flatMap { $0 }
      if let made { return (made, port) }
    }
    return nil
  }

  /// Whether somebody connected; does not wait.
  static func accepted(_ socket: Int32) -> Bool {
    let fd = accept(socket, nil, nil)
    if fd >= 0 { close(fd) }
    return fd >= 0
  }

  static func socketAddress<R>(
    _ address: String, _ port: Int, _ body: (Int32, UnsafePointer<sockaddr>, socklen_t) -> R
  ) -> R? {
    var hints = addrinfo()
    hints.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV
    hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
    var list: UnsafeMutablePointer<addrinfo>?
    guard getaddrinfo(address, "\(port)", &hints, &list) == 0, let info = list?.pointee, let raw = info.ai_addr else {
      return nil
    }
    defer { freeaddrinfo(list) }
    return body(info.ai_family, raw, info.ai_addrlen)
  }

  static func openSocket(_ family: Int32) -> Int32 {
    socket(family, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue), 0)
  }

  /// A connected socket, not blocking; nil if there is none in time.
  private static func connected(_ address: String, _ port: Int, within limit: Duration) -> Int32? {
    let fd: Int32? = socketAddress(address, port) { family, raw, length in
      let fd = openSocket(family)
      guard fd >= 0 else { return nil }
      if connect(fd, raw, length) == 0 { return fd }
      var problem: Int32 = 0
      var size = socklen_t(MemoryLayout<Int32>.size)
      if errno == EINPROGRESS, ready(fd, Int16(POLLOUT), within: limit),
        getsockopt(fd, SOL_SOCKET, SO_ERROR, &problem, &size) == 0, problem == 0
      {
        return fd
      }
      close(fd)
      return nil
    }.flatMap { $0 }
    return fd
  }

  static func ready(_ fd: Int32, _ events: Int16, within limit: Duration) -> Bool {
    var p = pollfd(fd: fd, events: events, revents: 0)
    let (seconds, attoseconds) = max(limit, .zero).components
    return poll(&p, 1, Int32(clamping: seconds * 1000 + attoseconds / 1_000_000_000_000_000)) > 0
  }

  /// nil where this kind of address does not exist here.
  private static func canListen(_ address: String, _ port: Int) -> Bool? {
    socketAddress(address, port) { family, raw, length -> Bool? in
      let fd = openSocket(family)
      guard fd >= 0 else { return nil }
      defer { close(fd) }
      var on: Int32 = 1
      setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, socklen_t(MemoryLayout<Int32>.size))
      if family == AF_INET6 {
        setsockopt(fd, Int32(IPPROTO_IPV6), IPV6_V6ONLY, &on, socklen_t(MemoryLayout<Int32>.size))
      }
      if bind(fd, raw, length) == 0 { return true }
      return errno == EADDRNOTAVAIL ? nil : false
    }.flatMap { $0 }
  }
}
