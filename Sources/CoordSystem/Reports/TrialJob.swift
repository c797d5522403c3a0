public import CoordCore
import Glibc

/// The compute-node side of `coord doctor --job`: looks around as the server's job would, says what it sees, and lets the one who
/// asked try its port. It takes no number, serves nothing and writes nothing but its report.
public struct TrialJob {
  private let project: Project
  private let machine: Machine
  private let signals: Signals

  public init(project: Project, machine: Machine, signals: Signals) {
    (self.project, self.machine, self.signals) = (project, machine, signals)
  }

  /// - Parameters:
  ///   - command: what a server's job would run.
  ///   - token: what start_server.sh passed on in the place of a token.
  public func run(_ command: [String], token: String?, job: JobID) throws(CoordError) {
    let place = ThisNode(project: project, machine: machine)
    guard let name = place.name else { throw ThisNode.nameless(host: machine.author.host) }
    guard let listener = Network.Listener(from: project.settings.port),
      let endpoint = Endpoint(node: name, port: listener.port)
    else {
      throw .tryAgain(
        what: "no port is free", why: "none from \(project.settings.port) upward on \(name)", next: "try again")
    }
    let trial = JobTrial(
      job: job.description,
      place: ServerPlace(endpoint, otherNames: Array(place.names.dropFirst()), addresses: place.addresses),
      inode: project.inode, path: project.root, user: machine.author.user, groups: Machine.groups(),
      checks: JobTrial.check(token: token) + Doctor(project: project, machine: machine).examineInJob(command))
    Terminal.write(trial.text, to: .output)
    // For as long as the one who asked may need to see the log and to try the port; it then ends the job. Whoever else connects
    // meanwhile gets nothing.
    let end = Machine.now + .seconds(60)
    while Machine.now < end {
      while listener.accepted() {}
      if signals.interruption(within: .milliseconds(200)) != nil { return }
    }
  }
}

extension Doctor {
  /// What a server's job needs of its node.
  func examineInJob(_ command: [String]) -> [Check] {
    do throws(CoordError) { try project.prepare() } catch {
      return [Check("directory hpc_utils", .bad, error.why, next: error.next)]
    }
    return directories() + [Checkup.filesystem(type: Filesystem(of: project.locks).type)] + linkAndClock()
      + [space()].compactMap { $0 } + needs() + teamFiles() + [program(command), imported()].compactMap { $0 }
  }

  private func program(_ command: [String]) -> Check {
    let name = command.first ?? ""
    switch project.findProgram(name, machine.environment) {
    case .success(let path): return Check(name, .good, path)
    case .failure(let error): return Check(name, .bad, error.what + ": " + error.why, next: error.next)
    }
  }

  /// The app imported once, as before a server is announced; not beside a live one, whose data it might touch.
  private func imported() -> Check? {
    guard case .state(let state)? = (try? LockLog(PosixLockFiles(directory: project.locks)).tail())?.fold(),
      state.phase == .idle, StatusFile(path: project.statusFile).read().plain == nil,
      ForeignServerSearch(project: project, machine: machine).find(
        beside: state, asking: Slurm(project: project, machine: machine)) == nil
    else { return Check("app", .good, "not imported beside the server that is there") }
    let check = AppCheck.command(project.settings, project: project, environment: machine.environment) { $0 }
    guard let arguments = check.arguments, project.settings.checkCommand == nil else {
      return Check("app", .doubtful, "not imported: \(check.arguments == nil ? check.why : "CHECK_COMMAND is set")")
    }
    let done = ChildProcess(arguments, environment: machine.environment).run(deadline: project.settings.startLimit)
    let said = (done.output + done.errors).lastLines
    switch done.status {
    case 0?: return Check("app", .good, "it was imported")
    case AppCheck.skipped?: return Check("app", .doubtful, "not checked: \(said)")
    default:
      return Check(
        "app", .bad, said.isEmpty ? "its import failed without a word" : said,
        next: "correct the app, or its modules in hpc_utils/env.sh")
    }
  }
}
