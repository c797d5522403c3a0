/// Why a job does not start, as squeue's %r says it, what that means for those who wait, and what to do.
///
/// Sources: squeue(1), JOB REASON CODES; https://slurm.schedmd.com/job_reason_codes.html (Slurm 24.11). Where slurmctld keeps a
/// text for a job (`state_desc`), that is printed instead of a word: `ReqNodeNotAvail, UnavailableNodes:node3`,
/// `launch failed requeued held`. scontrol prints it with `_` for blanks.
public struct PendingReason: Hashable, Sendable {
  public enum Outlook: Hashable, Sendable {
    /// It starts by itself one day.
    case waits
    /// It starts when somebody lets it.
    case held
    /// Not as it was submitted, whatever time passes.
    case impossible
  }

  public var outlook: Outlook
  /// A clause about the job; empty where the word says it.
  public var means: String
  /// What to do; nil: wait. `{job}` and `{user}` stand for its number and its owner.
  public var next: String?

  init(_ outlook: Outlook, _ means: String, _ next: String? = nil) {
    (self.outlook, self.means, self.next) = (outlook, means, next)
  }

  /// - Parameters:
  ///   - text: as squeue or scontrol print it.
  ///   - state: the job's: some say that it is held.
  public init(_ text: String, state: String) {
    let text = text.replacing("_", with: " ")
    let word = text.prefix { $0 != "," && $0 != ":" }.trimmed
    if let known = Self.words[word] {
      self = known
    } else if let limit = Self.limit(word) {
      self = limit
    } else if ["REQUEUE_HOLD", "SPECIAL_EXIT", "RESV_DEL_HOLD"].contains(state) || text.mentions("held") {
      self = text.mentions("launch failed") ? Self.launch : Self.held("it is held")
    } else if text.hasPrefix("Nodes required for job are DOWN") {
      self = Self(.waits, "no node that it may use is up and free", Self.sinfo)
    } else {
      self = Self(.waits, "")
    }
    if outlook == .waits, let own = SlurmState(state)?.means { means = own }
  }

  private static let sinfo =
    "`sinfo -R` tells which nodes are down and why; ask the cluster's administrators if they stay so"
  private static let administrators = "ask the cluster's administrators"
  private static let launch = held(
    "its node could not launch it",
    "{user} tries again with `scontrol release {job}`; if that repeats, tell the administrators which node it was")

  private static func held(
    _ means: String,
    _ next: String = "{user} lets it go with `scontrol release {job}`; `coord restart` submits another one"
  ) -> Self { Self(.held, means, next) }

  private static func correct(_ means: String, _ what: String) -> Self {
    Self(.impossible, means, "correct \(what) in hpc_utils/start_server.sh, then `coord restart`")
  }

  /// Words of their own.
  static let words: [String: PendingReason] = [
    "None": Self(.waits, ""), "WaitingForScheduling": Self(.waits, ""), "Priority": Self(.waits, "others come first"),
    "Resources": Self(.waits, "no node is free for it"), "SchedDefer": Self(.waits, ""), "Cleaning": Self(.waits, ""),
    "Prolog": Self(.waits, "its node is being prepared"), "FedJobLock": Self(.waits, ""),
    "BeginTime": Self(.waits, "its --begin is not there yet"),
    "JobArrayTaskLimit": Self(.waits, ""), "BurstBufferResources": Self(.waits, ""),
    "BurstBufferStageIn": Self(.waits, "its files are being staged in"), "BurstBufferOperation": Self(.waits, ""),
    "PowerNotAvail": Self(.waits, ""), "PowerReserved": Self(.waits, ""),
    "Licenses": Self(
      .waits, "a license that it asks for (--licenses) is in use", "`scontrol show licenses` tells who has them"),
    "Dependency": Self(
      .waits, "it waits for another job (--dependency)",
      "`scontrol show job {job}` names it; a server needs no --dependency"),
    "DependencyNeverSatisfied": correct(
      "the job that it waits for will never end as --dependency demands", "--dependency"),
    "Reservation": Self(.waits, "its reservation has not begun", "`scontrol show reservation` tells when it does"),
    "ReservationDeleted": correct("its reservation was deleted", "--reservation"),
    "ReqNodeNotAvail": Self(.waits, "nodes that it needs are down, drained or reserved", sinfo),
    "NodeDown": Self(.waits, "a node that it needs is down", sinfo),
    "FrontEndDown": Self(.waits, "no front end node is up", administrators),
    "PartitionDown": Self(
      .waits, "its partition starts no jobs (State=DOWN)",
      "`scontrol show partition` tells; ask the cluster's administrators, or choose another --partition"),
    "PartitionInactive": Self(
      .waits, "its partition is inactive",
      "`scontrol show partition` tells; ask the cluster's administrators, or choose another --partition"),
    "PartitionNodeLimit": correct(
      "it asks for more nodes than its partition allows, or for nodes that are down", "--nodes or --partition"),
    "PartitionTimeLimit": correct("its --time is longer than its partition allows", "--time or --partition"),
    "PartitionConfig": correct("its partition does not allow what it asks for", "--partition"),
    "BadConstraints": correct("no node has what it asks for", "--constraint, --mem, --ntasks-per-node or --partition"),
    "DeadLine": correct("it cannot end before its --deadline", "--deadline or --time"),
    "AccountNotAllowed": correct("its partition is not for its account", "--account or --partition"),
    "QOSNotAllowed": correct("its account or partition may not use its QOS", "--qos"),
    "InvalidAccount": correct("its account is not valid", "--account"),
    "InvalidQOS": correct("its QOS is not valid", "--qos"),
    "JobHeldUser": held("{user} or a script holds it"),
    "JobHeldAdmin": held("an administrator holds it", "ask the cluster's administrators: only they can release it"),
    "JobHoldMaxRequeue": held("it was requeued too often"), "MaxRequeue": held("it was requeued too often"),
    "JobLaunchFailure": launch, "SystemFailure": Self(.waits, "Slurm or a file system failed", administrators),
    "AccountingPolicy": Self(.waits, "a limit of the account stands in its way", administrators),
    "AssociationJobLimit": busy("account"), "AssociationResourceLimit": busy("account"),
    "AssociationTimeLimit": budget("account"), "QOSJobLimit": busy("QOS"), "QOSResourceLimit": busy("QOS"),
    "QOSTimeLimit": budget("QOS"), "QOSUsageThreshold": budget("QOS"),
    "MaxMemPerLimit": correct(
      "it asks for more memory for each processor or node than is allowed", "--mem or --mem-per-cpu"),
  ]

  /// The families of limits: `AssocGrp*`, `AssocMax*`, `QOSGrp*`, `QOSMax*`, `QOSMin*`, `Max*PerAccount`.
  private static func limit(_ word: String) -> PendingReason? {
    let whose = word.hasPrefix("Assoc") ? "account" : "QOS"
    if word.hasPrefix("QOSMin") {
      return correct("it asks for less than its QOS demands", "what it asks for")
    }
    if word.hasPrefix("AssocGrp") || word.hasPrefix("QOSGrp") {
      let isUsedUp = word.contains("Minutes") && !word.contains("RunMinutes") || word.contains("GrpWall")
      return isUsedUp ? budget(whose) : busy(whose)
    }
    if word.hasPrefix("Max"), word.hasSuffix("PerAccount") { return busy("QOS") }
    guard word.hasPrefix("AssocMax") || word.hasPrefix("QOSMax") else { return nil }
    if word.contains("PerJob") || word.contains("PerNode") {
      let what = word.contains("Wall") ? "--time" : "what it asks for"
      return correct("it asks for more than its \(whose) allows to one job", "\(what) or --qos")
    }
    return busy(whose)
  }

  /// Other jobs fill the limit.
  private static func busy(_ whose: String) -> Self {
    Self(
      .waits, "other jobs use what its \(whose) may have at a time",
      "it starts when some of them have ended: `squeue --\(whose.lowercased())=NAME` shows them (`scontrol show job {job}` has NAME)"
    )
  }

  private static func budget(_ whose: String) -> Self {
    Self(
      .waits, "the hours of its \(whose) are used up",
      "ask the cluster's administrators, or use another --account or --qos in hpc_utils/start_server.sh (then `coord restart`)"
    )
  }
}

extension QueuedJob {
  /// Why it does not start.
  public var pending: PendingReason { PendingReason(reason, state: state) }

  /// How a job that waits stands: a clause that follows its name.
  public var waitingInWords: String {
    guard life == .pending else { return "is \(stateInWords)" }
    let pending = pending
    let said = [state == "PENDING" ? nil : state, reason.isEmpty ? nil : reason].compactMap(\.self)
    let why = said.isEmpty ? "" : " (\(said.joined(separator: ", ")))"
    let means = reservation?.inWords ?? filled(pending.means)
    let because = means.isEmpty ? "" : ": \(means)"
    switch pending.outlook {
    case .waits:
      return "is waiting in the queue\(why)\(expectedStart.map { ", expected to start at \($0)" } ?? "")\(because)"
    case .held: return "is held\(why)\(because)"
    case .impossible: return "cannot start as it is\(why)\(because)"
    }
  }

  /// What to do about it; nil: wait.
  public var adviceWhileWaiting: String? {
    if let reservation { return reservation.advice }
    return life == .pending ? pending.next.map(filled) : nil
  }

  /// Whether a reservation may be what keeps it waiting: then that is asked for, too.
  public var mayBeKeptByReservation: Bool {
    guard life == .pending else { return false }
    let text = reason.replacing("_", with: " ")
    return text.lowercased().contains("reserved")
      || (text.hasPrefix("ReqNodeNotAvail") && !text.contains("UnavailableNodes"))
  }

  private func filled(_ text: String) -> String {
    text.replacing("{job}", with: "\(id)").replacing("{user}", with: user.isEmpty ? "its owner" : user)
  }
}
