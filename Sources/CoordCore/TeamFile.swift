/// A file that the team shares, and one of the team who cannot read it.
public enum TeamFile {
  /// What whoever runs the server's job needs of hpc_utils, with what has to be allowed: reading, or running too.
  public static let ofTheJob: [(path: String, bits: UInt32)] = [
    ("hpc_utils/start_server.sh", 0o4), ("hpc_utils/read_env.sh", 0o4), (JobEnvironment.file, 0o4),
  ]
  /// What everybody needs.
  public static let ofAll: [(path: String, bits: UInt32)] =
    ofTheJob + [("hpc_utils/coord.conf", 0o4), ("hpc_utils/stop_server.sh", 0o4), ("hpc_utils/bin/coord", 0o5)]

  /// One of them, as it was found.
  public struct Found: Hashable, Sendable {
    public var path: String
    public var mode: UInt32
    /// By name, or by number where it has none.
    public var group: String
    /// What has to be allowed, as the last digit of a mode says it.
    public var bits: UInt32
    /// Whether the one who asks can use it.
    public var isOpen: Bool
    /// Whether it is his.
    public var isMine = false
    /// What is private on purpose where one account owns all jobs.
    public var isSecret = false
    public var hasWindowsLineEnds = false

    public init(_ path: String, mode: UInt32, group: String, bits: UInt32 = 0o4, isOpen: Bool) {
      (self.path, self.mode, self.group, self.bits, self.isOpen) = (path, mode, group, bits, isOpen)
    }
  }

  /// What is wrong with it; nil: nothing.
  ///
  /// - Parameters:
  ///   - team: the team's group: that of hpc_utils; nil: the project is its owner's alone.
  ///   - isMember: whether the one who asks is in the team's group.
  public static func check(_ file: Found, team: String?, isMember: Bool) -> Check? {
    if let team {
      let group = file.bits << 3
      let isShared = file.mode & file.bits == file.bits || (file.group == team && file.mode & group == group)
      if !isShared || !file.isOpen {
        let words = unreadable(
          file.path, mode: file.mode, group: file.group, team: team, isMember: file.isOpen || isMember, bits: file.bits)
        // By an access control list others may, where the mode lets any group.
        let isClosed = !file.isOpen || file.mode & group != group
        return Check(
          file.path, isClosed && !(file.isOpen && file.isSecret) ? .bad : .doubtful, words.why,
          next: file.isMine ? words.next.replacingPrefix("its owner runs ", by: "") : words.next)
      }
    } else if !file.isOpen {
      return Check(
        file.path, .bad, "you cannot read it (mode \(octal(file.mode)))",
        next: "its owner runs `chmod a+r \(file.path)`")
    }
    guard file.hasWindowsLineEnds else { return nil }
    return Check(
      file.path, .bad, "it has Windows line ends (CR LF), and a shell takes the CR for a part of the last word",
      next: "`sed -i 's/\\r$//' \(file.path)`")
  }

  /// What the reason says to one who is not in the team's group, or is not where this process runs.
  public static let notMember = "and you are not in that (`id` tells)"

  /// Why that is so, and what helps.
  ///
  /// - Parameters:
  ///   - mode: the file's.
  ///   - group: the file's; by name, or by number where it has none.
  ///   - team: the team's: that of hpc_utils.
  ///   - isMember: whether this user is in the team's group.
  ///   - bits: what has to be allowed, as the last digit of a mode says it.
  public static func unreadable(
    _ path: String, mode: UInt32, group: String, team: String, isMember: Bool, bits: UInt32 = 0o4
  ) -> (why: String, next: String) {
    let (wanted, verb) = bits & 1 != 0 ? ("750", "run") : ("640", "read")
    let mode = octal(mode)
    if group != team {
      return (
        "it belongs to the group \(group) (mode \(mode)), and the team's group is \(team)",
        "its owner runs `chgrp \(team) \(path) && chmod \(wanted) \(path)`"
      )
    }
    guard isMember else {
      return (
        "it belongs to the team's group \(team), \(notMember)",
        "ask your admin to add you to \(team), and log in anew"
      )
    }
    return ("the team's group \(team) may not \(verb) it (mode \(mode))", "its owner runs `chmod \(wanted) \(path)`")
  }

  private static func octal(_ mode: UInt32) -> String { String(mode & 0o777, radix: 8) }
}

extension String {
  fileprivate func replacingPrefix(_ prefix: String, by other: String) -> String {
    hasPrefix(prefix) ? other + dropFirst(prefix.count) : self
  }
}
