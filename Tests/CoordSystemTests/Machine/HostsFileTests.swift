import Glibc
import Testing

@testable import CoordSystem

@Test func namesOfAnAddress() throws {
  var template = Array("/tmp/coord-hosts-XXXXXX".utf8CString)
  let descriptor = mkstemp(&template)
  let path = template.withUnsafeBufferPointer { String(cString: $0.baseAddress!) }
  defer { unlink(path) }
  let text =
    "# 10.0.0.9 old\n10.0.0.7\tnode2 node2.cluster # gpu\r\n\n10.0.0.77 node3\n10.0.0.7 node2-ib0\n::1 localhost\n"
  #expect(write(descriptor, text, text.utf8.count) == text.utf8.count && close(descriptor) == 0)
  #expect(HostsFile.names(of: "10.0.0.7", file: path) == ["node2", "node2.cluster", "node2-ib0"])
  #expect(HostsFile.names(of: "10.0.0.9", file: path) == [] && HostsFile.names(of: "10.0.0.7", file: "/nowhere") == [])
}
