import CoordCore
import Testing

@Test(
  arguments: [
    (0, "1970-01-01T00:00:00+00:00"), (951_782_400, "2000-02-29T00:00:00+00:00"),
    (1_795_580_947, "2026-11-25T04:29:07+00:00"), (4_107_542_399, "2100-02-28T23:59:59+00:00"),
  ] as [(Int64, String)])
func wallTimes(seconds: Int64, text: String) {
  #expect(WallTime(seconds: seconds).text == text)
  #expect(WallTime(text: text) == WallTime(seconds: seconds))
}

@Test(arguments: ["", "2026-11-25", "2026-13-25T04:29:07+00:00", "2026-11-25T04:29:07+01:00", "Unknown"])
func textsThatAreNoTimes(text: String) { #expect(WallTime(text: text) == nil) }
