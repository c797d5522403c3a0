public import CoordCore
import Glibc

/// What /proc says of processes.
public enum ProcessTable {
  public struct Row: Sendable {
    public var pid: Int32
    public var name: String
    public var state: UInt8
    public var parent: Int32
    public var group: Int32
    public var start: UInt64
  }

  /// The row of /proc/PID/stat; nil if there is no such process. Field numbers: proc(5).
  public static func row(of pid: Int32) -> Row? {
    guard let bytes = try? contents(of: "/proc/\(pid)/stat"), let open = bytes.firstIndex(of: UInt8(ascii: "(")),
      let close = bytes.lastIndex(of: UInt8(ascii: ")")), open < close
    else { return nil }
    let name = String(decoding: bytes[(open + 1)..<close], as: UTF8.self)
    // The command's name (field 2) may hold blanks and brackets: count from its last one.
    let fields = bytes[(close + 1)...].split(separator: UInt8(ascii: " ")).map { String(decoding: $0, as: UTF8.self) }
    guard fields.count > 19, let state = fields[0].utf8.first, let parent = Int32(fields[1]),
      let group = Int32(fields[2]),
      let start = UInt64(fields[19])
    else { return nil }
    return Row(pid: pid, name: name, state: state, parent: parent, group: group, start: start)
  }

  public static func start(of pid: Int32) -> UInt64? { row(of: pid)?.start }

  /// All processes that this process can see, dead ones that nobody waited for left out.
  public static func rows() -> [Row] {
    let names = (try? entries(of: "/proc")) ?? []
    return names.compactMap { Int32($0) }.compactMap(row(of:)).filter { !"ZXx".utf8.contains($0.state) }
  }

  /// Whether a process of this group exists. A zombie is none: in a container nobody may ever wait for it.
  public static func groupExists(_ group: Int32) -> Bool { rows().contains { $0.group == group } }

  /// The arguments of a process.
  public static func arguments(of pid: Int32) -> [String] {
    let bytes = (try? contents(of: "/proc/\(pid)/cmdline")) ?? nil
    return (bytes ?? []).split(separator: 0).map { String(decoding: $0, as: UTF8.self) }
  }

  /// Whether the process that took a number still runs, as far as this host can tell.
  public static func claimant(_ author: Author, seenFrom me: Author) -> Observation.Claimant {
    guard author.host == me.host else { return .unknown }
    guard author.bootID == me.bootID else { return .dead }
    guard let row = row(of: author.pid) else {
      // /proc may be mounted with hidepid (proc(5)): then only the kernel's answer to a signal tells.
      return kill(author.pid, 0) == 0 || errno == EPERM ? .unknown : .dead
    }
    if "ZXx".utf8.contains(row.state) { return .dead }
    return row.start == author.pidStart ? .alive : .dead
  }
}

extension ProcessTable {
  /// TERM to the whole group, KILL after the grace to what stays. Returns when nothing is left.
  static func end(group: Int32, grace: Duration = Limits.stopGrace) {
    kill(-group, SIGTERM)
    let end = Machine.now + grace
    while groupExists(group), Machine.now < end { Machine.sleep(.milliseconds(100)) }
    if groupExists(group) { destroy(group: group) }
  }

  /// KILL at once. Returns when nothing is left.
  static func destroy(group: Int32) {
    repeat {
      kill(-group, SIGKILL)
      Machine.sleep(.milliseconds(20))
    } while groupExists(group)
  }
}
