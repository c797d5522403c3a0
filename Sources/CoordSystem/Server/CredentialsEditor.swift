public import CoordCore
import Glibc

/// Changes credentials.json: the old file stays until the new one is whole on the disk.
public struct CredentialsEditor {
  private let path: String
  private let team: UInt32?

  /// - Parameters:
  ///   - path: where it is a link, what that leads to is changed, and the link stays.
  ///   - team: the group that may read it; nil: the one that does.
  public init(path: String, team: UInt32?) { (self.path, self.team) = (followed(path), team) }

  /// What is to be said where the team cannot read it.
  public var note: String? {
    Credentials.closed(path: path, team: team).map { "\(path): \($0.why); \($0.next)" }
  }

  /// The names, in order.
  public func names() throws(CoordError) -> [String] { try users(in: read()).keys.sorted().map(\.text) }

  /// Gives a user a password; true if the user is new.
  public func set(_ name: String, _ password: String) throws(CoordError) -> Bool {
    try change { $0.updateValue(password, forKey: .init(name)) == nil } ?? false
  }

  /// False if there was no such user.
  public func remove(_ name: String) throws(CoordError) -> Bool {
    try change { $0.removeValue(forKey: .init(name)) == nil ? nil : true } ?? false
  }

  private func read() throws(CoordError) -> [UInt8] {
    do throws(SystemFailure) { return try contents(of: path) ?? [] } catch {
      guard error.code == EACCES else { throw StorageFailure(error).error }
      let words = Credentials.unreadable(path, error, team)
      throw .permission(what: "\(path) cannot be read", why: words.why, next: words.next)
    }
  }

  /// An absent or empty file has no users yet.
  private func users(in bytes: [UInt8]) throws(CoordError) -> [JSONObject.Name: String] {
    if bytes.isEmpty { return [:] }
    guard let users = JSONObject(bytes)?.members else {
      throw .configuration(
        what: "\(path) cannot be used", why: "it is not a JSON object of names and passwords",
        next: "correct it by hand first; nothing was changed")
    }
    return users
  }

  /// Why it could not be written.
  private func failed(_ failure: SystemFailure) -> CoordError {
    let what = "\(path) is not changed"
    let folder = Project.parent(of: path)
    switch failure.code {
    case EACCES, EPERM:
      let owner = status(of: folder).map { User.name($0.st_uid) } ?? "its owner"
      return .permission(
        what: what, why: failure.text,
        next: "ask \(owner), whose folder it is in, to give your group access: `chmod g+rwxs \(folder)`")
    case ENOENT:
      guard let words = Credentials.folderIsMissing(path) else { return StorageFailure(failure).error }
      return .configuration(what: what, why: words.why, next: words.next)
    default: return StorageFailure(failure).error
    }
  }

  /// `body` returns nil where nothing is to be changed.
  private func change<T>(_ body: (inout [JSONObject.Name: String]) -> T?) throws(CoordError) -> T? {
    // One after the other where the file system has locks on directories; what comes from elsewhere is noticed below.
    let folder = open(Project.parent(of: path), O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    if folder >= 0 { flock(folder, LOCK_EX) }
    defer { if folder >= 0 { close(folder) } }
    for _ in 0..<20 {
      let before = try read()
      var users = try users(in: before)
      guard let answer = body(&users) else { return nil }
      let temporary = try stage(users)
      // Somebody else may have changed it in between.
      guard (try? read()) == before else {
        unlink(temporary)
        continue
      }
      do throws(SystemFailure) { try move(temporary, over: path) } catch { throw failed(error) }
      return answer
    }
    throw .tryAgain(what: "\(path) is not changed", why: "others change it all the time", next: "try again")
  }

  private func stage(_ users: [JSONObject.Name: String]) throws(CoordError) -> String {
    let temporary = path + ".\(hexadecimal(Machine.random(), digits: 16))"
    let old = status(of: path)
    do throws(SystemFailure) {
      // As it was, yet never open for others, nor for the group to write.
      _ = try CoordSystem.stage(
        Array((JSONObject(users).text + "\n").utf8), at: temporary, mode: (old?.st_mode ?? 0o640) & 0o640,
        group: team ?? old?.st_gid)
      return temporary
    } catch {
      throw failed(error)
    }
  }
}
