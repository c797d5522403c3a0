import CoordCore
import CoordSystem

/// `coord guard`: in the job, ends the server's processes if their supervisor cannot.
enum Guard {
  static func run(_ arguments: Arguments) throws(CoordError) {
    let words = arguments.command
    guard words.count == 3, let group = Int32(words[0]), group > 1, let alive = Int64(words[1]),
      let lineage = Lineage(text: words[2])
    else {
      throw .usage("guard needs a group, a time and a lineage")
    }
    Guardian.watch(group: group, alive: alive, lineage: lineage)
  }
}
