public import CoordCore
import Glibc

/// The log that came with a copy of a project.
public struct CopiedLog {
  private let project: Project

  public init(project: Project) { self.project = project }

  /// Puts it aside, whole, with the heartbeat that came with it; where it is now, relative to the project. Two at once: one
  /// of them finds nothing left to do.
  public func putAside(_ identity: LogIdentity) throws(StorageFailure) -> String {
    let aside = "hpc_utils/locks.of-\(identity.id).\(hexadecimal(Machine.random(), digits: 16))"
    guard rename(project.locks, project.root + "/" + aside) == 0 else {
      throw StorageFailure(SystemFailure("move \(project.locks)"))
    }
    // Only the copy's own file: one that is set to be elsewhere may be the original's.
    if project.statusFile.hasPrefix(project.root + "/") {
      rename(project.statusFile, project.root + "/" + aside + "/server_info.txt")
    }
    return aside
  }
}
