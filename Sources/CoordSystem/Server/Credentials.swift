public import CoordCore
import Glibc

/// credentials.json: user names and passwords of the data server.
public enum Credentials {
  /// Why nobody, or anybody, could log in with this file; nil if it is good.
  ///
  /// The app itself starts with a bad one and looks healthy: without the file, its path is the password
  /// (docs/design.md, "Facts that shaped it"). So it is checked before.
  /// - Parameter team: the team's group; nil: hpc_utils is its owner's alone.
  public static func problem(path: String, team: UInt32?) -> CoordError? {
    func refuse(_ why: String, _ next: String) -> CoordError {
      .configuration(what: "\(path) cannot be used", why: why, next: next)
    }
    let add = "`coord users add NAME` adds one"
    let bytes: [UInt8]
    do throws(SystemFailure) {
      guard let found = try contents(of: path) else {
        let missing = folderIsMissing(path)
        return refuse(missing?.why ?? "there is no such file", missing?.next ?? add)
      }
      bytes = found
    } catch {
      let words = unreadable(path, error, team)
      return refuse(words.why, words.next)
    }
    if let mode = status(of: path)?.st_mode, mode & 0o006 != 0, let words = file(path)?.open() {
      return refuse(words.why, words.next)
    }
    guard let users = JSONObject(bytes)?.members else {
      return refuse("it is not a JSON object of names and passwords", add)
    }
    if users.isEmpty { return refuse("it holds no user, so nobody could log in", add) }
    if let user = users.first(where: { $0.key.text.isEmpty || $0.value.isEmpty })?.key.text {
      return refuse("the name or the password of user \"\(user)\" is empty", add)
    }
    return nil
  }

  /// Why the team, unlike this user, cannot read it; nil where it can, or this user cannot either.
  static func closed(path: String, team: UInt32?) -> (why: String, next: String)? {
    guard let team, let s = status(of: path), s.st_gid != team || s.st_mode & 0o040 == 0 else { return nil }
    return file(path)?.closed(team: Group.name(team))
  }

  /// Why this user cannot read it, and what helps.
  static func unreadable(_ path: String, _ failure: SystemFailure, _ team: UInt32?) -> (why: String, next: String) {
    let isMember = team.map { Machine.groups().contains($0) } ?? false
    // Where its mode lets them, what is above it does not.
    guard failure.code == EACCES, let s = status(of: path), let file = file(path),
      !(isMember && s.st_gid == team && s.st_mode & 0o040 != 0)
    else {
      return (failure.text, "give whoever runs the server read access to it, and to the folders above it")
    }
    return file.unreadable(team: team.map(Group.name), isMember: isMember)
  }

  private static func file(_ path: String) -> TeamFile? {
    status(of: path).map {
      TeamFile(path, mode: $0.st_mode, owner: User.name($0.st_uid), group: Group.name($0.st_gid))
    }
  }

  /// What is said where not even its folder is there: a mistake in CREDENTIALS, as it seems.
  static func folderIsMissing(_ path: String) -> (why: String, next: String)? {
    let folder = Project.parent(of: followed(path))
    guard status(of: folder) == nil, errno == ENOENT else { return nil }
    return (
      "there is no folder \(folder)",
      "correct CREDENTIALS (`coord settings` tells where it is set), or make that folder"
    )
  }
}
