internal import CoordCore
import Glibc

/// One call of the file server that shows whether what is waited for may have happened, so that all the rest is looked at seldom. It
/// decides nothing, and what it does not see the next whole look does.
struct Glance {
  /// server_info.txt, or the lock directory: whatever is taken, answered or touched there.
  let path: String
  let pace: Duration
  /// What was there when the last whole look began; nil: nothing.
  let before: Mark?

  struct Mark: Hashable {
    private let (inode, seconds, nanoseconds): (UInt64, Int, Int)

    /// By opening it: that asks the file server, where a mere look-up is answered from a cache for half a minute (NFS).
    init?(_ path: String) {
      var s = stat()
      guard let file = try? Descriptor(path: path, O_RDONLY | O_NONBLOCK), fstat(file.raw, &s) == 0 else { return nil }
      (inode, seconds, nanoseconds) = (UInt64(s.st_ino), s.st_mtim.tv_sec, s.st_mtim.tv_nsec)
    }
  }

  /// What is there by now, if that is something else.
  var change: Mark?? {
    let mark = Mark(path)
    return mark == before ? nil : .some(mark)
  }
}
