public import CoordCore
import Glibc

/// The team's directory: where everything is.
public struct Project: Sendable {
  /// Without symbolic links, as this host sees it.
  public let root: String
  /// The path by which it was named or entered: behind it may be an automounter, whose real paths only some hosts have.
  public let logicalRoot: String
  public let settings: Settings

  public var utils: String { root + "/hpc_utils" }
  public var locks: String { utils + "/locks" }
  public var logs: String { utils + "/logs" }
  /// Where `coord doctor --repair` puts what lies among the locks and is none.
  public var strange: String { locks + "/strange" }
  public var startScript: String { utils + "/start_server.sh" }
  public var statusFile: String { resolve(settings.statusFile) }

  public init(root: String, logicalRoot: String? = nil, settings: Settings) {
    (self.root, self.logicalRoot, self.settings) = (root, logicalRoot ?? root, settings)
  }

  /// Finds it by `--root`, COORD_ROOT, or upward from the working directory: the folder that holds hpc_utils.
  /// - Parameter script: what start_server.sh passes on of its settings, `KEY=VALUE` each.
  public init(flag: String?, script: [String] = [], environment: [String: String]) throws(CoordError) {
    let (root, logical): (String, String?)
    // By which path the shell came here.
    let real = Self.realPath(".") ?? "/"
    let here = environment["PWD"].flatMap { path in
      path.hasPrefix("/") && (path == real || Self.isSame(path, ".") == true) ? path : nil
    }
    if let given = flag ?? environment["COORD_ROOT"].flatMap({ $0.isEmpty ? nil : $0 }) {
      guard let real = Self.realPath(given), Self.isProject(real) else {
        throw .configuration(
          what: "\(given) is no project directory", why: "there is no hpc_utils in it",
          next: "name the folder that holds hpc_utils with --root or COORD_ROOT")
      }
      root = real
      logical = given.hasPrefix("/") ? given : here.map { $0 + "/" + given }
    } else {
      guard let (found, utils) = Self.search(from: real) else {
        throw .configuration(
          what: "no project directory here", why: "neither this folder nor one above it holds hpc_utils",
          next: "change into the project, or name it with --root DIR or COORD_ROOT")
      }
      guard Self.mayBeTrusted(found, utils) else {
        throw .permission(
          what: "the project above this folder is somebody else's",
          why: "\(found)/hpc_utils belongs to neither you nor a group of yours, and what it sets would run as you",
          next:
            "change into your team's project; or name this one with --root DIR, if you trust whoever may write there")
      }
      root = found
      logical = here == real ? nil : here.flatMap { Self.search(from: $0)?.path }
    }
    let file = "hpc_utils/coord.conf"
    let bytes: [UInt8]?
    do throws(SystemFailure) { bytes = try contents(of: root + "/" + file) } catch {
      let words = Project(root: root, settings: Settings()).unreadable([(file, 0o4)])
      throw words
        ?? .configuration(what: "\(file) cannot be read", why: error.text, next: "make it readable for the team")
    }
    self.init(
      root: root, logicalRoot: logical.flatMap { Self.plain($0, leadsTo: root) },
      settings: try Settings(file: bytes, fileName: file, script: script, environment: environment))
    // Children run in the project, and paths in its settings and scripts are relative to it.
    guard chdir(root) == 0 else {
      throw .permission(
        what: "the project directory cannot be entered", why: SystemFailure("enter \(root)").text,
        next: "ask its owner for access")
    }
  }

  /// Whether a project that nobody named may be taken: in a folder where everybody may write, anybody can put one above ours.
  private static func mayBeTrusted(_ path: String, _ s: stat) -> Bool {
    let utils = path + "/hpc_utils"
    if s.st_uid == geteuid() || s.st_uid == 0 || Machine.groups().contains(s.st_gid) { return true }
    // Whoever runs its own coord trusts it already (a team by access control lists; an administrator).
    return Project.realPath("/proc/self/exe")?.hasPrefix((realPath(utils) ?? utils) + "/") == true
  }

  /// Whether its path still leads to the directory that this process works in. Where that cannot be told, it does.
  var isWhereItWas: Bool { Self.isSame(".", root) != false }

  private static func isProject(_ path: String) -> Bool { isDirectory(path + "/hpc_utils") }

  private static func directory(_ path: String) -> stat? {
    status(of: path).flatMap { $0.st_mode & S_IFMT == S_IFDIR ? $0 : nil }
  }

  /// Whether anybody ever decided anything here.
  public var hasLocks: Bool { Self.isDirectory(locks) }

  static func isDirectory(_ path: String) -> Bool { directory(path) != nil }

  /// The folder at or above this one that holds hpc_utils, and what that is.
  private static func search(from start: String) -> (path: String, utils: stat)? {
    var path = start
    while true {
      if let utils = directory(path + "/hpc_utils") { return (path, utils) }
      guard path != "/", let slash = path.lastIndex(of: "/") else { return nil }
      path = slash == path.startIndex ? "/" : String(path[..<slash])
    }
  }

  /// Where the lock directory is; nil where there is none.
  public var logPlace: LogPlace? {
    guard let path = Self.realPath(locks), let s = status(of: path) else { return nil }
    return LogPlace(inode: UInt64(s.st_ino), path: path)
  }

  /// The inode of hpc_utils: the same by every path that leads to it.
  public var inode: UInt64? { status(of: utils).map { UInt64($0.st_ino) } }

  /// The group that shares the project: that of hpc_utils, where its mode gives the group access.
  public var team: UInt32? { status(of: utils).flatMap { $0.st_mode & 0o020 != 0 ? $0.st_gid : nil } }

  /// Whether a server was started here before, by what its jobs leave.
  /// - Parameter own: the log of the job that asks.
  public func hasTraces(besides own: String? = nil) -> Bool {
    if status(of: utils + "/.cookie_secret") != nil { return true }
    return ((try? entries(of: logs)) ?? []).contains { $0.hasPrefix("panel-server-") && logs + "/" + $0 != own }
  }

  /// The paths by which it is known here.
  var roots: [String] { root == logicalRoot ? [root] : [root, logicalRoot] }

  /// A path that others may use for the root; nil where it is no plain one, or leads elsewhere.
  private static func plain(_ path: String, leadsTo root: String) -> String? {
    let parts = path.split(separator: "/")
    guard !parts.contains(where: { $0 == "." || $0 == ".." }), !path.utf8.contains(where: { $0 < 0x20 }) else {
      return nil
    }
    let plain = "/" + parts.joined(separator: "/")
    return isSame(plain, root) == true ? plain : nil
  }

  /// Nil where that cannot be told.
  private static func isSame(_ a: String, _ b: String) -> Bool? {
    guard let a = status(of: a), let b = status(of: b) else { return nil }
    return a.st_ino == b.st_ino && a.st_dev == b.st_dev
  }

  /// Whether a job's directory is in this project by a path that is not ours. A dead mount may be behind it: not for long. An
  /// inode alone is another volume's too, so that the job's script has to be the same as well.
  func isHere(_ directory: String, environment: [String: String]) -> Bool {
    guard directory.hasPrefix("/"), let mine = Self.identity(root, environment) else { return false }
    return Self.identity(directory, environment) == mine
  }

  private static func identity(_ root: String, _ environment: [String: String]) -> String? {
    let said = ChildProcess(
      [
        "stat", "--dereference", "--format=%i %s %Y %Z", "--", root + "/hpc_utils/start_server.sh",
        root + "/hpc_utils/coord.conf",
      ],
      environment: environment
    ).run(deadline: .seconds(2))
    let place = ChildProcess(
      ["stat", "--dereference", "--format=%i", "--", root + "/hpc_utils"], environment: environment
    ).run(deadline: .seconds(2))
    return place.status == 0 && !said.output.isEmpty ? place.output + said.output : nil
  }

  /// Whether a directory in this project is in one of its own there: a copy, or a checkout, in a subfolder.
  func isOfNestedProject(_ directory: String) -> Bool {
    guard let mine = roots.first(where: { directory.hasPrefix($0 + "/") }) else { return false }
    var path = mine
    return directory.without(mine + "/").split(separator: "/").contains { part in
      path += "/" + part
      return Self.isProject(path)
    }
  }

  /// A heartbeat that names this project by another of its paths names this project.
  func recognised(_ reading: InfoReading, _ paths: ProjectPaths, environment: [String: String]) -> InfoReading {
    guard case .info(var info, let digest) = reading, !info.project.isEmpty, info.project != root,
      roots.contains(info.project) || paths.isHere(info.project, self, environment: environment)
    else { return reading }
    info.project = root
    return .info(info, digest: digest)
  }

  /// What this project's jobs look like in the queue.
  public var home: Home {
    Home(jobName: settings.jobName, root: root, statusIsOutside: !statusFile.hasPrefix(root + "/"))
  }

  private static func realPath(_ path: String) -> String? {
    guard let real = realpath(path, nil) else { return nil }
    defer { free(real) }
    return String(cString: real)
  }

  /// A path as it is said in the project: what is not in it keeps its own.
  func relative(_ path: String) -> String { path.without(root + "/") }

  /// A path of the settings: relative to the project.
  public func resolve(_ path: String) -> String { path.hasPrefix("/") ? path : root + "/" + path }

  /// Makes the directories that coord writes in, with the mode of hpc_utils, whatever the umask.
  public func prepare() throws(CoordError) {
    for directory in [locks, logs] {
      if Self.isDirectory(directory) { continue }
      let mode = (status(of: utils)?.st_mode ?? 0o755) & 0o7777
      // The right mode from the first moment on: a teammate may look in the next one.
      let old = umask(0)
      let made = mkdir(directory, mode)
      let problem = errno
      umask(old)
      if made == 0 { giveToTeam(directory, mode: mode) }
      if made != 0, problem == EEXIST, !Self.isDirectory(directory) {
        throw .configuration(
          what: "something else is in the place of \(directory)", why: "it is no directory",
          next: "move it away: coord makes the directory anew")
      }
      if made != 0, problem != EEXIST {
        throw StorageFailure(SystemFailure("mkdir \(directory)", code: problem)).error
      }
    }
  }

  /// What is made in a folder without setgid has its maker's group: it becomes the team's, where the system lets this user.
  func giveToTeam(_ directory: String, mode: mode_t) {
    guard let team, status(of: directory)?.st_gid != team, chown(directory, uid_t.max, team) == 0 else { return }
    _ = chmod(directory, mode)
  }

  public static func parent(of path: String) -> String {
    guard let slash = path.lastIndex(of: "/") else { return "." }
    return slash == path.startIndex ? "/" : String(path[..<slash])
  }
}
