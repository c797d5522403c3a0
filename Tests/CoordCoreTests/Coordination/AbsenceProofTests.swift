import Testing

@testable import CoordCore

@Suite struct AbsenceProofs {
  /// Looks at `second`, after somebody asked under `highest`. True: two looks that prove absence.
  private func take(_ proof: inout AbsenceProof, _ number: Int, _ second: Int, highest: Int? = nil) -> Bool {
    _ = proof.hear(highest: highest ?? number)
    let at = Instant(sinceBoot: .seconds(1000 + second))
    return proof.take(number: number, began: at, ended: at, apart: .seconds(60))
  }

  @Test func takesTwoLooksFarEnoughApart() {
    var proof = AbsenceProof()
    _ = proof.hear(highest: 5)
    proof.begin()
    let looks = [(6, 0), (7, 30), (8, 59), (8, 61), (9, 62)].map { take(&proof, $0, $1) }
    #expect(looks == [false, false, false, false, true])
  }

  /// Whoever asked under 7 before the time was over may write its answer after it.
  @Test func answerThatWasAskedBeforeTheTimeWasOverIsNoSecondLook() {
    var proof = AbsenceProof()
    let looks = [(6, 0, 6), (6, 61, 7), (7, 62, 7), (7, 90, 7), (8, 91, 8)].map { take(&proof, $0, $1, highest: $2) }
    #expect(looks == [false, false, false, false, true])
  }

  /// What was asked while the job was still seen.
  @Test func answerThatWasAskedBeforeItBeganIsNoFirstLook() {
    var proof = AbsenceProof()
    _ = proof.hear(highest: 6)
    proof.begin()
    let hadFirst = [(6, 0), (7, 1)].map { (number, second) in
      _ = take(&proof, number, second)
      return proof.hasFirst
    }
    #expect(hadFirst == [false, true])
  }

  @Test func questionsThatBeganAnewBeginTheProofAnew() {
    var proof = AbsenceProof()
    _ = take(&proof, 100, 0)
    // A listing that is only old.
    let old = take(&proof, 61, 10)
    #expect(!old && proof.hasFirst)
    let anew = [(3, 70), (4, 71), (5, 130), (6, 131), (7, 132)].map { take(&proof, $0, $1) }
    #expect(anew == [false, false, false, false, true])
  }
}
