#!/bin/bash
# What coord costs beside a wrapper of flock, `cat` and `squeue`, on a minicluster: as root, after `bash Tests/run.sh install`.
#
#   bash Tests/bench/run.sh             measures all, in a quarter of an hour, and writes docs/performance.md and .svg
#   bash Tests/bench/run.sh PART...     measures only these parts, and prints them:
#     warm       a server is ready, and somebody asks
#     cold       1, 12, 40 and 200 ask at the same moment, and there is none
#     told       six wait for a pending job: how soon each is told
#     growth     logs of 1,000, 10,000 and 100,000 entries
#     waiting    six wait: calls of the scheduler, and of the file server (gluster)
#     faults     seconds until a working server is handed out: server or job killed, server stopped, node lost
#
# COORD_BINARY is measured, if set; else the release build, which is made first. Nothing else should run on the machine.
set -euo pipefail
cd "$(dirname "$0")/../.."

usage() { sed -n '2,/^set -/p' "$0" | sed '$d; s/^# \{0,1\}//'; }

for word in "$@"; do
  case $word in
    warm | cold | told | growth | waiting | faults) ;;
    -h | --help)
      usage
      exit
      ;;
    *)
      printf 'run.sh: no part %s\n' "$word" >&2
      usage >&2
      exit 64
      ;;
  esac
done
if [ "$(id -u)" != 0 ]; then
  printf 'run.sh: only root can make a minicluster\n' >&2
  exit 77
fi

bash Tests/run.sh venv >&2
if [ -z "${COORD_BINARY:-}" ]; then
  swift build -c release -Xswiftc -static-executable >&2
  COORD_BINARY=$PWD/.build/release/coord
fi
export COORD_BINARY

# Where the namespaces of the clusters see it.
work=$(mktemp -d /var/tmp/coord-bench.XXXXXX)
faults=
trap '[ -z "$faults" ] || kill "$faults"; rm -rf "$work"' EXIT
python=${COORD_TEST_VENV:-/var/tmp/coord-test-venv}/bin/python

[ $# -gt 0 ] || set -- warm cold told growth waiting faults

measured() { # filesystem part... : those of these parts that are wanted, on a cluster of their own
  local filesystem=$1 parts=() part
  shift
  for part in "$@"; do
    if [[ " $wanted " = *" $part "* ]]; then parts+=("$part"); fi
  done
  if [ ${#parts[@]} -gt 0 ]; then
    CLUSTER_FILESYSTEM=$filesystem Tests/cluster/apart "$python" Tests/bench/measure.py "$work/$1.json" "${parts[@]}" >&2
  fi
}

wanted=$*
# What counts milliseconds runs alone; the two others mostly wait.
measured local warm cold told growth
measured local faults &
faults=$!
measured gluster waiting
wait "$faults"
faults=

results=()
for part in warm faults waiting; do
  if [ -e "$work/$part.json" ]; then results+=("$work/$part.json"); fi
done
docs=()
if [ "$wanted" = 'warm cold told growth waiting faults' ]; then docs=(--docs docs); fi
"$python" Tests/bench/report.py "${docs[@]}" "${results[@]}"
