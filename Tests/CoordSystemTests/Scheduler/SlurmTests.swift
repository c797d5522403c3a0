import CoordCore
import CoordSystem
import Glibc
import Testing

private let token = Token("0123456789abcdef0123456789abcdef")!

/// Slurm's commands as scripts in a directory of their own. Each writes down how it was called.
private final class FakeSlurm {
  let folder: String
  let slurm: Slurm
  let me = getuid()

  init(configurationAge: Duration = Limits.configurationAge) throws {
    var template = Array("/tmp/coord-slurm-XXXXXX".utf8CString)
    folder = mkdtemp(&template).map { String(cString: $0) }!
    let root = folder
    let settings = try Settings(file: nil, fileName: "coord.conf", environment: [:])
    slurm = Slurm(
      project: Project(root: root, settings: settings), machine: Machine(), commands: root + "/",
      configurationAge: configurationAge)
    script("scancel", "")
    script("scontrol", "[ \"$2\" = config ] && printf 'ClusterName = main\\nPrivateData = none\\n'")
    squeue()
  }

  deinit {
    _ = ChildProcess(["rm", "-rf", folder], environment: ["PATH": "/usr/bin:/bin"]).run(deadline: .seconds(10))
  }

  /// Those of a project; that of the locks.
  func makeFolders() -> String {
    let utils = folder + "/hpc_utils"
    for path in [utils, utils + "/locks", utils + "/logs"] { mkdir(path, 0o755) }
    return utils + "/locks"
  }

  func script(_ name: String, _ text: String) {
    let path = "\(folder)/\(name)"
    // Never written in place: another one may be running.
    let file = fopen(path + ".new", "w")!
    fputs("#!/bin/bash\necho \"\(name) $*\" >>\(folder)/calls\n\(text)\n", file)
    fclose(file)
    chmod(path + ".new", 0o755)
    rename(path + ".new", path)
  }

  /// A squeue that shows the header and these jobs: of one of them only, where it is asked for one.
  func squeue(_ jobs: [(id: Int, comment: String, state: String)] = [], uid: UInt32? = nil) {
    let rows = jobs.map { "row \($0.id) \(uid ?? me) \($0.state) '\($0.comment)'" }.joined(separator: "\n")
    script(
      "squeue",
      """
      for word; do case $word in --format=*) format=${word#*=} ;; --jobs=*) only=${word#*=} ;; esac; done
      row() {
        [ -n "$only" ] && [ "$1" != "$only" ] && [ "$1" != JOBID ] && return
        line=${format/\\%A/$1} line=${line/\\%U/$2} line=${line/\\%T/$3} line=${line/\\%k/$4}
        printf '%s\\n' "$line"
      }
      row JOBID UID STATE COMMENT
      \(rows)
      """)
  }

  var calls: [String] {
    let done = ChildProcess(["cat", folder + "/calls"], environment: ["PATH": "/usr/bin:/bin"]).run(
      deadline: .seconds(10))
    return done.output.split(separator: "\n").map(String.init)
  }

  func scancelled() -> [String] { calls.filter { $0.hasPrefix("scancel") } }
}

private let query = QueueQuery(job: JobID("35"), token: token)

@Suite struct SlurmCommands {
  @Test func knownJobIsAskedForAlone() throws {
    let fake = try FakeSlurm()
    fake.squeue([(35, token.comment(log: nil), "PENDING"), (36, "coord", "PENDING")])
    let seen = fake.slurm.queue(query)
    guard case .answered(let jobs) = seen.outcome else {
      Issue.record("\(seen)")
      return
    }
    #expect(seen.narrow && jobs.map(\.id.number) == ["35"] && seen.cluster == "main" && seen.seesEverybody)
    #expect(fake.calls.filter { $0.hasPrefix("squeue") }.count == 1)
  }

  /// What an attempt that failed halfway left in the place of one file takes away no other.
  @Test func whatSbatchPrintsIsKept() throws {
    let fake = try FakeSlurm()
    let locks = fake.makeFolders()
    fclose(fopen("\(locks)/sbatch.\(token).err", "w"))
    fake.script("sbatch", "echo 35")
    #expect(try fake.slurm.submit(token, log: nil, by: Machine.now + .seconds(10)) == .accepted(JobID("35")!))
    #expect(
      try PosixLockFiles(directory: locks).list().others.sorted() == ["sbatch.\(token).err", "sbatch.\(token).out"])
  }

  /// A slow disk may take all the time of a claim for the files that sbatch prints to.
  @Test func sbatchIsNotCalledTooLate() throws {
    let fake = try FakeSlurm()
    let locks = fake.makeFolders()
    fake.script("sbatch", "echo 35")
    #expect(throws: StorageFailure.self) { try fake.slurm.submit(token, log: nil, by: Machine.now) }
    let left = try PosixLockFiles(directory: locks).list().others
    #expect(!fake.calls.contains { $0.hasPrefix("sbatch") } && left.isEmpty)
    #expect(try fake.slurm.submit(token, log: nil, by: Machine.now + .seconds(10)) == .accepted(JobID("35")!))
  }

  /// An admin may hide jobs while a service runs.
  @Test func configurationIsBelievedForAWhile() throws {
    for (age, sees) in [(Duration.zero, false), (.seconds(60), true)] {
      let fake = try FakeSlurm(configurationAge: age)
      #expect(fake.slurm.queue(QueueQuery()).seesEverybody)
      for config in ["printf 'ClusterName = main\\nPrivateData = jobs\\n'", "exit 1"] {
        fake.script("scontrol", config)
        #expect(fake.slurm.queue(QueueQuery()).seesEverybody == sees)
      }
    }
  }

  @Test func allAreListedWhereTheKnownJobDoesNotShowTheToken() throws {
    let fake = try FakeSlurm()
    fake.squeue([(35, "thesis", "PENDING"), (36, token.comment(log: nil), "PENDING")])
    let seen = fake.slurm.queue(query)
    guard case .answered(let jobs) = seen.outcome else {
      Issue.record("\(seen)")
      return
    }
    #expect(!seen.narrow && jobs.map(\.id.number) == ["35", "36"])
  }

  @Test func scontrolHasTheLastWordOnAKnownJob() throws {
    let fake = try FakeSlurm()
    func isUnknown() -> Bool { if case .unknown = fake.slurm.queue(query).outcome { true } else { false } }
    fake.script("scontrol", "exit 1")
    #expect(isUnknown())
    fake.script("scontrol", "echo 'slurm_load_jobs error: Invalid job id specified' >&2; exit 1")
    #expect(fake.slurm.queue(query).outcome == .answered([]))
    let line = "JobId=35 JobName=x UserId=u(\(fake.me)) JobState=PENDING Reason=None Restarts=0 WorkDir=/a"
    fake.script("scontrol", "echo '\(line)'")
    #expect(isUnknown())
    fake.script("scontrol", "echo '\(line) Comment=\(token.comment(log: nil))'")
    guard case .answered(let jobs) = fake.slurm.queue(query).outcome else {
      Issue.record("unknown")
      return
    }
    #expect(jobs.map(\.token) == [token] && jobs.map(\.state) == ["PENDING"])
  }

  /// One that was submitted by hand shows no token; which run is over matters all the same.
  @Test(arguments: [(token.comment(log: nil), "FAILED", 2), ("coord", "COMPLETED", 1)])
  func runOfAJobThatIsOverIsAskedFor(comment: String, state: String, run: Int) throws {
    let fake = try FakeSlurm()
    fake.squeue([(35, comment, state)])
    fake.script(
      "scontrol",
      "echo 'JobId=35 UserId=u(\(fake.me)) JobState=\(state) Restarts=\(run) WorkDir=/a Comment=\(comment)'")
    guard case .answered(let jobs) = fake.slurm.queue(query).outcome else {
      Issue.record("unknown")
      return
    }
    #expect(jobs.map(\.restarts) == [run])
  }

  @Test func onlyAJobThatShowsTheTokenIsCancelled() throws {
    let fake = try FakeSlurm()
    let job = JobID("35")!
    for comment in ["", "thesis", "coord", Token(random: 1, 2).comment(log: nil)] {
      fake.squeue([(35, comment, "RUNNING")])
      #expect(fake.slurm.cancel(job, token: token) != nil)
    }
    fake.squeue([(36, token.comment(log: nil), "RUNNING")])
    #expect(fake.slurm.cancel(job, token: token) != nil)
    fake.script("squeue", "exit 0")
    #expect(fake.slurm.cancel(job, token: token) != nil)
    #expect(fake.scancelled() == [])
    fake.squeue([(35, token.comment(log: "0123456789abcdef"), "RUNNING")])
    #expect(fake.slurm.cancel(job, token: token) == nil)
    #expect(fake.scancelled() == ["scancel 35"])
  }

  @Test func answerOfHundredThousandJobsIsReadInTime() throws {
    let fake = try FakeSlurm()
    fake.script(
      "squeue",
      """
      for word; do case $word in --format=*) format=${word#*=} ;; esac; done
      header=${format/\\%A/JOBID} header=${header/\\%T/STATE}
      row=${format/\\%U/1} row=${row/\\%T/RUNNING} row=${row/\\%A/1234567}
      printf '%s\\n' "$header"
      yes "$row" | head -n 100000
      """)
    let began = Machine.now
    #expect(fake.slurm.queue(QueueQuery()).outcome == .answered([]))
    #expect(Machine.now - began < .seconds(8))
  }

  @Test func answerWithoutEndIsGivenUpByItsLimit() throws {
    let fake = try FakeSlurm()
    fake.script(
      "squeue",
      """
      for word; do case $word in --format=*) format=${word#*=} ;; esac; done
      row=${format/\\%U/1} row=${row/\\%T/RUNNING} row=${row/\\%A/35}
      exec yes "$row"
      """)
    guard case .unknown(let why) = fake.slurm.queue(QueueQuery(others: [JobID("35")!])).outcome else {
      Issue.record("answered")
      return
    }
    #expect(why.contains("more than 5000 jobs"))
  }
}
