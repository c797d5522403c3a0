import CoordCore
import Testing

@Suite struct Warmth {
  @Test(arguments: [("8-20", [8, 19], [7, 20, 0]), ("22-6", [22, 23, 0, 5], [6, 21]), ("0-24", Array(0...23), [])])
  func hours(text: String, inside: [Int], outside: [Int]) throws {
    let hours = try #require(WarmHours(text))
    #expect(inside.allSatisfy(hours.contains(hour:)) && !outside.contains(where: hours.contains(hour:)))
  }

  @Test(arguments: ["", "8", "8-8", "24-3", "8-25", "x-y", "-1-3", "8-20-22"])
  func othersAreNone(text: String) { #expect(WarmHours(text) == nil) }
}
