import CoordCore

extension Coordinator {
  /// Runs it over a world for some seconds, one look a second; what it appended first, if anything.
  mutating func watch(
    _ w: inout World, seconds: Int, each: (inout World, Int) -> Void = { _, _ in }
  ) -> EntryBody? {
    for second in 0..<seconds {
      each(&w, second)
      if let body = next(w.observation()).appended { return body }
      w.wait(1)
    }
    return nil
  }

  /// Runs it for some seconds, one look a second and an answer of the queue every five; what it appended, and when.
  mutating func watchQueue(
    _ w: inout World, seconds: Int, answer: (inout World, Int) -> Void
  ) -> (body: EntryBody, at: Int)? {
    for second in 0..<seconds {
      if second % 5 == 0 { answer(&w, second) }
      if let body = next(w.observation()).appended { return (body, second) }
      w.wait(1)
    }
    return nil
  }
}
