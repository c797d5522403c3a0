/// Reads what squeue prints while it prints it, and keeps only the jobs that can concern one project: a cluster may have
/// 100,000 others, and no line of theirs may matter.
///
/// Comments, reasons, names and directories are free text: they may hold newlines, and whatever else parts one field from
/// the next. So the format carries a random mark of this one question, which nothing inside can know. `MARK<` begins a row,
/// `MARK|` parts its free texts, `MARK>` ends it, and what stands outside of rows (a site's notice, `CLUSTER: name`) is not
/// read. The header shows that squeue took the format: where that is missing, it was not asked at all.
public struct QueueListing {
  private let query: QueueQuery
  private let roots: [String]
  private let name: String
  private let mayBeOfTeam: (UInt32) -> Bool
  private let mark: [UInt8]
  private let numbers: [[UInt8]]
  private var jobs: [QueuedJob] = []
  /// What could not be read and might be ours.
  public private(set) var odd: [String] = []
  private var rest: [UInt8] = []
  /// Where the marks of the row that is being read stand in `rest`: its beginning first.
  private var marks: [Int] = []
  private var scanned = 0
  private var printed = 0
  private var hasHeader = false
  private var last: UInt8?
  private var outside: [UInt8] = []
  private var others: Set<[UInt8]> = []
  /// Set once there is too much of it: no answer, then.
  public private(set) var limit: String?

  /// - Parameters:
  ///   - roots: the paths by which the project is known here.
  ///   - name: JOB_NAME. A job of that name in another directory is kept too: the directory may be the project by another path.
  ///   - random: new for each question.
  ///   - mayBeOfTeam: whose jobs may be the team's. Of other users' only what was asked for by its number matters.
  public init(
    _ query: QueueQuery, roots: [String], name: String = "", random: UInt64,
    mayBeOfTeam: @escaping (UInt32) -> Bool = { _ in true }
  ) {
    (self.query, self.roots, self.name, self.mayBeOfTeam) = (query, roots, name, mayBeOfTeam)
    mark = Array(hexadecimal(random, digits: 16).utf8)
    numbers = (query.others + (query.job.map { [$0] } ?? [])).map { Array($0.number.utf8) }
  }

  /// squeue --format. `%A` is one number for each job and each element of an array, `%U` the numeric user id.
  public var format: String {
    let m = String(decoding: mark, as: UTF8.self)
    return "\(m)<%A|%U|%T|%S|%u\(m)|%r\(m)|%k\(m)|%j\(m)|%Z\(m)>"
  }

  /// The next bytes of the output. False: no more of it is of use.
  public mutating func take(_ bytes: some Collection<UInt8>) -> Bool {
    guard limit == nil else { return false }
    printed += bytes.count
    if printed > Limits.queueBytes { limit = "squeue printed more than \(Limits.queueBytes >> 20) MiB" }
    for byte in bytes.suffix(1) { last = byte }
    rest.append(contentsOf: bytes)
    var outsideFrom = 0
    while limit == nil, let hit = rest.firstIndex(of: mark, from: scanned), hit + mark.count < rest.count {
      scanned = hit + mark.count + 1
      switch rest[scanned - 1] {
      case UInt8(ascii: "<"):
        if let begin = marks.first { unreadable(begin..<hit) } else { keepOutside(outsideFrom..<hit) }
        marks = [hit]
      case UInt8(ascii: "|"): if !marks.isEmpty { marks.append(hit) }
      case UInt8(ascii: ">"):
        guard !marks.isEmpty else { continue }
        marks.append(hit)
        row()
        (marks, outsideFrom) = ([], scanned)
      default: break
      }
    }
    forget(outsideFrom)
    return limit == nil
  }

  /// What the whole output says, once squeue has ended well.
  public func end() -> QueueSnapshot.Outcome {
    if let limit { return .unknown(limit) }
    guard hasHeader else {
      let text = (String(decoding: outside + rest, as: UTF8.self)).lastMeaningfulLine ?? "nothing"
      return .unknown("squeue did not print what it was asked for: \(text.prefix(200))")
    }
    guard marks.isEmpty, last == UInt8(ascii: "\n") else { return .unknown("the answer of squeue was cut off") }
    return .answered(jobs)
  }

  /// Drops what is dealt with. Of a mark a part may have come, or all of it without what it marks.
  private mutating func forget(_ outsideFrom: Int) {
    let begin = marks.first ?? max(scanned, rest.count - mark.count)
    if marks.isEmpty { keepOutside(outsideFrom..<begin) }
    rest.removeFirst(begin)
    for index in marks.indices { marks[index] -= begin }
    scanned = max(0, scanned - begin, rest.count - mark.count)
    if rest.count > Limits.queueRowBytes { limit = "a row of squeue is longer than \(Limits.queueRowBytes >> 10) KiB" }
  }

  private mutating func keepOutside(_ range: Range<Int>) {
    if outside.count < 300, !range.isEmpty { outside += rest[range].prefix(300) }
  }

  /// Between two marks of the row.
  private func text(_ index: Int) -> ArraySlice<UInt8> { rest[(marks[index] + mark.count + 1)..<marks[index + 1]] }

  private mutating func row() {
    let whole = marks[0]..<marks[marks.count - 1]
    guard marks.count == 6 else { return unreadable(whole) }
    let head = text(0).split(separator: UInt8(ascii: "|"), maxSplits: 4, omittingEmptySubsequences: false)
    guard head.count == 5 else { return unreadable(whole) }
    if head[2].elementsEqual("STATE".utf8) {
      hasHeader = true
      return
    }
    guard !head[0].isEmpty, head[0].allSatisfy(\.isDigit), let uid = UInt32(string(head[1])), !head[2].isEmpty,
      let id = JobID(string(head[0]) + (query.cluster.map { ";" + $0 } ?? ""))
    else { return unreadable(whole) }
    let (comment, workDir) = (text(2), text(4))
    let ours = comment.starts(with: JobComment.beginning.utf8) && JobComment.isOurs(string(comment.prefix(200)))
    let isHere = isInProject(workDir)
    let isNamesake = !name.isEmpty && text(3).elementsEqual(name.utf8)
    guard numbers.contains(where: head[0].elementsEqual) || (ours || isHere || isNamesake) && mayBeOfTeam(uid) else {
      return
    }
    if isNamesake, !ours, !isHere { others.insert(Array(workDir)) }
    if others.count > Limits.namesakes {
      limit = "jobs named \(name) in more than \(Limits.namesakes) folders (JOB_NAME in hpc_utils/coord.conf)"
    }
    let (state, start) = (string(head[2]), string(head[3]))
    var job = QueuedJob(
      id: id, user: string(head[4]), uid: uid, state: state, reason: said(text(1), butNot: "None"),
      expectedStart: state == "PENDING" && WallTime(text: start + "+00:00") != nil ? start : nil,
      comment: said(comment, butNot: "(null)"), name: said(text(3), butNot: "(null)"),
      workDir: said(workDir, butNot: "(null)", limit: 4096))
    (job.isHere, job.isStrangers) = (isHere, !mayBeOfTeam(uid))
    jobs.append(job)
    if jobs.count > Limits.queueRows { limit = "more than \(Limits.queueRows) jobs that could be this project's" }
  }

  private func isInProject(_ directory: ArraySlice<UInt8>) -> Bool {
    roots.contains { root in
      guard directory.starts(with: root.utf8) else { return false }
      return directory.count == root.utf8.count
        || directory[directory.startIndex + root.utf8.count] == UInt8(ascii: "/")
    }
  }

  private func string(_ bytes: ArraySlice<UInt8>) -> String { String(decoding: bytes, as: UTF8.self).trimmed }

  private func said(_ bytes: ArraySlice<UInt8>, butNot nothing: String, limit: Int = 200) -> String {
    let text = string(bytes.prefix(limit))
    return text == nothing ? "" : text
  }

  /// A row that is not what was asked for matters only if it may be of a job of ours.
  private mutating func unreadable(_ range: Range<Int>) {
    let line = String(decoding: rest[range].dropFirst(mark.count + 1).prefix(Limits.queueRowBytes), as: UTF8.self)
      .split(separator: String(decoding: mark, as: UTF8.self)).joined()
    guard odd.count < 5,
      query.isMentioned(in: line) || line.contains(JobComment.mark) || roots.contains(where: { line.contains($0) })
    else { return }
    odd.append(String(line.prefix(200)))
  }
}

extension QueueQuery {
  /// Whether a text shows the token, or the number of a job as a whole word.
  func isMentioned(in text: String) -> Bool {
    if let token, text.contains(token.description) { return true }
    return ((job.map { [$0] } ?? []) + others).contains { text.mentions($0.number) }
  }
}

extension [UInt8] {
  /// Where `pattern` stands next, at or after `start`.
  fileprivate func firstIndex(of pattern: [UInt8], from start: Int) -> Int? {
    withUnsafeBufferPointer { all in
      pattern.withUnsafeBufferPointer { pattern in
        let first = pattern[0]
        var at = start
        while at + pattern.count <= all.count {
          if all[at] == first {
            var n = 1
            while n < pattern.count, all[at + n] == pattern[n] { n += 1 }
            if n == pattern.count { return at }
          }
          at += 1
        }
        return nil
      }
    }
  }
}
