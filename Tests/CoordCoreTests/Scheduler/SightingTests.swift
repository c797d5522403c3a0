import CoordCore
import Testing

private let t1 = World.token(1)
private let root = "/shared/team"

@Suite struct Sightings {
  private func sighting(
    _ jobs: [QueuedJob], query: QueueQuery = QueueQuery(job: World.job, token: t1), cluster: String? = nil,
    odd: [String] = [], narrow: Bool = false, _ change: (inout Wanted) -> Void = { _ in }
  ) -> Sighting {
    var wanted = Wanted(token: t1, job: World.job, owner: 1001, scheduler: "slurm", workDir: root, name: "viewer")
    change(&wanted)
    return Sighting(
      of: wanted,
      in: QueueSnapshot(
        scheduler: "slurm", query: query, cluster: cluster, askedBy: 1002, host: "login2", seesEverybody: true,
        outcome: .answered(jobs), narrow: narrow, odd: odd))
  }

  private func isUnknown(_ sighting: Sighting) -> Bool {
    switch sighting {
    case .unknown, .hidden: true
    case .found, .gone: false
    }
  }

  @Test func tokenOfTheOwnerIsFoundWhateverItsNumber() {
    let job = World.queued("RUNNING", token: t1, id: JobID("35")!)
    #expect(sighting([job]) == .found(job))
    var imitation = job
    imitation.uid = 1003
    #expect(sighting([imitation]) == .gone)
    #expect(sighting([imitation, job]) == .found(job))
  }

  @Test func knownNumberThenOneThatMayRunIsMeant() {
    let over = World.queued("CANCELLED", token: t1, id: JobID("1")!)
    let waits = World.queued("PENDING", token: t1, id: JobID("2")!)
    #expect(sighting([over, waits]) == .found(waits))
    #expect(sighting([over, waits]) { $0.job = JobID("1") } == .found(over))
  }

  @Test func numberAloneIsNotOurs() {
    var job = World.queued("RUNNING")
    #expect(isUnknown(sighting([job])))
    (job.name, job.workDir) = ("viewer", root)
    #expect(isUnknown(sighting([job])))
    #expect(isUnknown(sighting([job]) { ($0.name, $0.workDir) = (nil, nil) }))
    var over = job
    over.state = "FAILED"
    #expect(sighting([over]) == .gone, "or another job with its number, which proves no more")
    // A plugin of the site, or an administrator, may change the name as well.
    job.name = "another"
    #expect(isUnknown(sighting([job])))
    (job.name, job.workDir) = ("viewer", "/home/ann1")
    #expect(sighting([job]) == .gone)
    (job.name, job.uid) = ("viewer", 1003)
    #expect(sighting([job]) == .gone)
    #expect(sighting([World.queued("RUNNING", token: World.token(2))]) == .gone)
  }

  /// It claimed for itself and shows no token, but the comment of our script.
  @Test func jobByHandIsFoundByItsNumberAndOurComment() {
    var job = World.queued("RUNNING")
    job.comment = "coord"
    #expect(sighting([job]) { ($0.isByHand, $0.name, $0.workDir) = (true, nil, nil) } == .found(job))
    #expect(isUnknown(sighting([job])), "not where a claimant submitted it")
    job.comment = ""
    #expect(isUnknown(sighting([job]) { ($0.isByHand, $0.name, $0.workDir) = (true, nil, nil) }))
    (job.comment, job.uid) = ("coord", 1003)
    #expect(sighting([job]) { $0.isByHand = true } == .gone)
  }

  @Test func anotherClusterKnowsNothing() {
    #expect(isUnknown(sighting([], cluster: "b") { $0.cluster = "a" }))
    #expect(sighting([], cluster: "a") { $0.cluster = "a" } == .gone)
    #expect(sighting([], cluster: "a") == .gone)
    #expect(isUnknown(sighting([]) { $0.scheduler = "local" }))
  }

  @Test func absenceNeedsAQuestionForTheJob() {
    #expect(isUnknown(sighting([], narrow: true)))
    #expect(isUnknown(sighting([], query: QueueQuery(token: t1))))
    #expect(isUnknown(sighting([], query: QueueQuery(job: World.job, token: t1, cluster: "x"))))
    #expect(sighting([], query: QueueQuery(others: [World.job])) == .gone)
    #expect(sighting([], query: QueueQuery()) { $0.job = nil } == .gone)
  }

  @Test func oddLineThatMayBeOursIsADoubt() {
    #expect(isUnknown(sighting([], odd: ["?|\(t1)"])))
    #expect(isUnknown(sighting([], odd: ["4711+0|?"])))
    #expect(sighting([], odd: ["47110|?", "coord:\(World.token(2))"]) == .gone)
  }
}
