internal import CoordCore

/// One question to squeue, and what scontrol has to add to its answer.
struct SlurmQuestion {
  struct Answer {
    var outcome: QueueSnapshot.Outcome
    var odd: [String] = []
    var narrow = false
  }

  private let query: QueueQuery
  private let project: Project
  private let folder: String
  private let environment: [String: String]
  private let team: Team
  private let paths: ProjectPaths

  init(
    _ query: QueueQuery, project: Project, commands folder: String, environment: [String: String], team: Team,
    paths: ProjectPaths
  ) {
    (self.query, self.project, self.folder, self.environment) = (query, project, folder, environment)
    (self.team, self.paths) = (team, paths)
  }

  /// The known job alone costs the controller little on a cluster of any size. Only when it does not show our token are all
  /// jobs listed.
  func answer() -> Answer {
    if let job = query.job, let token = query.token {
      var known = listing(of: job)
      switch known.outcome {
      case .unknown: return known
      case .answered(let jobs):
        if jobs.contains(where: { $0.token == token }) {
          known.narrow = true
          return complete(known, jobs)
        }
      }
    }
    let all = listing(arguments: [])
    guard case .answered(let jobs) = all.outcome else { return all }
    return complete(all, jobs)
  }

  /// The job of one number, if there is one.
  func listing(of job: JobID) -> Answer { listing(arguments: ["--jobs=\(job.number)"], ofOne: true) }

  private func listing(arguments: [String], ofOne: Bool = false) -> Answer {
    var listing = QueueListing(
      query, roots: project.roots, name: project.settings.jobName, random: UInt64.random(in: 0...UInt64.max),
      mayBeOfTeam: team.mayInclude)
    let command = [folder + "squeue", "--all", "--states=all", "--format=\(listing.format)"] + clusters + arguments
    let done = ChildProcess(command, environment: environment).run(deadline: Limits.schedulerCall) { listing.take($0) }
    if ofOne, SlurmText.isUnknownJob(done.errors) { return Answer(outcome: .answered([])) }
    if let limit = listing.limit { return Answer(outcome: .unknown(limit)) }
    guard done.status == 0 else {
      return Answer(outcome: .unknown(done.errors.lastMeaningfulLine ?? "squeue failed without a word"))
    }
    if let complaint = SlurmText.complaint(squeue: done.errors) { return Answer(outcome: .unknown(complaint)) }
    guard case .answered(let jobs) = listing.end() else { return Answer(outcome: listing.end(), odd: listing.odd) }
    return Answer(outcome: .answered(recognised(jobs)), odd: listing.odd)
  }

  /// Those whose directory is the project by another path; namesakes elsewhere are left out.
  private func recognised(_ jobs: [QueuedJob]) -> [QueuedJob] {
    jobs.compactMap { job in
      let isAsked =
        query.job?.number == job.id.number || query.others.contains { $0.number == job.id.number }
        || job.token != nil && job.token == query.token
      if job.isHere, !isAsked, project.isOfNestedProject(job.workDir) { return nil }
      guard !job.isHere, job.isOurScript || job.name == project.settings.jobName else { return job }
      var job = job
      job.isHere = paths.isHere(job.workDir, project, environment: environment)
      return job.isHere || isAsked || job.token != nil ? job : nil
    }
  }

  private var clusters: [String] { query.cluster.map { ["--clusters=\($0)"] } ?? [] }

  private enum Details {
    case job(QueuedJob)
    case absent
    case unknown(String)
  }

  private func details(_ job: JobID) -> Details {
    let command = [folder + "scontrol"] + clusters + ["--oneliner", "show", "job", job.number]
    let done = ChildProcess(command, environment: environment).run(deadline: Limits.schedulerCall)
    if SlurmText.isUnknownJob(done.errors + done.output) { return .absent }
    guard done.status == 0 else { return .unknown(done.errors.lastMeaningfulLine ?? "scontrol failed without a word") }
    return SlurmText.job(job, scontrol: done.output).map { .job($0) }
      ?? .unknown("scontrol shows job \(job) in a way that is not understood")
  }

  private func reservation() -> Reservation? {
    let command = [folder + "scontrol"] + clusters + ["--oneliner", "show", "reservation"]
    let done = ChildProcess(command, environment: environment).run(deadline: Limits.schedulerCall)
    return done.status == 0 ? Reservation.inTheWay(scontrol: done.output) : nil
  }

  /// A known job that is in no listing is looked for once more, by the command that nobody caches; of one that is over, the run
  /// is asked for that is over.
  private func complete(_ answer: Answer, _ jobs: [QueuedJob]) -> Answer {
    var answer = answer
    var jobs = jobs
    let hasToken = query.token.map { token in jobs.contains { $0.token == token } } ?? false
    let missing = answer.narrow ? [] : query.others + (hasToken ? [] : query.job.map { [$0] } ?? [])
    for id in missing where !jobs.contains(where: { $0.id.number == id.number }) {
      switch details(id) {
      case .absent: break
      case .job(let job) where id != query.job || query.token == nil || job.token == query.token: jobs.append(job)
      case .job:
        return Answer(outcome: .unknown("squeue does not show job \(id), and scontrol shows it without our token"))
      case .unknown(let why): return Answer(outcome: .unknown(why))
      }
    }
    for index in jobs.indices where jobs[index].isOver && jobs[index].restarts == nil {
      let seen = jobs[index]
      // One that was submitted by hand shows no token.
      let isByHand = seen.token == nil && seen.isOurScript && seen.id.number == query.job?.number
      guard isByHand || (seen.token != nil && seen.token == query.token) else { continue }
      if case .job(let job) = details(seen.id), job.token == seen.token {
        (jobs[index].restarts, jobs[index].exit, jobs[index].stillborn) = (job.restarts, job.exit, job.stillborn)
      }
    }
    for index in jobs.indices where jobs[index].token != nil && jobs[index].token == query.token {
      guard jobs[index].mayBeKeptByReservation else { continue }
      jobs[index].reservation = reservation()
    }
    answer.outcome = .answered(jobs)
    return answer
  }
}
