public import CoordCore
import Glibc

/// SCHEDULER=local: the same job as a detached process of this machine, so that all of it runs without Slurm.
/// A job's id is its pid; /proc is the queue.
public struct LocalScheduler: Scheduler {
  public let name = "local"
  private let project: Project
  private let machine: Machine

  public init(project: Project, machine: Machine) { (self.project, self.machine) = (project, machine) }

  public func submit(_ token: Token, log: String?, by end: Instant) throws(StorageFailure) -> SubmitReply {
    let log = project.resolve(JobLogName.path(JobLogName.local(token)))
    let file: Descriptor
    do throws(SystemFailure) {
      file = try Descriptor(path: log, O_WRONLY | O_CREAT | O_APPEND, mode: 0o644)
    } catch {
      throw StorageFailure(error)
    }
    var command = ChildProcess(["bash", project.startScript, token.description], environment: machine.environment)
    command.output = .descriptor(file.raw)
    command.errors = .descriptor(file.raw)
    command.newSession = true
    guard Machine.now < end else { throw StorageFailure(.other, "opening \(log) took too long") }
    do throws(SystemFailure) {
      let pid = try command.start()
      return JobID("\(pid)").map { .accepted($0) } ?? .doubtful("pid \(pid)")
    } catch {
      return .refused(error.text)
    }
  }

  public func queue(_ query: QueueQuery) -> QueueSnapshot {
    var jobs: [QueuedJob] = []
    for row in ProcessTable.rows() {
      guard let owner = status(of: "/proc/\(row.pid)")?.st_uid,
        let token = Self.job(ProcessTable.arguments(of: row.pid)), let id = JobID("\(row.pid)")
      else { continue }
      let folder = target(ofLink: "/proc/\(row.pid)/cwd") ?? ""
      guard token != nil && token == query.token || !project.isOfNestedProject(folder) else { continue }
      jobs.append(
        QueuedJob(
          id: id, user: "\(owner)", uid: owner, state: "RUNNING", comment: token?.comment(log: nil) ?? "coord",
          workDir: folder))
    }
    // With hidepid a user sees only processes of its own.
    let seesEverybody = machine.author.uid == 0 || ProcessTable.row(of: 1) != nil
    return QueueSnapshot(
      scheduler: name, query: query, askedBy: machine.author.uid, host: machine.author.host,
      seesEverybody: seesEverybody, outcome: .answered(jobs))
  }

  public func cancel(_ job: JobID, token: Token) -> String? {
    guard let pid = Int32(job.number), Self.job(ProcessTable.arguments(of: pid)) == .some(token) else {
      return "process \(job) does not show our token"
    }
    guard machine.author.uid == 0 || status(of: "/proc/\(pid)")?.st_uid == machine.author.uid else {
      return "process \(job) is another user's"
    }
    return kill(pid, SIGTERM) == 0 || errno == ESRCH ? nil : SystemFailure("kill \(pid)").text
  }

  /// Whether these are the arguments of a job: `.some(nil)` for one without a token (started by hand).
  static func job(_ arguments: [String]) -> Token?? {
    if let at = arguments.firstIndex(where: { $0.hasSuffix("/start_server.sh") || $0 == "start_server.sh" }), at <= 1 {
      return .some(arguments.dropFirst(at + 1).first.flatMap { Token($0) })
    }
    guard arguments.count > 1, arguments[0].hasSuffix("coord"), arguments[1] == "supervise" else { return nil }
    guard let at = arguments.firstIndex(of: "--token") else { return .some(nil) }
    return .some(arguments.dropFirst(at + 1).first.flatMap { Token($0) })
  }
}
