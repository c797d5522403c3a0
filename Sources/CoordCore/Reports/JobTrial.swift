/// What a short job sees of the project. It prints it, and `coord doctor --job` reads it in the job's log: lines of what else runs
/// in a job (modules, conda, a site's prolog) may stand before and between.
public struct JobTrial: Hashable, Sendable {
  /// What stands in the place of a token: such a job never serves.
  public static let word = "trial"
  /// A job of this name never serves, whatever its script passes on.
  public static let jobName = "coord-doctor"
  private static let mark = "coord-trial: "

  /// As the scheduler names it.
  public var job: String
  public var place: ServerPlace
  /// The inode of hpc_utils, which is the same by every path that leads to it.
  public var inode: UInt64?
  public var path: String
  public var user: String
  public var groups: [UInt32]
  /// What was checked there.
  public var checks: [Check]

  public init(
    job: String, place: ServerPlace, inode: UInt64?, path: String, user: String, groups: [UInt32], checks: [Check]
  ) {
    (self.job, self.place, self.inode, self.path) = (job, place, inode, path)
    (self.user, self.groups, self.checks) = (user, groups, checks)
  }

  public var text: String {
    var t = KeyValueText()
    t.add("JOB", job)
    t.add("NODE", place.endpoint.node)
    t.add("PORT", "\(place.endpoint.port)")
    t.add("NAMES", place.otherNames.joined(separator: " "))
    t.add("ADDRESS", place.addresses.joined(separator: " "))
    t.add("INODE", inode.map { "\($0)" })
    t.add("PROJECT", path)
    t.add("USER", user)
    t.add("GROUPS", groups.map { "\($0)" }.joined(separator: " "))
    for check in checks {
      t.add("CHECK", check.name)
      t.add("VERDICT", check.verdict.rawValue)
      t.add("WHAT", check.what)
      t.add("NEXT", check.next)
    }
    t.add("END", "1")
    return t.encoded.split(separator: "\n").map { Self.mark + $0 + "\n" }.joined()
  }

  /// Reads it out of the job's log; nil until it is there whole.
  public init?(log: String) {
    let lines = log.split(separator: "\n").filter { $0.hasPrefix(Self.mark) }.map { $0.dropFirst(Self.mark.count) }
    guard let t = KeyValueText(Array(lines.joined(separator: "\n").utf8)), t["END"] != nil, let job = t["JOB"],
      let node = t["NODE"], let port = t["PORT"].flatMap({ Int($0) }), let endpoint = Endpoint(node: node, port: port)
    else { return nil }
    func words(_ key: String) -> [String] { (t[key] ?? "").split(separator: " ").map(String.init) }
    var checks: [Check] = []
    for (key, value) in t.pairs {
      switch key {
      case "CHECK": checks.append(Check(value, .doubtful, ""))
      case "VERDICT" where !checks.isEmpty:
        checks[checks.count - 1].verdict = Check.Verdict(rawValue: value) ?? .doubtful
      case "WHAT" where !checks.isEmpty: checks[checks.count - 1].what = value
      case "NEXT" where !checks.isEmpty: checks[checks.count - 1].next = value
      default: break
      }
    }
    self.init(
      job: job,
      place: ServerPlace(
        endpoint, otherNames: words("NAMES").filter(\.isHostName),
        addresses: words("ADDRESS").filter(\.isAddress)),
      inode: t["INODE"].flatMap { UInt64($0) }, path: t["PROJECT"] ?? "", user: t["USER"] ?? "",
      groups: words("GROUPS").compactMap { UInt32($0) }, checks: checks)
  }

  /// What env.sh said of its own lines that failed.
  public static func failedLines(log: String) -> [String] {
    log.split(whereSeparator: \.isNewline).map(\.visible).filter { $0.hasPrefix("\(JobEnvironment.file): line ") }
  }

  /// What is thought of it, beside what this host sees.
  ///
  /// - Parameters:
  ///   - inode: of hpc_utils, seen from here.
  ///   - group: the team's, the group of hpc_utils; nil where that gives its group no access.
  ///   - groups: those of the one who asks, on this host.
  ///   - reach: of the port that the job listened on.
  public func verdict(
    log: String, inode here: UInt64?, path: String, group: UInt32?, groups mine: [UInt32], reach: Reach
  ) -> [Check] {
    let name = "job \(job) on \(place.endpoint.node)"
    var found: [Check] = []
    let failed = Self.failedLines(log: log)
    if !failed.isEmpty {
      found.append(
        Check("env.sh in the job", .doubtful, failed.prefix(3).joined(separator: "; "), next: "correct that line"))
    }
    if inode == here {
      found.append(Check("the job's directory", .good, "\(name) sees this very directory as \(self.path)"))
    } else {
      found.append(
        Check(
          "the job's directory", .bad, "\(name) sees another directory at \(self.path) than this host at \(path)",
          next: "the project has to be on a file system that login and compute nodes share"))
    }
    if let group, !groups.contains(group) {
      found.append(
        Check(
          "the job's groups", .bad, "there \(user) is not in the team's group (number \(group)), but in \(groups)",
          next: mine.contains(group)
            ? "tell the cluster's admin: the node does not know all groups of \(user) (`id`; sssd, LDAP)"
            : "\(user) is not in it here either: ask to be added to it"))
    }
    found += checks.map { Check("job: " + $0.name, $0.verdict, $0.what, next: $0.next) }
    found.append(
      Check("the job's port", reach.isReached ? .good : .bad, reach.why, next: reach.isReached ? nil : reach.next))
    return found
  }

  /// What to say of a trial job that was over, or did not start, without a word of it.
  ///
  /// - Parameters:
  ///   - state: the last one that the scheduler told; nil where it forgot the job.
  ///   - exit: ExitCode of `scontrol show job`.
  ///   - log: nil where there is none.
  public static func silent(job: String, state: String?, reason: String, exit: String?, log: String?) -> Check {
    let name = "the trial job"
    let end = "job \(job) ended (\(state ?? "gone")\(exit.map { $0 == "0:0" ? "" : ", ExitCode \($0)" } ?? ""))"
    let tail = log?.lastLines ?? ""
    switch state {
    case "PENDING"?:
      guard let id = JobID(job) else { return Check(name, .doubtful, "job \(job) did not start in time") }
      let seen = QueuedJob(id: id, user: "", uid: nil, state: "PENDING", reason: reason)
      let verdict: Check.Verdict = seen.pending.outlook == .waits ? .doubtful : .bad
      let next =
        seen.adviceWhileWaiting ?? "try again with --timeout SECONDS, or when the cluster is less busy"
      return Check(
        name, verdict, "job \(job) did not start in time: it \(seen.waitingInWords)",
        next: "it was taken out of the queue; " + next)
    case _ where exit?.hasPrefix("0:53") == true:
      return Check(
        name, .bad, "job \(job) could not open its log in hpc_utils/logs (ExitCode 0:53)",
        next:
          "the node does not see the project, or may not write in it (groups, quota): `srun ls -ld hpc_utils/logs` tells"
      )
    case _ where JobEnvironment.reachedCoord(log: log ?? ""):
      return Check(name, .bad, "\(end):\n\(tail)", next: "correct that")
    case _ where log != nil:
      return Check(
        name, .bad,
        "\(end); \(JobEnvironment.notReached)" + (tail.isEmpty ? "; its log is empty" : "; its log:\n" + tail),
        next: JobEnvironment.notReachedNext)
    default:
      return Check(
        name, .bad, "\(end), and left no log here",
        next:
          "does the node see this directory, and may you write in hpc_utils/logs there? `srun ls -ld hpc_utils/logs`")
    }
  }
}

extension JobTrial {
  /// What is wrong where the job's script did not pass on what it was given.
  public static func check(token: String?) -> [Check] {
    guard token != word else { return [] }
    return [
      Check(
        "start_server.sh", .bad,
        "it was given `\(word)` and passes on `\((token ?? "").visible)`: a server's job would lose its token",
        next: "put the project's start_server.sh back, with your lines in its marked part or in \(JobEnvironment.file)")
    ]
  }
}

extension SlurmText {
  /// State, reason and ExitCode of a job in `scontrol --oneliner show job`.
  public static func end(scontrol output: String) -> (state: String, reason: String, exit: String)? {
    var found: [String: String] = [:]
    for word in output.split(whereSeparator: \.isWhitespace) {
      let parts = word.split(separator: "=", maxSplits: 1)
      if parts.count == 2, found[String(parts[0])] == nil { found[String(parts[0])] = String(parts[1]) }
    }
    guard let state = found["JobState"] else { return nil }
    let reason = found["Reason"] ?? ""
    return (state, reason == "None" ? "" : reason, found["ExitCode"] ?? "")
  }
}
