/// Reads what Slurm's commands print. Recorded output of several versions is in the tests.
public enum SlurmText {
  /// Whether `scontrol show config` says that everybody may see everybody's jobs; nil if it does not say.
  public static func seesEverybody(config output: String) -> Bool? {
    setting("PrivateData", config: output).map { value in
      let values = value.split(separator: ",").map { $0.trimmed.lowercased() }
      return !values.contains("jobs") && !values.contains("all")
    }
  }

  /// The cluster's ClusterName, by the same.
  public static func cluster(config output: String) -> String? {
    setting("ClusterName", config: output).flatMap { $0.isPlainWord ? $0 : nil }
  }

  /// How long after TERM it kills what is left of a job, by the same: `KillWait = 30 sec`.
  public static func killWait(config output: String) -> Duration? {
    setting("KillWait", config: output).flatMap { $0.split(separator: " ").first.flatMap { Int64($0) } }
      .flatMap { $0 >= 0 ? .seconds($0) : nil }
  }

  private static func setting(_ name: String, config output: String) -> String? {
    for line in output.split(whereSeparator: \.isNewline) {
      let parts = line.split(separator: "=", maxSplits: 1)
      if parts.count == 2, parts[0].trimmed == name { return parts[1].trimmed }
    }
    return nil
  }

  /// One job as `scontrol --oneliner show job` shows it; nil if that cannot be read. A name or a comment may imitate a field:
  /// one that is there twice, and differs, is not believed.
  public static func job(_ id: JobID, scontrol output: String) -> QueuedJob? {
    let lines = output.split(separator: "\n").filter { $0.hasPrefix("JobId=\(id.number) ") }
    guard lines.count == 1 else { return nil }
    let words = lines[0].split(separator: " ")
    func field(_ key: String) -> String? {
      let values = Set(words.filter { $0.hasPrefix(key + "=") }.map { $0.dropFirst(key.count + 1) })
      return values.count == 1 ? values.first.map(String.init) : nil
    }
    guard let state = field("JobState"), let user = field("UserId"), let mark = user.lastIndex(of: "("),
      let uid = UInt32(user[user.index(after: mark)...].dropLast())
    else { return nil }
    let reason = field("Reason") ?? ""
    var job = QueuedJob(
      id: id, user: String(user[..<mark]), uid: uid, state: state, reason: reason == "None" ? "" : reason,
      comment: field("Comment") ?? "", name: field("JobName") ?? "", workDir: field("WorkDir") ?? "",
      restarts: field("Restarts").flatMap { Int($0) })
    job.exit = field("ExitCode") ?? ""
    if let start = field("StartTime"), start == field("EndTime"), let nodes = field("NodeList"), nodes != "(null)" {
      job.stillborn = nodes
    }
    return job
  }

  /// What on squeue's stderr makes an answer no answer, though it ended well: whom or what it did not know, and a connection
  /// that it lost. A site's notices do not matter.
  public static func complaint(squeue errors: String) -> String? {
    let lost = [
      "timed out", "unable to contact", "zero bytes", "connection", "connect failure", "communication", "transport",
      "unexpected message", "protocol", "send/recv", "incomplete", "standby mode", "slurm_load_jobs",
      "can't be reached",
    ]
    return errors.split(whereSeparator: \.isNewline).map { $0.trimmed }.first { line in
      let text = line.lowercased()
      if text.contains("nvalid user") || isUnknownJob(text) { return true }
      return (text.hasPrefix("squeue:") || text.hasPrefix("slurm")) && lost.contains { text.contains($0) }
    }
  }

  /// Whether squeue or scontrol said that there is no such job.
  public static func isUnknownJob(_ errors: String) -> Bool { errors.contains("nvalid job id") }

  /// The job ids that `sbatch --parsable` printed: one, if nothing else did. Warnings and banners may stand before and after.
  public static func submittedJobs(_ output: String) -> [JobID] {
    var found: [JobID] = []
    for line in output.split(whereSeparator: \.isNewline) {
      guard let id = JobID(line.trimmed), id.number.utf8.allSatisfy(\.isDigit) else { continue }
      if !found.contains(where: { $0.number == id.number }) { found.append(id) }
    }
    return found
  }

  /// The same, where there is no doubt which it is.
  public static func submittedJob(_ output: String) -> JobID? {
    let found = submittedJobs(output)
    return found.count == 1 ? found[0] : nil
  }
}
