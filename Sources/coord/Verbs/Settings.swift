import CoordCore
import CoordSystem

/// `coord settings`: what is set, and where.
enum Settings {
  static func run(_ session: Session) {
    let settings = session.project.settings
    let isJSON = session.arguments.has("--json")
    for row in settings.rows {
      if isJSON {
        var line = JSONLine()
        line.add("setting", row.key)
        line.add("value", row.value)
        line.add("unit", row.unit)
        line.add("source", row.source)
        Console.answer(line.text)
      } else {
        let value = (row.value.map { $0.isEmpty ? "(empty)" : $0 } ?? "(not set)") + (row.unit.map { " " + $0 } ?? "")
        Console.answer(padded(row.key, 16) + padded(value, 36) + row.source + "\n")
      }
    }
    if let note = settings.strayNames(in: session.machine.environment) { Console.note(note) }
  }
}
