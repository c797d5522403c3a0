import CoordCore

/// A lock directory in memory: names, bytes and a clock.
final class MemoryFiles: LockFiles {
  var files: [String: [UInt8]] = [:]
  /// The file system's.
  var clock: Int64 = 0
  private var times: [String: Int64] = [:]
  /// How often something was written, and how often the names were read.
  private(set) var (writes, listings) = (0, 0)

  func list() throws(StorageFailure) -> LockListing {
    listings += 1
    return LockListing(Array(files.keys))
  }
  func refresh() {}
  /// What happens when a number was read.
  var afterReading: (String) -> Void = { _ in }

  var unreadable: Set<String> = []

  func lock(_ name: String) throws(StorageFailure) -> LockFile? {
    defer { afterReading(name) }
    if unreadable.contains(name) { throw StorageFailure(.permission, name) }
    return files[name].map { .bytes($0, owner: nil) }
  }
  var ownersAreReal: Bool { true }
  func stage(_ bytes: [UInt8], as t: String, durable: Bool) throws(StorageFailure) -> WallTime {
    writes += 1
    (files[t], times[t]) = (bytes, clock)
    return WallTime(seconds: clock)
  }
  func link(_ t: String, to name: String) throws(StorageFailure) {
    guard files[name] == nil else { throw StorageFailure(.other, "there") }
    (files[name], times[name]) = (files[t], clock)
  }
  func create(_ name: String, _ bytes: [UInt8]) throws(StorageFailure) { (files[name], times[name]) = (bytes, clock) }
  func unstage(_ t: String, durable: Bool) { files[t] = nil }
  func discard(_ name: String) { files[name] = nil }
  func written(_ name: String) -> WallTime? { files[name] == nil ? nil : WallTime(seconds: times[name] ?? 0) }

  func put(_ w: World) {
    for slot in w.tail.slots { if let e = slot.entry { files[LockName.name(e.number)] = e.encoded } }
  }
}
