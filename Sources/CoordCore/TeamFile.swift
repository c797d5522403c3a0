/// A file that the team shares, and one of the team who cannot read it.
public enum TeamFile {
  /// What the reason says to one who is not in the team's group, or is not where this process runs.
  public static let notMember = "and you are not in that (`id` tells)"

  /// Why that is so, and what helps.
  ///
  /// - Parameters:
  ///   - mode: the file's.
  ///   - group: the file's; by name, or by number where it has none.
  ///   - team: the team's: that of hpc_utils.
  ///   - isMember: whether this user is in the team's group.
  public static func unreadable(
    _ path: String, mode: UInt32, group: String, team: String, isMember: Bool
  ) -> (why: String, next: String) {
    let mode = String(mode & 0o777, radix: 8)
    if group != team {
      return (
        "it belongs to the group \(group) (mode \(mode)), and the team's group is \(team)",
        "its owner runs `chgrp \(team) \(path) && chmod 640 \(path)`"
      )
    }
    guard isMember else {
      return (
        "it belongs to the team's group \(team), \(notMember)",
        "ask your admin to add you to \(team), and log in anew"
      )
    }
    return ("the team's group \(team) may not read it (mode \(mode))", "its owner runs `chmod 640 \(path)`")
  }
}
