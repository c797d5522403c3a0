internal import CoordCore

/// Which directories are the project by another path. Each is asked about once: behind it may be a dead mount.
final class ProjectPaths {
  private var known: [String: Bool] = [:]
  private var left = Duration.seconds(5)

  func isHere(_ directory: String, _ project: Project, environment: [String: String]) -> Bool {
    if let answer = known[directory] { return answer }
    // What takes long is no mount of ours: ours answers.
    guard left > .zero else { return false }
    let began = Machine.now
    let answer = project.isHere(directory, environment: environment)
    left -= Machine.now - began
    known[directory] = answer
    return answer
  }
}
