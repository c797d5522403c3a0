public import CoordCore
import Glibc

/// What sbatch prints, kept in the lock directory until its job id is in the log.
public struct SubmitFiles {
  private let project: Project
  private let token: Token

  public init(project: Project, token: Token) { (self.project, self.token) = (project, token) }

  private func path(_ part: String) -> String { "\(project.locks)/sbatch.\(token).\(part)" }

  /// Anew, whatever an attempt that failed halfway has left.
  func create(_ part: String) throws(StorageFailure) -> Descriptor {
    do throws(SystemFailure) {
      return try Descriptor(creating: path(part), mode: 0o644)
    } catch {
      // Not the other one, which sbatch prints to by now.
      unlink(path(part))
      if error.code == EEXIST, let file = try? Descriptor(creating: path(part), mode: 0o644) { return file }
      throw StorageFailure(error)
    }
  }

  public func read(_ part: String) -> String {
    String(decoding: ((try? contents(of: path(part))) ?? nil) ?? [], as: UTF8.self)
  }

  /// Whether a call of sbatch was begun. A claimant makes them before it calls it; a local job has none.
  public var exist: Bool { project.settings.scheduler == .local || status(of: path("out")) != nil }

  public func remove() {
    for part in ["out", "err"] { unlink(path(part)) }
  }
}
