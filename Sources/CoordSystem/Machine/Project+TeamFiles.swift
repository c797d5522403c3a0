internal import CoordCore
import Glibc

// What of hpc_utils the team needs, as it lies there.
extension Project {
  /// Nil where there is no such file.
  private func found(_ path: String, bits: UInt32, _ names: inout FileNames) -> TeamFile.Found? {
    let full = resolve(path)
    guard let s = status(of: full) else { return nil }
    var file = TeamFile.Found(
      path, mode: s.st_mode, group: names.group(s.st_gid), bits: bits,
      isOpen: access(full, R_OK | (bits & 1 != 0 ? X_OK : 0)) == 0)
    file.isMine = s.st_uid == geteuid()
    file.owner = names.user(s.st_uid)
    file.isSecret = path == settings.credentials
    if path.hasSuffix(".sh"), let bytes = (try? contents(of: full)) ?? nil {
      file.hasWindowsLineEnds = bytes.indices.dropFirst().contains { bytes[$0] == 10 && bytes[$0 - 1] == 13 }
    }
    return file
  }

  /// What is wrong with these files.
  func problems(of files: [(path: String, bits: UInt32)]) -> [Check] {
    let isMember = team.map { Machine.groups().contains($0) } ?? false
    var names = FileNames()
    let name = team.map { names.group($0) }
    return files.compactMap { found($0.path, bits: $0.bits, &names) }.compactMap {
      TeamFile.check($0, team: name, isMember: isMember)
    }
  }

  /// The first of these files that is there and this user cannot read.
  func unreadable(_ files: [(path: String, bits: UInt32)]) -> CoordError? {
    let closed = files.filter { access(resolve($0.path), R_OK) != 0 && status(of: resolve($0.path)) != nil }
    guard let check = problems(of: Array(closed.prefix(1))).first else { return nil }
    return .configuration(what: "\(check.name) cannot be read", why: check.what, next: check.next ?? "")
  }

  /// Where the server's command is in PATH, or why it cannot be started.
  func findProgram(_ name: String, _ environment: [String: String]) -> Result<String, CoordError> {
    let path = environment["PATH"]
    let found = JobEnvironment.find(name, path: path) { file in
      access(file, X_OK) == 0 && status(of: file).map { $0.st_mode & S_IFMT == S_IFREG } ?? false
    }
    return found.map { .success($0) }
      ?? .failure(
        JobEnvironment.missing(name, path: path, hasFile: status(of: root + "/" + JobEnvironment.file) != nil))
  }
}

/// Names of users and groups: each is asked for once, by a process of its own.
private struct FileNames {
  private var (users, groups): ([UInt32: String], [UInt32: String]) = ([:], [:])

  mutating func user(_ uid: UInt32) -> String {
    let name = users[uid] ?? User.name(uid)
    users[uid] = name
    return name
  }

  mutating func group(_ gid: UInt32) -> String {
    let name = groups[gid] ?? Group.name(gid)
    groups[gid] = name
    return name
  }
}

extension Result {
  var failure: Failure? { if case .failure(let error) = self { error } else { nil } }
}
