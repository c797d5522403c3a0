internal import CoordCore
import Glibc

/// The secret that signs login cookies. Kept, so that a restart does not log everybody out.
enum CookieSecret {
  /// The team's secret, or this user's own where the team's belongs to somebody else: it is 0600.
  static func load(project: Project) -> String {
    let paths = [project.utils + "/.cookie_secret", project.utils + "/.cookie_secret.\(getuid())"]
    for path in paths {
      // Whoever reads it can sign a login: one that was open is worth nothing any more.
      if let s = status(of: path), s.st_uid == geteuid(), s.st_mode & 0o077 != 0 { unlink(path) }
      if let kept = read(path) { return kept }
      create(path)
      if let made = read(path) { return made }
    }
    return fresh()
  }

  private static func read(_ path: String) -> String? {
    guard let s = status(of: path), s.st_uid == geteuid(), s.st_mode & 0o077 == 0,
      let bytes = (try? contents(of: path)) ?? nil, bytes.count >= 32
    else { return nil }
    return String(decoding: bytes.filter { $0 > 0x20 }, as: UTF8.self)
  }

  private static func fresh() -> String { (0..<4).map { _ in hexadecimal(Machine.random(), digits: 16) }.joined() }

  private static func create(_ path: String) {
    let temporary = "\(path).\(hexadecimal(Machine.random(), digits: 16))"
    if let file = try? Descriptor(path: temporary, O_WRONLY | O_CREAT | O_EXCL, mode: 0o600),
      (try? file.write(Array((fresh() + "\n").utf8), temporary)) != nil, (try? file.sync(temporary)) != nil
    {
      link(temporary, path)
    }
    unlink(temporary)
  }
}
