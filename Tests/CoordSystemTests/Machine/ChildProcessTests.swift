import CoordSystem
import Testing

@Test func commandsThatHangAreEnded() {
  let done = ChildProcess(["sh", "-c", "sleep 60 & wait"], environment: ["PATH": "/bin:/usr/bin"]).run(
    deadline: .milliseconds(300))
  #expect(done.ranOutOfTime && done.status == nil)
}

@Test func outputAndStatusAreKept() {
  let done = ChildProcess(["sh", "-c", "echo out; echo err >&2; exit 7"], environment: ["PATH": "/bin:/usr/bin"]).run(
    deadline: .seconds(10))
  #expect(done.output == "out\n" && done.errors == "err\n" && done.status == 7)
}
