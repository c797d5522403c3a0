/// Where Slurm's commands are. cron, a systemd unit and `ssh HOST COMMAND` have no PATH of a login shell.
public enum SlurmCommands {
  /// What coord cannot do without.
  static let needed = ["squeue", "sbatch"]

  /// Where they are where PATH does not lead to them, as whoever installs them there says.
  public static let usualPlaces = [
    // The packages of Debian, Red Hat and OpenHPC.
    "/usr/bin",
    // AWS ParallelCluster, and many who build it themselves.
    "/opt/slurm/bin",
    // `./configure` without --prefix (Slurm's Quick Start Administrator Guide); Google's cluster toolkit.
    "/usr/local/bin",
    // `./configure --prefix=/usr/local/slurm`, as many sites' own guides have it.
    "/usr/local/slurm/bin",
    // University of Virginia (Rivanna), and others who keep several versions.
    "/opt/slurm/current/bin",
    // NVIDIA Bright and Base Command Manager (Administrator Manual, workload management).
    "/cm/shared/apps/slurm/current/bin",
    // Digital Research Alliance of Canada.
    "/opt/software/slurm/bin",
  ]

  /// The folder to run them from, with a slash at its end; empty: PATH leads to them.
  ///
  /// - Parameters:
  ///   - setting: SLURM_BIN; empty: not set.
  ///   - source: where that was set, for people.
  ///   - isCommand: whether a path is a file that this user may run.
  /// - Throws: `CoordError.configuration` where they are nowhere.
  public static func folder(
    setting: String, source: String, path: String, isCommand: (String) -> Bool
  ) throws(CoordError) -> String {
    func missing(in folders: [String]) -> [String] {
      needed.filter { name in !folders.contains { isCommand($0 + "/" + name) } }
    }
    if !setting.isEmpty {
      let absent = missing(in: [setting])
      guard absent.isEmpty else {
        throw .configuration(
          what: "Slurm's commands are not found",
          why: "SLURM_BIN=\(setting) (\(source)) has no \(absent.joined(separator: " and no ")) that can be run",
          next: "correct \(source): " + howToFind)
      }
      return setting + "/"
    }
    let absent = missing(in: path.split(separator: ":").map(String.init))
    if absent.isEmpty { return "" }
    if let place = usualPlaces.first(where: { missing(in: [$0]).isEmpty }) { return place + "/" }
    throw .configuration(
      what: "Slurm's commands are not found",
      why: "no folder of PATH has \(absent.joined(separator: " and ")) (PATH=\(path)), nor have "
        + usualPlaces.joined(separator: ", "),
      next: "set SLURM_BIN in hpc_utils/coord.conf: " + howToFind)
  }

  private static let howToFind = "the folder that `command -v squeue` names in a shell of a login node"
}
