/// Signals as people know them. Linux, on the processors that Slurm is built for (signal(7)); `scancel --signal` takes the same
/// names.
public enum SignalName {
  private static let names = [
    "HUP", "INT", "QUIT", "ILL", "TRAP", "ABRT", "BUS", "FPE", "KILL", "USR1", "SEGV", "USR2", "PIPE", "ALRM", "TERM",
    "STKFLT", "CHLD", "CONT", "STOP", "TSTP", "TTIN", "TTOU", "URG", "XCPU", "XFSZ", "VTALRM", "PROF", "WINCH", "IO",
    "PWR", "SYS",
  ]

  public static func text(_ signal: Int32) -> String {
    switch signal {
    case 1...31: "SIG" + names[Int(signal) - 1]
    case 34...64: "SIGRTMIN+\(signal - 34)"
    default: "signal \(signal)"
    }
  }

  /// The number of a signal by its name, with or without SIG, or by its number.
  static func number(_ text: String) -> Int32? {
    if let number = Int32(text) { return (1...64).contains(number) ? number : nil }
    let name = text.uppercased()
    let bare = name.hasPrefix("SIG") ? String(name.dropFirst(3)) : name
    return names.firstIndex(of: bare).map { Int32($0) + 1 }
  }
}
