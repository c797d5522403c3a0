#!/bin/sh
# Stops the team's data server, whoever started it. On a login node: bash hpc_utils/stop_server.sh [--reason TEXT]
set -u
here=$(cd "$(dirname "$0")" && pwd) || exit 78
if [ ! -x "$here/bin/coord" ]; then
  printf 'stop_server.sh: %s/bin/coord is missing\n' "$here" >&2
  printf '  next: run this on a login node, in the installed project (see README)\n' >&2
  exit 78
fi
exec "$here/bin/coord" stop --root "$here/.." "$@"
