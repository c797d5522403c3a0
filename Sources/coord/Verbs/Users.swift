import CoordCore
import CoordSystem

/// `coord users`: who may log in to the data server.
enum Users {
  static func run(_ session: Session) throws(CoordError) {
    let words = session.arguments.words
    let editor = CredentialsEditor(
      path: session.project.resolve(session.project.settings.credentials), team: session.project.team)
    switch (words.first, words.count) {
    case ("list", 1):
      let names = try editor.names()
      if session.arguments.has("--json") {
        var line = JSONLine()
        line.add("users", names)
        Console.answer(line.text)
      } else {
        for name in names { Console.answer(name + "\n") }
      }
    case ("add", 2):
      let name = words[1]
      guard !name.isEmpty, name.unicodeScalars.allSatisfy({ $0.value > 0x20 && $0.value != 0x7f }) else {
        throw .input(
          what: "\(name.isEmpty ? "nothing" : "\"\(name.onOneLine)\"") cannot be a user's name",
          why: "a name has no blanks and no control characters", next: "choose another one; nothing was changed")
      }
      let password = Terminal.secret(prompt: "Password for \(name): ")
      guard !password.isEmpty else {
        throw .input(
          what: "the password was empty", why: "with an empty one anybody could log in as \(name)",
          next: "type one, or pass it as a line of standard input; nothing was changed")
      }
      let isNew = try editor.set(name, password)
      Console.note(isNew ? "\(name) may log in now" : "\(name) has a new password now")
      if let note = editor.note { Console.note(note) }
    case ("remove", 2):
      guard try editor.remove(words[1]) else {
        Console.note("\(words[1]) is no user: nothing was changed")
        return
      }
      Console.note("\(words[1]) cannot log in any more; who is logged in stays so until the session ends")
    default: throw .usage("it is `coord users list`, `coord users add NAME` or `coord users remove NAME`")
    }
  }
}
