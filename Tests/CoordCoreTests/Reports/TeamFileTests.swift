import CoordCore
import Testing

@Test func whoCannotReadIsToldTheTruth() {
  func words(_ mode: UInt32, _ group: String, _ isMember: Bool) -> (why: String, next: String) {
    file(mode, group).unreadable(team: "lab", isMember: isMember)
  }
  func file(_ mode: UInt32, _ group: String) -> TeamFile {
    TeamFile("/p/credentials.json", mode: 0o100000 | mode, owner: "ann2", group: group)
  }
  let other = words(0o640, "ann1", true)
  #expect(other.why == "it belongs to the group ann1 (mode 640), and the team's group is lab")
  #expect(other.next.contains("chgrp lab /p/credentials.json"))
  #expect(words(0o640, "lab", false).next.contains("add you to lab"))
  #expect(words(0o600, "lab", true).why.contains("may not read it (mode 600)"))
  #expect(words(0o600, "lab", true).next == "its owner ann2 runs `chmod 640 /p/credentials.json`")
  let alone = file(0o600, "ann2").unreadable(team: nil, isMember: false)
  #expect(alone.why == "it belongs to ann2 (mode 600)" && alone.next.hasPrefix("ask ann2 for read access"))
  // Its owner, who can read it, is told before it befalls a teammate.
  for (mode, group, closed) in [
    (0o600, "lab", true), (0o640, "ann2", true), (0o640, "lab", false), (0o440, "lab", false),
  ] as [(UInt32, String, Bool)] {
    #expect((file(mode, group).closed(team: "lab") != nil) == closed, "\(mode) \(group)")
    #expect(file(mode, group).closed(team: nil) == nil)
  }
  #expect(file(0o600, "lab").closed(team: "lab")?.why.hasPrefix("the team cannot read it: ") == true)
}

@Test func whoMayNotChangeAnOpenFilesModeIsToldWhoMay() {
  let modes: [(UInt32, Bool)] = [(0o644, true), (0o642, true), (0o664, true), (0o640, false), (0o600, false)]
  for (mode, isOpen) in modes {
    let words = TeamFile("/p/credentials.json", mode: mode, owner: "ann2", group: "lab").open()
    #expect((words != nil) == isOpen, "\(mode)")
    guard let words else { continue }
    #expect(words.why.contains("everybody on this cluster may read or change it"))
    #expect(words.next.contains("its owner ann2 runs `chmod 640 /p/credentials.json`"))
    #expect(words.next.contains("`coord users add NAME`"))
  }
}

@Suite struct FilesOfTheTeam {
  private func check(
    _ mode: UInt32, _ group: String = "lab", open: Bool = true, mine: Bool = true, secret: Bool = false,
    bits: UInt32 = 0o4, team: String? = "lab", member: Bool = true
  ) -> Check? {
    var file = TeamFile.Found("hpc_utils/env.sh", mode: 0o100000 | mode, group: group, bits: bits, isOpen: open)
    (file.isMine, file.isSecret) = (mine, secret)
    return TeamFile.check(file, team: team, isMember: member)
  }

  @Test func ownerIsToldWhatTheTeamCannotRead() {
    for mode: UInt32 in [0o640, 0o664, 0o440] { #expect(check(mode) == nil) }
    #expect(check(0o644, "ann1") == nil, "everybody may")
    let closed = check(0o600)
    #expect(closed?.verdict == .bad && closed?.what == "the team's group lab may not read it (mode 600)")
    #expect(closed?.next == "`chmod 640 hpc_utils/env.sh`")
    // An access control list may let them in all the same.
    #expect(check(0o640, "ann1")?.verdict == .doubtful)
    #expect(check(0o640, "ann1")?.next?.contains("chgrp lab") == true)
    #expect(check(0o600, "ann1")?.verdict == .bad)
    // One account may own all jobs.
    #expect(check(0o600, secret: true)?.verdict == .doubtful)
    #expect(check(0o640, bits: 0o5)?.what == "the team's group lab may not run it (mode 640)")
    #expect(check(0o755, bits: 0o5) == nil)
    #expect(check(0o600, team: nil) == nil, "a project of one person")
  }

  @Test func whoCannotReadItIsToldWhoCanHelp() {
    #expect(check(0o600, open: false, mine: false)?.next == "its owner runs `chmod 640 hpc_utils/env.sh`")
    #expect(check(0o640, open: false, mine: false, member: false)?.next?.contains("add you to lab") == true)
    #expect(check(0o600, open: false, mine: false, secret: true)?.verdict == .bad)
    #expect(check(0o600, open: false, mine: false, team: nil)?.verdict == .bad)
  }

  @Test func whatEverybodyMayChangeIsNamed() {
    let said = check(0o666)
    #expect(said?.verdict == .bad && said?.next == "`chmod o-w hpc_utils/env.sh`", "\(said as Any)")
    #expect(said?.what.contains("everybody on this cluster may change it (mode 666)") == true)
    #expect(Checkup.openFolder("hpc_utils", mode: 0o2775) == nil)
    #expect(Checkup.openFolder("hpc_utils", mode: 0o2777)?.next == "its owner runs `chmod o-w hpc_utils`")
  }

  @Test func windowsLineEndsAreNamed() {
    var file = TeamFile.Found("hpc_utils/env.sh", mode: 0o100640, group: "lab", isOpen: true)
    file.hasWindowsLineEnds = true
    let said = TeamFile.check(file, team: "lab", isMember: true)
    #expect(said?.verdict == .bad && said?.next == "`sed -i 's/\\r$//' hpc_utils/env.sh`")
  }
}
