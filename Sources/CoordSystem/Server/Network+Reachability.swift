internal import CoordCore
import Glibc

extension Network {
  /// Connects to a server by whatever it may be known by, as ssh on this host would have to.
  ///
  /// Where this host's own list has one of its names at the first address that the server told, no name is looked up. Else names
  /// come first, since they are what people know; where the server told its addresses, only for `Limits.nameCourtesy`. Takes 22 s at most, and less than a millisecond where all is well.
  static func reach(_ place: ServerPlace, machine: Machine, evenHere: Bool = false) -> Reach {
    if let endpoint = reachedAtOnce(place) { return .reached(endpoint) }
    let names = place.names
    let own = Set(ownAddresses())
    // An address of this very host leads to this host, whoever listens there: nobody's server is meant by it from elsewhere.
    let isHere = evenHere || place.mayBeHere || place.isOn(host: Machine.hostName)
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

  /// By the first address, on another machine than this one: one of its own leads to itself. An address alone may be another
  /// machine's on a net of this host: its name has to lead there too, as it does for ssh.
  private static func reachedAtOnce(_ place: ServerPlace) -> Endpoint? {
    guard let address = place.addresses.first, !address.hasPrefix("127."),
      let name = HostsFile.name(place.names, at: address),
      let socket = connected(address, place.endpoint.port, within: Limits.addressCourtesy),
      let here = localAddress(socket), here != address
    else { return nil }
    return Endpoint(node: name, port: place.endpoint.port)
  }

  /// Tries them all at once; the first one in order that is connected. Nil: there is none to try.
  private static func connect(_ candidates: [(endpoint: Endpoint, address: String)]) -> Reach? {
    guard let first = candidates.first else { return nil }
    let end = Machine.now + .seconds(2)
    var refused: Endpoint?
    var waiting: [(endpoint: Endpoint, socket: SharedDescriptor)] = []
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
      var polled = waiting.map { pollfd(fd: $0.socket.raw, events: Int16(POLLOUT), revents: 0) }
      let (seconds, attoseconds) = max((best?.until ?? end) - Machine.now, .zero).components
      _ = poll(&polled, nfds_t(polled.count), Int32(seconds * 1000 + attoseconds / 1_000_000_000_000_000) + 1)
      var left: [(endpoint: Endpoint, socket: SharedDescriptor)] = []
      for (index, one) in waiting.enumerated() {
        guard polled[index].revents != 0 else {
          left.append(one)
          continue
        }
        switch problem(one.socket.raw) {
        case 0:
          if left.isEmpty { return .reached(one.endpoint) }
          best = best ?? (one.endpoint, Machine.now + .milliseconds(300))
        case ECONNREFUSED: refused = refused ?? one.endpoint
        default: break
        }
      }
      waiting = left
    }
    if let best { return .reached(best.endpoint) }
    return refused.map { .refused($0) } ?? .silent(first.endpoint)
  }

  private enum Beginning {
    case connected
    case refused
    case waiting(SharedDescriptor)
    case failed
  }

  private static func begin(_ address: String, _ port: Int) -> Beginning {
    guard let address = SocketAddress(address, port), let socket = address.socket() else { return .failed }
    if address.call({ Glibc.connect(socket.raw, $0, $1) }) == 0 { return .connected }
    switch errno {
    case EINPROGRESS: return .waiting(SharedDescriptor(socket))
    case ECONNREFUSED: return .refused
    default: return .failed
    }
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
      found.append(raw.withMemoryRebound(to: sockaddr_in.self, capacity: 1) { dotted($0.pointee) })
    }
    return found
  }

  /// The IPv4 address by which this host sends over a connection.
  private static func localAddress(_ socket: borrowing Descriptor) -> String? {
    var address = sockaddr_in()
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let status = withUnsafeMutablePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(socket.raw, $0, &length) }
    }
    return status == 0 && address.sin_family == AF_INET ? dotted(address) : nil
  }

  private static func dotted(_ address: sockaddr_in) -> String {
    let number = UInt32(bigEndian: address.sin_addr.s_addr)
    return [24, 16, 8, 0].map { "\(number >> $0 & 255)" }.joined(separator: ".")
  }
}
