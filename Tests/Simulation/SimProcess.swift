import CoordCore

/// A process that a simulation may pause or kill at each of its operations.
public class SimProcess {
  let world: SimWorld
  let host: SimHost
  let author: Author
  /// True time of the next step.
  var wake: Duration
  var dead = false
  /// How many operations it did.
  private var operations = 0
  /// Inside a step: it cannot be stepped again before that is over.
  var busy = false
  /// Its job is suspended until then: it does not run, and does not notice.
  var frozenUntil = Duration.zero
  /// Its machine reaches nothing until then.
  var cutUntil = Duration.zero

  init(_ world: SimWorld, host: SimHost, uid: UInt32, wake: Duration) {
    (self.world, self.host, self.wake) = (world, host, wake)
    author = world.author(host: host, uid: uid)
  }

  var now: Instant { host.now(world.time) }
  var wall: WallTime { host.wall(world.time) }

  /// Whose controller it asks.
  var cluster: String { host.cluster }

  /// What chance decides next is decided by this place in the story.
  func enter() {
    operations += 1
    world.random.enter(process: Int(author.pid), operation: operations)
  }

  /// One step of its loop, ending with `wake` set.
  func step() {}

  /// Takes a number as the shipped writer does; false for a dead process.
  func append(_ draft: LockDraft, _ log: LockLog<SimFiles>, within limit: Duration) throws(StorageFailure) -> Bool {
    let entry = LockEntry(
      number: draft.number, previous: draft.previous, time: wall, author: author, body: draft.body)
    world.begins(draft, by: self)
    let began = world.time
    var appending = Appending(within: limit, now: now)
    while !dead {
      let result: Result<AppendResult, StorageFailure>
      do throws(StorageFailure) { result = .success(try log.append(entry)) } catch { result = .failure(error) }
      if dead { break }
      switch appending.next(result, now: now) {
      case .over(let won):
        if won {
          world.note("\(author.nonce) takes \(draft.number) \(draft.body.kind) \(draft.body.reason ?? "")")
          world.won(entry, after: world.time - began)
          world.recorded(draft, by: self, after: world.time - began)
          mayBeHeldUp(world.faults.heldAfter, 30...200, "after \(draft.number)")
        }
        return won
      case .again(let pause): world.run(until: world.time + pause)
      case .failed(let failure): throw failure
      }
    }
    return false
  }

  /// It stands still for so long, once in so many times, while others go on.
  func mayBeHeldUp(_ often: Double, _ seconds: ClosedRange<Double>, _ place: @autoclosure () -> String) {
    guard world.depth < 6, world.random.fault(often) else { return }
    let length = world.random.seconds(seconds)
    world.note("\(author.nonce) is held up \(place()) for \(length.spoken)")
    world.run(until: world.time + length)
  }

  /// What happens with it when it dies.
  func died() {}

  func kill() {
    guard !dead else { return }
    dead = true
    world.note("\(author.nonce) dies")
    died()
  }
}
