import CoordCore
import Testing

@Suite struct CgroupTexts {
  @Test(arguments: [
    ("0::/system.slice/slurmstepd.scope/job_7/step_batch/user/task_0\n", "/sys/fs/cgroup/system.slice/"),
    (
      "12:memory:/slurm/uid_1001/job_7/step_batch\n0::/\n",
      "/sys/fs/cgroup/memory/slurm/uid_1001/job_7/step_batch/memory.oom"
    ),
    ("4:cpu,memory:/\n", "/sys/fs/cgroup/memory/memory.oom_control"),
    ("0::/\n", "/sys/fs/cgroup/memory.events"),
  ])
  func namesTheFileThatCountsKills(cgroup: String, path: String) {
    #expect(CgroupText.memoryEvents(cgroup: cgroup).first?.hasPrefix(path) == true)
  }

  @Test(
    arguments: [
      ("low 0\nhigh 0\nmax 12\noom 3\noom_kill 2\noom_group_kill 0\n", 2),
      ("oom_kill_disable 0\nunder_oom 0\noom_kill 1\n", 1), ("oom_kill_disable 0\nunder_oom 0\n", nil), ("", nil),
    ] as [(String, Int?)])
  func countsKills(text: String, count: Int?) { #expect(CgroupText.kills(text) == count) }
}
