import CoordCore
import FoundationEssentials
import Testing

extension JSONObject {
  fileprivate var plain: [String: String] { Dictionary(members.map { ($0.key.text, $0.value) }) { $1 } }
}

@Suite struct JSONObjects {
  @Test(
    arguments: [
      ("{}", [:]), (" { \"a\" :\t\"b\",\r\n\"c\":\"\" } ", ["a": "b", "c": ""]),
      (#"{"\u00e9\/\"\\\b\f\n\r\t": "\ud83d\uDE00"}"#, ["é/\"\\\u{8}\u{c}\n\r\t": "😀"]),
      ("{\"a\": \"1\", \"a\": \"2\"}", ["a": "2"]), ("{\"Zoë\": \"pässword\"}", ["Zoë": "pässword"]),
    ] as [(String, [String: String])])
  func reads(text: String, members: [String: String]) {
    #expect(JSONObject(text.utf8)?.plain == members)
  }

  /// Two users for the app, which compares code points.
  @Test func waysToWriteALetterAreTwoNames() {
    let text = "{\"\u{e9}milie\": \"A\", \"e\u{301}milie\": \"B\"}"
    var users = JSONObject(text.utf8)
    #expect(users?.members.count == 2 && users?.members[.init("\u{e9}milie")] == "A")
    users?.members[.init("e\u{301}milie")] = nil
    #expect(users?.members == [.init("\u{e9}milie"): "A"])
  }

  @Test(arguments: [
    "", "[]", "null", "{", "{\"a\"}", "{\"a\": 1}", "{\"a\": null}", "{\"a\": {}}", "{\"a\": \"b\",}",
    "{\"a\": \"b\"} x",
    "{a: \"b\"}", "{'a': 'b'}", "{\"a\": \"b", "{\"a\": \"\n\"}", #"{"a": "\x"}"#, #"{"a": "\ud800"}"#,
    #"{"a": "\ud800\u0041"}"#,
    #"{"a": "\udc00"}"#, #"{"a": "\u12"}"#, #"{"a": "\u+123"}"#, "\u{FEFF}{}",
  ])
  func refuses(text: String) { #expect(JSONObject(text.utf8) == nil) }

  @Test func refusesWhatIsNotInUTF8() {
    #expect(JSONObject(Array("{\"a\": \"".utf8) + [0xE9] + Array("\"}".utf8)) == nil)
    #expect(JSONObject([0xFF, 0xFE, 0x7B, 0, 0x7D, 0]) == nil)
  }

  /// What it writes, Foundation reads; what it reads, Foundation reads as the same: every short word, with a mistake anywhere.
  @Test func agreesWithFoundation() throws {
    let letters = ["\"", "\\", "/", "\n", "\u{0}", "\u{1f}", "\u{7f}", "é", "😀", "\u{2028}", "a", " ", "{", "e\u{301}"]
    let words = [""] + letters + letters.flatMap { first in letters.map { first + $0 } }
    for word in words {
      let members = [word: "x", "b": word]
      let object = JSONObject([.init(word): "x", .init("b"): word])
      let text = Array(object.text.utf8)
      #expect(JSONObject(text) == object && object.plain == members)
      #expect(try JSONDecoder().decode([String: String].self, from: Data(text)) == members)
      let theirs = try JSONEncoder().encode(members)
      #expect(JSONObject(theirs)?.plain == members)
      for place in text.indices {
        for byte in "\"\\{}:, \nu0".utf8 {
          var damaged = text
          damaged[place] = byte
          // Which of two equal names counts is not said for Foundation.
          guard let ours = JSONObject(damaged), ours.members.count == members.count else { continue }
          let read = try? JSONDecoder().decode([String: String].self, from: Data(damaged))
          #expect(ours.plain == read, "\(String(decoding: damaged, as: UTF8.self))")
        }
      }
    }
  }
}
