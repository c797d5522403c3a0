# shellcheck shell=bash
# Reads hpc_utils/env.sh: for start_server.sh, and for `coord doctor`, which is to see what the job sees.
#
# What modules, conda and /etc/bashrc run is not written for -u or -e, may change the directory and may call exit. So it runs
# as in a login shell: what fails in env.sh is named with its line, and the rest goes on.
# POSIXLY_CORRECT in somebody's environment makes a bash that does not let exit be watched.
set +o posix
# shellcheck disable=SC2317 # the two functions are called by what env.sh runs
if [ -e hpc_utils/env.sh ] && [ ! -r hpc_utils/env.sh ]; then
  printf 'hpc_utils/env.sh: it cannot be read by %s\n' "$(id)" >&2
elif [ -e hpc_utils/env.sh ]; then
  # Of a file that env.sh reads in turn, only that it failed is told, with the line of env.sh that reads it.
  coord_failed() { # status line command
    [ "${BASH_SOURCE[1]}" != hpc_utils/env.sh ] || printf 'hpc_utils/env.sh: line %s: exit %s: %s\n' "$2" "$1" "$3" >&2
  }
  exit() {
    printf '%s: line %s: exit %s: it ends the job here\n' "${BASH_SOURCE[1]}" "${BASH_LINENO[0]}" "${1-$?}" >&2
    builtin exit "$@"
  }
  set +eu
  trap 'coord_failed "$?" "$LINENO" "$BASH_COMMAND"' ERR
  # shellcheck source=/dev/null
  . hpc_utils/env.sh
  set +eu
  # No trap of env.sh's is to say or do anything in what follows.
  trap - ERR EXIT DEBUG RETURN
  unset -f exit coord_failed
fi
