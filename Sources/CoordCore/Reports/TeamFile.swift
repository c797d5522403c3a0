/// A file that the team shares, and one of the team who cannot read it.
public struct TeamFile {
  public var path: String
  /// With or without the bits that say what kind of a file it is.
  public var mode: UInt32
  /// Its owner's name, or number where it has none; so too its group's.
  public var owner: String
  public var group: String

  public init(_ path: String, mode: UInt32, owner: String, group: String) {
    (self.path, self.mode, self.owner, self.group) = (path, mode & 0o777, owner, group)
  }

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
    public var owner = ""
    /// What has to be allowed, as the last digit of a mode says it.
    public var bits: UInt32
    /// Whether the one who asks can use it.
    public var isOpen: Bool
    /// Whether it is his.
    public var isMine = false
    /// What is private on purpose where one account owns all jobs.
    public var isSecret = false
    public var hasWindowsLineEnds = false

    /// As others see it.
    var file: TeamFile { TeamFile(path, mode: mode, owner: owner, group: group) }

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
        let words = file.file.unreadable(team: team, isMember: file.isOpen || isMember, bits: file.bits)
        // By an access control list others may, where the mode lets any group.
        let isClosed = !file.isOpen || file.mode & group != group
        return Check(
          file.path, isClosed && !(file.isOpen && file.isSecret) ? .bad : .doubtful, words.why,
          next: file.isMine ? String(words.next.trimmingPrefix(ownerRuns(file.owner))) : words.next)
      }
    } else if !file.isOpen {
      return Check(
        file.path, .bad, "you cannot read it (mode \(file.file.modeText))",
        next: "\(ownerRuns(file.owner))`chmod a+r \(file.path)`")
    }
    if file.mode & 0o002 != 0 {
      return Check(
        file.path, .bad,
        "everybody on this cluster may change it (mode \(file.file.modeText)), and it runs as the team",
        next: "\(file.isMine ? "" : ownerRuns(file.owner))`chmod o-w \(file.path)`")
    }
    guard file.hasWindowsLineEnds else { return nil }
    return Check(
      file.path, .bad, "it has Windows line ends (CR LF), and a shell takes the CR for a part of the last word",
      next: "`sed -i 's/\\r$//' \(file.path)`")
  }

  /// What the reason says to one who is not in the team's group, or is not where this process runs.
  public static let notMember = "and you are not in that (`id` tells)"

  private var modeText: String { String(mode, radix: 8) }

  /// Why somebody cannot read it, and what helps.
  ///
  /// - Parameters:
  ///   - team: the team's group: that of hpc_utils; nil: hpc_utils is its owner's alone.
  ///   - isMember: whether this user is in the team's group.
  ///   - bits: what has to be allowed, as the last digit of a mode says it.
  public func unreadable(team: String?, isMember: Bool, bits: UInt32 = 0o4) -> (why: String, next: String) {
    let (wanted, verb) = bits & 1 != 0 ? ("750", "run") : ("640", "read")
    guard let team else {
      return (
        "it belongs to \(owner) (mode \(modeText))",
        "ask \(owner) for read access: whoever runs the server needs it"
      )
    }
    if group != team {
      return (
        "it belongs to the group \(group) (mode \(modeText)), and the team's group is \(team)",
        "\(Self.ownerRuns(owner))`chgrp \(team) \(path) && chmod \(wanted) \(path)`"
      )
    }
    guard isMember else {
      return (
        "it belongs to the team's group \(team), \(Self.notMember)",
        "ask your admin to add you to \(team), and log in anew"
      )
    }
    return (
      "the team's group \(team) may not \(verb) it (mode \(modeText))",
      "\(Self.ownerRuns(owner))`chmod \(wanted) \(path)`"
    )
  }

  private static func ownerRuns(_ owner: String) -> String {
    owner.isEmpty ? "its owner runs " : "its owner \(owner) runs "
  }

  /// The same before it befalls a teammate, for whoever can read it; nil where the team can.
  public func closed(team: String?) -> (why: String, next: String)? {
    guard let team, group != team || mode & 0o040 == 0 else { return nil }
    let words = unreadable(team: team, isMember: true)
    return ("the team cannot read it: " + words.why, words.next)
  }

  /// Why everybody may log in, or change who may; nil where only its owner and its group can.
  public func open() -> (why: String, next: String)? {
    guard mode & 0o006 != 0 else { return nil }
    return (
      "everybody on this cluster may read or change it (mode \(modeText))",
      "its owner \(owner) runs `chmod 640 \(path)`; or give a user a password anew: `coord users add NAME` closes it, too"
    )
  }
}
