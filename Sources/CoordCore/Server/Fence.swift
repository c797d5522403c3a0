/// The job's own fence: it may serve only if it takes `started` directly after its own `claimed` or `submitted`. Merely
/// checking "am I the newest?" would let a late second job through.
public struct Fence: Hashable, Sendable {
  public enum Decision: Hashable, Sendable {
    /// Submitted by hand, and the log allows it: claim for itself.
    case claim(LockDraft)
    case start(LockDraft)
    /// `started` is taken, by this process.
    case serve(ServiceState)
    /// Write the end of a token that will not be served, then leave.
    case end(LockDraft, CoordError?)
    /// Somebody else serves, or this job's time is over. No port was opened.
    case leave(String)
    /// The log does not show this job's token yet (directory caches): look again.
    case lookAgain
  }

  public var token: Token?
  public var nonce: String
  public var job: JobID?
  public var restarts: Int
  public var node: String
  public var scheduler: String
  public var statusFile: String
  public var log: String?
  /// Why this job could not serve, for example credentials that nobody could log in with.
  public var obstacle: CoordError?
  public var freshToken: Token
  /// ClusterName, for a job that claims for itself.
  public var cluster: String?

  public init(
    token: Token?, nonce: String, job: JobID?, restarts: Int, node: String, scheduler: String, statusFile: String,
    log: String?, obstacle: CoordError?, freshToken: Token
  ) {
    (self.token, self.nonce, self.job, self.restarts, self.node) = (token, nonce, job, restarts, node)
    (self.scheduler, self.statusFile, self.log) = (scheduler, statusFile, log)
    (self.obstacle, self.freshToken) = (obstacle, freshToken)
  }

  /// - Parameter patient: false once the log was watched for so long that a cache is no excuse.
  public func decide(_ state: ServiceState, patient: Bool) -> Decision {
    // A claim of its own that it took for lost is its claim.
    let claimed = state.liveToken == freshToken || state.end?.token == freshToken ? freshToken : nil
    guard let token = token ?? claimed else { return byHand(state) }
    if let start = state.start, start.token == token, state.phase == .started || state.stop != nil {
      if start.author.nonce == nonce, state.phase == .started { return .serve(state) }
      return .leave(
        "job \(start.body.job?.description ?? "?") on \(start.body.node ?? "?") serves for this token already")
    }
    if state.mayStart(token) {
      if let obstacle {
        // What may be otherwise for the next job does not end the waiting for one.
        let outcome: Outcome = if case .tryAgain = obstacle { .lost } else { .failed }
        let body = ended(token, outcome, obstacle.what + ": " + obstacle.why).with { $0.next = obstacle.next }
        return .end(LockDraft(after: state, body), obstacle)
      }
      return .start(
        LockDraft(
          after: state,
          EntryBody(.started, token).with {
            $0.job = job
            $0.restarts = restarts
            $0.node = node
            $0.statusFile = statusFile
            $0.log = log
            // As the claim says it: that may be lost one day.
            $0.scheduler = state.claim?.body.scheduler ?? scheduler
            $0.cluster = state.claim?.body.cluster ?? cluster
          }))
    }
    if state.liveToken == token, let stop = state.stop {
      let body = ended(token, stop.asked.outcome, stop.asked.reason)
      return .end(LockDraft(after: state, body), nil)
    }
    if state.end?.token == token { return .leave("this job's token has ended: \(state.end?.body.reason ?? "")") }
    return patient ? .lookAgain : .leave("the log has moved on without this job" + whereNow(state))
  }

  private func byHand(_ state: ServiceState) -> Decision {
    guard state.phase == .idle else { return .leave("a server is there already" + whereNow(state)) }
    // Nothing was claimed: nothing has to be recorded.
    guard obstacle == nil else { return .leave("") }
    return .claim(
      LockDraft(
        after: state,
        EntryBody(.claimed, freshToken).with {
          $0.job = job
          $0.scheduler = scheduler
          $0.cluster = cluster
        }))
  }

  private func ended(_ token: Token, _ outcome: Outcome, _ reason: String) -> EntryBody {
    EntryBody(.ended, token).with {
      $0.job = job
      $0.outcome = outcome
      $0.reason = reason
      $0.log = log
    }
  }

  private func whereNow(_ state: ServiceState) -> String {
    if let start = state.start, state.phase == .started {
      return ": job \(start.body.job?.description ?? "?") of \(start.author.user) on \(start.body.node ?? "?")"
    }
    if let job = state.job, state.phase != .idle { return ": job \(job) is on its way" }
    return ""
  }
}
