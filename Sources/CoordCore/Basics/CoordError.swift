/// Everything that can go wrong, as people read it. Exit codes are a public contract (docs/operations.md).
public enum CoordError: Error, Hashable, Sendable {
  case usage(String)
  /// The arguments are good, but what a person had to type is not.
  case input(what: String, why: String, next: String)
  /// A setting, credentials.json or the installation is not right.
  case configuration(what: String, why: String, next: String)
  case permission(what: String, why: String, next: String)
  /// The shared directory cannot be read or written.
  case sharedDirectory(what: String, why: String)
  /// No server, and waiting longer would not change that.
  case noServer(what: String, why: String, next: String)
  /// Not now: it is starting, or the scheduler does not answer.
  case tryAgain(what: String, why: String, next: String)
  case interrupted(signal: Int32)
  case bug(String)

  public var exitCode: Int32 {
    switch self {
    case .usage, .input: 64
    case .noServer: 69
    case .bug: 70
    case .sharedDirectory: 74
    case .tryAgain: 75
    case .permission: 77
    case .configuration: 78
    case .interrupted(let signal): 128 + signal
    }
  }

  public var what: String {
    switch self {
    case .usage(let what), .bug(let what): what
    case .input(let what, _, _), .configuration(let what, _, _), .permission(let what, _, _),
      .sharedDirectory(let what, _), .noServer(let what, _, _), .tryAgain(let what, _, _):
      what
    case .interrupted: "interrupted"
    }
  }

  public var why: String {
    switch self {
    case .usage: "the arguments are not understood"
    case .bug: "this is a mistake in coord"
    case .input(_, let why, _), .configuration(_, let why, _), .permission(_, let why, _),
      .sharedDirectory(_, let why), .noServer(_, let why, _), .tryAgain(_, let why, _):
      why
    case .interrupted(let signal): SignalName.text(signal)
    }
  }

  public var next: String {
    switch self {
    case .usage: "see `coord help`"
    case .bug: "keep hpc_utils as it is and report this text"
    case .sharedDirectory: "look at the quota and the file server (`df -h .`, `df -i .`, `quota`), then try again"
    case .interrupted: "a job that was submitted stays; `coord status` tells"
    case .input(_, _, let next), .configuration(_, _, let next), .permission(_, _, let next),
      .noServer(_, _, let next), .tryAgain(_, _, let next):
      next
    }
  }

  /// The three lines that people read, with a newline at the end of each.
  public var message: String {
    func indented(_ text: String) -> String {
      text.split(whereSeparator: \.isNewline).joined(separator: "\n        ")
    }
    return "coord: \(what.visible)\n  why:  \(indented(why))\n  next: \(indented(next))\n"
  }
}

extension CoordError {
  /// The project's path leads elsewhere since the job began.
  public static func movedAway(_ root: String) -> CoordError {
    .noServer(
      what: "this job does not serve",
      why: "\(root) is another directory than when the job began: it was moved or replaced",
      next: "run `coord connect` where the project is now")
  }

  /// A cache that is behind: nothing is wrong with a quota or a file server.
  static func waitsForFilesystem(what: String, why: String) -> CoordError {
    .tryAgain(
      what: what, why: why,
      next: "try again in a minute: caches of a shared filesystem may be behind for so long; "
        + "where it stays so, ask the administrators about its attribute caches (NFS: acdirmax)")
  }
}
