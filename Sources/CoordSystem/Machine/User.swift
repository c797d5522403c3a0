internal import CoordCore
import Glibc

/// Users, without the host's name service: a static executable asks `id`.
enum User {
  static func name(_ uid: uid_t) -> String {
    let said = ChildProcess(["id", "-un", "\(uid)"], environment: ["PATH": "/usr/bin:/bin"]).run(deadline: .seconds(5))
    return said.output.lastMeaningfulLine ?? "number \(uid)"
  }
}

/// Groups, in the same way.
enum Group {
  static func name(_ gid: gid_t) -> String {
    let said = ChildProcess(["getent", "group", "\(gid)"], environment: ["PATH": "/usr/bin:/bin"]).run(
      deadline: .seconds(5))
    let name = said.output.split(separator: ":").first.map(String.init)
    return said.status == 0 ? name ?? "\(gid)" : "\(gid)"
  }
}
