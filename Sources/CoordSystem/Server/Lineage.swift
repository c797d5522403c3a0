import Glibc

/// The processes between the scheduler's own and this one, each the parent of the one before.
///
/// A job is over when its script ends. Not every site's Slurm then finds all that the script left behind (proctrack/linuxproc
/// loses what lost its parent): a supervisor that the script runs without exec would live on, and its server beside the next.
/// PR_SET_PDEATHSIG tells of one parent only, and nothing where that died before it was asked for.
public struct Lineage: Sendable {
  /// From the supervisor upward; empty: nothing is watched.
  private let pids: [Int32]

  /// Nothing is watched.
  public static let none = Lineage(pids: [])

  private init(pids: [Int32]) { self.pids = pids }

  /// What is above this process now. It ends below what is another user's or the scheduler's: the daemon's own parent may
  /// change. Empty where this process has lost its parent already.
  public static func above() -> Lineage {
    var pids = [getpid(), getppid()]
    while let last = pids.last, last > 1, status(of: "/proc/\(last)")?.st_uid == geteuid(),
      let row = ProcessTable.row(of: last), row.name != "slurmstepd"
    {
      pids.append(row.parent)
    }
    // The init of a container of ours may be a parent; that of the machine is where orphans go.
    if pids[1] == 1, status(of: "/proc/1")?.st_uid != geteuid() { pids[1] = 0 }
    return Lineage(pids: pids)
  }

  /// As it was written down by `text`; nil if it was not.
  public init?(text: String) {
    let parts = text == "-" ? [] : text.split(separator: ",", omittingEmptySubsequences: false)
    pids = parts.compactMap { Int32($0) }
    if pids.count != parts.count { return nil }
  }

  /// For another process that watches the same.
  public var text: String { pids.isEmpty ? "-" : pids.map(String.init).joined(separator: ",") }

  /// Whether all of it goes on. Who dies is no parent any more: its child has another one from then on.
  public var holds: Bool {
    zip(pids, pids.dropFirst()).allSatisfy { child, parent in
      if child == getpid() { return getppid() == parent }
      if let row = ProcessTable.row(of: child) { return row.parent == parent }
      // /proc could not be read: that proves nothing.
      return kill(child, 0) == 0 || errno != ESRCH
    }
  }
}
