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
  /// The directory as that look opened it, where one call on it asks the file server.
  let held: SharedDescriptor?

  struct Mark: Hashable {
    private let (inode, seconds, nanoseconds): (UInt64, Int, Int)
    let device: dev_t

    /// By opening it: that asks the file server, where a mere look-up is answered from a cache for half a minute (NFS).
    init?(_ path: String) {
      guard let file = try? Descriptor(path: path, O_RDONLY | O_NONBLOCK) else { return nil }
      self.init(file.raw)
    }

    /// Nil for what has no name any more.
    init?(_ descriptor: Int32) {
      var s = stat()
      guard fstat(descriptor, &s) == 0, s.st_nlink > 0 else { return nil }
      (inode, seconds, nanoseconds) = (UInt64(s.st_ino), s.st_mtim.tv_sec, s.st_mtim.tv_nsec)
      device = s.st_dev
    }
  }

  /// What is there by now, if that is something else.
  var change: Mark?? {
    let mark = if let held { Mark(held.raw) } else { Mark(path) }
    return mark == before ? nil : .some(mark)
  }
}
