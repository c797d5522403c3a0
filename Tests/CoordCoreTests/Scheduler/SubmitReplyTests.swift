import CoordCore
import Testing

@Suite struct SubmitReplies {
  @Test(arguments: [
    ("4711\n", "4711"), ("4711;main\n", "4711;main"), ("Welcome to the cluster\n4711\n", "4711"), ("", nil),
    ("Submitted batch job 4711\n", nil), ("-1\n", nil), ("4711\n99999\n", nil), ("4711\n20261126\n", nil),
    ("4711\n99999;stampede3\n", nil), ("4711\n4711;main\n", "4711"), ("4711\nbudget: 99999 hours\n", "4711"),
  ])
  func submittedJobs(text: String, id: String?) {
    #expect(SlurmText.submittedJob(text)?.description == id)
    if case .accepted(let job) = SubmitReply(status: 0, output: text, errors: "") {
      #expect(job.description == id)
    } else {
      #expect(id == nil)
    }
  }

  @Test func severalNumbersAreADoubtThatNamesThem() {
    let reply = SubmitReply(status: 0, output: "4711\n99999\n", errors: "")
    #expect(reply == .doubtful("sbatch printed several numbers: 4711, 99999"))
  }

  @Test(arguments: [
    "sbatch: error: Batch job submission failed: Invalid account or account/partition combination specified",
    "sbatch: error: Batch job submission failed: Requested node configuration is not available",
    "sbatch: error: Batch job submission failed: Job violates accounting/QOS policy (job submit limit, user's size)",
    "sbatch: error: invalid partition specified: x\nsbatch: error: Batch job submission failed: Invalid partition name specified",
    "sbatch: error: Batch job submission failed: I/O error writing script/environment to file",
    "sbatch: error: Batch job submission failed: Unspecified error",
    "sbatch: error: Check the connection of your request to a node type before you try again.\nsbatch: error: Batch job submission failed: Requested node configuration is not available",
    "sbatch: error: Batch job submission failed: Requested node configuration is not available\nPlease correct --mem before you try again (transport: none)",
    "sbatch: fatal: Batch job submission failed: Access/permission denied",
    "sbatch: unrecognized option '--frobnicate'",
    "sbatch: error: Unable to open file hpc_utils/start_server.sh",
    "sbatch: error: cli_filter plugin terminated with error",
  ])
  func clearRefusals(errors: String) {
    guard case .refused = SubmitReply(status: 1, output: "", errors: errors) else {
      Issue.record("taken for a doubt: \(errors)")
      return
    }
  }

  @Test(arguments: [
    "sbatch: error: Batch job submission failed: Socket timed out on send/recv operation",
    "sbatch: error: Batch job submission failed: Unable to contact slurm controller (connect failure)",
    "sbatch: error: Batch job submission failed: Zero Bytes were transmitted or received",
    "sbatch: error: Batch job submission failed: Transport endpoint is not connected",
    "sbatch: error: Batch job submission failed: Unexpected message received",
    "sbatch: error: Batch job submission failed: Slurm backup controller in standby mode",
    "sbatch: error: Batch job submission failed: Connection refused",
    "sbatch: fatal: Could not establish a configuration source", "", "sbatch: something new",
  ])
  func doubts(errors: String) {
    guard case .doubtful = SubmitReply(status: 1, output: "", errors: errors) else {
      Issue.record("taken for certain: \(errors)")
      return
    }
  }

  @Test func allThatWasSaidIsKept() {
    let errors = """
      sbatch: error: Your account has no hours on this partition.

      sbatch: error: Use --account=lab2 instead.
      sbatch: error: Batch job submission failed: Invalid account
      """
    let said = "Your account has no hours on this partition.\nUse --account=lab2 instead.\n"
    #expect(
      SubmitReply(status: 1, output: "", errors: errors)
        == .refused(said + "Batch job submission failed: Invalid account"))
    let doubt = errors.replacing("Invalid account", with: "Socket timed out on send/recv operation")
    #expect(
      SubmitReply(status: 1, output: "", errors: doubt)
        == .doubtful(said + "Batch job submission failed: Socket timed out on send/recv operation"))
  }

  @Test func killedOrMuteSbatchIsADoubt() {
    for reply in [
      SubmitReply(status: nil, output: "4711\n", errors: ""), SubmitReply(status: 0, output: "", errors: ""),
      SubmitReply(status: nil, output: "", errors: "sbatch: error: Batch job submission failed: Invalid account"),
    ] {
      if case .doubtful = reply { continue }
      Issue.record("\(reply)")
    }
  }
}
