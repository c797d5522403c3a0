/// Why a server ended, where the next one has to know.
public enum EndCause: String, Sendable {
  /// The file system did not take its heartbeat: full, or not to be written.
  case heartbeatNotWritten = "heartbeat-not-written"
}
