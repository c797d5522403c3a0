internal import CoordCore
import Glibc

extension Doctor {
  /// What the team cannot use of its own files.
  func teamFiles() -> [Check] {
    let settings = project.settings
    return project.problems(of: TeamFile.ofAll + [(settings.appPath, 0o4)])
  }

  /// What hpc_utils/env.sh does on this host, read as the job reads it.
  func environmentFile(_ beforeTrial: Bool) -> [Check] {
    let file = project.root + "/" + JobEnvironment.file
    let hasFile = status(of: file) != nil
    // That it cannot be read is said already.
    guard !hasFile || access(file, R_OK) == 0 else { return [] }
    // env.sh may print what it likes, before this and after.
    let mark = "coord-panel: "
    let found = ChildProcess(
      ["bash", "-c", ". hpc_utils/read_env.sh; printf '\\n\(mark)%s\\n' \"$(command -v panel)\""],
      environment: machine.environment
    ).run(deadline: .seconds(20))
    let failed = found.ranOutOfTime ? ["it took longer than 20 s"] : JobTrial.failedLines(log: found.errors)
    let job: Checkup.JobView = project.settings.scheduler == .local ? .here : beforeTrial ? .looksToo : .mayLook
    guard let line = found.output.split(whereSeparator: \.isNewline).last(where: { $0.hasPrefix(mark) }) else {
      let end = found.status.map { "exit \($0)" } ?? "a signal"
      return failed.isEmpty
        ? [
          Check(
            JobEnvironment.file, .doubtful,
            "it ends the shell that reads it (\(end)): a job would not come to its server",
            next: JobEnvironment.notReachedNext)
        ] : Checkup.environmentLines(failed, job: job)
    }
    let panel = String(line.dropFirst(mark.count))
    return Checkup.environmentFile(
      failed: failed, panel: panel.hasPrefix("/") ? panel : nil, hasFile: hasFile, job: job)
  }
}
