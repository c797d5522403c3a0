import CoordCore

/// The man page, in the mdoc language (mdoc(7)), made from the table that parses the words.
enum ManPage {
  static var text: String {
    var page = """
      .Dd November 25, 2026
      .Dt COORD 1
      .Os
      .Sh NAME
      .Nm coord
      .Nd one data server for a team on a Slurm cluster
      .Sh SYNOPSIS
      .Nm
      .Ar verb
      .Op Ar option ...
      .Sh DESCRIPTION
      Finds the team's running server, or submits exactly one job however many people ask at the same moment, and answers
      with its node and port.
      The verbs are:
      .Bl -tag -width completion

      """
    for verb in Grammar.shown {
      page += ".It \(verb.takesCommand ? "\(verb.name) -- Ar command ..." : verb.name)\n" + sentence(verb.summary)
      if let words = verb.words { page += ".Pp\n" + escaped("coord \(verb.name) \(words)") + "\n" }
    }
    page += ".El\n.Sh OPTIONS\n.Bl -tag -width completion\n"
    for option in Grammar.options {
      page += ".It \(escaped(option.usage))\n" + sentence(option.summary)
    }
    page +=
      ".El\n.Sh ENVIRONMENT\nEach setting of hpc_utils/coord.conf may be overridden by a variable of its name, after COORD_:\n"
    page += CoordCore.Settings.keys.map { ".Ev \(CoordCore.Settings.prefix)\($0)" }.joined(separator: " ,\n") + " .\n"
    page += ".Sh EXIT STATUS\n.Bl -tag -width completion\n"
    for (code, meaning) in Grammar.exitCodes { page += ".It \(code)\n" + sentence(meaning) }
    return page + ".El\n.Sh SEE ALSO\n.Xr sbatch 1 ,\n.Xr squeue 1\n"
  }

  private static func sentence(_ text: String) -> String {
    let line = escaped(text.prefix(1).uppercased() + text.dropFirst())
    return line + (line.hasSuffix(".") ? "\n" : ".\n")
  }

  /// A dash would become a hyphen, a backslash an escape, and a leading dot or quote a request.
  private static func escaped(_ text: String) -> String {
    let plain = text.map { $0 == "\\" ? "\\e" : $0 == "-" ? "\\-" : String($0) }.joined()
    return plain.hasPrefix(".") || plain.hasPrefix("'") ? "\\&" + plain : plain
  }
}
