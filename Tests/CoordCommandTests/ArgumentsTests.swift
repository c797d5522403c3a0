import CoordCore
import Testing

@testable import coord

@Test func optionsTakeTheirValuesEitherWay() throws {
  let a = try Arguments(["connect", "--root", "/x", "--timeout=30", "--json"])
  #expect(a.verb.name == "connect" && a.values["--root"] == "/x" && a.has("--json"))
  #expect(try a.timeout() == .seconds(30))
}

@Test func shortOptionIsTheLongOne() throws {
  let a = try Arguments(["logs", "-f"])
  #expect(a.has("--follow") && Grammar.help.contains("-f, --follow"))
}

@Test func commandAfterTheDashesIsLeftAlone() throws {
  let a = try Arguments(["supervise", "--token", "", "--", "panel", "serve", "--port={port}", "--json"])
  #expect(a.command == ["panel", "serve", "--port={port}", "--json"] && a.values["--token"] == "")
}

@Test(arguments: [
  [], ["frobnicate"], ["connect", "--frob"], ["connect", "extra"], ["status", "--timeout", "3"], ["connect", "--root"],
  ["connect", "--json=1"], ["connect", "--roo", "/x"],
])
func mistakesAreUsage(words: [String]) {
  let error = #expect(throws: CoordError.self) { try Arguments(words) }
  #expect(error?.exitCode == 64)
}

@Test(arguments: ["0", "-1", "x", "1.5", "604801"])
func timeoutsThatAreNone(text: String) throws {
  let a = try Arguments(["connect", "--timeout", text])
  #expect(throws: CoordError.self) { try a.timeout() }
}

@Test func helpNamesEveryVerbOptionAndSetting() {
  for verb in Grammar.verbs where !verb.hidden { #expect(Grammar.help.contains("  \(verb.name) ")) }
  for option in Grammar.options { #expect(Grammar.help.contains(option.name)) }
  for key in CoordCore.Settings.keys { #expect(Grammar.help.contains(key)) }
}

@Test func helpTellsHowLongEachVerbWaits() {
  #expect(Grammar.help.contains("(else WAIT of coord.conf; cleanup 210, doctor --job 180)"))
  let waiting = Grammar.verbs.filter { $0.options.contains("--timeout") }.map(\.name)
  #expect(waiting == ["connect", "stop", "restart", "cleanup", "doctor"], "a new one is named there, too")
}

@Test func everyOptionOfAVerbIsInTheTable() {
  for verb in Grammar.verbs {
    for name in verb.options { #expect(Grammar.options.contains { $0.name == name }) }
  }
}

@Test func jsonIsEscaped() {
  var line = JSONLine()
  line.add("a\"b", "c\\d\n\u{1}é")
  line.add("n", 7)
  line.add("none", nil as String?)
  line.add("list", ["x", "y"])
  #expect(line.text == #"{"a\"b": "c\\d\n\u0001é", "n": 7, "list": ["x", "y"]}"# + "\n")
}

@Test func settingsOfTheScriptComeOneAfterTheOther() throws {
  let a = try Arguments([
    "supervise", "--token", "", "--set", "PORT=8000", "--set=APP_PATH=a=b", "--", "panel", "--set", "x",
  ])
  #expect(a.settings == ["PORT=8000", "APP_PATH=a=b"] && a.command == ["panel", "--set", "x"])
  #expect(throws: CoordError.self) { try Arguments(["connect", "--set", "PORT=8000"]) }
}
