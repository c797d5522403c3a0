import CoordCore
import CoordSystem

/// `coord hold`: in the job, becomes the server's command once its guardian watches.
enum Hold {
  /// Comes back only where it could not.
  static func run(_ arguments: Arguments) throws(CoordError) -> Int32 {
    guard let alive = arguments.command.first.flatMap({ Int64($0) }) else { throw .usage("hold needs a time") }
    Console.note(Gate.pass(Array(arguments.command.dropFirst()), alive: alive))
    return 127
  }
}
