import CoordCore

/// `coord completion`: what a shell needs to complete coord's words, made from the table that parses them.
enum Completion {
  static func script(for words: [String]) throws(CoordError) -> String {
    switch words {
    case ["bash"]: bash
    case ["zsh"]: zsh
    case ["fish"]: fish
    default: throw .usage("completion needs bash, zsh or fish")
    }
  }

  private static func options(of verb: Verb) -> [Option] {
    Grammar.options.filter { verb.options.contains($0.name) }
  }

  private static var bash: String {
    let cases = Grammar.shown.map { verb in
      "    \(verb.name)) words='\((verb.firstWords + options(of: verb).map(\.name)).joined(separator: " "))' ;;\n"
    }
    return """
      # source <(coord completion bash)
      _coord() {
        local current=${COMP_WORDS[COMP_CWORD]} words='\(Grammar.shown.map(\.name).joined(separator: " "))'
        if [ "${COMP_WORDS[COMP_CWORD - 1]}" = --root ]; then
          mapfile -t COMPREPLY < <(compgen -d -- "$current")
          return
        fi
        [ "$COMP_CWORD" -eq 1 ] || case ${COMP_WORDS[1]} in
      \(cases.joined())    *) words='' ;;
        esac
        mapfile -t COMPREPLY < <(compgen -W "$words" -- "$current")
      }
      complete -F _coord coord

      """
  }

  private static var zsh: String {
    /// In brackets and single quotes.
    func told(_ text: String) -> String { text.map { "[]:'".contains($0) ? " " : String($0) }.joined() }
    let verbs = Grammar.shown.map { "    '\($0.name):\(told($0.summary))'\n" }
    let cases = Grammar.shown.map { verb in
      let all = options(of: verb).map { option in
        let value = option.value.map { ":\($0):" + (option.name == "--root" ? "_files -/" : "") } ?? ""
        return " '\(option.name)[\(told(option.summary))]\(value)'"
      }
      let words = verb.firstWords.isEmpty ? "" : " '1:word:(\(verb.firstWords.joined(separator: " ")))'"
      return "    \(verb.name)) _arguments\(words)\(all.joined()) ;;\n"
    }
    return """
      #compdef coord
      # source <(coord completion zsh)
      _coord() {
        local -a verbs=(
      \(verbs.joined())  )
        if (( CURRENT == 2 )); then
          _describe verb verbs
          return
        fi
        local verb=$words[2]
        shift words
        (( CURRENT-- ))
        case $verb in
      \(cases.joined())  esac
      }
      compdef _coord coord

      """
  }

  private static var fish: String {
    func told(_ text: String) -> String { text.map { $0 == "'" ? "\\'" : String($0) }.joined() }
    var lines = ["# coord completion fish | source", "complete -c coord -f"]
    for verb in Grammar.shown {
      lines.append("complete -c coord -n __fish_use_subcommand -a \(verb.name) -d '\(told(verb.summary))'")
      let within = "complete -c coord -n '__fish_seen_subcommand_from \(verb.name)'"
      lines += verb.firstWords.map { "\(within) -a \($0)" }
      lines += options(of: verb).map { option in
        let places = " -r -a '(__fish_complete_directories)'"
        let value = option.value == nil ? "" : option.name == "--root" ? places : " -x"
        return "\(within) -l \(option.name.dropFirst(2))\(value) -d '\(told(option.summary))'"
      }
    }
    return lines.joined(separator: "\n") + "\n"
  }
}
