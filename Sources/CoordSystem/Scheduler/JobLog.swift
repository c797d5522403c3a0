internal import CoordCore
import Glibc

/// A job's log, as Slurm makes it in hpc_utils/logs: the team reads it, whoever submitted the job.
enum JobLog {
  /// What readers of the folder may do with a file in it.
  private static func readers(_ project: Project) -> mode_t { (status(of: project.logs)?.st_mode ?? 0o755) & 0o044 }

  /// The umask for sbatch. Slurm hands it on to the job, which sets its own.
  static func mask(in project: Project) -> mode_t { 0o077 & ~readers(project) }

  /// Lets the team read the log of a job that somebody submitted by hand, with his own umask.
  static func share(_ descriptor: Int32, in project: Project) {
    var s = stat()
    let wanted = readers(project)
    guard fstat(descriptor, &s) == 0, s.st_mode & S_IFMT == S_IFREG, s.st_mode & wanted != wanted else { return }
    fchmod(descriptor, s.st_mode & 0o777 | wanted)
  }

  /// Where logs are on a file system of their own, its blocks and inodes are tried before a job is made that could not write.
  /// Elsewhere the files that sbatch prints to have shown it.
  static func makeSure(of project: Project, nonce: String) throws(StorageFailure) {
    guard let locks = status(of: project.locks), let logs = status(of: project.logs), locks.st_dev != logs.st_dev else {
      return
    }
    let probe = "\(project.logs)/.space.\(nonce)"
    defer { unlink(probe) }
    do throws(SystemFailure) {
      _ = try stage([UInt8](repeating: 0x20, count: 4096), at: probe, mode: 0o600)
    } catch {
      throw StorageFailure(error)
    }
  }

  /// The end of a job that never started is known by what it wrote: which log, and its last lines.
  static func added(to draft: LockDraft, in project: Project) -> LockDraft {
    guard draft.body.kind == .ended, draft.body.outcome == .failed, draft.body.log == nil, let job = draft.body.job
    else {
      return draft
    }
    let names = [job.number, JobLogName.local(draft.body.token)].map(JobLogName.path)
    guard let name = names.first(where: { status(of: project.root + "/" + $0) != nil }),
      let bytes = (try? contents(of: project.root + "/" + name, limit: 1 << 22)) ?? nil
    else { return draft }
    var draft = draft
    draft.body.log = name
    let text = String(decoding: bytes, as: UTF8.self)
    let tail = String(decoding: bytes.suffix(16_384), as: UTF8.self).lastLines
    draft.body.logTail = tail.isEmpty ? nil : tail
    if !JobEnvironment.reachedCoord(log: text) {
      draft.body.reason = (draft.body.reason ?? "") + "; \(JobEnvironment.notReached)"
      draft.body.next = "\(JobEnvironment.notReachedNext) (the job's log: \(name)); then try again"
    }
    return draft
  }
}
