#!/bin/bash
# Runs every test. On a fresh Debian machine with the Swift toolchain, as root: bash Tests/run.sh
# The last line is `N passed, N failed`. With arguments: only these parts:
#   install    what the tests need, by apt
#   venv       what the Python tests need; whatever needs it makes it
#   lint       format, shellcheck, architecture
#   swift      the release build; tables and contracts
#   shell      one machine, without root
#   cluster    a real Slurm
#   gluster    the same on a network filesystem, as far as it differs
#   slow       deaths at every system call and other minutes of waiting; not part of a run without arguments
#   long       40,000 simulated schedules, and mistakes made on purpose; beside the others, with idle time only
#   night      ten million schedules that nobody has seen before; not part of a run without arguments
set -u
cd "$(dirname "$0")/.." || exit 1
[ $# -gt 0 ] || set -- install lint swift long shell cluster gluster
passed=0 failed=0 others=
export COORD_BINARY=$PWD/.build/release/coord
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

step() { # name command... : one check, passed or failed
  local name=$1
  shift
  printf '== %s\n' "$name"
  if "$@"; then
    passed=$((passed + 1))
  else
    failed=$((failed + 1))
    printf '== FAILED: %s\n' "$name"
  fi
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
    glusterfs-server glusterfs-client shellcheck shfmt busybox python3 python3-venv chromium chromium-driver \
    strace faketime python3-fusepy dash mksh zsh fish tcsh csh libpam-oath oathtool cron systemd mandoc >/dev/null
}

swift_tests() { # command... : one that runs Swift tests
  "$@" 2>&1 | tee "$work/swift"
  local status=${PIPESTATUS[0]} total bad
  total=$(sed -nE 's/.*Test run with ([0-9]+) tests?.*/\1/p' "$work/swift" | tail -n 1)
  bad=$(grep -E '^✘ Test .*failed after' "$work/swift" | grep -vc 'Test run with')
  if [ "$bad" = 0 ] && { [ "$status" != 0 ] || [ "${total:-0}" = 0 ]; }; then bad=1; fi
  failed=$((failed + bad))
  if [ "${total:-0}" -gt "$bad" ]; then passed=$((passed + total - bad)); fi
}

beside() { # name command... : runs it while the other parts run
  local name=$1
  shift
  "$@" >"$work/$name" 2>&1 </dev/null &
  printf "%s" $! >"$work/$name.pid"
  others="$others $name"
}

add_up() { # file : the counts in a last line `N passed, N failed`; without one the run broke off
  if tail -n 1 "$1" | grep -qE '^[0-9]+ passed, [0-9]+ failed$'; then
    passed=$((passed + $(count "$1" passed))) failed=$((failed + $(count "$1" failed)))
  else
    failed=$((failed + 1))
  fi
}

venv=${COORD_TEST_VENV:-/var/tmp/coord-test-venv}
python_environment() { # a venv that every test user may read
  if [ ! -x "$venv/bin/pytest" ]; then
    step 'a venv for the tests' /usr/bin/python3 -m venv "$venv"
    step 'what the Python tests need' "$venv/bin/pip" install -q pytest pytest-xdist selenium pexpect prometheus_client
  fi
}

python_tests() { # word... : pytest with these words
  python_environment
  "$venv/bin/pytest" -q -p no:cacheprovider --durations=5 "$@" 2>&1 | tee "$work/pytest"
  local status=${PIPESTATUS[0]} bad
  bad=$(($(count "$work/pytest" 'failed') + $(count "$work/pytest" 'errors?')))
  passed=$((passed + $(count "$work/pytest" 'passed')))
  # A run that broke off counts as a failure, whatever it printed.
  if [ "$status" != 0 ] && [ "$bad" = 0 ]; then bad=1; fi
  failed=$((failed + bad))
}

cluster_tests() { # word... : pytest with these words, by four clusters side by side: they mostly wait
  python_environment
  # The real app comes from PyPI, and a cluster of its own has no network but its own.
  step 'the real app' env DEMO_DIR="${DEMO_DIR:-/var/tmp/coord-demo}" PYTHON=/usr/bin/python3 bash hpc_utils/demo.sh --check
  local base
  # Where all of them see it.
  base=$(mktemp -d /var/tmp/coord-tests.XXXXXX)
  python_tests --basetemp="$base/tests" --dist loadfile --tx "4*popen//python=Tests/cluster/apart $venv/bin/python3" "$@"
  rm -rf "$base"
}

for part in "$@"; do
  case $part in
    install) step 'install what the tests need' install ;;
    venv) python_environment ;;
    lint)
      step 'swift format' swift format lint --strict -r Sources Tests Package.swift
      step 'shellcheck' shellcheck hpc_utils/*.sh Tests/*.sh Tests/bench/*.sh
      step 'shfmt' shfmt -d -i 2 -ci hpc_utils/*.sh Tests/*.sh Tests/bench/*.sh
      step 'architecture' bash Tests/architecture.sh
      ;;
    swift)
      step 'release build' swift build -c release -Xswiftc -static-executable
      # A release build of its own, apart from the static one. The simulation is a part of its own.
      swift_tests swift test -c release -Xswiftc -enable-testing -Xswiftc -enforce-exclusivity=unchecked \
        --scratch-path .build-tests --skip SimulationTests
      ;;
    long)
      # Long, and all processor: it gets what the others leave.
      beside long chrt --idle 0 bash Tests/run.sh simulation mutants
      ;;
    # Not by `swift test`: only one of that may run at a time.
    simulation)
      SIM_SCHEDULES=${SIM_SCHEDULES:-40000} NO_COLOR=1 swift_tests .build-tests/release/coordPackageTests.xctest \
        --testing-library swift-testing --filter SimulationTests
      ;;
    # Seeds that begin with the date: what turned red can be run again by its seed (SIM_SEED).
    night)
      step 'ten million schedules' env SIM_FIRST="$(date +%Y%m%d)00000000" SIM_SCHEDULES=10000000 \
        bash Tests/run.sh swift simulation
      ;;
    mutants)
      python3 Tests/mutants.py 2>&1 | tee "$work/mutants"
      add_up "$work/mutants"
      ;;
    shell)
      # On this machine; the cluster has its own network.
      python_environment
      if [ $# = 1 ]; then python_tests Tests/shell; else beside shell bash Tests/run.sh shell; fi
      ;;
    cluster) cluster_tests -m 'not slow' Tests/cluster ;;
    slow) cluster_tests -m slow Tests/cluster ;;
    gluster)
      CLUSTER_FILESYSTEM=gluster python_tests Tests/cluster/test_connect.py::test_storm_from_nothing_makes_one_job \
        Tests/cluster/test_connect.py::test_umask_077 Tests/cluster/test_directories.py::test_two_hosts \
        Tests/cluster/test_hostile.py::test_filesystem_frozen_under_a_live_server
      ;;
    *)
      printf 'run.sh: no part %s\n' "$part" >&2
      exit 64
      ;;
  esac
done
for name in $others; do
  printf '== beside: %s\n' "$name"
  wait "$(cat "$work/$name.pid")"
  grep -aE '^(✘|↳ seed|  @Test|    (let cut|#expect)|✔ Test|state space|mutant|== FAILED|FAILED|ERROR|E  )' "$work/$name"
  add_up "$work/$name"
done
printf '%s passed, %s failed\n' "$passed" "$failed"
[ "$failed" = 0 ]
