internal import CoordCore

extension SignalFacts {
  /// Asks around why this job was told to end. The server was told already; this may take some seconds.
  static func gathered(
    signal: Int32?, job: JobID, ends: WallTime?, project: Project, environment: [String: String]
  ) -> SignalFacts {
    var facts = SignalFacts(signal: signal, at: Machine.wall, ends: ends)
    facts.warning = WarningSignal(
      script: String(decoding: ((try? contents(of: project.startScript)) ?? nil) ?? [], as: UTF8.self),
      environment: environment)
    facts.restarts = environment["SLURM_RESTART_COUNT"].flatMap { Int($0) } ?? 0
    facts.local = project.settings.scheduler == .local
    guard !facts.local else { return facts }
    let asking = Slurm.scrubbed(environment).merging(["LC_ALL": "C"]) { $1 }
    let folder = (try? Slurm.folder(project.settings, environment)) ?? ""
    let end = Machine.now + .seconds(5)
    repeat {
      let said = ChildProcess([folder + "scontrol", "-o", "show", "job", job.number], environment: asking).run(
        deadline: .seconds(3))
      if said.status == 0 { facts.job = said.output }
      // The node tells the controller how the script ended, a moment after it did.
      guard facts.awaitsItsEnd, Machine.now < end else { break }
      Machine.sleep(.milliseconds(300))
    } while true
    if Project.isDirectory("/run/systemd/system") {
      let manager = ChildProcess(["systemctl", "is-system-running"], environment: asking).run(deadline: .seconds(1))
      facts.shuttingDown = manager.output.lastMeaningfulLine == "stopping"
    }
    return facts
  }
}
