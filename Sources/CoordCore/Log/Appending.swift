/// One process that takes one number, over refusals, misleading answers and its own delays: the same bytes are tried again at
/// the same number until it is certain whose it is, or its patience is over. Step 3 of docs/protocol.md.
public struct Appending: Sendable {
  public enum Step: Sendable {
    case over(won: Bool)
    /// Neither is certain.
    case again(after: Duration)
    /// Without certainty: what holds it up.
    case failed(StorageFailure)
  }

  private let limit: Duration
  private let began: Instant
  private var pause = Duration.milliseconds(50)

  /// - Parameter limit: how long to go on without certainty.
  public init(within limit: Duration, now: Instant) { (self.limit, began) = (limit, now) }

  public mutating func next(_ result: Result<AppendResult, StorageFailure>, now: Instant) -> Step {
    let failure: StorageFailure
    switch result {
    case .success(.won): return .over(won: true)
    case .success(.lost): return .over(won: false)
    case .success(.unsettled(let why)): failure = StorageFailure(.lag, why)
    case .failure(let error): failure = error
    }
    if now - began >= failure.patience(within: limit) { return .failed(failure) }
    defer { pause = min(pause * 2, .seconds(1)) }
    return .again(after: pause)
  }
}

extension StorageFailure {
  /// How long to try again: a closed door does not open by itself within seconds, a full disk hardly.
  public func patience(within limit: Duration) -> Duration {
    switch kind {
    case .permission, .missing: .zero
    case .full: min(limit, .seconds(3))
    case .unsupported, .lag, .other: limit
    }
  }
}
