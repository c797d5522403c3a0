internal import CoordCore
import Glibc

/// Slurm's local times.
enum LocalTime {
  /// `2026-11-25T10:35:27` on this host's clock; nil for anything else (`Unknown`).
  static func wall(_ text: String) -> WallTime? {
    guard let utc = WallTime(text: text + "+00:00") else { return nil }
    var guess = time_t(utc.seconds)
    var parts = tm()
    gmtime_r(&guess, &parts)
    parts.tm_isdst = -1
    let seconds = mktime(&parts)
    return seconds == -1 ? nil : WallTime(seconds: Int64(seconds))
  }
}
