public import CoordCore

/// The shared directory, with the habits of a network filesystem.
final class SimDisk {
  struct File {
    var bytes: [UInt8]
    var at: Duration
    var host: String
    var owner: UInt32 = 0
  }

  private var files: [String: File] = [:]
  /// When the youngest file was made.
  private(set) var youngest = Duration.zero
  /// In order: the same seed draws the same numbers.
  private(set) var names: [String] = []
  /// All versions of server_info.txt.
  private(set) var info: [(at: Duration, host: String, reading: InfoReading)] = []
  /// How many were forgotten, and the newest that each host has seen: none sees an older one again.
  private var forgotten = 0
  private var newest: [String: Int] = [:]
  /// Nobody can write server_info.txt until then.
  var infoDeniedUntil = Duration.zero
  func write(_ reading: InfoReading, at: Duration, host: String) {
    info.append((at, host, reading))
    guard info.count > 50 else { return }
    info.removeFirst(20)
    forgotten += 20
  }

  /// The newest version that this host knows of. `mayMiss`: of one that another wrote.
  func reading(host: String, mayMiss: (Duration) -> Bool) -> InfoReading {
    let floor = (newest[host] ?? 0) - forgotten
    guard
      let place = info.indices.last(where: { $0 <= floor || info[$0].host == host || !mayMiss(info[$0].at) })
    else { return .absent }
    newest[host] = max(newest[host] ?? 0, place + forgotten)
    return info[place].reading
  }

  /// Who is writing what, and since when: a number that is made and has not all of its bytes.
  var writing: [String: (by: SimProcess, since: Duration)] = [:]
  /// Which directory stands under the project's path.
  var place = 0
  /// Links that the server executes later.
  private var late: [(at: Duration, temporary: File, name: String)] = []

  subscript(name: String) -> File? {
    get { files[name] }
    set {
      let old = files[name]
      files[name] = newValue
      if let newValue { youngest = max(youngest, newValue.at) }
      guard (old == nil) != (newValue == nil) else { return }
      var (low, high) = (0, names.count)
      while low < high {
        let middle = (low + high) / 2
        if names[middle] < name { low = middle + 1 } else { high = middle }
      }
      if newValue == nil { names.remove(at: low) } else { names.insert(name, at: low) }
    }
  }

  /// Whether the log says that the token's job is this one.
  func names(_ token: Token, _ job: String) -> Bool {
    files.contains { name, file in
      guard let number = LockName.number(name), let entry = LockEntry(decoding: file.bytes, number: number) else {
        return false
      }
      return entry.token == token && entry.body.job?.number == job
    }
  }

  /// The directory as a backup of now would have it.
  var backup: [String: File] { files.filter { LockName.number($0.key) != nil } }

  var nextEvent: Duration? { late.map(\.at).min() }

  func perform(_ time: Duration) {
    for link in late where link.at <= time {
      if self[link.name] == nil { self[link.name] = File(bytes: link.temporary.bytes, at: time, host: "server") }
    }
    late.removeAll { $0.at <= time }
  }

  func linkLater(_ file: File, name: String, at: Duration) { late.append((at, file, name)) }
}

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

  public func names() throws(StorageFailure) -> [String] {
    try enter("list")
    if world.time - disk.youngest >= .seconds(world.faults.staleness) { return disk.names }
    return disk.names.filter { disk[$0].map { !mayMiss($0) } ?? false }
  }

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
    if world.random.fault(world.faults.heldUp), world.depth < 6 {
      let length = world.random.seconds([0...5, 5...40, 80...150].randomElement(using: &world.random) ?? 0...5)
      world.note("\(process.author.nonce) is held up in \(name) for \(length.spoken)")
      world.run(until: world.time + length)
    }
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
