internal import CoordCore
import Glibc

/// The mounted file system that holds a path.
public struct Filesystem {
  /// Where it is mounted on this host.
  public var point: String
  /// As in mountinfo: `ext4`, `nfs4`, `fuse.glusterfs`; `unknown` where /proc does not tell.
  public var type: String

  /// The longest mount point of /proc/self/mountinfo (proc(5)) above an absolute path.
  public init(of path: String) {
    (point, type) = ("/", "unknown")
    var longest = -1
    for mount in Self.mounts {
      let point = mount.fields[4]
      let isAbove = point == "/" || path == point || path.hasPrefix(point + "/")
      // A later mount on the same point covers the earlier one.
      if isAbove, point.utf8.count >= longest {
        (longest, self.point, type) = (point.utf8.count, point, mount.type)
      }
    }
  }

  /// The mounted file system whose files have this st_dev; nil where mountinfo shows another number (btrfs).
  init?(device: dev_t) {
    let (major, minor) = ((device >> 8) & 0xfff | (device >> 32) & ~0xfff, device & 0xff | (device >> 12) & ~0xff)
    let found = Self.mounts.last { $0.fields[2] == "\(major):\(minor)" }
    guard let found else { return nil }
    (point, type) = (found.fields[4], found.type)
  }

  /// The lines of mountinfo, and the type of each.
  private static var mounts: [(fields: [String], type: String)] {
    let bytes = (try? contents(of: "/proc/self/mountinfo", limit: 1 << 24)) ?? nil
    return (bytes ?? []).split(separator: UInt8(ascii: "\n")).compactMap { line in
      let fields = String(decoding: line, as: UTF8.self).split(separator: " ").map(String.init)
      guard fields.count > 6, let dash = fields.dropFirst(6).firstIndex(of: "-"), dash + 1 < fields.count else {
        return nil
      }
      return (fields, fields[dash + 1])
    }
  }

  /// Why nothing can be written into a directory; nil where that cannot be seen (a quota).
  public static func full(_ directory: String) -> String? {
    var s = statvfs()
    guard statvfs(directory, &s) == 0, s.f_blocks > 0 else { return nil }
    let what: String
    if s.f_bavail == 0 {
      what = "is full"
    } else if s.f_files > 0, s.f_favail == 0 {
      what = "has no inode left"
    } else {
      return nil
    }
    return "the filesystem \(Filesystem(of: directory).point) \(what)"
  }
}
