internal import CoordCore
import Glibc

/// Signals are blocked from the start and taken when the loop is ready for them: no handler runs at any other time.
public struct Signals: Sendable {
  private let set: sigset_t

  /// Blocks TERM, INT, HUP and CHLD, and makes writing to a closed pipe an error instead of a death.
  public static func block() -> Signals {
    var set = sigset_t()
    sigemptyset(&set)
    for signal in [SIGTERM, SIGINT, SIGHUP, SIGCHLD] { sigaddset(&set, signal) }
    sigprocmask(SIG_BLOCK, &set, nil)
    signal(SIGPIPE, SIG_IGN)
    return Signals(set: set)
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
