/// The end of the log: consecutive numbers up to the highest, going back at least to where the last token begins.
public struct LogTail: Hashable, Sendable {
  public var first: Int
  public var slots: [Slot]
  /// The number before `first` is needed and is not there (yet).
  public var isCutOff = false

  public init(first: Int, slots: [Slot]) { (self.first, self.slots) = (first, slots) }

  public static let empty = LogTail(first: 1, slots: [])

  /// The number that comes next.
  public var next: Int { first + slots.count }
  public var lastNumber: Int { next - 1 }

  /// Whether all of it are entries, and each names the one before.
  var isChain: Bool { slots.allSatisfy(\.isEntry) && isInOrder }

  /// Whether each entry names the one before, whatever else lies between them.
  var isInOrder: Bool {
    let entries = slots.filter(\.isEntry)
    return zip(entries, entries.dropFirst()).allSatisfy { $1.entry?.previous == $0.digest }
  }

  /// All tokens that it names, also those that count for nothing.
  public var tokens: Set<Token> { Set(slots.compactMap { $0.entry?.token }) }

  /// What leads to this state tells of tokens.
  public func known(_ state: ServiceState) -> KnownTokens { KnownTokens(slots, leadingTo: state.previous) }
}
