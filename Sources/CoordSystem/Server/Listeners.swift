import Glibc

/// Who listens on a port of this machine, as /proc tells it (proc(5): net/tcp, PID/fd).
enum Listeners {
  /// Whether it is known that somebody else than the process group `group` has the port.
  ///
  /// On a shared node another team's server may take the port between our look and our server's start; what answers is
  /// theirs then. Where /proc does not say (containers), it is not known.
  static func isForeign(port: Int, group: Int32) -> Bool {
    let sockets = ["tcp", "tcp6"].flatMap { listening("/proc/net/" + $0, port) }
    guard !sockets.isEmpty else { return false }
    if sockets.contains(where: { $0.uid != getuid() }) { return true }
    let wanted = Set(sockets.map { "socket:[\($0.inode)]" })
    let holders = ProcessTable.rows().filter { holds(wanted, pid: $0.pid) }
    return !holders.isEmpty && !holders.contains { $0.group == group }
  }

  private static func listening(_ table: String, _ port: Int) -> [(uid: UInt32, inode: UInt64)] {
    let bytes = (try? contents(of: table, limit: 1 << 24)) ?? nil
    return (bytes ?? []).split(separator: UInt8(ascii: "\n")).compactMap { line in
      let f = line.split(separator: UInt8(ascii: " ")).map { String(decoding: $0, as: UTF8.self) }
      // State 0A is LISTEN.
      guard f.count > 9, f[3] == "0A", let mark = f[1].lastIndex(of: ":"),
        Int(f[1][f[1].index(after: mark)...], radix: 16) == port, let uid = UInt32(f[7]), let inode = UInt64(f[9])
      else { return nil }
      return (uid, inode)
    }
  }

  private static func holds(_ sockets: Set<String>, pid: Int32) -> Bool {
    let folder = "/proc/\(pid)/fd"
    let names = (try? entries(of: folder)) ?? []
    return names.contains { name in target(ofLink: "\(folder)/\(name)").map(sockets.contains) ?? false }
  }
}
