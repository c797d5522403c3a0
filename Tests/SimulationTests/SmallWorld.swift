@testable import CoordCore

/// A team of two, a scheduler, a directory and the jobs that come of it: the shipped decisions over plain state. Each
/// part is a number of `SmallBook`, and `SmallSteps` has all that may happen next, so that a search can visit every
/// state that there is.
///
/// Time goes in quanta. Within one, whoever has something to do goes first, in every order; time goes on once nobody
/// has, but for a process that is paused. What one process reads in one look, it reads at one moment.
struct SmallWorld: Equatable {
  static let quantum = Duration.seconds(15)
  /// In quanta: longer than D.
  static let longestPause = 10
  static let home = Home(root: "/project")

  /// How much may go wrong.
  struct Budget: Equatable, CustomStringConvertible {
    var crashes: UInt8 = 0
    var pauses: UInt8 = 0
    var lies: UInt8 = 0

    var description: String { "\(crashes) deaths, \(lies) lies, \(pauses) pauses" }
  }

  enum Violation: UInt8 {
    case none, twoServers, servedTwice, submittedTwice, endedInTheQueue, endedAlive, endedClaim, olderAnswer

    var words: String {
      switch self {
      case .none: "none"
      case .twoServers: "I0: two live servers"
      case .servedTwice: "I1: a token is served twice"
      case .submittedTwice: "I2: sbatch twice for one token"
      case .endedInTheQueue: "I6: a job waits or is on its way, and its token is declared over"
      case .endedAlive: "I6: a server lives, and its token is declared over"
      case .endedClaim: "I6: a claimant may still submit, and its token is declared over"
      case .olderAnswer: "I7: the answer names an older server"
      }
    }
  }

  var budget: Budget
  /// Whether the scheduler was asked in this quantum.
  var isAsked = false
  /// Who asked for the newest answer that the team shares; -1: nobody that still needs it.
  var asker: Int8 = -1
  /// The promise that is broken here.
  var violation = Violation.none
  var log: Int32 = 0
  var info: Int32 = 0
  var board: Int32 = -1
  var queue: Int32 = 0
  var clients: SIMD2<Int32>
  /// Those that are not over, in the order of their starts.
  var runs = SIMD4<Int32>(repeating: -1)

  mutating func violate(_ what: Violation) { if violation == .none { violation = what } }

  /// Over, and of no meaning for anybody any more.
  mutating func removeRun(_ i: Int) {
    for j in i..<3 { runs[j] = runs[j + 1] }
    runs[3] = -1
  }

  mutating func addRun(_ run: Int32) {
    precondition(runs[3] < 0, "more runs than there is room for")
    runs[(0..<4).first { runs[$0] < 0 }!] = run
  }

  var runCount: Int { (0..<4).count { runs[$0] >= 0 } }

  var fingerprint: UInt64 {
    var few = UInt64(budget.crashes) | UInt64(budget.pauses) << 8 | UInt64(budget.lies) << 16
    few |= UInt64(UInt8(bitPattern: asker)) << 24 | UInt64(violation.rawValue) << 32 | (isAsked ? 1 << 40 : 0)
    var hash: UInt64 = 0x9E37_79B9_7F4A_7C15
    func mix(_ a: Int32, _ b: Int32) { mix(UInt64(UInt32(bitPattern: a)) << 32 | UInt64(UInt32(bitPattern: b))) }
    // Both halves of the product: every bit of what comes in moves every bit of what goes out.
    func mix(_ part: UInt64) {
      let product = (hash ^ part).multipliedFullWidth(by: 0xA076_1D64_78BD_642F)
      hash = product.high ^ product.low ^ (part &* 0xE703_7ED1_A0B4_28DB)
    }
    mix(few)
    mix(log, info)
    mix(board, queue)
    mix(clients[0], clients[1])
    mix(runs[0], runs[1])
    mix(runs[2], runs[3])
    mix(0)
    return hash
  }
}
