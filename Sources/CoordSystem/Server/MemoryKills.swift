internal import CoordCore

/// The kernel's memory killer, as this process's control group counts it. The server is in the same one.
enum MemoryKills {
  /// How many processes it has killed so far; nil where that is not told.
  static func count() -> Int? {
    let mine = (try? contents(of: "/proc/self/cgroup")) ?? nil
    for file in CgroupText.memoryEvents(cgroup: String(decoding: mine ?? [], as: UTF8.self)) {
      if let bytes = (try? contents(of: file)) ?? nil,
        let kills = CgroupText.kills(String(decoding: bytes, as: UTF8.self))
      {
        return kills
      }
    }
    return nil
  }
}
