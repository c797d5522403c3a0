@testable import CoordCore

/// What may happen next in a world.
final class SmallSteps {
  let book = SmallBook()
  let hosts: [String]
  /// What came of the last `successors`, and how each is called where that is asked for.
  private(set) var found: [SmallWorld] = []
  private(set) var labels: [String] = []
  private var tells = false

  init(hosts: [String]) {
    self.hosts = hosts
    book.oneHost = hosts[0] == hosts[1]
  }

  func start(_ budget: SmallWorld.Budget, wait: Duration = .seconds(120)) -> SmallWorld {
    let clients = (0...1).map { book.number(SmallClient($0, host: hosts[$0], wait: wait)) }
    return SmallWorld(budget: budget, clients: SIMD2(clients[0], clients[1]))
  }

  func isOver(_ w: SmallWorld) -> Bool {
    book.clientNext[Int(w.clients[0])].isOver && book.clientNext[Int(w.clients[1])].isOver
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
    if mayTick(w) { then("15 s", w) { self.tick(&$0) } }
  }

  /// Steps that make no difference for others, nor others for them, are taken at once, in one order: in any other the same comes of
  /// it. Only who may be held up in between stops there.
  func settle(_ w: inout SmallWorld) {
    guard w.budget.pauses == 0 else { return }
    for i in 0...1 {
      while isLocal(book.clientNext[Int(w.clients[i])], w) { step(&w, client: i) }
    }
    var i = 0
    while i < 4, w.runs[i] >= 0 {
      let run = w.runs[i]
      if book.runNext[Int(run)].sort == .local { step(&w, run: i) } else { i += 1 }
    }
  }

  private func isLocal(_ next: SmallBook.Next, _ w: SmallWorld) -> Bool {
    next.sort == .local || next.isLook && w.isAsked && !next.isPaused
  }

  /// Where a pause may come between.
  private func localNext(_ w: SmallWorld) -> Bool {
    guard w.budget.pauses > 0 else { return false }
    for i in 0...1 where isLocal(book.clientNext[Int(w.clients[i])], w) {
      then("\(i) goes on by itself", w) { self.step(&$0, client: i) }
      pause(w, client: i)
      return true
    }
    for i in 0...3 where w.runs[i] >= 0 && book.runNext[Int(w.runs[i])].sort == .local {
      then("run \(i) goes on by itself", w) { self.step(&$0, run: i) }
      pause(w, run: i)
      return true
    }
    return false
  }

  func then(_ label: @autoclosure () -> String, _ w: SmallWorld, _ change: (inout SmallWorld) -> Void) {
    var next = w
    change(&next)
    settle(&next)
    found.append(next)
    if tells { labels.append(label()) }
  }

  private func mayTick(_ w: SmallWorld) -> Bool {
    for i in 0...1 {
      let next = book.clientNext[Int(w.clients[i])]
      if !next.isOver, !next.isPaused, !next.isQuiet { return false }
    }
    for i in 0...3 where w.runs[i] >= 0 {
      let next = book.runNext[Int(w.runs[i])]
      if !next.isPaused, !next.isQuiet { return false }
    }
    return book.queues[w.queue].mayWait
  }

  private func tick(_ w: inout SmallWorld) {
    w.isAsked = false
    for i in 0...1 { change(&w, client: i, .tick) { $0.tick() } }
    w.info = book.once(w.info, .age) {
      var info = self.book.infos[w.info]
      info.age = info.server == nil ? 0 : min(info.age + 1, 2)
      return self.book.number(info)
    }
    let queue = w.queue
    w.queue = book.once(queue, .wait) { self.changed(queue) { $0.tick() } }
    for i in (0...3).reversed() where w.runs[i] >= 0 {
      w.runs[i] = book.run(w.runs[i], .tick) { $0.tick() }
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
    let queue = book.queues[w.queue]
    for (j, job) in queue.jobs.enumerated() where job.state == "PENDING" {
      then("job \(job.number) starts", w) {
        $0.queue = self.changed(w.queue) { $0.start(j) }
        $0.addRun(self.book.number(SmallRun(job)))
      }
    }
    if let late = queue.late {
      then("the late job comes", w) { $0.queue = self.changed(w.queue) { $0.add(late) } }
    }
  }

  /// A run that is over leaves the world; its job tells what became of it.
  func bury(_ w: inout SmallWorld, _ i: Int) {
    guard book.runNext[Int(w.runs[i])].isOver else { return }
    let run = book.runs[w.runs[i]]
    if run.tidied, book.infos[w.info].server?.token == run.job.token { setInfo(&w, nil) }
    w.queue = changed(w.queue) { $0.left(run.job.number, run.left ?? "") }
    w.removeRun(i)
  }

  // MARK: - what everybody sees

  func change(_ w: inout SmallWorld, client i: Int, _ step: SmallBook.Step, _ change: (inout SmallClient) -> Void) {
    if book.clientNext[Int(w.clients[i])].isOver { return }
    w.clients[i] = book.client(w.clients[i], step, 0, 0, change)
  }

  func setInfo(_ w: inout SmallWorld, _ server: ServerInfo?) {
    w.info = book.number(SmallInfo(server: server))
    let info = w.info
    for i in 0...1 where !book.clientNext[Int(w.clients[i])].isOver {
      w.clients[i] = book.client(w.clients[i], .file, info) { $0.fileChanged(server) }
    }
  }

  /// Whoever takes the number that was next.
  func setLog(_ w: inout SmallWorld, _ log: Int32) {
    w.log = log
    for i in 0...1 { change(&w, client: i, .wake) { $0.wake() } }
    for i in 0...3 where w.runs[i] >= 0 { w.runs[i] = book.run(w.runs[i], .wake) { $0.wake() } }
  }

  /// I6, but for what its own run says of it.
  func checkEnd(_ w: inout SmallWorld, _ token: Token, by run: Int32 = -1) {
    let entries = book.logs[w.log].slots.compactMap(\.entry)
    if entries.contains(where: { $0.token == token && [.started, .stopRequested].contains($0.kind) }) { return }
    for job in book.queues[w.queue].jobs where job.token == token && !job.isOver && !job.mayHaveStarted {
      let own = (0...3).last { w.runs[$0] >= 0 && book.runs[w.runs[$0]].job.number == job.number }.map { w.runs[$0] }
      if let own, own == run || book.runs[own].mayHaveStarted { continue }
      w.violate(.endedInTheQueue)
    }
  }
}
