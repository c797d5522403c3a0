internal import CoordCore
import Glibc

/// The other side of the gate, in the server's own process.
public enum Gate {
  /// Waits for the word to go, then becomes the command; an error text if it cannot, or is not to.
  ///
  /// - Parameter alive: when the last complete beat began. A supervisor that was held up before it let us go may have been
  ///   taken for dead since: after S it is too late.
  public static func pass(_ arguments: [String], alive: Int64) -> String {
    var word: UInt8 = 0
    var n: Int
    repeat { n = read(0, &word, 1) } while n < 0 && errno == EINTR
    guard n == 1 else { return "the supervisor is gone: \(arguments.first ?? "") was not started" }
    if let null = try? Descriptor(path: "/dev/null", O_RDONLY) { dup2(null.raw, 0) }
    guard Watchman(lastBeat: Instant(nanoseconds: alive)).mayBegin(now: Machine.now) else {
      return "held up for too long: \(arguments.first ?? "") was not started"
    }
    let argv = arguments.map { strdup($0) } + [nil]
    _ = argv[0].map { execvp($0, argv) }
    let failure = SystemFailure("start \(arguments.first ?? "")")
    // It is there: what its first line names is not.
    return failure.code == ENOENT || failure.code == ENOTDIR
      ? "\(failure.text): it, or the interpreter that its first line names, is not on this node" : failure.text
  }
}
