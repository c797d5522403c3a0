import CoordCore

/// `coord restart`: a stop, and what `coord connect` does.
enum Restart {
  static func run(_ session: Session) throws(CoordError) {
    try Stop.run(session, .restarting)
    try Connect.run(session)
  }
}
