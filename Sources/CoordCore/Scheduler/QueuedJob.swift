/// One job of a queue listing.
public struct QueuedJob: Hashable, Sendable {
  public var id: JobID
  public var user: String
  public var uid: UInt32?
  /// The long word; a word that is not in the table of states as it was printed.
  public var state: String
  public var reason: String
  /// When the scheduler expects it to start, as it says it; nil where it does not.
  public var expectedStart: String?
  public var comment: String
  /// Empty where it is not known, as is `workDir`.
  public var name: String
  public var workDir: String
  /// How often it was requeued, where the scheduler said so.
  public var restarts: Int?
  /// What keeps it waiting, where that was asked for.
  public var reservation: Reservation?
  /// Whoever asked saw that `workDir` is in the project, by whatever path it is reached.
  public var isHere = false
  /// Whoever asked saw that its user cannot be of the team.
  public var isStrangers = false
  /// The node that was to run it, where it ended in the moment of its start.
  public var stillborn = ""
  /// ExitCode of one that is over, as scontrol shows it; empty where it was not asked.
  public var exit = ""

  public init(
    id: JobID, user: String, uid: UInt32?, state: String, reason: String = "", expectedStart: String? = nil,
    comment: String = "", name: String = "", workDir: String = "", restarts: Int? = nil
  ) {
    (self.id, self.user, self.uid, self.state) = (id, user, uid, SlurmState(state)?.name ?? state)
    (self.reason, self.expectedStart, self.comment) = (reason, expectedStart, comment)
    (self.name, self.workDir, self.restarts) = (name, workDir, restarts)
  }

  public var life: JobLife { JobLife(slurmState: state) }
  /// The scheduler runs it no more, whether it saw its processes end or gave them up.
  public var isOver: Bool { life == .over || life == .givenUp }
  /// The word, and what it means where that is not plain.
  public var stateInWords: String {
    guard let known = SlurmState(state) else { return "in a state that this coord does not know (\(state))" }
    return state + (known.means.map { ": \($0)" } ?? "")
  }
  /// Slurm ends it, or it has ended: its script gets no processor again once KillWait is over, but its node is not clean yet (an
  /// epilog that hangs: for days).
  var isCompleting: Bool { state == "COMPLETING" }
  public var token: Token? { JobComment(comment)?.token }
  /// The log that its token belongs to, where the comment names it.
  public var log: String? { JobComment(comment)?.log }
  /// Whether it was made of start_server.sh, by coord or by hand.
  public var isOurScript: Bool { comment == JobComment.byHand || token != nil }
}
