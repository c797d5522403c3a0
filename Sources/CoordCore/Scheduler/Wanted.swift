/// Whose job is looked for, and how it may be recognised.
public struct Wanted: Hashable, Sendable {
  public var token: Token
  public var job: JobID?
  public var owner: UInt32
  public var scheduler: String
  /// Where the job is a local process, the host that can tell.
  public var host: String?
  /// The ClusterName of the scheduler that has the job.
  public var cluster: String?
  /// The directory that it was submitted in, and its name: another job may get its number after a controller lost its state.
  public var workDir: String?
  public var name: String?
  /// Submitted by hand: it shows no token, but the comment of our script.
  public var isByHand: Bool
  /// Neither its claim nor its `started` says which scheduler has it.
  public var isUnclaimed = false

  public init(
    token: Token, job: JobID?, owner: UInt32, scheduler: String, host: String? = nil, cluster: String? = nil,
    workDir: String? = nil, name: String? = nil, isByHand: Bool = false
  ) {
    (self.token, self.job, self.owner, self.scheduler, self.host) = (token, job, owner, scheduler, host)
    self.isByHand = isByHand
    (self.cluster, self.workDir, self.name) = (cluster, workDir, name)
  }
}
