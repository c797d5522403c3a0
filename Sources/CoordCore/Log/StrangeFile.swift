/// A file among the locks that can be none of coord's, or decides nothing, and why.
public struct StrangeFile: Hashable, Sendable {
  public var name: String
  public var why: String
  /// Whether it may be put aside: never a number that counts, or a gap would appear.
  public var isMovable: Bool

  public init(_ name: String, _ why: String, isMovable: Bool) {
    (self.name, self.why, self.isMovable) = (name, why, isMovable)
  }

  /// Looks through the names of the lock directory. Names of the file system's own (`.nfs…`) are nobody's business.
  public static func find(among listing: LockListing, tail: LogTail) -> [StrangeFile] {
    var found = listing.numbers.reversed().prefix { $0 > tail.lastNumber }.reversed().map {
      StrangeFile(LockName.name($0), "a number above the end of the log", isMovable: true)
    }
    for name in listing.others.sorted() where !name.hasPrefix(".") && name != "strange" {
      if let (number, part) = QueueName.parse(name) {
        if number > listing.asked || !["asked", "answer"].contains(part) {
          found.append(StrangeFile(name, "no question to the scheduler that anybody asked", isMovable: true))
        }
      } else if !name.hasPrefix("tmp."), !isSubmitFile(name) {
        found.append(StrangeFile(name, "no name that coord gives", isMovable: true))
      }
    }
    for (index, slot) in tail.slots.enumerated() {
      if case .void(_, let why) = slot {
        found.append(
          StrangeFile(LockName.name(tail.first + index), why + "; it counts as taken by nobody", isMovable: false))
      }
    }
    return found
      + tail.passedOver.map {
        StrangeFile(LockName.name($0), "it follows nothing that counts, and counts for nothing", isMovable: false)
      }
  }

  private static func isSubmitFile(_ name: String) -> Bool {
    let parts = name.split(separator: ".", omittingEmptySubsequences: false)
    return parts.count == 3 && parts[0] == "sbatch" && Token(parts[1]) != nil && ["out", "err"].contains(parts[2])
  }

  /// What every verb that reads the log says of them; nil where there is nothing to say.
  public static func note(_ files: [StrangeFile]) -> String? {
    let movable = files.filter(\.isMovable)
    guard let first = movable.first else { return nil }
    let more = movable.count > 1 ? " and \(movable.count - 1) more" : ""
    return "hpc_utils/locks holds \(first.name)\(more), which is none of coord's: `coord doctor --repair` puts it aside"
  }
}
