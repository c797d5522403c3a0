import CoordCore
import CoordSystem

let version = "0.1.0"

#if !DEBUG
  /// Swift's runtime looks for a program that would draw a crash's backtrace, at nine places beside the executable, whenever a
  /// process starts: on a shared disk, which has none. Its own question is answered here.
  ///
  /// Source: stdlib/public/runtime/Paths.cpp of Swift.
  @_cdecl("swift_copyAuxiliaryExecutablePath")
  public func noBacktracer(_: UnsafePointer<CChar>) -> UnsafeMutablePointer<CChar>? { nil }
#endif

/// Does what the arguments say; the exit code.
func coord(_ words: [String]) throws(CoordError) -> Int32 {
  let arguments = try Arguments(words)
  switch arguments.verb.name {
  case "help": Console.answer(arguments.has("--man") ? ManPage.text : Grammar.help)
  case "completion": Console.answer(try Completion.script(for: arguments.words))
  case "version":
    var line = JSONLine()
    line.add("version", version)
    Console.answer(arguments.has("--json") ? line.text : "coord \(version)\n")
  case "guard": try Guard.run(arguments)
  case "hold": return try Hold.run(arguments)
  case "connect": try Connect.run(Session(arguments))
  case "stop": try Stop.run(Session(arguments))
  case "restart": try Restart.run(Session(arguments))
  case "cleanup": try Cleanup.run(Session(arguments))
  case "status": return try Status.run(Session(arguments))
  case "doctor": return try Doctor.run(Session(arguments))
  case "adopt": try Adopt.run(Session(arguments))
  case "history": try History.run(Session(arguments))
  case "logs": try Logs.run(Session(arguments))
  case "settings": try Settings.run(Session(arguments))
  case "users": try Users.run(Session(arguments))
  case "serve": try Serve.run(Session(arguments))
  case "supervise":
    // Before anything else: what comes meanwhile is kept for the loop.
    let signals = Signals.blockAll()
    if let why = NodeCopy.become() { Console.note("coord runs from where it is: \(why)") }
    return try Supervise.run(Session(arguments, signals: signals))
  default: throw .bug("verb \(arguments.verb.name) is in the table only")
  }
  return 0
}

openStandardStreams()
do throws(CoordError) {
  Terminal.leave(try coord(Array(CommandLine.arguments.dropFirst())))
} catch {
  Terminal.write(error.message, to: .errors)
  if CommandLine.arguments.contains("--json") {
    var line = JSONLine()
    line.add("error", error.what)
    line.add("why", error.why)
    line.add("next", error.next)
    line.add("exit_code", Int(error.exitCode))
    Terminal.write(line.text, to: .output)
  }
  Terminal.leave(error.exitCode)
}
