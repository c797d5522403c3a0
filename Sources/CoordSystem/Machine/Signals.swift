internal import CoordCore
import Glibc

/// Signals are blocked from the start and taken when the loop is ready for them: no handler runs at any other time.
public struct Signals: Sendable {
  private let set: sigset_t

  /// The ends of children.
  static let ofChildren = Signals([SIGCHLD])

  private init(_ signals: [Int32]) {
    var set = sigset_t()
    sigemptyset(&set)
    // Those that the C library keeps for itself (32 and 33) are not taken.
    for signal in signals { sigaddset(&set, signal) }
    self.set = set
  }

  /// Runs `body` with these blocked: one that comes meanwhile stays for `next`.
  func blocked<R>(while body: () -> R) -> R {
    var (set, before) = (set, sigset_t())
    sigprocmask(SIG_BLOCK, &set, &before)
    defer { sigprocmask(SIG_SETMASK, &before, nil) }
    return body()
  }

  /// Blocks TERM, INT, HUP and CHLD, and makes writing to a closed pipe an error instead of a death.
  public static func block() -> Signals { block([SIGTERM, SIGINT, SIGHUP, SIGCHLD]) }

  /// Blocks all that would end this process and can be caught: sites send what they like before a job's time is over. What
  /// stops a process and lets it go on is not among them, for that is how a job is suspended (Slurm sends TSTP and CONT).
  /// A fault of our own still kills: the kernel does not let it be blocked.
  public static func blockAll() -> Signals {
    let others: Set<Int32> = [SIGKILL, SIGSTOP, SIGPIPE, SIGCONT, SIGTSTP, SIGTTIN, SIGTTOU, SIGURG, SIGWINCH]
    return block((1...64).filter { !others.contains($0) })
  }

  private static func block(_ signals: [Int32]) -> Signals {
    let blocked = Signals(signals)
    var set = blocked.set
    sigprocmask(SIG_BLOCK, &set, nil)
    signal(SIGPIPE, SIG_IGN)
    // A shell that ignored it (`trap '' CHLD`) would leave us without the ends of our children.
    signal(SIGCHLD, SIG_DFL)
    return blocked
  }

  /// Waits for a signal for at most `timeout`; nil if none came.
  public func next(within timeout: Duration) -> Int32? {
    let (seconds, attoseconds) = max(timeout, .zero).components
    var t = timespec(tv_sec: Int(seconds), tv_nsec: Int(attoseconds / 1_000_000_000))
    var set = set
    let got = sigtimedwait(&set, nil, &t)
    return got > 0 ? got : nil
  }

  /// As `next`, but a child's death is none.
  public func interruption(within timeout: Duration) -> Int32? {
    let end = Machine.now.sinceBoot + timeout
    while true {
      let left = end - Machine.now.sinceBoot
      guard let signal = next(within: left) else { return nil }
      if signal != SIGCHLD { return signal }
    }
  }
}
