@testable import CoordCore

/// What may happen next in a world.
final class SmallSteps {
  let book: SmallBook
  /// What came of the last `successors`, and how each is called where that is asked for.
  private(set) var found: [SmallWorld] = []
  private(set) var labels: [String] = []
  private var tells = false
  /// False: each step by itself, in every order, and deaths anywhere. Only to see that nothing is lost otherwise.
  let isReduced: Bool

  init(
    hosts: [String] = ["login1", "login2"], waits: SmallQueue.Waits = SmallQueue.Waits(), isReduced: Bool = true,
    isChecked: Bool = false
  ) {
    book = SmallBook(hosts: hosts, waits: waits, isChecked: isChecked)
    self.isReduced = isReduced
  }

  func start(_ budget: SmallWorld.Budget) -> SmallWorld {
    let clients = book.team.map { book.clients.number($0, book) }
    return SmallWorld(budget: budget, clients: SIMD2(clients[0], clients[1]))
  }

  func client(_ w: SmallWorld, _ i: Int) -> ClientNext { book.clients.next[Int(w.clients[i])] }
  func run(_ w: SmallWorld, _ i: Int) -> RunNext { book.runs.next[Int(w.runs[i])] }

  func nobodyAsks(_ w: SmallWorld) -> Bool { client(w, 0).isOver && client(w, 1).isOver }

  /// And no job waits, runs or may come.
  func isOver(_ w: SmallWorld) -> Bool {
    let queue = book.queueNext[Int(w.queue)]
    return nobodyAsks(w) && w.runs[0] < 0 && queue.waiting.isEmpty && !queue.hasLate
  }

  /// All that may happen next. With their labels only for whoever wants to tell a way.
  func successors(of w: SmallWorld, tells: Bool = false) {
    found.removeAll(keepingCapacity: true)
    labels.removeAll(keepingCapacity: true)
    self.tells = tells
    if localNext(w) { return }
    for i in 0...1 { clientMay(w, i) }
    for i in 0...3 where w.runs[i] >= 0 { runMay(w, i) }
    queueMay(w)
    if mayTick(w) { then("15 s", w) { tick(&$0) } }
  }

  /// Nobody comes between a step and what it leads to by itself, but for a pause.
  func goesOnAtOnce(_ w: SmallWorld) -> Bool { isReduced && w.budget.pauses == 0 }

  /// Steps that make no difference for others, nor others for them, are taken at once, in one order: in any other the
  /// same comes of it, and nobody can see what is in between.
  private func settle(_ w: inout SmallWorld) {
    guard goesOnAtOnce(w) else { return }
    for i in 0...1 { while isLocal(client(w, i), w) { step(&w, client: i) } }
    var i = 0
    while i < 4, w.runs[i] >= 0 { if run(w, i).sort == .local { step(&w, run: i) } else { i += 1 } }
  }

  /// Nobody may ask the scheduler twice within a quantum.
  private func isLocal(_ next: ClientNext, _ w: SmallWorld) -> Bool {
    next.sort == .local || next.isAsking && w.isAsked && !next.isPaused
  }

  /// The same where a pause may come between: one step, or a pause before it.
  private func localNext(_ w: SmallWorld) -> Bool {
    guard isReduced, w.budget.pauses > 0 else { return false }
    for i in 0...1 where isLocal(client(w, i), w) {
      then("\(i) \(deed(w, i))", w) { step(&$0, client: i) }
      pause(w, client: i)
      return true
    }
    for i in 0...3 where w.runs[i] >= 0 && run(w, i).sort == .local {
      then("run \(i) \(deed(book.runs[w.runs[i]]))", w) { step(&$0, run: i) }
      pause(w, run: i)
      return true
    }
    return false
  }

  func then(_ label: @autoclosure () -> String, _ w: SmallWorld, _ change: (inout SmallWorld) -> Void) {
    var next = w
    change(&next)
    settle(&next)
    if nobodyAsks(next) { (next.isAsked, next.asker, next.board) = (false, -1, -1) }
    found.append(next)
    if tells { labels.append(label()) }
  }

  private func mayTick(_ w: SmallWorld) -> Bool {
    for i in 0...1 {
      let next = client(w, i)
      if !next.isOver, !next.isHeld, !next.isQuiet || next.isPaused { return false }
    }
    for i in 0...3 where w.runs[i] >= 0 {
      let next = run(w, i)
      if !next.isHeld, !next.isQuiet || next.isPaused { return false }
    }
    return book.queueNext[Int(w.queue)].mayWait
  }

  private func tick(_ w: inout SmallWorld) {
    w.isAsked = false
    for i in 0...1 { change(&w, client: i, SmallStep(.tick)) }
    let (info, queue) = (w.info, w.queue)
    w.info = book.once(info, SmallStep(.age)) {
      var value = book.infos[info]
      value.age = value.server == nil ? 0 : min(value.age + 1, 2)
      return book.number(value)
    }
    w.queue = book.once(queue, SmallStep(.wait)) { changed(queue) { $0.tick() } }
    for i in (0...3).reversed() where w.runs[i] >= 0 {
      change(&w, run: i, SmallStep(.tick))
      bury(&w, i)
    }
  }

  // MARK: - the scheduler

  func changed(_ queue: Int32, _ change: (inout SmallQueue) -> Void) -> Int32 {
    var value = book.queues[queue]
    change(&value)
    return book.number(value)
  }

  private func queueMay(_ w: SmallWorld) {
    let next = book.queueNext[Int(w.queue)]
    for j in next.waiting {
      then("a job starts", w) {
        let queue = $0.queue
        $0.addRun(
          book.once(queue, SmallStep(.run, Int32(j))) {
            book.runs.number(SmallRun(book.queues[queue].jobs[j]), book)
          })
        $0.queue = book.once(queue, SmallStep(.start, Int32(j))) { changed(queue) { $0.start(j) } }
      }
    }
    if next.hasLate {
      then("the late job comes", w) { $0.queue = changed($0.queue) { $0.addLate() } }
    }
  }

  /// A run that is over leaves the world; its job tells what became of it.
  func bury(_ w: inout SmallWorld, _ i: Int) {
    guard run(w, i).isOver else { return }
    let run = book.runs[w.runs[i]]
    if run.tidied, book.infos[w.info].server?.token == run.job.token { setInfo(&w, book.number(SmallInfo())) }
    w.queue = changed(w.queue) { $0.left(run.job.number, run.left ?? "") }
    w.removeRun(i)
  }

  // MARK: - what everybody sees

  func change(_ w: inout SmallWorld, client i: Int, _ step: SmallStep) {
    if !client(w, i).isOver { w.clients[i] = book.clients.after(w.clients[i], step, book) }
  }

  func change(_ w: inout SmallWorld, run i: Int, _ step: SmallStep) {
    w.runs[i] = book.runs.after(w.runs[i], step, book)
  }

  func setInfo(_ w: inout SmallWorld, _ info: Int32) {
    w.info = info
    for i in 0...1 { change(&w, client: i, SmallStep(.file, info)) }
  }

  /// Somebody took the next number.
  func setLog(_ w: inout SmallWorld, _ log: Int32) {
    w.log = log
    for i in 0...1 { change(&w, client: i, SmallStep(.wake)) }
    for i in 0...3 where w.runs[i] >= 0 { change(&w, run: i, SmallStep(.wake)) }
  }

  /// I6, but for what its own run or its claimant says of it.
  func checkEnd(_ w: inout SmallWorld, by run: Int32 = -1, claimant: Int = -1) {
    let entries = book.logs[w.log].slots.compactMap(\.entry)
    guard let token = entries.last?.token else { return }
    for i in 0...3 where w.runs[i] >= 0 && w.runs[i] != run && self.run(w, i).isUp {
      if book.runs[w.runs[i]].job.token == token { w.violate(.endedAlive) }
    }
    for i in 0...1 where i != claimant && client(w, i).maySubmit == token { w.violate(.endedClaim) }
    if entries.contains(where: { $0.token == token && [.started, .stopRequested].contains($0.kind) }) { return }
    for job in book.queues[w.queue].jobs where job.token == token && !job.isOver && !job.mayHaveStarted && !job.isLate {
      let own = (0...3).last { w.runs[$0] >= 0 && book.runs[w.runs[$0]].job.number == job.number }.map { w.runs[$0] }
      if let own, own == run || book.runs[own].mayHaveStarted { continue }
      w.violate(.endedInTheQueue)
    }
  }
}
