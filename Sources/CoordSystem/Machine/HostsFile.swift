internal import CoordCore
import Glibc

/// This host's own list of names (hosts(5)): asked without a name server, or a process of its own.
enum HostsFile {
  /// The first of the names that this host's resolver finds at this address before any other: the first line that has the name
  /// begins with it. Nil: none, or the file cannot be read.
  static func name(_ names: [String], at address: String, file: String = "/etc/hosts") -> String? {
    let limit = 1 << 20
    guard let bytes = try? contents(of: file, limit: limit, isLocal: true) else { return nil }
    let wanted = names.map { Array($0.utf8.map(\.lowercased)) }
    var firsts = [Bool?](repeating: nil, count: names.count)
    let sought = Array(address.utf8)
    bytes.withUnsafeBytes { bytes in
      var lines = bytes.split(separator: UInt8(ascii: "\n"))
      // Cut off at the limit: the last name may be half of one.
      if bytes.count >= limit { lines.removeLast() }
      for line in lines {
        let words = line.prefix { $0 != UInt8(ascii: "#") }.split(whereSeparator: \.isBlank)
        for word in words.dropFirst() {
          for (index, name) in wanted.enumerated()
          where firsts[index] == nil && word.count == name.count && zip(word, name).allSatisfy({ $0.lowercased == $1 })
          {
            firsts[index] = words[0].elementsEqual(sought)
          }
        }
      }
    }
    return zip(names, firsts).first { $1 == true }?.0
  }
}

extension UInt8 {
  /// What separates words of a line.
  fileprivate var isBlank: Bool { self == UInt8(ascii: " ") || (9...13).contains(self) }
  fileprivate var lowercased: UInt8 { (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(self) ? self | 0x20 : self }
}
