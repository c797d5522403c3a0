import Glibc

/// sd_notify(3), as far as a service needs it.
struct ServiceManager {
  private let path: String?
  /// How often it wants to hear that we live; nil: not at all.
  let watchdog: Duration?

  init(environment: [String: String]) {
    path = environment["NOTIFY_SOCKET"]
    watchdog = environment["WATCHDOG_USEC"].flatMap { Int($0) }.map { .microseconds($0 / 3) }
  }

  /// `READY=1`, `WATCHDOG=1`, `STOPPING=1`, `STATUS=…`.
  func tell(_ text: String) {
    guard let path, let socket = try? UnixSocket.open(datagram: true) else { return }
    let bytes = Array(text.utf8)
    _ = UnixSocket.address(path) { sendto(socket.raw, bytes, bytes.count, 0, $0, $1) }
  }
}
