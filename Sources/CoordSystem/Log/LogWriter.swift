public import CoordCore

/// Appends drafts to the log as this process.
public struct LogWriter {
  public let log: LockLog<PosixLockFiles>
  private let machine: Machine
  private let project: Project

  public init(project: Project, machine: Machine) {
    log = LockLog(PosixLockFiles(directory: project.locks))
    (self.machine, self.project) = (machine, project)
  }

  /// A claim says where the log is now; the first one of a log makes its identity.
  private func identity(_ draft: LockDraft) -> LogIdentity? {
    guard draft.body.kind == .claimed, let place = project.logPlace else { return draft.identity }
    return LogIdentity(id: draft.identity?.id ?? hexadecimal(Machine.random(), digits: 16), place: place)
  }

  /// Takes the draft's number, or loses it. While neither is certain, the same bytes are tried again at the same number.
  ///
  /// - Parameter limit: after so long without certainty the failure is thrown.
  public func append(_ draft: LockDraft, within limit: Duration) throws(StorageFailure) -> Bool {
    let entry = LockEntry(
      number: draft.number, previous: draft.previous, time: Machine.wall, author: machine.author, body: draft.body,
      identity: identity(draft))
    var appending = Appending(within: limit, now: Machine.now)
    while true {
      let result: Result<AppendResult, StorageFailure>
      do throws(StorageFailure) { result = .success(try log.append(entry)) } catch { result = .failure(error) }
      switch appending.next(result, now: Machine.now) {
      case .over(let won): return won
      case .again(let pause): Machine.sleep(pause)
      case .failed(let failure): throw failure
      }
    }
  }
}
