import CoordCore
import Testing

private let t1 = World.token(1)

@Suite struct Snapshots {
  @Test func comeBackAsTheyWere() {
    var job = World.queued("FAILED", token: t1, restarts: 2)
    (job.isHere, job.exit) = (true, "0:53")
    (job.reason, job.name, job.workDir, job.user) = ("a|b\nJOB=1|2|3|4|5", "n|", "/a\\b\n", "u|v")
    let plain = World.queued("PENDING")
    for outcome in [QueueSnapshot.Outcome.answered([job, plain]), .answered([]), .unknown("JOB=x\ny")] {
      var snapshot = QueueSnapshot(
        scheduler: "slurm",
        query: QueueQuery(job: JobID("4711;main"), token: t1, others: [JobID("1")!, JobID("2;x")!], cluster: "main"),
        cluster: "main", askedBy: 7, host: "login1", seesEverybody: true, outcome: outcome, narrow: true,
        odd: ["a|b", "c\nd"])
      snapshot.endsWithin = .seconds(30)
      #expect(QueueSnapshot(decoding: snapshot.encoded) == snapshot)
      #expect(QueueSnapshot(decoding: Array(snapshot.encoded.dropLast(14))) == nil)
    }
  }
}
