import Testing

@testable import CoordSystem

/// sbatch gives its own limits to the job.
@Test func childrenHaveTheLimitThatWeWereStartedWith() {
  let question = ChildProcess(["sh", "-c", "ulimit -n"], environment: ["PATH": "/bin:/usr/bin"])
  let before = question.run(deadline: .seconds(10)).output
  // All that it may have.
  let most = DescriptorLimit.raise(to: 100_000)
  #expect(question.run(deadline: .seconds(10)).output == before && !before.isEmpty)
  #expect(DescriptorLimit.raise(to: 0) == most)
}

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
