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

count() { # file words : the last number that stands before these words in a test runner's output
  local n
  n=$(grep -oE "[0-9]+ $2" "$1" | tail -n 1)
  printf '%s' "${n%% *}" | grep . || printf '0'
}

install() {
  export DEBIAN_FRONTEND=noninteractive
  apt-get update -qq && apt-get install -y -qq --no-install-recommends \
    slurmctld slurmd slurm-client munge openssh-server openssh-client iproute2 util-linux procps jq curl \
    glusterfs-server glusterfs-client shellcheck shfmt busybox python3 python3-venv chromium chromium-driver >/dev/null
}

python_tests() { # folder : pytest in a venv that every test user may read
  local venv=${COORD_TEST_VENV:-/var/tmp/coord-test-venv}
  if [ ! -x "$venv/bin/pytest" ]; then
    step 'a venv for the tests' /usr/bin/python3 -m venv "$venv"
    step 'pytest and selenium' "$venv/bin/pip" install -q pytest selenium
  fi
  "$venv/bin/pytest" -q -p no:cacheprovider --durations=5 "$1" 2>&1 | tee "$work/pytest"
  local status=${PIPESTATUS[0]} bad
  bad=$(($(count "$work/pytest" 'failed') + $(count "$work/pytest" 'errors?')))
  passed=$((passed + $(count "$work/pytest" 'passed')))
  # A run that broke off counts as a failure, whatever it printed.
  if [ "$status" != 0 ] && [ "$bad" = 0 ]; then bad=1; fi
  failed=$((failed + bad))
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
      # Apart from the release build, which is another one.
      SIM_SCHEDULES=${SIM_SCHEDULES:-100000} swift test -c release -Xswiftc -enable-testing --scratch-path .build-tests 2>&1 | tee "$work/swift"
      status=${PIPESTATUS[0]}
      total=$(sed -nE 's/.*Test run with ([0-9]+) tests.*/\1/p' "$work/swift" | tail -n 1)
      bad=$(grep -E '^✘ Test .*failed after' "$work/swift" | grep -vc 'Test run with')
      if [ "$bad" = 0 ] && { [ "$status" != 0 ] || [ "${total:-0}" = 0 ]; }; then bad=1; fi
      failed=$((failed + bad))
      if [ "${total:-0}" -gt "$bad" ]; then passed=$((passed + total - bad)); fi
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
