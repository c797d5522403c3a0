import CoordCore
import Testing

/// Clusters as they are: where their commands are.
@Suite struct PlacesOfSlurm {
  private func folder(setting: String = "", path: String = "/usr/bin:/bin", commands: Set<String>) throws(CoordError)
    -> String
  {
    try SlurmCommands.folder(setting: setting, source: "hpc_utils/coord.conf, line 3", path: path) {
      commands.contains($0)
    }
  }

  @Test func pathComesBeforeTheUsualPlacesAndTheSettingBeforeBoth() throws {
    let everywhere = Set(["/bin", "/opt/slurm/bin", "/apps/slurm"].flatMap { ["\($0)/squeue", "\($0)/sbatch"] })
    #expect(try folder(commands: everywhere) == "")
    #expect(try folder(path: "/sbin", commands: everywhere) == "/opt/slurm/bin/")
    #expect(try folder(path: "", commands: everywhere) == "/opt/slurm/bin/")
    #expect(try folder(setting: "/apps/slurm", commands: everywhere) == "/apps/slurm/")
  }

  @Test func halfOfThemIsNone() throws {
    let half: Set = ["/bin/squeue", "/usr/local/bin/squeue", "/usr/local/bin/sbatch"]
    #expect(try folder(commands: half) == "/usr/local/bin/")
    #expect(try folder(path: "/bin:/opt/x", commands: ["/bin/squeue", "/opt/x/sbatch"]) == "")
  }

  @Test func nowhereNamesPathAndTheSetting() {
    let error = #expect(throws: CoordError.self) { try folder(commands: ["/bin/squeue"]) }
    #expect(error?.exitCode == 78 && error?.why.contains("PATH has sbatch (PATH=/usr/bin:/bin)") == true)
    #expect(error?.next.contains("SLURM_BIN in hpc_utils/coord.conf") == true)
    let wrong = #expect(throws: CoordError.self) {
      try folder(setting: "/nowhere", commands: ["/bin/squeue", "/bin/sbatch"])
    }
    #expect(
      wrong?.why == "SLURM_BIN=/nowhere (hpc_utils/coord.conf, line 3) has no squeue and no sbatch that can be run")
  }
}
