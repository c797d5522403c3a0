/// What the kernel says of a control group's memory killer (cgroups(7), both versions).
public enum CgroupText {
  /// The files that count what was killed in the groups of /proc/PID/cgroup, the likeliest first.
  public static func memoryEvents(cgroup text: String) -> [String] {
    var files: [String] = []
    for line in text.split(separator: "\n") {
      let f = line.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false).map(String.init)
      guard f.count == 3, f[2].hasPrefix("/") else { continue }
      let path = f[2] == "/" ? "" : f[2]
      if f[1].split(separator: ",").contains("memory") {
        files.append("/sys/fs/cgroup/memory\(path)/memory.oom_control")
      } else if f[0] == "0", f[1].isEmpty {
        files += ["/sys/fs/cgroup\(path)/memory.events", "/sys/fs/cgroup/unified\(path)/memory.events"]
      }
    }
    return files
  }

  /// How many processes were killed, in the words of memory.events or memory.oom_control; nil where neither says it.
  public static func kills(_ text: String) -> Int? {
    for line in text.split(separator: "\n") {
      let words = line.split(separator: " ")
      if words.count == 2, words[0] == "oom_kill" { return Int(words[1]) }
    }
    return nil
  }
}
