/// Which Python a script runs under, as its first lines say it.
public enum Shebang {
  /// nil where it is none of Python.
  public static func python(of text: String) -> String? {
    let lines = text.split(separator: "\n", maxSplits: 2, omittingEmptySubsequences: false).map(String.init)
    guard let first = lines.first, first.hasPrefix("#!") else { return nil }
    let words = first.dropFirst(2).split(separator: " ").map(String.init)
    guard var program = words.first else { return nil }
    if name(program) == "env" { program = words.dropFirst().first { !$0.hasPrefix("-") } ?? "" }
    // pip and conda write this where the path is too long for the kernel: '''exec' "/long/path/python3" "$0" "$@"
    if name(program) == "sh", lines.count > 1, lines[1].hasPrefix("'''exec' ") {
      let rest = lines[1].dropFirst(9)
      if rest.hasPrefix("\"") {
        program = rest.dropFirst().split(separator: "\"").first.map(String.init) ?? ""
      } else {
        program = rest.split(separator: " ").first.map(String.init) ?? ""
      }
    }
    return name(program).hasPrefix("python") || name(program).hasPrefix("pypy") ? program : nil
  }

  private static func name(_ path: String) -> String {
    path.split(separator: "/").last.map(String.init) ?? path
  }
}
