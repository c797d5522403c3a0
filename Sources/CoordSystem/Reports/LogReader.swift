public import CoordCore
import Glibc

/// Reads a job's log as it grows.
public struct LogReader {
  private let path: String
  private var offset: Int

  /// - Parameter lines: begin with the last so many lines; nil: with the first one.
  public init(path: String, lines: Int?) {
    self.path = path
    offset = 0
    guard let lines, let size = status(of: path)?.st_size else { return }
    // As many bytes as so many lines may be expected to have.
    let start = max(0, Int(size) - Int(lines) * 400)
    let bytes = Self.read(path, from: start)
    var left = lines
    var at = bytes.count
    if bytes.last == UInt8(ascii: "\n") { at -= 1 }
    while at > 0, left > 0 {
      at -= 1
      if bytes[at] == UInt8(ascii: "\n") { left -= 1 }
    }
    offset = start + Int(left == 0 ? at + 1 : at)
  }

  /// Why a log cannot be read; nil where it can.
  public static func problem(_ path: String) -> CoordError? {
    guard access(path, R_OK) != 0 else { return nil }
    let why = SystemFailure("read \(path)")
    guard why.code != ENOENT else {
      return .noServer(
        what: "the log of the last server is gone", why: why.text, next: "`coord history` tells how it ended")
    }
    return .permission(
      what: "the log of the last server cannot be read", why: why.text,
      next: "its owner runs `chmod g+r \(path)`: \(owner(of: path))")
  }

  private static func owner(of path: String) -> String {
    status(of: path).map { User.name($0.st_uid) } ?? "`ls -l` tells who it is"
  }

  /// What was added since the last call.
  public mutating func next() -> String {
    // Begun anew: cut off, or replaced.
    if let size = status(of: path)?.st_size, Int(size) < offset { offset = 0 }
    let bytes = Self.read(path, from: offset)
    offset += Int(bytes.count)
    return String(decoding: bytes, as: UTF8.self)
  }

  private static func read(_ path: String, from offset: Int) -> [UInt8] {
    guard let file = try? Descriptor(path: path, O_RDONLY | O_NONBLOCK), lseek(file.raw, offset, SEEK_SET) >= 0 else {
      return []
    }
    return (try? file.readAll(path)) ?? []
  }

  public static func exists(_ path: String) -> Bool { status(of: path) != nil }

  /// The file of a directory that was written last, and when.
  public static func newest(in directory: String) -> (path: String, written: WallTime)? {
    let names = ((try? entries(of: directory)) ?? []).filter { $0.hasSuffix(".log") && !$0.hasPrefix("trial-") }
    let files = names.map { (path: directory + "/" + $0, written: written(directory + "/" + $0)) }
    return files.max { $0.written < $1.written }
  }

  private static func written(_ path: String) -> WallTime {
    WallTime(seconds: status(of: path).map { Int64($0.st_mtim.tv_sec) } ?? 0)
  }
}
