public import CoordCore
internal import FoundationEssentials
import Glibc

/// credentials.json: user names and passwords of the data server.
public enum Credentials {
  /// Why nobody, or anybody, could log in with this file; nil if it is good.
  ///
  /// The app itself starts with a bad one and looks healthy: without the file, its path is the password (data-server
  /// facts in docs/design.md). So it is checked before.
  /// - Parameter team: the team's group; nil: hpc_utils is its owner's alone.
  public static func problem(path: String, team: UInt32?) -> CoordError? {
    func refuse(_ why: String, _ next: String) -> CoordError {
      .configuration(what: "\(path) cannot be used", why: why, next: next)
    }
    let add = "`coord users add NAME` adds one"
    let bytes: [UInt8]
    do throws(SystemFailure) {
      guard let found = try contents(of: path) else { return refuse("there is no such file", add) }
      bytes = found
    } catch {
      guard error.code == EACCES, let team, let file = status(of: path) else {
        return refuse(error.text, "give whoever runs the server read access to it, and to the folders above it")
      }
      let words = TeamFile.unreadable(
        path, mode: file.st_mode, group: Group.name(file.st_gid), team: Group.name(team),
        isMember: Machine.groups().contains(team))
      return refuse(words.why, words.next)
    }
    if let mode = status(of: path)?.st_mode, mode & 0o006 != 0 {
      return refuse("everybody on this cluster may read or change it", "`chmod 640 \(path)`")
    }
    guard let users = decoded(bytes) else {
      return refuse("it is not a JSON object of names and passwords", add)
    }
    if users.isEmpty { return refuse("it holds no user, so nobody could log in", add) }
    if let user = users.first(where: { $0.key.isEmpty || $0.value.isEmpty })?.key {
      return refuse("the name or the password of user \"\(user)\" is empty", add)
    }
    return nil
  }

  static func decoded(_ bytes: [UInt8]) -> [String: String]? {
    try? JSONDecoder().decode([String: String].self, from: Data(bytes))
  }
}

/// Groups, without the host's name service: a static executable asks `getent` for it.
enum Group {
  static func name(_ gid: gid_t) -> String {
    let said = Command(["getent", "group", "\(gid)"], environment: ["PATH": "/usr/bin:/bin"]).run(deadline: .seconds(5))
    let name = said.output.split(separator: ":").first.map(String.init)
    return said.status == 0 ? name ?? "\(gid)" : "\(gid)"
  }
}
