extension CoordError {
  /// A lock that a newer version wrote: what it decides is not known to this one.
  public static func newerCoord(lock number: Int) -> CoordError {
    .configuration(
      what: "a newer coord works here",
      why: "lock \(LockName.name(number)) was written by a newer version than this one",
      next: "update: put the team's newest coord into hpc_utils/bin (`hpc_utils/bin/coord version`)")
  }

  /// A copy of a project shares its log with the original, but is not it.
  public static func copiedLog(_ identity: LogIdentity, to place: LogPlace) -> CoordError {
    .configuration(
      what: "this is a copy of another project",
      why: "its locks were made in \(identity.place.path), and belong to the server of that project",
      next: "work there; or run `coord adopt` here, and this copy gets a log and a server of its own")
  }
}
