import CoordCore
import CoordSystem

/// `coord adopt`: a copy of a project, which shares its log with the original, gets one of its own.
enum Adopt {
  static func run(_ session: Session) throws(CoordError) {
    do throws(CoordError) {
      _ = try session.readState()
      Console.note("nothing to adopt: this project's log is its own")
    } catch {
      // Only a copy's log is put aside.
      guard let identity = session.copiedFrom else { throw error }
      let aside: String
      do throws(StorageFailure) { aside = try CopiedLog(project: session.project).putAside(identity) } catch {
        throw error.error
      }
      Console.note(
        "the log of \(identity.place.path) is now in \(aside); `coord connect` starts a server of this project")
    }
  }
}
