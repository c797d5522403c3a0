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
