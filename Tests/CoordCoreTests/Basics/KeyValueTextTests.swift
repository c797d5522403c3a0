import CoordCore
import Testing

/// What only coord writes is read as it is written: blanks and a byte order mark that people's files may have are no lines of it.
@Test(arguments: [" \nA=1\n", " # x\nA=1\n", "\u{feff}# x\nA=1\n"])
func linesOfCoordItselfAreStrict(text: String) {
  #expect(KeyValueText(Array(text.utf8)) == nil)
}

private func pairs(_ bytes: [UInt8]) -> [String]? { KeyValueText(bytes)?.pairs.map { "\($0.key)>\($0.value)" } }

/// Ends of lines, signs in values, and bytes that are no text.
@Test func linesAsOthersMayLeaveThem() {
  #expect(pairs(Array("A=1\r\nB=2\r\n\r\n".utf8)) == ["A>1", "B>2"])
  #expect(pairs(Array("A=1\nB=2".utf8)) == ["A>1", "B>2"], "without a last newline")
  #expect(pairs(Array("A==b=c\n=x\nB=\n".utf8)) == ["A>=b=c", ">x", "B>"])
  #expect(pairs(Array("A=a\0b\n".utf8)) == ["A>a\0b"])
  #expect(pairs([]) == [] && pairs(Array("\n\n".utf8)) == [])
  #expect(pairs(Array("A=1\nB\n".utf8)) == nil)
  let broken: [UInt8] = [0xe4]
  #expect(pairs(Array("# gr".utf8) + broken + Array("n\nA=1\n".utf8)) == ["A>1"], "in a comment it matters to nobody")
  #expect(pairs(Array("A=".utf8) + broken) == nil && pairs(broken + Array("=1".utf8)) == nil)
}
