import Glibc

/// What the environment asks of the simulation.
public enum Story {
  /// SIM_SEED: whose story to print.
  public static var seed: UInt64? { number("SIM_SEED") }
  /// SIM_SCHEDULES: how many to run.
  public static var schedules: UInt64? { number("SIM_SCHEDULES") }
  /// SIM_FIRST: the first seed of all.
  public static var first: UInt64? { number("SIM_FIRST") }

  /// SIM_BRIEF: that there is a violation is all that matters.
  public static var isBrief: Bool { number("SIM_BRIEF") != nil }

  /// Whether there is time for the long search as well.
  public static var isLong: Bool { schedules ?? 0 >= 100_000 }

  private static func number(_ name: String) -> UInt64? { getenv(name).flatMap { UInt64(String(cString: $0)) } }
}
