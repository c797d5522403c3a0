import CoordCore
import Testing

private let t1 = World.token(1)
private let root = "/shared/team"

/// One row as squeue prints it to the format of this listing.
private struct Row {
  var id = "4711"
  var uid = "1001"
  var state = "PENDING"
  var start = "N/A"
  var reason = "None"
  var comment = "(null)"
  var name = "py_accel_viewer"
  var workDir = "/elsewhere"

  func text(_ listing: QueueListing) -> String {
    var text = listing.format
    for (field, value) in [
      ("%A", id), ("%U", uid), ("%T", state), ("%S", start), ("%u", "ann1"), ("%r", reason), ("%k", comment),
      ("%j", name), ("%Z", workDir),
    ] { text.replace(field, with: value, maxReplacements: 1) }
    return text + "\n"
  }

  static let header = Row(
    id: "JOBID", uid: "UID", state: "STATE", start: "START_TIME", reason: "REASON", comment: "COMMENT", name: "NAME",
    workDir: "WORK_DIR")
}

private func listing(
  _ rows: [Row], job: JobID? = World.job, before: String = "", after: String = "", chunk: Int = 7,
  edit: (String) -> String = { $0 }
) -> (outcome: QueueSnapshot.Outcome, odd: [String]) {
  var listing = QueueListing(QueueQuery(job: job, token: t1), roots: [root], random: 0x9f3a_5b7c_1d2e_4f60)
  let text = edit(before + ([Row.header] + rows).map { $0.text(listing) }.joined() + after)
  var rest = Array(text.utf8)[...]
  while !rest.isEmpty {
    _ = listing.take(rest.prefix(chunk))
    rest = rest.dropFirst(chunk)
  }
  return (listing.end(), listing.odd)
}

extension QueueSnapshot.Outcome {
  fileprivate var jobs: [QueuedJob]? { if case .answered(let jobs) = self { jobs } else { nil } }
}

@Suite struct Listings {
  @Test func keepOnlyWhatCanConcernTheProject() {
    let rows = [
      Row(), Row(id: "1"), Row(id: "2", comment: t1.comment(log: nil)), Row(id: "3", comment: "coord"),
      Row(id: "4", workDir: root), Row(id: "5", workDir: root + "/a"), Row(id: "6", workDir: root + "2"),
      Row(id: "47"), Row(id: "14711"), Row(id: "7", comment: "a coord"),
    ]
    for chunk in [1, 7, 64, 100_000] {
      #expect(
        listing(rows, chunk: chunk).outcome.jobs?.map(\.id.description) == ["4711", "2", "3", "4", "5"])
    }
  }

  @Test func fieldsAreReadAsTheyAre() {
    let job = listing([
      Row(
        start: "2026-11-25T10:35:27", reason: "Nodes required for job are DOWN, DRAINED",
        comment: t1.comment(log: "0123456789abcdef"), workDir: root)
    ]).outcome.jobs?.first
    #expect(job?.token == t1 && job?.log == "0123456789abcdef" && job?.uid == 1001 && job?.user == "ann1")
    #expect(job?.reason == "Nodes required for job are DOWN, DRAINED" && job?.expectedStart == "2026-11-25T10:35:27")
    #expect(job?.name == "py_accel_viewer" && job?.workDir == root && job?.life == .pending)
    #expect(listing([Row(state: "RUNNING", start: "2026-11-25T10:35:27")]).outcome.jobs?[0].expectedStart == nil)
  }

  @Test(arguments: [
    "a\nb", "a|b", "\n", "a\u{0B}b", "a\u{0C}b", "a\u{85}b", "a\u{2028}b", "\r\n4711|1001|x", "CLUSTER: x\n",
  ])
  func textsMayHoldAnything(text: String) {
    let odd = Row(id: "1", reason: text, comment: text, name: text, workDir: text)
    var ours = Row(reason: text, comment: "coord:\(t1)", name: text)
    ours.workDir = root + "/" + text
    let (outcome, lines) = listing([odd, ours, odd])
    #expect(outcome.jobs?.map(\.token) == [t1] && lines.isEmpty)
  }

  /// Marks that others know are no marks of this question.
  @Test func rowsCannotBeImitated() {
    let other = QueueListing(QueueQuery(), roots: [root], random: 1)
    let fake = Row(id: "9", uid: "0", comment: "coord:\(t1)").text(other)
    let (outcome, odd) = listing([Row(id: "1", comment: fake), Row(id: "2", comment: "x\n" + fake)])
    #expect(outcome.jobs == [] && odd.isEmpty)
  }

  @Test func noticesBesideTheRowsDoNotMatter() {
    let notice = "*** maintenance on Monday: job 4711 and others ***\n"
    #expect(listing([Row()], before: notice, after: notice).outcome.jobs?.count == 1)
    #expect(listing([Row()], before: "no newline at its end ").outcome.jobs?.count == 1)
    #expect(listing([], before: notice).outcome.jobs == [])
    #expect(listing([Row()], before: "CLUSTER: main\n").outcome.jobs?.count == 1)
  }

  @Test func answerThatWasCutOffIsNone() {
    let whole = listing([Row(), Row(id: "1")])
    #expect(whole.outcome.jobs?.count == 1)
    var length = 0
    _ = listing([Row(), Row(id: "1")]) {
      length = $0.utf8.count
      return $0
    }
    let header = Row.header.text(QueueListing(QueueQuery(), roots: [root], random: 1)).utf8.count
    let row = Row().text(QueueListing(QueueQuery(), roots: [root], random: 1)).utf8.count
    for n in 0..<length where n != header && n != header + row {
      #expect(listing([Row(), Row(id: "1")]) { String($0.prefix(n)) }.outcome.jobs == nil, "\(n) bytes")
    }
  }

  @Test(arguments: ["", "\n", "JOBID|USER\n4711|ann1\n", "squeue: nothing to see\n"])
  func whatIsNoQueueIsNoEmptyQueue(text: String) { #expect(listing([]) { _ in text }.outcome.jobs == nil) }

  /// Ids of arrays, of heterogeneous and of federated jobs, should a squeue print them.
  @Test(arguments: [
    ("35_[1-3]", "4711", false), ("35_[1,4-9%2]", "35", false), ("35_7", "35", false), ("38+0", "38", true),
    ("38+0", "4711", false), ("35_[1-3]", "1", true), ("", "4711", false), ("x", "4711", false),
  ])
  func idsOfOtherSorts(id: String, ours: String, matters: Bool) {
    let (outcome, odd) = listing([Row(id: id), Row(id: "9", comment: "coord:\(t1)")], job: JobID(ours))
    #expect(outcome.jobs?.map(\.id.number) == ["9"] && odd.isEmpty != matters)
  }

  @Test func rowThatCannotBeReadAndMayBeOursIsKept() {
    for row in [
      Row(uid: "?", comment: "coord:\(t1)"), Row(id: "1", uid: "?", comment: "coord:\(World.token(2))"),
      Row(state: "", workDir: root), Row(uid: ""),
    ] {
      let (outcome, odd) = listing([row])
      #expect(outcome.jobs == [] && odd.count == 1)
    }
    #expect(listing([Row(id: "1", uid: "?")]).odd.isEmpty)
    #expect(listing(Array(repeating: Row(uid: "?"), count: 9)).odd.count == 5)
  }

  @Test func limitsHaveNames() {
    let rows = (1...5001).map { Row(id: "\($0)", workDir: root) }
    guard case .unknown(let why) = listing(rows, chunk: 65_536).outcome else {
      Issue.record("answered")
      return
    }
    #expect(why.contains("5000 jobs"))
    let long = Row(comment: String(repeating: "x", count: Limits.queueRowBytes * 2))
    #expect(listing([long], chunk: 65_536).outcome.jobs == nil)
  }

  private func read(
    _ rows: [Row], job: JobID? = nil, team: @escaping (UInt32) -> Bool = { _ in true }
  ) -> QueueSnapshot.Outcome {
    var listing = QueueListing(
      QueueQuery(job: job, token: t1), roots: [root, "/auto/team"], name: "py_accel_viewer", random: 5,
      mayBeOfTeam: team)
    _ = listing.take(Array(([Row.header] + rows).map { $0.text(listing) }.joined().utf8)[...])
    return listing.end()
  }

  @Test func namesakesElsewhereMayBeHereByAnotherPath() {
    let rows = (1...64).map { Row(id: "\($0)", workDir: "/teams/\($0)") } + [Row(id: "900", workDir: "/auto/team")]
    let jobs = read(rows).jobs ?? []
    #expect(jobs.map(\.id.number) == (1...64).map { "\($0)" } + ["900"])
    #expect(jobs.map(\.isHere) == Array(repeating: false, count: 64) + [true])
    // None of them is passed over without a word.
    #expect(
      read(rows + [Row(id: "65", workDir: "/teams/65")])
        == .unknown("jobs named py_accel_viewer in more than 64 folders (JOB_NAME in hpc_utils/coord.conf)"))
  }

  @Test func whatStrangersCallOursDoesNotMatter() {
    let rows = [
      Row(id: "1", uid: "7", workDir: root), Row(id: "2", uid: "7", comment: t1.comment(log: nil)),
      Row(id: "3", uid: "7", comment: "coord", workDir: root), Row(id: "4", uid: "7", workDir: "/auto/team"),
      Row(id: "5", comment: "coordinates", name: "other"), Row(id: "4711", uid: "7"), Row(id: "6", workDir: root),
    ]
    // But for what was asked for by its number.
    #expect(read(rows, job: World.job) { $0 != 7 }.jobs?.map(\.id.number) == ["4711", "6"])
    let many = (1...20_000).map { Row(id: "\($0)", uid: "7", comment: t1.comment(log: nil), workDir: "/x/\($0)") }
    #expect(read(many + [Row(id: "30000", workDir: root)]) { $0 != 7 }.jobs?.map(\.id.number) == ["30000"])
  }

  @Test func hundredThousandJobsOfOthersAreRead() {
    let rows = (1...100_000).map { Row(id: "\($0 + 5000)", comment: "a comment") } + [Row()]
    #expect(listing(rows, chunk: 65_536).outcome.jobs?.map(\.id.number) == ["4711"])
  }
}

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

@Suite struct SubmitReplies {
  @Test(arguments: [
    ("4711\n", "4711"), ("4711;main\n", "4711;main"), ("Welcome to the cluster\n4711\n", "4711"), ("", nil),
    ("Submitted batch job 4711\n", nil), ("-1\n", nil), ("4711\n99999\n", nil), ("4711\n20261126\n", nil),
    ("4711\n99999;stampede3\n", nil), ("4711\n4711;main\n", "4711"), ("4711\nbudget: 99999 hours\n", "4711"),
  ])
  func submittedJobs(text: String, id: String?) {
    #expect(SlurmText.submittedJob(text)?.description == id)
    if case .accepted(let job) = SubmitReply(status: 0, output: text, errors: "") {
      #expect(job.description == id)
    } else {
      #expect(id == nil)
    }
  }

  @Test func severalNumbersAreADoubtThatNamesThem() {
    let reply = SubmitReply(status: 0, output: "4711\n99999\n", errors: "")
    #expect(reply == .doubtful("sbatch printed several numbers: 4711, 99999"))
  }

  @Test(arguments: [
    "sbatch: error: Batch job submission failed: Invalid account or account/partition combination specified",
    "sbatch: error: Batch job submission failed: Requested node configuration is not available",
    "sbatch: error: Batch job submission failed: Job violates accounting/QOS policy (job submit limit, user's size)",
    "sbatch: error: invalid partition specified: x\nsbatch: error: Batch job submission failed: Invalid partition name specified",
    "sbatch: error: Batch job submission failed: I/O error writing script/environment to file",
    "sbatch: error: Batch job submission failed: Unspecified error",
    "sbatch: error: Check the connection of your request to a node type before you try again.\nsbatch: error: Batch job submission failed: Requested node configuration is not available",
    "sbatch: error: Batch job submission failed: Requested node configuration is not available\nPlease correct --mem before you try again (transport: none)",
    "sbatch: fatal: Batch job submission failed: Access/permission denied",
    "sbatch: unrecognized option '--frobnicate'",
    "sbatch: error: Unable to open file hpc_utils/start_server.sh",
    "sbatch: error: cli_filter plugin terminated with error",
  ])
  func clearRefusals(errors: String) {
    guard case .refused = SubmitReply(status: 1, output: "", errors: errors) else {
      Issue.record("taken for a doubt: \(errors)")
      return
    }
  }

  @Test(arguments: [
    "sbatch: error: Batch job submission failed: Socket timed out on send/recv operation",
    "sbatch: error: Batch job submission failed: Unable to contact slurm controller (connect failure)",
    "sbatch: error: Batch job submission failed: Zero Bytes were transmitted or received",
    "sbatch: error: Batch job submission failed: Transport endpoint is not connected",
    "sbatch: error: Batch job submission failed: Unexpected message received",
    "sbatch: error: Batch job submission failed: Slurm backup controller in standby mode",
    "sbatch: error: Batch job submission failed: Connection refused",
    "sbatch: fatal: Could not establish a configuration source", "", "sbatch: something new",
  ])
  func doubts(errors: String) {
    guard case .doubtful = SubmitReply(status: 1, output: "", errors: errors) else {
      Issue.record("taken for certain: \(errors)")
      return
    }
  }

  @Test func allThatWasSaidIsKept() {
    let errors = """
      sbatch: error: Your account has no hours on this partition.

      sbatch: error: Use --account=lab2 instead.
      sbatch: error: Batch job submission failed: Invalid account
      """
    let said = "Your account has no hours on this partition.\nUse --account=lab2 instead.\n"
    #expect(
      SubmitReply(status: 1, output: "", errors: errors)
        == .refused(said + "Batch job submission failed: Invalid account"))
    let doubt = errors.replacing("Invalid account", with: "Socket timed out on send/recv operation")
    #expect(
      SubmitReply(status: 1, output: "", errors: doubt)
        == .doubtful(said + "Batch job submission failed: Socket timed out on send/recv operation"))
  }

  @Test func killedOrMuteSbatchIsADoubt() {
    for reply in [
      SubmitReply(status: nil, output: "4711\n", errors: ""), SubmitReply(status: 0, output: "", errors: ""),
      SubmitReply(status: nil, output: "", errors: "sbatch: error: Batch job submission failed: Invalid account"),
    ] {
      if case .doubtful = reply { continue }
      Issue.record("\(reply)")
    }
  }
}

@Suite struct SlurmWords {
  @Test(arguments: [
    ("PrivateData             = none\n", true), ("PrivateData             = jobs,usage\n", false), ("x = y\n", nil),
  ])
  func privateData(text: String, sees: Bool?) { #expect(SlurmText.seesEverybody(config: text) == sees) }

  @Test(arguments: [
    ("KillWait                = 30 sec\n", Duration.seconds(30)), ("KillWait = 0 sec\n", .zero),
    ("KillWait = INFINITE\n", nil), ("x = y\n", nil), ("KillWait = -1 sec\n", nil),
  ])
  func killWait(text: String, expected: Duration?) { #expect(SlurmText.killWait(config: text) == expected) }

  @Test func clusterName() {
    #expect(SlurmText.cluster(config: "ClusterNameX = a\nClusterName             = main\n") == "main")
    #expect(SlurmText.cluster(config: "ClusterName = a b\n") == nil)
  }

  @Test(arguments: [
    ("squeue: error: Invalid user: 54321\n", true), ("Invalid user: 54321", true), ("Invalid job id specified", true),
    ("squeue: error: slurm_receive_msg: Socket timed out on send/recv operation", true),
    ("NOTICE: lost the connection to /scratch, please try again", false), ("", false),
  ])
  func complaints(errors: String, matters: Bool) { #expect((SlurmText.complaint(squeue: errors) != nil) == matters) }

  @Test func jobOfScontrol() {
    let line =
      "JobId=4711 JobName=x UserId=ann1(1001) JobState=PENDING Reason=None Restarts=3 WorkDir=/a Comment=coord:\(t1)"
    let job = SlurmText.job(World.job, scontrol: line + " \n\n")
    #expect(job?.token == t1 && job?.state == "PENDING" && job?.uid == 1001 && job?.restarts == 3)
    #expect(job?.workDir == "/a" && job?.name == "x" && job?.reason == "")
    #expect(SlurmText.job(JobID("471")!, scontrol: line) == nil)
    let fake = line.replacing("JobName=x", with: "JobName=x JobState=COMPLETED")
    #expect(SlurmText.job(World.job, scontrol: fake) == nil)
  }

  @Test(arguments: [
    ("coord:\(t1)", true), ("coord:\(t1):0123456789abcdef", true), ("coord:\(t1):0123", false), ("coord:\(t1):", false),
    ("coord", false), ("coord:", false), ("xcoord:\(t1)", false), ("coord:\(t1):0123456789abcdef:1", false),
  ])
  func comments(text: String, carries: Bool) {
    let job = QueuedJob(id: World.job, user: "u", uid: 1, state: "PENDING", comment: text)
    #expect((job.token == t1) == carries && job.isOurScript == (carries || text == "coord"))
  }

  @Test(arguments: ["35_[1-3]", "35_[1,4-9%2]", "35;a b", "", "x"])
  func whatIsNoJobId(text: String) { #expect(JobID(text) == nil) }

  @Test(arguments: ["35", "35_7", "38+0", "35;main"])
  func jobIds(text: String) { #expect(JobID(text)?.description == text) }
}
