internal import CoordCore
import Glibc

/// TCP and HTTP, as far as the coordinator needs them.
public enum Network {
  /// The status code of an HTTP GET to this machine; nil if no HTTP came back in time.
  public static func httpStatus(port: Int, path: String, within limit: Duration) -> Int? {
    let end = Machine.now + limit
    guard let socket = connected("127.0.0.1", port, within: limit) else { return nil }
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

  /// A port that is listened on, for whoever wants to see whether it can be reached.
  struct Listener: ~Copyable {
    let socket: Descriptor
    let port: Int

    /// On the first free port from `first` upward.
    init?(from first: Int) {
      var from = first
      for _ in 0..<20 {
        guard let port = freePort(from: from) else { return nil }
        from = port + 1
        guard let address = SocketAddress("0.0.0.0", port), let socket = address.socket() else { continue }
        allowReuse(socket)
        if address.call({ bind(socket.raw, $0, $1) }) == 0, listen(socket.raw, 16) == 0 {
          self.socket = socket
          self.port = port
          return
        }
      }
      return nil
    }

    /// Whether somebody connected; does not wait.
    func accepted() -> Bool {
      let fd = accept(socket.raw, nil, nil)
      if fd >= 0 { _ = Descriptor(owning: fd) }
      return fd >= 0
    }
  }

  /// A connected socket, not blocking; nil if there is none in time.
  static func connected(_ address: String, _ port: Int, within limit: Duration) -> Descriptor? {
    guard let address = SocketAddress(address, port), let socket = address.socket() else { return nil }
    if address.call({ connect(socket.raw, $0, $1) }) == 0 { return socket }
    guard errno == EINPROGRESS, ready(socket.raw, Int16(POLLOUT), within: limit), problem(socket.raw) == 0 else {
      return nil
    }
    return socket
  }

  /// What became of a connection that was begun: 0, or an errno.
  static func problem(_ socket: Int32) -> Int32 {
    var problem: Int32 = 0
    var size = socklen_t(MemoryLayout<Int32>.size)
    return getsockopt(socket, SOL_SOCKET, SO_ERROR, &problem, &size) == 0 ? problem : errno
  }

  private static func allowReuse(_ socket: borrowing Descriptor) {
    var on: Int32 = 1
    setsockopt(socket.raw, SOL_SOCKET, SO_REUSEADDR, &on, socklen_t(MemoryLayout<Int32>.size))
  }

  static func ready(_ fd: Int32, _ events: Int16, within limit: Duration) -> Bool {
    var p = pollfd(fd: fd, events: events, revents: 0)
    let (seconds, attoseconds) = max(limit, .zero).components
    return poll(&p, 1, Int32(clamping: seconds * 1000 + attoseconds / 1_000_000_000_000_000)) > 0
  }

  /// nil where this kind of address does not exist here.
  private static func canListen(_ address: String, _ port: Int) -> Bool? {
    guard let address = SocketAddress(address, port), let socket = address.socket() else { return nil }
    allowReuse(socket)
    if address.family == AF_INET6 {
      var on: Int32 = 1
      setsockopt(socket.raw, Int32(IPPROTO_IPV6), IPV6_V6ONLY, &on, socklen_t(MemoryLayout<Int32>.size))
    }
    if address.call({ bind(socket.raw, $0, $1) }) == 0 { return true }
    return errno == EADDRNOTAVAIL ? nil : false
  }
}

/// A numeric address and a port, as the system's calls take it.
struct SocketAddress {
  private var storage = sockaddr_storage()
  private let length: socklen_t
  var family: Int32 { Int32(storage.ss_family) }

  init?(_ address: String, _ port: Int) {
    var hints = addrinfo()
    hints.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV
    hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
    var list: UnsafeMutablePointer<addrinfo>?
    guard getaddrinfo(address, "\(port)", &hints, &list) == 0, let info = list?.pointee, let raw = info.ai_addr else {
      return nil
    }
    defer { freeaddrinfo(list) }
    length = min(info.ai_addrlen, socklen_t(MemoryLayout<sockaddr_storage>.size))
    withUnsafeMutableBytes(of: &storage) { $0.copyMemory(from: UnsafeRawBufferPointer(start: raw, count: Int(length))) }
  }

  /// Calls bind(2) or connect(2) with it.
  func call(_ body: (UnsafePointer<sockaddr>, socklen_t) -> Int32) -> Int32 {
    withUnsafePointer(to: storage) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { body($0, length) }
    }
  }

  /// A stream socket for addresses of its kind, not blocking.
  func socket() -> Descriptor? {
    let fd = Glibc.socket(family, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue), 0)
    return fd < 0 ? nil : Descriptor(owning: fd)
  }
}
