#!/bin/bash
# Runs every test. On a fresh Debian machine with the Swift toolchain, as root: bash Tests/run.sh
# The last line is `N passed, N failed`. With arguments: only these parts (lint swift shell cluster).
set -u
cd "$(dirname "$0")/.." || exit 1
parts=${*:-install lint swift shell cluster}
passed=0 failed=0
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

step() { # name command... : one check, passed or failed
  local name=$1
  shift
  printf '== %s\n' "$name"
  if "$@"; then passed=$((passed + 1)); else failed=$((failed + 1)); printf '== FAILED: %s\n' "$name"; fi
}

count() { # pattern file : the number that stands before a word in a test runner's closing lines
  local n
  n=$(sed -nE "s/$1/\1/p" "$2" | tail -n 1)
  printf '%s' "${n:-0}"
}

install() {
  export DEBIAN_FRONTEND=noninteractive
  apt-get update -qq && apt-get install -y -qq --no-install-recommends \
    slurmctld slurmd slurm-client munge openssh-server openssh-client iproute2 util-linux procps jq curl \
    glusterfs-server glusterfs-client shellcheck shfmt busybox python3 python3-venv chromium chromium-driver >/dev/null
}

python_tests() { # folder : pytest in a venv that every test user may read
  local venv=${COORD_TEST_VENV:-/var/tmp/coord-test-venv}
  [ -x "$venv/bin/pytest" ] || { /usr/bin/python3 -m venv "$venv" && "$venv/bin/pip" install -q pytest selenium; } || return 1
  "$venv/bin/pytest" -q -p no:cacheprovider --durations=5 "$1" 2>&1 | tee "$work/pytest"
  passed=$((passed + $(count '.*[^0-9]?([0-9]+) passed.*' "$work/pytest")))
  failed=$((failed + $(count '.*[^0-9]?([0-9]+) failed.*' "$work/pytest") + $(count '.*[^0-9]?([0-9]+) errors?.*' "$work/pytest")))
  grep -qE '[0-9]+ passed' "$work/pytest" || failed=$((failed + 1))
}

for part in $parts; do
  case $part in
    install) step 'install what the tests need' install ;;
    lint)
      step 'swift format' swift format lint --strict -r Sources Tests Package.swift
      step 'shellcheck' shellcheck hpc_utils/*.sh Tests/run.sh
      step 'architecture' bash Tests/architecture.sh
      ;;
    swift)
      step 'release build' swift build -c release -Xswiftc -static-executable
      swift test 2>&1 | tee "$work/swift"
      failed=$((failed + $(count '.*with ([0-9]+) issues?.*' "$work/swift")))
      n=$(count '.*Test run with ([0-9]+) tests?.*' "$work/swift")
      passed=$((passed + n))
      if [ "$n" = 0 ] || ! grep -q 'Test run with .* passed' "$work/swift"; then failed=$((failed + 1)); fi
      ;;
    shell | cluster)
      COORD_BINARY=$PWD/.build/release/coord
      export COORD_BINARY
      python_tests "Tests/$part"
      ;;
    *) printf 'run.sh: no part %s\n' "$part" >&2; exit 64 ;;
  esac
done
printf '%s passed, %s failed\n' "$passed" "$failed"
[ "$failed" = 0 ]
