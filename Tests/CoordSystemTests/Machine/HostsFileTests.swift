import Glibc
import Testing

@testable import CoordSystem

@Test func nameAtAnAddress() throws {
  var template = Array("/tmp/coord-hosts-XXXXXX".utf8CString)
  let descriptor = mkstemp(&template)
  let path = template.withUnsafeBufferPointer { String(cString: $0.baseAddress!) }
  defer { unlink(path) }
  let text =
    "# 10.0.0.9 old\n10.0.0.7\tNode2 node2.cluster # gpu\r\n\n10.0.0.77 node3\n10.0.0.7 node2-ib0 node3\n::1 localhost"
  #expect(write(descriptor, text, text.utf8.count) == text.utf8.count && close(descriptor) == 0)
  func name(_ names: String..., at address: String) -> String? { HostsFile.name(names, at: address, file: path) }
  #expect(
    name("x", "NODE2.cluster", "node2", at: "10.0.0.7") == "NODE2.cluster" && name("node2", at: "10.0.0.7") == "node2")
  #expect(name("node2-ib0", at: "10.0.0.7") == "node2-ib0")
  #expect(name("node3", at: "10.0.0.7") == nil, "a resolver finds another address first")
  #expect(name("node3", at: "10.0.0.77") == "node3" && name("localhost", at: "::1") == "localhost")
  #expect(
    name("node2", at: "10.0.0.77") == nil && name("gpu", at: "10.0.0.7") == nil && name("node", at: "10.0.0.7") == nil)
  #expect(name("old", at: "10.0.0.9") == nil && HostsFile.name(["node2"], at: "10.0.0.7", file: "/nowhere") == nil)
}
