public import CoordCore

/// Where jobs run. A real adapter and a simulated one pass the same contract.
public protocol Scheduler {
  /// As entries and snapshots name it.
  var name: String { get }
  /// Makes one job that carries the token; at most once per token, ever.
  /// - Throws: where the directory was in the way before the scheduler was asked: no job was made.
  /// - Parameter end: later than this it is not asked any more.
  func submit(_ token: Token, log: String?, by end: Instant) throws(StorageFailure) -> SubmitReply
  /// The jobs that can concern this project. Whatever is not certain is `unknown`.
  func queue(_ query: QueueQuery) -> QueueSnapshot
  /// Ends a job of this user that shows the token at this moment, whoever wrote its number down; why not, if it did not.
  func cancel(_ job: JobID, token: Token) -> String?
  /// Why nothing can be asked here at all; nil: nothing is in the way.
  var obstacle: CoordError? { get }
}

extension Scheduler {
  public var obstacle: CoordError? { nil }
}
