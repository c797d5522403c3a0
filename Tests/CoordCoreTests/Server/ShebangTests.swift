import CoordCore
import Testing

@Suite struct Shebangs {
  @Test(
    arguments: [
      ("#!/opt/venv/bin/python3\n", "/opt/venv/bin/python3"), ("#!/usr/bin/env python3\nimport x\n", "python3"),
      ("#!/usr/bin/env -S python3 -E\n", "python3"), ("#!/usr/bin/python3.11 -sE\n", "/usr/bin/python3.11"),
      ("#!/bin/sh\n'''exec' /a/very/long/bin/python3.11 \"$0\" \"$@\"\n' '''\n", "/a/very/long/bin/python3.11"),
      ("#!/bin/sh\n'''exec' \"/with a blank/bin/python\" \"$0\" \"$@\"\n", "/with a blank/bin/python"),
      ("#!/bin/bash\nexec conda run panel\n", nil), ("\u{7f}ELF", nil), ("", nil),
    ] as [(String, String?)])
  func findsThePythonOfAScript(text: String, python: String?) { #expect(Shebang.python(of: text) == python) }
}
