import CoordCore
import Testing

@Test func adviceOpensNoSecret() {
  let next = StorageFailure(.permission, "open locks/00000001: Permission denied").error.next
  #expect(next.contains("group access") && !next.contains("-R") && !next.contains("cookie"))
}

@Test func whatIsTypedIsNoMistakeOfTheArguments() {
  let error = CoordError.input(what: "the password was empty", why: "w", next: "n")
  #expect(error.exitCode == 64 && error.message == "coord: the password was empty\n  why:  w\n  next: n\n")
}
