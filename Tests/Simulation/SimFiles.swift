public import CoordCore

/// The directory as one process sees it.
public struct SimFiles: LockFiles {
  unowned(unsafe) let process: SimProcess
  private var world: SimWorld { process.world }
  private var disk: SimDisk { process.world.disk }

  init(_ process: SimProcess) { self.process = process }

  /// Everything that a process does goes through here; a dead one does nothing any more.
  private func enter(_ what: @autoclosure () -> String) throws(StorageFailure) {
    world.operation(process)
    if process.dead { throw StorageFailure(.other, "dead") }
    if world.time < process.cutUntil { throw StorageFailure(.other, "no route to host") }
    if world.random.fault(world.faults.storageError) {
      throw StorageFailure(world.random.once(in: 3) ? .full : .other, "\(what()): simulated failure")
    }
  }

  /// Whether a cache of this host may not know of the file yet.
  private func mayMiss(_ file: SimDisk.File) -> Bool {
    guard world.faults.staleness > 0, file.host != process.host.name else { return false }
    return world.time - file.at < .seconds(world.faults.staleness) && world.random.once(in: 2)
  }

  public func list() throws(StorageFailure) -> LockListing {
    try enter("list")
    if world.time - disk.youngest >= .seconds(world.faults.staleness) { return LockListing(disk.names) }
    return LockListing(disk.names.filter { disk[$0].map { !mayMiss($0) } ?? false })
  }

  public func refresh() {}

  public func lock(_ name: String) throws(StorageFailure) -> LockFile? {
    try enter("read \(name)")
    guard let file = disk[name], !mayMiss(file) else { return nil }
    return .bytes(file.bytes, owner: nil)
  }

  public var ownersAreReal: Bool { true }

  public func stage(_ bytes: [UInt8], as temporary: String, durable: Bool) throws(StorageFailure) -> WallTime {
    try enter("stage")
    disk[temporary] = file(bytes)
    return WallTime(seconds: world.time.components.seconds)
  }

  public func link(_ temporary: String, to name: String) throws(StorageFailure) {
    try enter("link")
    guard world.faults.linkSupported else { throw StorageFailure(.unsupported, "link: not supported") }
    guard let staged = disk[temporary] else { throw StorageFailure(.other, "link: no such file") }
    let file = file(staged.bytes)
    if world.random.fault(world.faults.lyingLink) {
      switch Int.random(in: 0...2, using: &world.random) {
      case 0:
        if disk[name] == nil { put(file, name) }
        throw StorageFailure(.other, "link: the reply was lost")
      case 1:
        disk.linkLater(file, name: name, at: world.time + world.random.seconds(0...100))
        throw StorageFailure(.other, "link: timed out")
      default:
        if disk[name] == nil { put(file, name) }
        return
      }
    }
    if disk[name] != nil { throw StorageFailure(.other, "link: file exists") }
    put(file, name)
  }

  /// O_EXCL, then the bytes: a death in between leaves an empty or torn file.
  public func create(_ name: String, _ bytes: [UInt8]) throws(StorageFailure) {
    try enter("create")
    if disk[name] != nil { throw StorageFailure(.other, "create: file exists") }
    let part = Int.random(in: 0...bytes.count, using: &world.random)
    put(file(Array(bytes[..<part])), name)
    disk.writing[name] = (process, world.time)
    defer { disk.writing[name] = nil }
    let seconds = [0...5, 5...40, 80...150].randomElement(using: &world.random) ?? 0...5.0
    process.mayBeHeldUp(world.faults.heldUp, seconds, "in \(name)")
    try enter("write")
    // Removed by hand in between: what is written goes with it.
    if world.touched, disk[name]?.bytes != Array(bytes[..<part]) { return }
    if LockName.number(name) != nil, disk[name]?.bytes != Array(bytes[..<part]) {
      world.violate("I3: number \(name) changed")
    }
    disk[name]?.bytes = bytes
  }

  private func put(_ file: SimDisk.File, _ name: String) {
    if LockName.number(name) != nil, disk[name] != nil { world.violate("I3: number \(name) was written twice") }
    world.note("\(process.author.nonce) writes \(name)")
    disk[name] = file
  }

  public func unstage(_ temporary: String, durable: Bool) {
    world.operation(process)
    if !process.dead { disk[temporary] = nil }
  }

  public func discard(_ name: String) {
    world.operation(process)
    if world.faults.sticky, disk[name]?.owner != process.author.uid { return }
    if !process.dead { disk[name] = nil }
  }

  private func file(_ bytes: [UInt8]) -> SimDisk.File {
    SimDisk.File(bytes: bytes, at: world.time, host: process.host.name, owner: process.author.uid)
  }

  public func written(_ name: String) -> WallTime? {
    disk[name].map { WallTime(seconds: $0.at.components.seconds) }
  }

  // MARK: - server_info.txt

  func readInfo() -> InfoReading {
    world.operation(process)
    if process.dead || world.time < process.cutUntil || world.random.fault(world.faults.storageError) {
      return .unreadable("simulated failure")
    }
    // A file that was replaced may read as the old one for a while.
    let lag = Duration.seconds(min(world.faults.staleness, 2))
    return disk.reading(host: process.host.name) { world.time - $0 < lag && world.random.once(in: 2) }
  }

  /// False if it failed.
  func writeInfo(_ bytes: [UInt8]?) -> Bool {
    world.operation(process)
    if process.dead || world.random.fault(world.faults.storageError) { return false }
    if world.time < disk.infoDeniedUntil || world.time < process.cutUntil { return false }
    disk.write(bytes.map { InfoReading(bytes: $0) } ?? .absent, at: world.time, host: process.host.name)
    return true
  }
}
