/// One assumption that coord rests on, as `coord doctor` found it.
public struct Check: Hashable, Sendable {
  public enum Verdict: String, Sendable {
    case good = "ok"
    /// It works, but not as well as it should, or it could not be looked at.
    case doubtful = "warning"
    case bad = "bad"
  }

  public var name: String
  public var verdict: Verdict
  public var what: String
  /// What to do; nil where nothing has to be done.
  public var next: String?

  public init(_ name: String, _ verdict: Verdict, _ what: String, next: String? = nil) {
    (self.name, self.verdict, self.what, self.next) = (name, verdict, what, next)
  }
}

/// What is thought of what was found. Pure.
public enum Checkup {
  private static let shared: Set<String> = [
    "nfs", "nfs4", "lustre", "gpfs", "beegfs", "ceph", "fuse.glusterfs", "wekafs", "panfs", "orangefs",
  ]

  /// Whether a file system is another machine's, by its type in mountinfo.
  public static func isOfTheNetwork(type: String) -> Bool {
    shared.contains(type) || ["afs", "cifs", "smb3", "smbfs", "9p", "autofs"].contains(type) || type.hasPrefix("fuse")
  }

  /// The file system of the lock directory, by its type in mountinfo.
  public static func filesystem(type: String) -> Check {
    let name = "file system"
    switch type {
    case let known where shared.contains(known):
      return Check(name, .good, "\(type): shared, with an atomic link(2)")
    case "cifs", "smb3", "smbfs", "fuse.sshfs", "9p", "vboxsf", "fuse.s3fs", "fuse.rclone":
      return Check(
        name, .bad, "\(type) has no atomic link(2): two servers could start",
        next: "move the project to a file system of the cluster (NFS, Lustre, GPFS, BeeGFS, Gluster)")
    case "tmpfs", "ramfs", "overlay":
      return Check(
        name, .bad, "\(type) is this machine's alone, and is gone after a restart",
        next: "move the project to a file system that all nodes see")
    case "ext4", "ext3", "xfs", "btrfs", "zfs":
      return Check(
        name, .doubtful, "\(type) is a local disk",
        next: "fine for SCHEDULER=local; else make sure that all login and compute nodes see this very directory")
    default:
      return Check(
        name, .doubtful, "\(type) is not known here",
        next: "ask your admin whether link(2) is atomic on it for all nodes")
    }
  }

  /// This host's wall clock against the file server's. Seconds.
  public static func clock(ahead seconds: Int64) -> Check {
    let size = seconds.magnitude
    guard size > 5 else { return Check("clock", .good, "within 5 s of the file server's") }
    return Check(
      "clock", .doubtful, "\(size) s \(seconds > 0 ? "ahead of" : "behind") the file server's",
      next: "no harm to coord, which trusts no clock, but answers take a beat longer; ask your admin for NTP here")
  }

  /// The job that the team waits for.
  public static func waiting(_ job: QueuedJob) -> Check? {
    let name = "job \(job.id)"
    switch job.life {
    case .pending:
      let pending = job.pending
      let verdict: Check.Verdict = pending.outlook == .waits ? pending.next == nil ? .good : .doubtful : .bad
      return Check(name, verdict, job.waitingInWords, next: job.adviceWhileWaiting)
    case .undetermined:
      return Check(name, .doubtful, job.waitingInWords, next: "`scontrol show job \(job.id)` tells more")
    case .active, .suspended, .over, .givenUp: return nil
    }
  }

  /// Free space in bytes.
  public static func space(free: UInt64) -> Check {
    let megabytes = free >> 20
    guard megabytes >= 100 else {
      return Check(
        "disk space", .bad, "\(megabytes) MB are free: heartbeats and annotations may not be written",
        next: "free some space, or ask for more quota")
    }
    return Check("disk space", .good, megabytes < 10_240 ? "\(megabytes) MB free" : "\(megabytes >> 10) GB free")
  }

  /// The mode of a directory that the team writes in.
  public static func directory(_ name: String, mode: UInt32, mayWrite: Bool) -> Check {
    let label = "directory \(name)"
    let text = String(mode & 0o7777, radix: 8)
    guard mayWrite else {
      return Check(
        label, .bad, "you may not write in it (mode \(text))",
        next: "ask its owner to give your group access: `chmod g+rwxs \(name)`")
    }
    if mode & 0o002 != 0 {
      return Check(
        label, .doubtful, "everybody on this cluster may write in it (mode \(text))",
        next: "its owner runs `chmod o-w \(name)`")
    }
    if mode & 0o020 != 0, mode & 0o2000 == 0 {
      return Check(
        label, .doubtful, "new files do not belong to the team's group (mode \(text))",
        next: "its owner runs `chmod g+s \(name)`")
    }
    return Check(label, .good, "mode \(text)")
  }

  /// A folder in which everybody could put another start_server.sh; nil where only the team can.
  public static func openFolder(_ name: String, mode: UInt32) -> Check? {
    mode & 0o002 == 0 ? nil : directory(name, mode: mode, mayWrite: true)
  }

  /// Where the app saves what annotators did: the next server may be any teammate's job.
  /// - Parameter locked: how many files in it this user may not write.
  public static func output(_ name: String, mode: UInt32, mayWrite: Bool, locked: Int) -> Check {
    guard mayWrite, locked > 0 else { return directory(name, mode: mode, mayWrite: mayWrite) }
    let what = locked == 1 ? "a file" : "\(locked) files"
    return Check(
      "directory \(name)", .bad, "you may not write \(what) in it: a server of yours could not save",
      next: "whoever made them runs `chmod g+rw \(name)/*`")
  }

  /// The heartbeat is replaced by rename, which a sticky directory allows its file's owner only.
  public static func heartbeatDirectory(_ name: String, mode: UInt32) -> Check? {
    guard mode & 0o1000 != 0 else { return nil }
    return Check(
      "heartbeat", .doubtful, "\(name) is sticky: a dead teammate's server_info.txt could not be replaced",
      next: "its owner runs `chmod -t \(name)`")
  }

  /// Whether a job looks at what this host may see otherwise than a compute node.
  public enum JobView: Sendable {
    /// The server's job is a process of this host.
    case here
    case mayLook
    case looksToo
  }

  /// What hpc_utils/env.sh did here.
  /// - Parameters:
  ///   - failed: what it said of lines that failed.
  ///   - panel: where the program is then.
  public static func environmentFile(
    failed: [String], panel: String?, hasFile: Bool = true, job: JobView
  ) -> [Check] {
    if let panel { return environmentLines(failed, job: job) + [Check("panel", .good, panel)] }
    let load =
      hasFile
      ? "load its module or conda in \(JobEnvironment.file)"
      : "make \(JobEnvironment.file) with the module or conda that has it"
    let next =
      switch job {
      case .here: load
      case .mayLook: "`coord doctor --job` tells whether a compute node finds it; else \(load)"
      case .looksToo: "the trial job tells below whether a compute node finds it; else \(load)"
      }
    let found =
      hasFile ? "not found here with \(JobEnvironment.file)" : "not found here, and there is no \(JobEnvironment.file)"
    return environmentLines(failed, job: job) + [Check("panel", .doubtful, found, next: next)]
  }

  /// Its lines that failed.
  public static func environmentLines(_ failed: [String], job: JobView) -> [Check] {
    guard !failed.isEmpty else { return [] }
    let next =
      switch job {
      case .here: "correct that line"
      case .mayLook: "`coord doctor --job` tells whether it fails on the compute nodes too"
      case .looksToo: "the trial job tells below whether it fails on a compute node too"
      }
    return [Check(JobEnvironment.file, .doubtful, failed.prefix(3).joined(separator: "; "), next: next)]
  }

  /// What the scheduler's configuration says about whose jobs one sees.
  public static func privacy(seesEverybody: Bool?) -> Check {
    switch seesEverybody {
    case true?: Check("other people's jobs", .good, "you see them")
    case false?:
      Check(
        "other people's jobs", .doubtful, "hidden from you (PrivateData=jobs)",
        next: "no harm, but a dead teammate's job is given up only after \(Limits.silence.spoken) of silence")
    case nil:
      Check(
        "other people's jobs", .doubtful, "`scontrol show config` does not say",
        next: "coord takes them for hidden, and waits longer")
    }
  }
}
