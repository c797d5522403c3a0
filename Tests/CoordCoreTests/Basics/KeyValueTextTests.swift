import CoordCore
import Testing

/// What only coord writes is read as it is written: blanks and a byte order mark that people's files may have are no lines of it.
@Test(arguments: [" \nA=1\n", " # x\nA=1\n", "\u{feff}# x\nA=1\n"])
func linesOfCoordItselfAreStrict(text: String) {
  #expect(KeyValueText(Array(text.utf8)) == nil)
}
