/// The 64-bit fingerprints of all states that were seen: an open table, five eighths full at most.
struct Fingerprints {
  private(set) var count = 0
  private var slots: [UInt64]
  private var mask: Int

  init(room: Int = 1 << 16) {
    slots = Array(repeating: 0, count: room)
    mask = room - 1
  }

  /// Whether it was not there yet. 0 marks a place that is free.
  mutating func insert(_ fingerprint: UInt64) -> Bool {
    let mark = max(fingerprint, 1)
    if count * 8 > slots.count * 5 { grow() }
    var place = Int(truncatingIfNeeded: mark) & mask
    while slots[place] != 0 {
      if slots[place] == mark { return false }
      place = (place + 1) & mask
    }
    slots[place] = mark
    count += 1
    return true
  }

  private mutating func grow() {
    let old = slots
    slots = Array(repeating: 0, count: old.count * 2)
    mask = slots.count - 1
    for mark in old where mark != 0 {
      var place = Int(truncatingIfNeeded: mark) & mask
      while slots[place] != 0 { place = (place + 1) & mask }
      slots[place] = mark
    }
  }
}
