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

/// Which Python a script runs under, as its first lines say it.
public enum Shebang {
  /// nil where it is none of Python.
  public static func python(of text: String) -> String? {
    let lines = text.split(separator: "\n", maxSplits: 2, omittingEmptySubsequences: false).map(String.init)
    guard let first = lines.first, first.hasPrefix("#!") else { return nil }
    let words = first.dropFirst(2).split(separator: " ").map(String.init)
    guard var program = words.first else { return nil }
    if name(program) == "env" { program = words.dropFirst().first { !$0.hasPrefix("-") } ?? "" }
    // pip and conda write this where the path is too long for the kernel: '''exec' "/long/path/python3" "$0" "$@"
    if name(program) == "sh", lines.count > 1, lines[1].hasPrefix("'''exec' ") {
      let rest = lines[1].dropFirst(9)
      if rest.hasPrefix("\"") {
        program = rest.dropFirst().split(separator: "\"").first.map(String.init) ?? ""
      } else {
        program = rest.split(separator: " ").first.map(String.init) ?? ""
      }
    }
    return name(program).hasPrefix("python") || name(program).hasPrefix("pypy") ? program : nil
  }

  private static func name(_ path: String) -> String {
    path.split(separator: "/").last.map(String.init) ?? path
  }
}
