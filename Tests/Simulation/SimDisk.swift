import CoordCore

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
