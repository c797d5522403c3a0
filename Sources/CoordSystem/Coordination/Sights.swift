internal import CoordCore
import Glibc

/// What a process saw when its last whole look began, for the glances until the next one.
struct Sights {
  private let directory: String
  private var locks: Glance.Mark?
  private var heartbeat: Glance.Mark?
  /// The lock directory as a glance saw it changed: the look that follows takes that for its own.
  private var changed: Glance.Mark?
  private var held: SharedDescriptor?
  /// Whether one call on what is open asks the file server; nil: not known yet.
  private var holds: Bool?

  /// - Parameter directory: the lock directory.
  init(_ directory: String) { self.directory = directory }

  /// Before the lock directory is read.
  mutating func lookAtLocks() {
    if let changed = changed.take() {
      locks = changed
      return
    }
    (locks, held) = (nil, nil)
    guard let opened = try? Descriptor(path: directory, O_RDONLY | O_DIRECTORY) else { return }
    locks = Glance.Mark(opened.raw)
    // An NFS client answers from its cache for half a minute what is asked of an open directory.
    holds = holds ?? locks.map { Filesystem(device: $0.device).map { !$0.type.hasPrefix("nfs") } ?? false }
    if holds == true { held = SharedDescriptor(opened) }
  }

  /// Before the heartbeat is read.
  mutating func lookAtHeartbeat(_ path: String) { heartbeat = Glance.Mark(path) }

  /// What to look at while a wait of that length lasts; nil: there is nothing to see.
  func glance(for sign: Progress.Sign?, heartbeat path: String, pause: Duration) -> Glance? {
    switch sign {
    case .locks:
      let pace = min(max(pause / 8, .milliseconds(250)), .seconds(4))
      return Glance(path: directory, pace: pace, before: locks, held: held)
    case .heartbeat: return Glance(path: path, pace: .milliseconds(250), before: heartbeat, held: nil)
    case nil: return nil
    }
  }

  /// Whether a glance shows that the wait is over.
  mutating func end(_ glance: Glance) -> Bool {
    guard let mark = glance.change else { return false }
    if glance.path == directory { changed = mark }
    return true
  }
}
