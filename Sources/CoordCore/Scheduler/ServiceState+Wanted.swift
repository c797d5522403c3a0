extension ServiceState {
  /// Which scheduler has the live token's job; nil where that is not known any more.
  var schedulerName: String? { claim?.body.scheduler ?? start?.body.scheduler }

  /// The live token's job, as it may be recognised.
  /// - Parameter scheduler: the one that the team's settings name.
  public func wanted(_ token: Token, of owner: Author, scheduler: String, home: Home) -> Wanted {
    let name = schedulerName ?? scheduler
    // A job that was submitted by hand may have another name and be submitted elsewhere. Where the claim is lost, it may be one.
    let byHand = claim.map { $0.body.job != nil } ?? true
    var wanted = Wanted(
      token: token, job: job, owner: owner.uid, scheduler: name, host: name == "local" ? owner.host : nil,
      cluster: claim?.body.cluster ?? start?.body.cluster, workDir: byHand || home.root.isEmpty ? nil : home.root,
      name: byHand ? nil : home.jobName, isByHand: byHand)
    wanted.isUnclaimed = schedulerName == nil && claim == nil
    return wanted
  }
}
