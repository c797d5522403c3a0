/// One step of a part: of which sort, and all that it depends on but for the part itself.
struct SmallStep: Equatable {
  enum Deed: UInt8 {
    case tick, wake, file, look, decide, lookAndDecide, probe, mayNotAsk, ask, othersAsk, publish, othersPublish
    case took, submit, cancel, reply, die, pause, goOn, around, serve, beat, nodeDies, gone
    // Of what is no process.
    case age, wait, start, run, question, append
  }

  var deed: Deed
  var a: Int32 = 0
  var b: Int32 = 0

  init(_ deed: Deed, _ a: Int32 = 0, _ b: Int32 = 0) { (self.deed, self.a, self.b) = (deed, a, b) }
}

/// What came of each step, by the number of the part that took it: an open table.
struct Memo {
  private struct Line {
    var first: UInt64 = 0
    /// 0 marks a place that is free.
    var second: UInt64 = 0
    var number: Int32 = 0
  }

  private var lines: [Line] = Array(repeating: Line(), count: 1 << 12)
  private var count = 0

  private static func key(_ part: Int32, _ step: SmallStep) -> (UInt64, UInt64) {
    let (a, b) = (UInt64(UInt32(bitPattern: step.a)), UInt64(UInt32(bitPattern: step.b)))
    return (UInt64(UInt32(bitPattern: part)) << 32 | a, b << 16 | UInt64(step.deed.rawValue) << 1 | 1)
  }

  private func place(_ key: (UInt64, UInt64)) -> Int {
    let mixed = (key.0 ^ key.1 &* 0xE703_7ED1_A0B4_28DB).multipliedFullWidth(by: 0xA076_1D64_78BD_642F)
    var place = Int(truncatingIfNeeded: mixed.high ^ mixed.low) & (lines.count - 1)
    while lines[place].second != 0, lines[place].second != key.1 || lines[place].first != key.0 {
      place = (place + 1) & (lines.count - 1)
    }
    return place
  }

  subscript(part: Int32, step: SmallStep) -> Int32? {
    get {
      let key = Self.key(part, step)
      let line = lines[place(key)]
      return line.second == 0 ? nil : line.number
    }
    set {
      if count * 2 > lines.count {
        let old = lines
        lines = Array(repeating: Line(), count: old.count * 2)
        for line in old where line.second != 0 { lines[place((line.first, line.second))] = line }
      }
      let key = Self.key(part, step)
      let place = place(key)
      if lines[place].second == 0 { count += 1 }
      lines[place] = Line(first: key.0, second: key.1, number: newValue ?? 0)
    }
  }
}
