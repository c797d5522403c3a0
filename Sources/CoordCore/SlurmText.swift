/// Reads what Slurm's commands print. Recorded output of several versions is in the tests.
public enum SlurmText {
  /// squeue --format: every field explicit, delimited, free text last. `%U` is the numeric user id.
  public static let queueFormat = "%i|%U|%u|%T|%S|%r|%k"

  /// The jobs in squeue's output; nil if a line is not what `queueFormat` makes. `-M` adds `CLUSTER: name` lines.
  public static func jobs(squeue output: String) -> [QueuedJob]? {
    var jobs: [QueuedJob] = []
    var cluster: String?
    for line in output.split(whereSeparator: \.isNewline) {
      if line.hasPrefix("CLUSTER: ") {
        cluster = line.dropFirst(9).trimmed
        continue
      }
      let f = line.split(separator: "|", maxSplits: 6, omittingEmptySubsequences: false).map { $0.trimmed }
      guard f.count == 7, let id = JobID(cluster.map { "\(f[0]);\($0)" } ?? f[0]), let uid = UInt32(f[1]), !f[3].isEmpty
      else { return nil }
      jobs.append(
        QueuedJob(
          id: id, user: f[2], uid: uid, state: f[3], reason: f[5] == "None" ? "" : f[5],
          expectedStart: f[3] == "PENDING" && WallTime(text: f[4] + "+00:00") != nil ? f[4] : nil,
          comment: f[6] == "(null)" ? "" : f[6]))
    }
    return jobs
  }

  /// Whether `scontrol show config` says that everybody may see everybody's jobs; nil if it does not say.
  public static func seesEverybody(config output: String) -> Bool? {
    for line in output.split(whereSeparator: \.isNewline) where line.hasPrefix("PrivateData") {
      guard let mark = line.firstIndex(of: "=") else { return nil }
      let values = line[line.index(after: mark)...].split(separator: ",").map { $0.trimmed.lowercased() }
      return !values.contains("jobs") && !values.contains("all")
    }
    return nil
  }

  /// Whether an error text is of a kind after which nothing is certain: the connection, not the request.
  public static func soundsDoubtful(_ errors: String) -> Bool {
    let text = errors.lowercased()
    let doubts = [
      "socket timed out", "timed out", "unable to contact", "zero bytes", "connection", "connect failure",
      "communication", "transport", "temporarily unable", "unexpected message", "protocol", "i/o error", "try again",
      "send/recv", "incomplete", "backup controller", "standby mode", "slurm_load_jobs",
    ]
    return doubts.contains { text.contains($0) }
  }

  /// The job id in the output of `sbatch --parsable`; warnings and site banners may stand before it.
  public static func submittedJob(_ output: String) -> JobID? {
    output.split(whereSeparator: \.isNewline).reversed().lazy.compactMap { line -> JobID? in
      let word = line.trimmed
      guard let id = JobID(word), id.number.utf8.allSatisfy(isDigit) else { return nil }
      return id
    }.first
  }
}

/// What became of one call of sbatch.
public enum SubmitReply: Hashable, Sendable {
  case accepted(JobID)
  /// A clear no: no job was made.
  case refused(String)
  /// It may have been done or not.
  case doubtful(String)

  /// Judges a finished call. `status` nil: it was killed or ran out of time.
  public init(status: Int32?, output: String, errors: String) {
    let said = errors.lastMeaningfulLine ?? "exit \(status.map(String.init) ?? "by a signal")"
    if status == 0 {
      self = SlurmText.submittedJob(output).map { .accepted($0) } ?? .doubtful("sbatch printed no job id: \(said)")
    } else if status != nil, Self.isClearRefusal(errors) {
      self = .refused(said)
    } else {
      self = .doubtful(said)
    }
  }

  // sbatch(1) ends with 1 for everything. What the controller refused begins "Batch job submission failed:"; the same
  // words carry lost connections too (slurm_strerror of src/common/slurm_errno.c), where the job may well exist.
  private static func isClearRefusal(_ errors: String) -> Bool {
    if SlurmText.soundsDoubtful(errors) { return false }
    let text = errors.lowercased()
    // Said before or instead of a request to the controller: option and script errors.
    let localErrors = [
      "batch job submission failed:", "unrecognized option", "invalid option", "invalid numeric value",
      "unable to open",
      "does not look like a batch script", "is not a valid", "invalid time limit", "invalid --", "script arguments",
      "this does not look like", "unable to determine", "batch script",
    ]
    return localErrors.contains(where: { text.contains($0) })
  }
}

extension StringProtocol {
  /// Without blanks at either end.
  var trimmed: String {
    var view = Substring(self)
    while view.first?.isWhitespace == true { view.removeFirst() }
    while view.last?.isWhitespace == true { view.removeLast() }
    return String(view)
  }

  /// The last line that says something.
  public var lastMeaningfulLine: String? {
    split(whereSeparator: \.isNewline).map { $0.trimmed }.last { !$0.isEmpty }
  }
}
