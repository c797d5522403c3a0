import CoordCore
import CoordSystem
import Foundation
import Simulation
import Synchronization
import Testing

/// A directory on which several processes take numbers.
enum Place: Sendable, CustomTestStringConvertible {
  /// The simulated one, with its faults.
  case simulated(String, seed: UInt64)
  /// A real one, by the paths of its mounts: several hosts, or one path only.
  case real([String])

  /// Simulated, on the local disk, and on the mounts that CONTRACT_DIRECTORIES names (`/mount/a:/mount/b`).
  static let all: [Place] =
    ["faithful", "lying link", "stale", "failing", "no links", "everything"]
    .flatMap { name in (1...5).map { .simulated(name, seed: $0) } } + [.real([NSTemporaryDirectory()])]
    + (Machine().environment["CONTRACT_DIRECTORIES"].map { [.real($0.split(separator: ":").map(String.init))] } ?? [])

  var testDescription: String {
    switch self {
    case .simulated(let name, let seed): "simulated, \(name), seed \(seed)"
    case .real(let paths): "real, \(paths.joined(separator: " and "))"
    }
  }

  /// A new, empty directory.
  func fresh() -> Directory {
    switch self {
    case .real(let paths): Directory(real: paths)
    case .simulated(let name, let seed):
      Directory(
        SimDirectory(seed: seed) { f in
          let all = name == "everything"
          if all || name == "lying link" { f.lyingLink = 2 }
          if all || name == "stale" { f.staleness = 3 }
          if all || name == "failing" { f.storageError = 4 }
          if name == "no links" { f.linkSupported = false }
          f.pause = 10
          f.pauseSeconds = 0...5
        })
    }
  }
}

/// One directory of a test, with processes that come at the same moment.
final class Directory {
  private let simulated: SimDirectory?
  private let paths: [String]

  init(_ simulated: SimDirectory) { (self.simulated, paths) = (simulated, []) }

  init(real mounts: [String]) {
    simulated = nil
    let name = "contract-\(UInt64.random(in: 0...(.max)))"
    paths = mounts.map { $0 + "/" + name }
    try? FileManager.default.createDirectory(atPath: paths[0], withIntermediateDirectories: true)
    // Another host's cache may not know it yet.
    for path in paths {
      for _ in 0..<100 where !FileManager.default.fileExists(atPath: path) { usleep(100_000) }
    }
  }

  deinit {
    if let path = paths.first { try? FileManager.default.removeItem(atPath: path) }
  }

  /// Runs `count` processes at the same moment, on all hosts in turn; what each came to.
  func race<T: Sendable>(_ count: Int, _ body: @escaping @Sendable (Int, Racer) -> T) -> [T] {
    let results = Results<T>()
    if let simulated {
      simulated.race(count) { i, files, wait in
        withoutActuallyEscaping(wait) { wait in results.put(body(i, Racer(AnyFiles(files), wait: wait)), i) }
      }
      #expect(simulated.violations == [])
    } else {
      let group = DispatchGroup()
      for i in 0..<count {
        group.enter()
        let path = paths[i % paths.count]
        // A thread each: a pool would let them come one after the other.
        Thread {
          results.put(body(i, Racer(AnyFiles(PosixLockFiles(directory: path)), wait: { usleep(50_000) })), i)
          group.leave()
        }.start()
      }
      group.wait()
    }
    return results.all
  }
}

private final class Results<T: Sendable>: Sendable {
  private let kept = Mutex<[Int: T]>([:])
  func put(_ value: T, _ i: Int) { kept.withLock { $0[i] = value } }
  var all: [T] { kept.withLock { $0.sorted { $0.key < $1.key }.map(\.value) } }
}

/// A process that takes numbers, and tries again where nothing can be said.
struct Racer {
  let files: AnyFiles
  let log: LockLog<AnyFiles>
  let wait: () -> Void

  init(_ files: AnyFiles, wait: @escaping () -> Void) {
    (self.files, log, self.wait) = (files, LockLog(files), wait)
  }

  /// True if this entry took its number; nil if that could never be said.
  func takes(_ entry: LockEntry) -> Bool? {
    for _ in 0..<2000 {
      switch try? log.append(entry) {
      case .won?: return true
      case .lost?: return false
      case .unsettled?, nil: wait()
      }
    }
    return nil
  }

  /// What the number holds, once it can be read; nil if it never can.
  func reads(_ number: Int) -> [UInt8]? {
    for _ in 0..<500 {
      if let bytes = (try? files.read(LockName.name(number))) ?? nil { return bytes }
      wait()
    }
    return nil
  }
}

/// Any directory, in one type.
struct AnyFiles: LockFiles {
  private let base: any LockFiles
  init(_ base: any LockFiles) { self.base = base }
  func list() throws(StorageFailure) -> LockListing { try base.list() }
  func refresh() { base.refresh() }
  // The racers name users of their own, but all files are this process's.
  func lock(_ name: String) throws(StorageFailure) -> LockFile? {
    if case .bytes(let bytes, _)? = try base.lock(name) { .bytes(bytes, owner: nil) } else { try base.lock(name) }
  }
  var ownersAreReal: Bool { base.ownersAreReal }
  func stage(_ b: [UInt8], as t: String, durable: Bool) throws(StorageFailure) -> WallTime {
    try base.stage(b, as: t, durable: durable)
  }
  func link(_ temporary: String, to name: String) throws(StorageFailure) { try base.link(temporary, to: name) }
  func create(_ name: String, _ bytes: [UInt8]) throws(StorageFailure) { try base.create(name, bytes) }
  func unstage(_ temporary: String, durable: Bool) { base.unstage(temporary, durable: durable) }
  func discard(_ name: String) { base.discard(name) }
  func written(_ name: String) -> WallTime? { base.written(name) }
}
