import CoordCore
import CoordSystem
import Glibc
import Testing

/// credentials.json in a folder of its own.
private final class Folder {
  let path: String

  init() {
    var template = Array("/tmp/coord-users-XXXXXX".utf8CString)
    path = mkdtemp(&template).map { String(cString: $0) }!
  }

  deinit { _ = ChildProcess(["rm", "-rf", path], environment: ["PATH": "/usr/bin:/bin"]).run(deadline: .seconds(10)) }

  func write(_ name: String, _ text: String) {
    let file = fopen(path + "/" + name, "w")!
    fputs(text, file)
    fclose(file)
    chmod(path + "/" + name, 0o640)
  }

  var names: [String] { ((try? entries(of: path)) ?? []).sorted() }
}

@Test(arguments: ["elsewhere/real.json", "absolute", "chain", "dangling"])
func linkToTheCredentialsStays(kind: String) throws {
  let folder = Folder()
  mkdir(folder.path + "/elsewhere", 0o755)
  if kind != "dangling" { folder.write("elsewhere/real.json", "{\"megan\": \"secret\"}") }
  let target =
    switch kind {
    case "absolute": folder.path + "/elsewhere/real.json"
    case "chain": "second"
    default: "elsewhere/real.json"
    }
  symlink("elsewhere/real.json", folder.path + "/second")
  let link = folder.path + "/credentials.json"
  symlink(target, link)
  let editor = CredentialsEditor(path: link, team: nil)
  #expect(try editor.set("alan", "x"))
  var s = stat()
  #expect(lstat(link, &s) == 0 && s.st_mode & S_IFMT == S_IFLNK)
  #expect(lstat(folder.path + "/elsewhere/real.json", &s) == 0 && s.st_mode & 0o7777 == 0o640)
  let names = kind == "dangling" ? ["alan"] : ["alan", "megan"]
  #expect(try CredentialsEditor(path: folder.path + "/elsewhere/real.json", team: nil).names() == names)
  #expect(folder.names == ["credentials.json", "elsewhere", "second"])
  #expect(try entries(of: folder.path + "/elsewhere") == ["real.json"], "nothing is left over")
}

@Test func linksInACircleLeadNowhere() {
  let folder = Folder()
  symlink("b", folder.path + "/a")
  symlink("a", folder.path + "/b")
  #expect(throws: CoordError.self) { try CredentialsEditor(path: folder.path + "/a", team: nil).set("alan", "x") }
  #expect(folder.names == ["a", "b"])
}

@Test func folderThatIsMissingIsAMistakeInTheSettings() {
  let path = "/nonexistent/there/credentials.json"
  let error = #expect(throws: CoordError.self) { try CredentialsEditor(path: path, team: nil).set("alan", "x") }
  #expect(error?.exitCode == 78 && error?.why == "there is no folder /nonexistent/there")
  let problem = Credentials.problem(path: path, team: nil)
  #expect(problem?.why == error?.why && problem?.next.hasPrefix("correct CREDENTIALS") == true)
}
