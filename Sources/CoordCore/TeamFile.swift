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

  /// What the reason says to one who is not in the team's group, or is not where this process runs.
  public static let notMember = "and you are not in that (`id` tells)"

  private var modeText: String { String(mode, radix: 8) }

  /// Why somebody cannot read it, and what helps.
  ///
  /// - Parameters:
  ///   - team: the team's group: that of hpc_utils; nil: hpc_utils is its owner's alone.
  ///   - isMember: whether this user is in the team's group.
  public func unreadable(team: String?, isMember: Bool) -> (why: String, next: String) {
    guard let team else {
      return (
        "it belongs to \(owner) (mode \(modeText))",
        "ask \(owner) for read access: whoever runs the server needs it"
      )
    }
    if group != team {
      return (
        "it belongs to the group \(group) (mode \(modeText)), and the team's group is \(team)",
        "its owner \(owner) runs `chgrp \(team) \(path) && chmod 640 \(path)`"
      )
    }
    guard isMember else {
      return (
        "it belongs to the team's group \(team), \(Self.notMember)",
        "ask your admin to add you to \(team), and log in anew"
      )
    }
    return (
      "the team's group \(team) may not read it (mode \(modeText))", "its owner \(owner) runs `chmod 640 \(path)`"
    )
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
