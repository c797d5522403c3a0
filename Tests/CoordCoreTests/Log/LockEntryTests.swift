import CoordCore
import Testing

@Suite struct Entries {
  private func sample() -> LockEntry {
    LockEntry(
      number: 17, previous: LockEntry.nothingBefore, time: WallTime(text: "2026-11-25T04:29:07+00:00")!,
      author: World.owner,
      body: EntryBody(.ended, World.token(5)).with {
        $0.job = JobID("4711;main")
        $0.outcome = .failed
        $0.reason = "a=b\\n\nTOKEN=forged"
      })
  }

  @Test func comeBackAsTheyWere() { #expect(LockEntry(decoding: sample().encoded, number: 17) == sample()) }

  @Test func valuesCannotForgeLines() {
    let text = String(decoding: sample().encoded, as: UTF8.self)
    #expect(text.split(separator: "\n").filter { $0.hasPrefix("TOKEN=") }.count == 1)
  }

  @Test func everyTornOrChangedByteIsNoticed() {
    let bytes = sample().encoded
    for length in 0..<bytes.count { #expect(LockEntry(decoding: Array(bytes[..<length]), number: 17) == nil) }
    for at in bytes.indices {
      var changed = bytes
      changed[at] ^= 1
      #expect(LockEntry(decoding: changed, number: 17) == nil)
    }
    #expect(LockEntry(decoding: bytes, number: 18) == nil)
  }
}
