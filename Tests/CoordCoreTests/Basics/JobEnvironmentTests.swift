import CoordCore
import Testing

@Suite struct JobEnvironments {
  @Test(
    arguments: [
      ("panel", "/a:/b", "/b/panel"), ("panel", "/b", "/b/panel"), ("panel", nil, "/usr/bin/panel"),
      ("panel", "/a", nil), ("panel", "", nil), ("panel", "/a::/c", "./panel"), ("/b/panel", nil, "/b/panel"),
      ("/a/panel", "/b", nil), ("", "/b", nil),
    ] as [(String, String?, String?)])
  func programIsFoundAsTheKernelsCallerFindsIt(name: String, path: String?, place: String?) {
    let there: Set = path == "/a::/c" ? ["./panel"] : ["/b/panel", "/usr/bin/panel"]
    #expect(JobEnvironment.find(name, path: path, isProgram: there.contains) == place)
  }

  @Test func whatMissesIsNamedWithItsFile() {
    let none = JobEnvironment.missing("panel", path: "/usr/bin", hasFile: false)
    #expect(none.what == "the server's command `panel` was not found in the job's PATH")
    #expect(none.why.contains("there is no hpc_utils/env.sh") && none.next.hasPrefix("make hpc_utils/env.sh"))
    let some = JobEnvironment.missing("panel", path: "/usr/bin", hasFile: true)
    #expect(some.why.contains("hpc_utils/env.sh is there") && some.next.contains("in hpc_utils/env.sh, or correct"))
    let windows = JobEnvironment.missing("panel", path: "/usr/bin\r", hasFile: true)
    #expect(windows.why.contains("/usr/bin\\r") && windows.next.contains("sed -i"))
    #expect(!JobEnvironment.missing("/x/panel", path: "/usr/bin", hasFile: true).what.contains("PATH"))
  }

  @Test func waitersReadWhatAnObstacleSaysToDo() throws {
    let fence = Fence(
      token: World.token(1), nonce: "n", job: World.job, restarts: 0, node: "n1", scheduler: "slurm", statusFile: "s",
      log: "l", obstacle: JobEnvironment.missing("panel", path: "/usr/bin", hasFile: false), freshToken: World.token(2))
    var w = World()
    for kind in [EntryKind.claimed, .submitted] { w.append(kind, World.token(1)) }
    guard case .state(let state) = w.tail.fold(), case .end(let draft, _) = fence.decide(state, patient: false) else {
      Issue.record("it goes on")
      return
    }
    w.append(.ended, World.token(1)) { $0 = draft.body }
    let end = try #require(w.tail.slots.last?.entry)
    let read = try #require(LockEntry(decoding: end.encoded, number: end.number))
    #expect(CoordError(ending: read)?.next.hasPrefix("make hpc_utils/env.sh") == true)
  }
}
