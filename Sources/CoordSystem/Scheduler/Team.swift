internal import CoordCore
import Glibc

/// Who can be of the team: whose jobs in the queue may be its servers. What strangers call theirs, and where they say that it
/// runs, is not believed: anybody may name any directory to sbatch.
final class Team {
  private let owner: uid_t?
  private let group: gid_t
  private let isOpen: Bool
  private let folder: String
  private let me: uid_t
  private let environment: [String: String]
  private var known: [uid_t: Bool] = [:]

  init(project: Project, machine: Machine) {
    let s = status(of: project.utils)
    (owner, group) = (s?.st_uid, s?.st_gid ?? 0)
    // Where everybody may write, anybody may be.
    isOpen = s.map { $0.st_mode & 0o002 != 0 } ?? true
    folder = project.utils
    (me, environment) = (machine.author.uid, machine.environment)
  }

  /// Whom an access control list (acl(5)) lets in is not looked up. ls(1) marks one with a plus.
  private lazy var hasAccessList: Bool = {
    let shown = ChildProcess(["ls", "-ld", folder], environment: environment).run(deadline: .seconds(5))
    return shown.status != 0 || shown.output.split(separator: " ").first?.hasSuffix("+") == true
  }()

  /// Whether a user may be of the team. Whose groups cannot be told may.
  func mayInclude(_ uid: uid_t) -> Bool {
    if isOpen || uid == me || uid == 0 || uid == owner { return true }
    if let answer = known[uid] { return answer }
    let said = ChildProcess(["id", "-G", "\(uid)"], environment: environment).run(deadline: .seconds(5))
    let answer =
      said.status != 0 || said.output.split(whereSeparator: \.isWhitespace).contains("\(group)") || hasAccessList
    known[uid] = answer
    return answer
  }
}
