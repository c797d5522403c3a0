/// Which log is the server's, for people who ask; and what to tell them where it is not the one that they mean.
public struct LogChoice: Hashable, Sendable {
  /// As the lock log or its folder names it; nil: there is none.
  public var path: String?
  /// Whose log it is, where it is not that of the last job, and why not; where there is none, only that. nil: nothing is to be said.
  public var note: String?

  public init(path: String?, note: String?) { (self.path, self.note) = (path, note) }

  /// - Parameters:
  ///   - last: the newest entry of the whole lock log whose log exists; asked for where its end names no log.
  ///   - newest: the file of the folder of logs that was written last, and when.
  ///   - exists: whether there is such a file.
  public init(
    _ state: ServiceState, last: () -> LockEntry?, newest: (path: String, written: WallTime)?,
    exists: (String) -> Bool
  ) {
    if let log = state.start?.body.log ?? state.end?.body.log ?? Self.expected(state).first(where: exists) {
      self.init(path: log, note: nil)
      return
    }
    let why = Self.lack(state)
    if let entry = last(), let log = entry.body.log {
      let job = entry.body.job.map { "job \($0)" } ?? "a server without a job"
      let when = "which \(entry.kind == .started ? "started" : "ended") at \(entry.time.text)"
      self.init(path: log, note: (why.map { $0 + "; " } ?? "") + "this is the log of \(job), \(when)")
    } else if let newest {
      let what = "this is the newest one that is there, \(newest.path), written at \(newest.written.text)"
      self.init(path: newest.path, note: (why ?? "of no server here the log is known") + "; " + what)
    } else {
      self.init(path: nil, note: why)
    }
  }

  /// How the last token's log is called by whoever made its job, before that or in the place of what its server writes down.
  private static func expected(_ state: ServiceState) -> [String] {
    [
      (state.end?.body.job ?? state.job).map { JobLogName.path($0.number) },
      (state.liveToken ?? state.end?.token).map { JobLogName.path(JobLogName.local($0)) },
    ].compactMap { $0 }
  }

  /// Why there is no log of the last token; nil where there was none.
  private static func lack(_ state: ServiceState) -> String? {
    switch state.phase {
    case .claimed, .submitted:
      state.job.map { "job \($0) has not begun, and has no log yet" } ?? "the server that was asked for has no log yet"
    case .started: "the server that runs\(state.job.map { ", job \($0)," } ?? "") names no log"
    case .idle:
      state.end.map { end in
        (end.body.job ?? state.job).map { "the last job, \($0), left no log" }
          ?? "the last server that was asked for left no log"
      }
    }
  }
}
