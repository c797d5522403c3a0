public import CoordCore
import Glibc

// What is in the way of a server here.
extension Project {
  /// Why this user could not run a job from here at all; nil if nothing is in the way.
  public func obstacle() -> CoordError? {
    for directory in [locks, logs, Self.parent(of: statusFile)] where access(directory, W_OK | X_OK) != 0 {
      return .permission(
        what: "the team's directory does not let you in", why: SystemFailure("write in \(directory)").text,
        next: "ask its owner to give your group access: `chmod g+rwxs \(directory)`")
    }
    guard status(of: startScript) != nil else {
      return .configuration(
        what: "hpc_utils/start_server.sh cannot be read", why: SystemFailure("read \(startScript)").text,
        next: "put the project's start_server.sh back")
    }
    return unreadable(TeamFile.ofTheJob) ?? credentialsProblem
  }

  var credentialsProblem: CoordError? { Credentials.problem(path: resolve(settings.credentials), team: team) }

  /// What the groups of this process have to do with an error; the error itself where they are as they should be.
  func withGroups(_ error: CoordError, on node: String) -> CoordError {
    let groups = Machine.groups()
    let isDenied =
      error.exitCode == 77 || error.why.contains(String(cString: strerror(EACCES)))
      || error.why.contains(TeamFile.notMember)
    guard isDenied, let team, !groups.contains(team) else { return error }
    let said = ChildProcess(["getent", "group", "\(team)"], environment: [:]).run(deadline: .seconds(5)).output
    let name = said.split(separator: ":").first.map { "\($0) (\(team))" } ?? "number \(team)"
    return .permission(
      what: error.what,
      why: "\(error.why)\non \(node) you are in the groups \(groups), not in the team's group \(name)",
      next: "tell the cluster's admin: \(node) does not know all your groups (`id` there; sssd, LDAP)")
  }
}
