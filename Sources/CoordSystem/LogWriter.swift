public import CoordCore

/// Appends drafts to the log as this process.
public struct LogWriter {
  public let log: LockLog<PosixLockFiles>
  private let author: Author
  private let project: Project

  public init(project: Project, author: Author) {
    log = LockLog(PosixLockFiles(directory: project.locks))
    (self.author, self.project) = (author, project)
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
      number: draft.number, previous: draft.previous, time: Machine.wall, author: author, body: draft.body,
      identity: identity(draft))
    let began = Machine.now
    var pause = Duration.milliseconds(50)
    while true {
      let failure: StorageFailure
      do throws(StorageFailure) {
        switch try log.append(entry) {
        case .won: return true
        case .lost: return false
        case .unsettled(let why): failure = StorageFailure(.lag, why)
        }
      } catch {
        failure = error
      }
      if Machine.now - began >= Self.patience(failure, within: limit) { throw failure }
      Machine.sleep(pause)
      pause = min(pause * 2, .seconds(1))
    }
  }

  /// How long to try again: a closed door does not open by itself within seconds, a full disk hardly.
  static func patience(_ failure: StorageFailure, within limit: Duration) -> Duration {
    switch failure.kind {
    case .permission, .missing: .zero
    case .full: min(limit, .seconds(3))
    case .unsupported, .lag, .other: limit
    }
  }
}
