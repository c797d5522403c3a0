/// How the log of a job is called.
public enum JobLogName {
  /// From the project's folder; as `--output` of start_server.sh has it.
  /// - Parameter job: its number, or what a job without Slurm has in that place.
  public static func path(_ job: String) -> String { "hpc_utils/logs/panel-server-\(job).log" }

  public static func local(_ token: Token) -> String { "local-\(token.description.prefix(8))" }
}
