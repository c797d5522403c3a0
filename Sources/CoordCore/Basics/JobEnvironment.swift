/// What the server's command needs around it in the job: hpc_utils/env.sh makes that.
public enum JobEnvironment {
  public static let file = "hpc_utils/env.sh"
  /// What lies before coord in a job.
  public static let before = "\(file) and the marked lines of hpc_utils/start_server.sh"

  /// The file that the name of a program leads to, as execvp(3) looks for it.
  public static func find(_ program: String, path: String?, isProgram: (String) -> Bool) -> String? {
    guard !program.isEmpty, !program.contains("/") else { return isProgram(program) ? program : nil }
    return (path ?? "/bin:/usr/bin").split(separator: ":", omittingEmptySubsequences: false)
      .map { ($0.isEmpty ? "." : $0) + "/" + program }.first(where: isProgram)
  }

  /// - Parameter hasFile: whether there is an env.sh.
  public static func missing(_ program: String, path: String?, hasFile: Bool) -> CoordError {
    let what = "the server's command `\(program.visible)` was not found"
    guard !program.contains("/") else {
      return .configuration(
        what: what, why: "no such program on this node",
        next: "correct the last lines of hpc_utils/start_server.sh, or where its environment is")
    }
    let windows = (path ?? "").unicodeScalars.contains("\r")
    return .configuration(
      what: what + " in the job's PATH",
      why: (path.map { "PATH is \($0.visible)" } ?? "PATH is not set")
        + (windows
          ? "; \(file) has Windows line ends (\\r)" : hasFile ? "; \(file) is there" : "; there is no \(file)"),
      next: windows
        ? "`sed -i 's/\\r$//' \(file)`"
        : hasFile
          ? "load its module or conda environment in \(file), or correct that"
          : "make \(file), and load its module or conda environment there")
  }

  /// Whether coord has said a word in a job's log. Where it has not, the job did not come so far.
  public static func reachedCoord(log: String) -> Bool {
    log.split(whereSeparator: \.isNewline).contains { $0.hasPrefix("coord: ") || $0.hasPrefix("coord-trial: ") }
  }

  /// What is said of a job in which it did not run.
  public static let notReached = "coord did not run in it: the job did not come past \(before)"
  public static let notReachedNext = "look there for exit, exec and what ends or stops a shell"
}
