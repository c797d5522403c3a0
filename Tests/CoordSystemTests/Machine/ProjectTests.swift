import CoordCore
import Glibc
import Testing

@testable import CoordSystem

/// Letters that are more than one byte, in the names of folders.
@Suite struct ProjectsByOddNames {
  private let root: String

  init() throws {
    var template = Array("/tmp/coord-project-XXXXXX".utf8CString)
    let folder = try #require(mkdtemp(&template).map { String(cString: $0) })
    root = folder + "/équipe ä/e\u{301}"
    for path in [folder + "/équipe ä", root, root + "/hpc_utils", root + "/Kopie ü", root + "/Kopie ü/hpc_utils"] {
      #expect(mkdir(path, 0o755) == 0)
    }
  }

  private var project: Project { Project(root: root, settings: Settings()) }

  @Test func pathsAreSaidFromTheProject() {
    #expect(project.relative(root + "/hpc_utils/logs/7.log") == "hpc_utils/logs/7.log")
    #expect(project.relative("/scratch/7.log") == "/scratch/7.log")
    // A mark that would join with what stands before it.
    #expect(project.relative(root + "/\u{301}x") == "\u{301}x")
  }

  @Test func copiesInSubfoldersAreSeen() {
    #expect(project.isOfNestedProject(root + "/Kopie ü"))
    #expect(project.isOfNestedProject(root + "/Kopie ü/data"))
    #expect(!project.isOfNestedProject(root + "/data"))
  }
}
