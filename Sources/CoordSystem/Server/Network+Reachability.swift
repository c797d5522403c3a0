internal import CoordCore
import Glibc

extension Network {
  /// Connects to a server by whatever it may be known by, as ssh on this host would have to.
  ///
  /// A name is looked up first, since it reads better and is what people know; where the server told its addresses, only for
  /// `Limits.nameCourtesy`. Takes 22 s at most, and some milliseconds where all is well.
  static func reach(_ place: ServerPlace, machine: Machine, evenHere: Bool = false) -> Reach {
    let names = place.names
    let own = Set(ownAddresses())
    // An address of this very host leads to this host, whoever listens there: nobody's server is meant by it from elsewhere.
    let isHere =
      evenHere || place.mayBeHere || place.endpoint.node == "localhost" || place.endpoint.node == machine.author.host
    func usable(_ found: [String]) -> [String] {
      isHere ? found : found.filter { !own.contains($0) && !$0.hasPrefix("127.") && $0 != "::1" }
    }
    var lookup = NameLookup(
      names, within: place.addresses.isEmpty ? Limits.nameLookup : Limits.nameCourtesy, machine.environment)
    var tried: [(endpoint: Endpoint, address: String)] = []
    func candidates(_ lookup: NameLookup) -> [(endpoint: Endpoint, address: String)] {
      names.flatMap { name in
        usable(lookup.found[name] ?? []).map { (name, $0) }
      }.compactMap { name, address in
        Endpoint(node: name, port: place.endpoint.port).map { ($0, address) }
      }
    }
    tried = candidates(lookup)
    tried += usable(place.addresses).compactMap { address in
      Endpoint(node: address, port: place.endpoint.port).map { ($0, address) }
    }
    var reach = connect(tried)
    if reach?.isReached != true, lookup.isLate, !place.addresses.isEmpty {
      lookup = NameLookup(names, within: Limits.nameLookup, machine.environment)
      reach = connect(candidates(lookup)) ?? reach
    }
    return reach ?? (lookup.isLate ? .slowNames(names) : .unknownName(names))
  }

  /// Tries them all at once; the first one in order that is connected. Nil: there is none to try.
  private static func connect(_ candidates: [(endpoint: Endpoint, address: String)]) -> Reach? {
    guard let first = candidates.first else { return nil }
    let end = Machine.now + .seconds(2)
    var refused: Endpoint?
    var waiting: [(endpoint: Endpoint, socket: Int32)] = []
    defer { for one in waiting { close(one.socket) } }
    for (endpoint, address) in candidates {
      switch begin(address, endpoint.port) {
      case .connected: return .reached(endpoint)
      case .refused: refused = refused ?? endpoint
      case .waiting(let socket): waiting.append((endpoint, socket))
      case .failed: break
      }
    }
    // Of several that answer, the first in order: another may be another machine's by the same name.
    var best: (endpoint: Endpoint, until: Instant)?
    while !waiting.isEmpty, Machine.now < (best?.until ?? end) {
      var polled = waiting.map { pollfd(fd: $0.socket, events: Int16(POLLOUT), revents: 0) }
      let (seconds, attoseconds) = max((best?.until ?? end) - Machine.now, .zero).components
      _ = poll(&polled, nfds_t(polled.count), Int32(seconds * 1000 + attoseconds / 1_000_000_000_000_000) + 1)
      var left: [(endpoint: Endpoint, socket: Int32)] = []
      for (index, one) in waiting.enumerated() {
        guard polled[index].revents != 0 else {
          left.append(one)
          continue
        }
        var problem: Int32 = 0
        var size = socklen_t(MemoryLayout<Int32>.size)
        getsockopt(one.socket, SOL_SOCKET, SO_ERROR, &problem, &size)
        if problem == 0 {
          if left.isEmpty { return .reached(one.endpoint) }
          best = best ?? (one.endpoint, Machine.now + .milliseconds(300))
        }
        if problem == ECONNREFUSED { refused = refused ?? one.endpoint }
        close(one.socket)
      }
      waiting = left
    }
    if let best { return .reached(best.endpoint) }
    return refused.map { .refused($0) } ?? .silent(first.endpoint)
  }

  private enum Beginning {
    case connected
    case refused
    case waiting(Int32)
    case failed
  }

  private static func begin(_ address: String, _ port: Int) -> Beginning {
    socketAddress(address, port) { family, raw, length -> Beginning in
      let fd = openSocket(family)
      guard fd >= 0 else { return .failed }
      if Glibc.connect(fd, raw, length) == 0 {
        close(fd)
        return .connected
      }
      if errno == EINPROGRESS { return .waiting(fd) }
      let problem = errno
      close(fd)
      return problem == ECONNREFUSED ? .refused : .failed
    } ?? .failed
  }

  /// The IPv4 addresses of this host's own interfaces.
  static func ownAddresses() -> [String] {
    var list: UnsafeMutablePointer<ifaddrs>?
    guard getifaddrs(&list) == 0 else { return [] }
    defer { freeifaddrs(list) }
    var found: [String] = []
    var next = list
    while let entry = next?.pointee {
      next = entry.ifa_next
      guard let raw = entry.ifa_addr, raw.pointee.sa_family == AF_INET else { continue }
      let number = raw.withMemoryRebound(to: sockaddr_in.self, capacity: 1) {
        UInt32(bigEndian: $0.pointee.sin_addr.s_addr)
      }
      found.append([24, 16, 8, 0].map { "\(number >> $0 & 255)" }.joined(separator: "."))
    }
    return found
  }
}
