/// The protocol's times, in one place (docs/protocol.md says why each is what it is). They are not settings: two
/// processes of one team that disagreed about them could both be right.
public enum Limits {
  /// The server's supervisor beats this often.
  public static let beat = Duration.seconds(5)
  /// A first beat that failed is tried again after so long: until it is complete there is no server.
  public static let firstBeatPace = Duration.seconds(1)
  /// Who serves lists the lock directory this often; its own last entry, and the number after it, it looks at with each beat.
  public static let listingPace = Duration.seconds(30)
  /// A heartbeat this near to the reader's wall clock may be believed without watching.
  public static let freshness = Duration.seconds(15)
  /// S: a supervisor that completed no beat for so long stops its server first.
  public static let selfFence = Duration.seconds(45)
  /// D > 2 S + one beat: a beat watched unchanged for so long proves that the server stopped itself.
  public static let silence = Duration.seconds(120)
  /// A beat watched unchanged for so long, and a scheduler that says the job is over, prove it too.
  public static let beatPause = Duration.seconds(10)
  /// What the scheduler only gave up (NODE_FAIL, or gone without a last state) may still run on a node that lost its
  /// network: the beat has to stand still until such a server has stopped itself, S + grace + one beat, also by a clock
  /// that is 10 % slow.
  public static let lostNodeSilence = Duration.seconds(75)
  /// After its claim a claimant may call sbatch for so long, and not later.
  public static let submitWindow = Duration.seconds(60)
  /// A claim watched unchanged for so long is one whose sbatch is over: the window and the 5 s that a call has at least, by a clock that
  /// is 10 % slow.
  public static let submitOver = Duration.seconds(72)
  /// A claim watched unchanged for so long is stale (its claimant may be alive, but must not submit any more).
  public static let claimWatch = Duration.seconds(90)
  /// Looking up names may take so long: a resolver asks its second server after 5 s (resolv.conf(5)).
  public static let nameLookup = Duration.seconds(15)
  /// Where an address is at hand, a name that would read better is waited for only so long.
  public static let nameCourtesy = Duration.seconds(3)
  /// How long the first address that a server told is tried by itself.
  public static let addressCourtesy = Duration.milliseconds(300)
  /// A service that says nothing for so long is busy, or hangs: then the files tell.
  public static let serviceCourtesy = Duration.seconds(2)
  /// A service repeats what it waits for so often…
  public static let servicePace = Duration.seconds(10)
  /// …and hangs when it has not for so long.
  public static let serviceSilence = Duration.seconds(30)
  /// Between the two looks that prove a token to be in no queue: longer than what stands before squeue remembers an answer.
  public static let tokenLooks = Duration.seconds(60)
  /// Between the two looks that prove a job to be over that shows itself so.
  public static let jobLooks = Duration.seconds(5)
  /// An action on the shared directory is about five calls; one that takes so long is said to be slow.
  public static let slowAction = Duration.seconds(10)
  /// What was seen before a probe that took no longer is decided on once more.
  public static let momentOfAProbe = Duration.milliseconds(500)
  /// The whole team asks the scheduler at most this often.
  public static let queuePace = Duration.seconds(5)
  /// While a job waits in the queue, whole looks and questions of one process are no farther apart.
  public static let calmestPoll = Duration.seconds(30)
  /// A queue question without an answer after so long may be asked by somebody else.
  public static let queuePatience = Duration.seconds(15)
  /// What the scheduler's configuration says is believed for so long.
  public static let configurationAge = Duration.seconds(60)
  /// One scheduler command may take so long.
  public static let schedulerCall = Duration.seconds(10)
  /// More jobs than this that could concern one project are no answer.
  public static let queueRows = 5000
  /// Nor are jobs of the team with the server's name in more folders than this: each is looked at.
  public static let namesakes = 64
  /// Nor is a listing with more bytes.
  public static let queueBytes = 1 << 30
  /// One row of it is shorter.
  public static let queueRowBytes = 1 << 18
  /// What is kept of it is read back as one file of the lock directory.
  public static let queueAnswerBytes = 1 << 20
  /// After TERM a server's processes get so long before KILL.
  public static let stopGrace = Duration.seconds(10)
  /// The same where nobody beats for them any more, or the job is over: less than the two looks that prove its end.
  public static let orphanGrace = Duration.seconds(3)
  /// A job that is COMPLETING has no process of its script after KillWait (slurm.conf(5): 30 s where nobody set it) and a margin.
  public static let killWait = Duration.seconds(30)
  public static let killWaitMargin = Duration.seconds(15)
  /// Whoever finds out that S is over only so long after it was itself suspended, or its machine slept: no grace then.
  public static let lateWake = Duration.seconds(5)
  /// A server that is ready is asked for HTTP this often…
  public static let healthPace = Duration.seconds(15)
  /// …and one question may hold up the beat for so long.
  public static let healthCall = Duration.seconds(4)
  /// Without an answer for so long it is `hung`: a callback of a Panel app may be long.
  public static let hungAfter = Duration.seconds(60)
  /// A beat that takes longer is slow: said once in the job's log.
  public static let slowBeat = Duration.seconds(5)
  /// A server that ends so soon after its start, for the cause that ended the one before, shows that a third would as well.
  public static let shortLife = Duration.seconds(600)
  /// A signal that comes so near to ENDS is the time limit's.
  public static let timeLimitMargin = Duration.seconds(90)
  /// Who waits for a server goes on after so many jobs that ended. One more, and they are told why: the next would fare no better.
  public static let renewals = 3
  /// Pruning never removes one of the last so many numbers…
  public static let keptNumbers = 64
  /// …nor anything younger.
  public static let keptAge = Duration.seconds(30 * 86_400)

  /// How long `coord cleanup` takes at most: long enough for every proof of docs/protocol.md.
  public static let settlePatience = silence + claimWatch
  /// How long `coord doctor --job` waits for its job to start, and again for its report.
  public static let trialPatience = Duration.seconds(180)
}
