internal import CoordCore
import Glibc

extension Machine {
  /// As it is here and now.
  public init() { environment = Self.variables }

  private static let variables: [String: String] = {
    var environment: [String: String] = [:]
    var at = environ
    while let entry = at.pointee {
      let pair = String(cString: entry)
      if let mark = pair.firstIndex(of: "=") {
        environment[String(pair[..<mark])] = String(pair[pair.index(after: mark)...])
      }
      at += 1
    }
    return environment
  }()

  static let here: Author = {
    let pid = getpid()
    return Author(
      user: userName(variables), uid: getuid(), host: hostName, bootID: bootID(), pid: pid,
      pidStart: ProcessTable.start(of: pid) ?? 0, nonce: hexadecimal(random(), digits: 16))
  }()

  static let hostName: String = {
    var buffer = [CChar](repeating: 0, count: 256)
    gethostname(&buffer, 255)
    return String(decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }()

  private static func bootID() -> String {
    let bytes = (try? contents(of: "/proc/sys/kernel/random/boot_id")) ?? nil
    return String(decoding: (bytes ?? []).filter { $0 > 0x20 }, as: UTF8.self)
  }

  // A static executable cannot ask getpwuid without the host's shared C library: `id` can.
  private static func userName(_ environment: [String: String]) -> String {
    if let user = environment["USER"] ?? environment["LOGNAME"], !user.isEmpty { return user }
    let said = ChildProcess(["id", "-un"], environment: environment).run(deadline: .seconds(5))
    return said.output.lastMeaningfulLine ?? "uid\(getuid())"
  }
}
