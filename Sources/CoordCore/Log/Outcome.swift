/// How a token ended, or is to end.
public enum Outcome: String, Sendable, CaseIterable {
  /// The server ran and stopped in order: its time limit, or the job was cancelled.
  case finished
  /// Somebody in the team asked for it.
  case stopped
  /// As `stopped`, and a new server is to follow: those who wait go on waiting.
  case restarting
  /// The server or its job could not run; it would fail again.
  case failed
  /// sbatch said no.
  case refused
  /// The claimant, the job or its node died.
  case lost
  /// The claimant gave up before it called sbatch.
  case withdrawn
}
