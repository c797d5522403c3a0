public import CoordCore
import Glibc

/// This process on this machine: who it is and what time it is.
public struct Machine: Sendable {
  public let author: Author
  public let environment: [String: String]

  public init() {
    var environment: [String: String] = [:]
    var at = environ
    while let entry = at.pointee {
      let pair = String(cString: entry)
      if let mark = pair.firstIndex(of: "=") {
        environment[String(pair[..<mark])] = String(pair[pair.index(after: mark)...])
      }
      at += 1
    }
    self.environment = environment
    let pid = getpid()
    author = Author(
      user: Machine.userName(environment), uid: getuid(), host: Machine.hostName(), bootID: Machine.bootID(), pid: pid,
      pidStart: ProcessTable.start(of: pid) ?? 0, nonce: hexadecimal(Machine.random(), digits: 16))
  }

  /// CLOCK_BOOTTIME, which goes on while the machine sleeps.
  public static var now: Instant {
    var t = timespec()
    clock_gettime(CLOCK_BOOTTIME, &t)
    return Instant(sinceBoot: .seconds(t.tv_sec) + .nanoseconds(t.tv_nsec))
  }

  public static var wall: WallTime { WallTime(seconds: Int64(time(nil))) }

  public static func random() -> UInt64 { UInt64.random(in: .min ... .max) }

  public static func freshToken() -> Token { Token(random: random(), random()) }

  public static func sleep(_ duration: Duration) {
    let (seconds, attoseconds) = duration.components
    var t = timespec(tv_sec: Int(seconds), tv_nsec: Int(attoseconds / 1_000_000_000))
    nanosleep(&t, nil)
  }

  /// The groups that this process is in.
  static func groups() -> [UInt32] {
    var groups = [gid_t](repeating: 0, count: 4096)
    let n = getgroups(Int32(groups.count), &groups)
    return Array(Set(groups[..<Int(max(0, n))] + [getegid()])).sorted()
  }

  private static func hostName() -> String {
    var buffer = [CChar](repeating: 0, count: 256)
    gethostname(&buffer, 255)
    return String(decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }

  private static func bootID() -> String {
    let bytes = (try? contents(of: "/proc/sys/kernel/random/boot_id")) ?? nil
    return String(decoding: (bytes ?? []).filter { $0 > 0x20 }, as: UTF8.self)
  }

  // A static executable cannot ask getpwuid without the host's shared C library: `id` can.
  private static func userName(_ environment: [String: String]) -> String {
    if let user = environment["USER"] ?? environment["LOGNAME"], !user.isEmpty { return user }
    let said = Command(["id", "-un"], environment: environment).run(deadline: .seconds(5))
    return said.output.lastMeaningfulLine ?? "uid\(getuid())"
  }
}

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
