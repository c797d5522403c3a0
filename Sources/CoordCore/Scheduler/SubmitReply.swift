/// What became of one call of sbatch.
public enum SubmitReply: Hashable, Sendable {
  /// The number that was printed, which a site's wrapper may have got wrong: what counts is the token in the queue.
  case accepted(JobID)
  /// A clear no: no job was made. All that sbatch said.
  case refused(String)
  /// It may have been done or not. All that sbatch said.
  case doubtful(String)

  /// Judges a finished call. `status` nil: it was killed or ran out of time.
  public init(status: Int32?, output: String, errors: String) {
    let words = Self.words(errors)
    let said = words.isEmpty ? "sbatch: exit \(status.map(String.init) ?? "by a signal")" : words
    if status == 0 {
      let printed = SlurmText.submittedJobs(output)
      switch printed.count {
      case 1: self = .accepted(printed[0])
      case 0: self = .doubtful("sbatch printed no job id: \(said)")
      default:
        let numbers = printed.map(\.description).joined(separator: ", ")
        self = .doubtful("sbatch printed several numbers: \(numbers)" + (words.isEmpty ? "" : "\n" + words))
      }
    } else if status != nil, Self.isClearRefusal(errors) {
      self = .refused(said)
    } else {
      self = .doubtful(said)
    }
  }

  /// What sbatch said, for people: the line that helps is often not the last one.
  private static func words(_ errors: String) -> String {
    let lines = errors.split(whereSeparator: \.isNewline).map { line in
      var text = line.trimmed
      for prefix in ["sbatch: error: ", "sbatch: fatal: ", "sbatch: "] where text.hasPrefix(prefix) {
        text.removeFirst(prefix.count)
        break
      }
      return text
    }.filter { !$0.isEmpty }
    let said = lines.map { String($0.prefix(500)) }
    guard said.count > 30 else { return said.joined(separator: "\n") }
    return (said.prefix(15) + ["(\(said.count - 30) lines are left out)"] + said.suffix(15)).joined(separator: "\n")
  }

  // sbatch(1) ends with 1 for everything. What comes of the request itself is said in one line, in the words of
  // slurm_strerror; sites and plugins say what they like in the others.
  private static func isClearRefusal(_ errors: String) -> Bool {
    let lines = errors.lowercased().split(whereSeparator: \.isNewline).map { $0.trimmed }
    let failed = "batch job submission failed:"
    if let decides = lines.last(where: { $0.contains(failed) }), let words = decides.firstRange(of: failed) {
      let what = decides[words.upperBound...]
      return !lostConnections.contains { what.contains($0) }
    }
    return lines.contains { line in localErrors.contains { line.contains($0) } }
  }

  /// The errors after which nobody knows whether the controller made the job: the general and the communication errors of
  /// src/common/slurm_errno.c (17.11 to 24.11), and those of the C library for a connection.
  private static let lostConnections = [
    "unexpected message received", "communication connection failure", "communication shutdown failure",
    "message send failure", "message receive failure", "incompatible versions", "protocol version",
    "stream version number", "authentication error", "insane message length", "missing socket",
    "connection rejected", "connection forced closed", "connection timed out", "delayed socket error",
    "process is shutting down", "unable to contact slurm controller", "standby mode", "socket timed out",
    "zero bytes were transmitted", "operation now in progress", "would block", "transport endpoint",
    "connection refused", "connection reset", "broken pipe", "no route to host", "host is down", "network is",
    "resource temporarily unavailable", "interrupted system call", "input/output error",
  ]

  /// Said before or instead of a request to the controller: options, and the script.
  private static let localErrors = [
    "unrecognized option", "invalid option", "invalid numeric value", "unable to open", "is not a valid",
    "invalid time limit", "invalid --", "script arguments", "this does not look like", "unable to determine",
    "batch script", "cli_filter plugin terminated",
  ]
}
