import CoordCore

/// One option of the command, as parsing, help and documentation use it.
struct Option: Sendable {
  let name: String
  /// What stands for its value in help; nil for a flag.
  let value: String?
  let summary: String
  var short: String?

  /// As help shows it.
  var usage: String { (short.map { $0 + ", " } ?? "") + name + (value.map { " " + $0 } ?? "") }
}

/// One verb of the command.
struct Verb: Sendable {
  let name: String
  let summary: String
  let options: [String]
  /// Takes `-- COMMAND…`.
  var takesCommand = false
  /// The words that follow it, as help shows them; nil for none.
  var words: String?
  /// Used by coord itself: not in help.
  var hidden = false

  /// What may follow it first: `list | add NAME` gives list and add.
  var firstWords: [String] {
    (words ?? "").split(separator: "|").compactMap { $0.split(separator: " ").first.map(String.init) }
  }
}

/// The one table that drives parsing and help.
enum Grammar {
  static let options: [Option] = [
    Option(
      name: "--root", value: "DIR",
      summary: "the project: the folder that holds hpc_utils (else COORD_ROOT, else upward)"),
    Option(name: "--json", value: nil, summary: "answer as one line of JSON"),
    Option(
      name: "--timeout", value: "SECONDS",
      summary: "give up after so long (else WAIT of coord.conf; cleanup \(Limits.settlePatience.wholeSeconds), "
        + "doctor --job \(Limits.trialPatience.wholeSeconds))"),
    Option(
      name: "--seen", value: "TOKEN",
      summary: "the server you had: if somebody stopped it, say so instead of starting one"),
    Option(name: "--reason", value: "TEXT", summary: "why, for the teammates who read it"),
    Option(name: "--dry-run", value: nil, summary: "say what would be done, and do nothing"),
    Option(name: "--follow", value: nil, summary: "go on until Ctrl+C", short: "-f"),
    Option(name: "--repair", value: nil, summary: "put aside what lies among the locks and is none, after asking"),
    Option(name: "--job", value: nil, summary: "look from a compute node too: a short real job of start_server.sh"),
    Option(name: "--yes", value: nil, summary: "do not ask"),
    Option(name: "--quiet", value: nil, summary: "no progress on stderr"),
    Option(name: "--token", value: "TOKEN", summary: "the claim that this job belongs to"),
    Option(
      name: "--set", value: "KEY=VALUE", summary: "a setting that start_server.sh assigns; may come several times"),
    Option(name: "--man", value: nil, summary: "as a man page: `coord help --man | man -l -`"),
  ]

  static let verbs: [Verb] = [
    Verb(
      name: "connect", summary: "print NODE:PORT of the team's server; start it if there is none",
      options: ["--root", "--json", "--timeout", "--seen", "--quiet"]),
    Verb(name: "status", summary: "tell how the server stands; never starts one", options: ["--root", "--json"]),
    Verb(
      name: "stop", summary: "stop the server, whoever started it",
      options: ["--root", "--timeout", "--reason", "--quiet"]),
    Verb(
      name: "restart", summary: "stop the server and start a new one; print its NODE:PORT",
      options: ["--root", "--json", "--timeout", "--reason", "--quiet"]),
    Verb(
      name: "cleanup", summary: "record ends that nobody recorded, remove what is left over (for cron)",
      options: ["--root", "--json", "--dry-run", "--timeout", "--quiet"]),
    Verb(
      name: "serve", summary: "answer everybody of this login node over a Unix socket (SOCKET)", options: ["--root"]),
    Verb(name: "logs", summary: "print the end of the server's log", options: ["--root", "--follow"]),
    Verb(name: "history", summary: "tell who decided what, and when", options: ["--root", "--json"]),
    Verb(
      name: "doctor", summary: "check everything that coord needs, and say what to do about it",
      options: ["--root", "--json", "--job", "--timeout", "--repair", "--yes"]),
    Verb(
      name: "settings", summary: "print each setting, its value and where that comes from",
      options: ["--root", "--json"]),
    Verb(
      name: "adopt", summary: "give a copied project a log and a server of its own", options: ["--root"]),
    Verb(
      name: "users", summary: "say who may log in; a password is read from the terminal or standard input",
      options: ["--root", "--json"], words: "list | add NAME | remove NAME"),
    Verb(
      name: "supervise", summary: "in the job: run the data server under supervision",
      options: ["--root", "--token", "--set"],
      takesCommand: true),
    Verb(name: "version", summary: "print the version", options: ["--json"]),
    Verb(
      name: "completion", summary: "print what completes these words in your shell", options: [],
      words: "bash | zsh | fish"),
    Verb(name: "help", summary: "print this help, or the man page", options: ["--man"]),
    Verb(name: "guard", summary: "", options: [], takesCommand: true, hidden: true),
    Verb(name: "hold", summary: "", options: [], takesCommand: true, hidden: true),
  ]

  static var shown: [Verb] { verbs.filter { !$0.hidden } }

  static var help: String {
    var text = "coord: one data server for a team on a Slurm cluster\n\nUsage: coord VERB [OPTIONS]\n\n"
    for verb in shown {
      text += "  \(padded(verb.name, 10))\(verb.summary)\n"
      if let words = verb.words { text += "  \(padded("", 10))coord \(verb.name) \(words)\n" }
    }
    text += "\nOptions:\n"
    for option in options {
      let users = shown.filter { $0.options.contains(option.name) }.map(\.name).joined(separator: ", ")
      text += "  \(padded(option.usage, 19))\(option.summary)\n  \(padded("", 19))[\(users)]\n"
    }
    return text + """

      Settings: hpc_utils/coord.conf (\(CoordCore.Settings.keys.joined(separator: ", "))),
      and the environment, with \(CoordCore.Settings.prefix) before each name.
      Exit codes: \(exitCodes.map { "\($0.code) \($0.meaning)" }.joined(separator: ", ")).

      """
  }

  static let exitCodes: [(code: String, meaning: String)] = [
    ("0", "done or already so"), ("64", "usage"), ("69", "no server"), ("70", "a mistake in coord"),
    ("74", "shared directory"), ("75", "try again"), ("77", "permission"), ("78", "configuration"),
    ("130 and 143", "interrupted"),
  ]
}
