import Glibc

/// This host's own list of names (hosts(5)): asked without a name server, or a process of its own.
enum HostsFile {
  /// The names of an address; none where the file cannot be read.
  static func names(of address: String, file: String = "/etc/hosts") -> Set<String> {
    let text = String(decoding: (try? contents(of: file)) ?? [], as: UTF8.self)
    var names: Set<String> = []
    for line in text.split(whereSeparator: \.isNewline) {
      let words = line.prefix { $0 != "#" }.split(whereSeparator: \.isWhitespace).map(String.init)
      if words.first == address { names.formUnion(words.dropFirst()) }
    }
    return names
  }
}
