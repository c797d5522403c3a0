internal import CoordCore
import Glibc

/// The clients of a service: each with its own small buffers, none able to hold up another.
struct ServiceClients: ~Copyable {
  /// A client that asked, and waits.
  struct Waiter {
    var request: ServiceRequest
    var deadline: Instant
    var told = ""
    var toldAt = Machine.now
  }

  private struct Client {
    let id: Int
    let socket: SharedDescriptor
    let uid: uid_t
    var input: [UInt8] = []
    var output: ArraySlice<UInt8> = []
    var waiter: Waiter?
    /// It has all that it will get: closed once that is sent.
    var done = false
    /// Until when it has to have sent its line, or to have read its reply.
    var patience: Instant
  }

  enum Event {
    case asked(Int, ServiceRequest)
    case refused
    /// So many were told to come again, or did not keep to what is agreed.
    case dropped(Int)
  }

  /// More than this many at once: the newest are told to ask again, each at a moment of its own.
  static let most = 2000
  private static let pauses = 2...10
  /// One user may have this part of them, but for root and the service's own.
  private static let share = 4
  /// One poll takes no more than so many, however many come: those who wait are served in between.
  private static let mostAtOnce = 256
  /// Descriptors that are left for files, pipes and the listener.
  private static let forFiles = 64
  /// How long half a line, or a reply that is not read, is borne.
  static let patience = Duration.seconds(10)

  private let listener: Descriptor
  private let mayAsk: (uid_t, [gid_t]) -> Bool
  private var clients: [Client] = []
  private var nextID = 1
  /// How many clients each user has.
  private var counts: [uid_t: Int] = [:]

  /// As many as there may be descriptors, with some for the files.
  private let most: Int

  init(listener: consuming Descriptor, mayAsk: @escaping (uid_t, [gid_t]) -> Bool) {
    self.listener = listener
    self.mayAsk = mayAsk
    most = max(min(Self.most, DescriptorLimit.raise(to: Self.most + Self.forFiles) - Self.forFiles), 1)
  }

  var waiters: [(id: Int, waiter: Waiter)] { clients.compactMap { c in c.waiter.map { (c.id, $0) } } }

  /// Waits until somebody has something for us, or `limit` is over; what came of it.
  mutating func poll(within limit: Duration) -> [Event] {
    var fds = [pollfd(fd: listener.raw, events: Int16(POLLIN), revents: 0)]
    for client in clients {
      fds.append(
        pollfd(fd: client.socket.raw, events: Int16(client.output.isEmpty ? POLLIN : POLLIN | POLLOUT), revents: 0))
    }
    guard Glibc.poll(&fds, nfds_t(fds.count), Int32(clamping: Int(max(limit, .zero) / .milliseconds(1)))) > 0 else {
      return dropTheSlow()
    }
    var events: [Event] = []
    for (index, fd) in fds.dropFirst().enumerated() where fd.revents != 0 {
      if fd.revents & Int16(POLLIN | POLLHUP | POLLERR) != 0, let event = receive(index) { events.append(event) }
    }
    flush()
    if fds[0].revents != 0 { events += accept() }
    return events + dropTheSlow()
  }

  private mutating func accept() -> [Event] {
    var events: [Event] = []
    var turnedAway = 0
    for _ in 0..<Self.mostAtOnce {
      guard let socket = UnixSocket.accept(listener) else { break }
      let peer = UnixSocket.peer(socket)
      let uid = peer?.uid ?? .max
      guard clients.count < most, counts[uid, default: 0] < share(of: uid) else {
        // Closed at once: it takes nothing from those who wait.
        let word = Array(ServiceReply.busy(.seconds(Int.random(in: Self.pauses))).text.utf8)
        _ = Glibc.send(socket.raw, word, word.count, Int32(MSG_NOSIGNAL))
        // What is closed unread is a reset for the other end.
        var request = [UInt8](repeating: 0, count: ServiceRequest.limit)
        _ = recv(socket.raw, &request, request.count, 0)
        turnedAway += 1
        continue
      }
      let client = Client(
        id: nextID, socket: SharedDescriptor(socket), uid: uid, patience: Machine.now + Self.patience)
      nextID += 1
      clients.append(client)
      counts[uid, default: 0] += 1
      if !(peer.map { mayAsk($0.uid, $0.groups) } ?? false) {
        reply(
          client.id,
          .failure(
            .permission(
              what: "the service does not know you", why: "you are not in the group that may ask it (SOCKET_GROUP)",
              next: "ask who runs the project to add you to that group")))
        events.append(.refused)
        continue
      }
      // Most have said all they want by now.
      if let event = receive(clients.count - 1) { events.append(event) }
    }
    if turnedAway > 0 { events.append(.dropped(turnedAway)) }
    return events
  }

  private func share(of uid: uid_t) -> Int { uid == 0 || uid == getuid() ? most : max(most / Self.share, 1) }

  /// Closes those of whom that is true.
  private mutating func remove(where isOver: (Client) -> Bool) {
    var kept: [Client] = []
    for client in clients {
      guard isOver(client) else {
        kept.append(client)
        continue
      }
      let left = counts[client.uid, default: 1] - 1
      counts[client.uid] = left > 0 ? left : nil
    }
    if kept.count < clients.count { clients = kept }
  }

  private mutating func receive(_ index: Int) -> Event? {
    var buffer = [UInt8](repeating: 0, count: 4096)
    let n = recv(clients[index].socket.raw, &buffer, buffer.count, 0)
    if n < 0, errno == EAGAIN || errno == EINTR { return nil }
    // Gone; or it says more than there is to say.
    guard n > 0, !clients[index].done, clients[index].waiter == nil else {
      // Whoever has half closed his side may still read.
      if n == 0, clients[index].waiter != nil || !clients[index].output.isEmpty { clients[index].waiter = nil }
      if n <= 0 { clients[index].patience = .init(sinceBoot: .zero) }
      return nil
    }
    clients[index].input += buffer[..<n]
    if let end = clients[index].input.firstIndex(of: UInt8(ascii: "\n")), end <= ServiceRequest.limit {
      let line = String(decoding: clients[index].input[..<end], as: UTF8.self)
      clients[index].input = []
      if let request = ServiceRequest(line: line) {
        clients[index].waiter = Waiter(request: request, deadline: Machine.now + request.wait)
        return .asked(clients[index].id, request)
      }
    } else if clients[index].input.count <= ServiceRequest.limit {
      return nil
    }
    reply(
      clients[index].id,
      .failure(.bug("the service was asked what it does not understand: do all here use the same version of coord?")))
    return .dropped(1)
  }

  /// Closes without a word: whoever asked goes by the files.
  mutating func turnAway(_ id: Int) {
    remove { $0.id == id }
  }

  /// Sends a reply; after a final one the client is done.
  mutating func reply(_ id: Int, _ reply: ServiceReply) {
    guard let index = clients.firstIndex(where: { $0.id == id }) else { return }
    if case .progress(let text) = reply {
      let now = Machine.now
      if let waiter = clients[index].waiter, waiter.told == text, now - waiter.toldAt < Limits.servicePace { return }
      clients[index].waiter?.told = text
      clients[index].waiter?.toldAt = now
      // One that does not read gets no more news.
      guard clients[index].output.isEmpty else { return }
    } else {
      clients[index].waiter = nil
      clients[index].done = true
    }
    if clients[index].output.isEmpty { clients[index].patience = Machine.now + Self.patience }
    clients[index].output += Array(reply.text.utf8)
    send(index)
  }

  private mutating func send(_ index: Int) {
    while !clients[index].output.isEmpty {
      let n = clients[index].output.withUnsafeBytes {
        Glibc.send(clients[index].socket.raw, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
      }
      if n < 0, errno == EINTR { continue }
      guard n > 0 else { return }
      clients[index].output = clients[index].output.dropFirst(n)
    }
  }

  private mutating func flush() {
    for index in clients.indices where !clients[index].output.isEmpty { send(index) }
  }

  /// Closes those who are through, and those who keep us waiting.
  private mutating func dropTheSlow() -> [Event] {
    let now = Machine.now
    var dropped = 0
    remove { client in
      let isThrough = client.done && client.output.isEmpty
      let isSlow = (client.waiter == nil || !client.output.isEmpty) && now >= client.patience
      guard isThrough || isSlow else { return false }
      if !isThrough { dropped += 1 }
      return true
    }
    return dropped > 0 ? [.dropped(dropped)] : []
  }
}
