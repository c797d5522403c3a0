internal import CoordCore

/// Names looked up by this host's own rules. A static executable cannot use the host's name service modules: getent does it.
struct NameLookup {
  /// The addresses of each name that is known, in the resolver's order.
  private(set) var found: [String: [String]] = [:]
  /// Not all were looked up in time.
  private(set) var isLate = false

  /// - Parameter names: host names, or addresses that stand for themselves.
  init(_ names: [String], within limit: Duration, _ environment: [String: String]) {
    var asked: [String] = []
    for name in names {
      if name == "localhost" {
        found[name] = ["127.0.0.1", "::1"]
      } else if name.isAddress {
        found[name] = [name]
      } else {
        asked.append(name)
      }
    }
    guard let first = asked.first else { return }
    // All at once: one dead name server holds up each of them.
    let command =
      asked.count == 1
      ? ["getent", "ahosts", first]
      : ["sh", "-c", #"for n; do getent ahosts "$n" | sed "s/^/$n /" & done; wait"#, "sh"] + asked
    let done = ChildProcess(command, environment: environment).run(deadline: limit)
    isLate = done.ranOutOfTime
    for line in done.output.split(separator: "\n") {
      var words = line.split(separator: " ").map(String.init)
      if asked.count == 1 { words.insert(first, at: 0) }
      guard words.count > 1, asked.contains(words[0]), !found[words[0], default: []].contains(words[1]) else {
        continue
      }
      found[words[0], default: []].append(words[1])
    }
  }
}
