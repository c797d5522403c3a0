#!/bin/sh
# shellcheck disable=SC3043 # local: every sh on a laptop has it (dash, busybox, bash, zsh, mksh)
# Opens the team's data server in this computer's browser: one login, a tunnel, the page. Ctrl+C ends it.
#   bash hpc_utils/connect.sh
# The first one of the team who connects starts the server; everybody else joins it.

# >>> your cluster; each can also be set in the environment >>>
SSH_USER=${SSH_USER:-$(id -un)}
LOGIN_NODE=${LOGIN_NODE:-login.cluster.example.org}
# The project on the cluster. ~/ is your home there.
REMOTE_DIR=${REMOTE_DIR:-'~/accelerometry'}
# The port on this computer; the next free one is used if it is taken.
LOCAL_PORT=${LOCAL_PORT:-7860}
# More options for ssh, for example: -F my_ssh_config
SSH_OPTIONS=${SSH_OPTIONS:-}
# <<< your cluster <<<

set -u
work=''
target=$SSH_USER@$LOGIN_NODE
node=''
port=''
open_port=''

say() { printf 'connect: %s\n' "$*" >&2; }

# Three lines: what, why, next. Then the way by hand.
fail() { # code what why next
  {
    printf 'connect: %s\n  why:  %s\n  next: %s\n' "$2" "$3" "$4"
    if [ -n "$node" ]; then
      printf '  by hand: ssh -N -L 127.0.0.1:%s:%s:%s %s\n' "${open_port:-$LOCAL_PORT}" "$node" "$port" "$target"
    else
      printf '  by hand: ssh -N -L 127.0.0.1:%s:NODE:PORT %s\n' "$LOCAL_PORT" "$target"
      printf '           NODE and PORT: ssh %s cat %s/hpc_utils/server_info.txt\n' "$target" "$REMOTE_DIR"
    fi
  } >&2
  exit "$1"
}

# shellcheck disable=SC2317 # it is called by the traps
clean_up() {
  trap - EXIT INT TERM HUP
  if [ -n "$work" ]; then
    # Only our own connection: its control socket is ours alone.
    if [ -S "$work/s" ]; then control -O exit "$target" >/dev/null 2>&1; fi
    rm -rf "$work"
    work=''
  fi
}
trap clean_up EXIT
trap 'clean_up; exit 130' INT
trap 'clean_up; exit 143' TERM HUP

# SSH_OPTIONS holds several words on purpose.
# shellcheck disable=SC2086
control() { ssh $SSH_OPTIONS -S "$work/s" "$@"; }

# One authentication for everything that follows. The connection goes to the background once it is made.
log_in() {
  # A control socket's path may have some 100 characters at most: not below a long TMPDIR.
  work=$(mktemp -d /tmp/coord.XXXXXX) || fail 74 'no temporary directory' 'mktemp failed in /tmp' 'free some space in /tmp'
  say "logging in to $target"
  # shellcheck disable=SC2086
  ssh $SSH_OPTIONS -M -S "$work/s" -o ControlPersist=no -o ServerAliveInterval=15 -o ServerAliveCountMax=3 \
    -f -N "$target" </dev/null ||
    fail 255 "cannot log in to $target" 'ssh says why above' 'correct SSH_USER or LOGIN_NODE, or your network or VPN'
}

quoted() { printf "'%s'" "$(printf '%s' "$1" | sed "s/'/'\\\\''/g")"; }

# The login shell over there may be csh or fish, and its start-up files may print anything: it only has to start sh,
# which reads its script from standard input, and the answer is the line with the mark.
ask() {
  local mark dir reply code answer
  mark=coord-$$-$(od -An -N8 -tx1 /dev/urandom | tr -d ' \n')
  # ~ and $HOME are meant to be expanded over there, not here.
  # shellcheck disable=SC2016,SC2088
  case $REMOTE_DIR in
    '~') dir='"$HOME"' ;;
    '~/'*) dir='"$HOME"/'$(quoted "${REMOTE_DIR#\~/}") ;;
    "${HOME:-/}"/*) dir='"$HOME"/'$(quoted "${REMOTE_DIR#"$HOME"/}") ;;
    *) dir=$(quoted "$REMOTE_DIR") ;;
  esac
  reply=$(
    control "$target" sh -s <<END
cd $dir && [ -d hpc_utils ] || { printf '\n%s %s\n' $mark no-project; exit; }
[ -x hpc_utils/bin/coord ] || { printf '\n%s %s\n' $mark no-coord; exit; }
answer=\$(hpc_utils/bin/coord connect </dev/null)
printf '\n%s %s %s\n' $mark \$? "\$answer"
END
  )
  reply=$(printf '%s\n' "$reply" | sed -n "s/^$mark //p" | tail -n 1)
  case $reply in
    '') fail 255 'no answer from the login node' 'the connection broke, or sh could not run there' 'try again' ;;
    no-project) fail 78 "no project in $REMOTE_DIR on $LOGIN_NODE" 'there is no hpc_utils in it' 'correct REMOTE_DIR' ;;
    no-coord) fail 78 "coord is not installed in $REMOTE_DIR" 'hpc_utils/bin/coord is missing' 'see README: Install' ;;
  esac
  code=${reply%% *}
  answer=${reply#* }
  [ "$code" = 0 ] || fail "$code" 'no server' 'coord says why above' 'do what it says, then run this again'
  node=${answer%:*}
  port=${answer##*:}
  # Nothing but a host name and a number gets any further.
  case $node in '' | -* | .* | *[!A-Za-z0-9.-]*) fail 70 'the answer is no address' "coord said: $answer" 'report this' ;; esac
  case $port in '' | *[!0-9]*) fail 70 'the answer is no address' "coord said: $answer" 'report this' ;; esac
}

# The HTTP status of the tunnel's other end; 000 if none.
http_status() {
  if command -v curl >/dev/null 2>&1; then
    curl -s -o /dev/null --noproxy '*' --max-time 3 -w '%{http_code}' "http://127.0.0.1:$1/"
  else
    wget -q -S -O /dev/null --no-proxy --tries=1 --timeout=3 "http://127.0.0.1:$1/" 2>&1 |
      awk '/^ *HTTP\//{s=$2} END{print s ? s : "000"}'
  fi
}

listening() { # whether something of this computer listens on the port already
  if command -v curl >/dev/null 2>&1; then
    curl -s -o /dev/null --noproxy '*' --max-time 1 "http://127.0.0.1:$1/"
    [ $? != 7 ]
  else
    return 1
  fi
}

open_tunnel() {
  local try last said
  try=$LOCAL_PORT
  last=$((LOCAL_PORT + 100))
  said=''
  while [ "$try" -lt "$last" ]; do
    if ! listening "$try" && said=$(control -O forward -L "127.0.0.1:$try:$node:$port" "$target" 2>&1); then
      open_port=$try
      [ "$try" = "$LOCAL_PORT" ] || say "port $LOCAL_PORT is taken on this computer: using $try"
      return
    fi
    try=$((try + 1))
  done
  fail 69 'no tunnel' "no free port from $LOCAL_PORT to $last, or forwarding is not allowed: $said" 'set LOCAL_PORT'
}

verify() {
  local end status
  end=$(($(date +%s) + 10))
  while :; do
    status=$(http_status "$open_port")
    case $status in '' | 000) ;; *) return ;; esac
    [ "$(date +%s)" -lt "$end" ] || break
    sleep 0.3 2>/dev/null || sleep 1
  done
  fail 69 'the tunnel is open, but the server does not answer through it' \
    "no HTTP from $node:$port within 10 s" "ask your admin whether $LOGIN_NODE may forward to compute nodes"
}

open_browser() {
  if [ -n "${BROWSER:-}" ]; then
    "$BROWSER" "$1" >/dev/null 2>&1 &
  elif command -v open >/dev/null 2>&1 && [ "$(uname)" = Darwin ]; then
    open "$1"
  elif command -v wslview >/dev/null 2>&1; then
    wslview "$1"
  elif command -v xdg-open >/dev/null 2>&1 && [ -n "${DISPLAY:-}${WAYLAND_DISPLAY:-}" ]; then
    xdg-open "$1" >/dev/null 2>&1 &
  else
    say 'no browser found: open the address yourself'
  fi
}

case $LOCAL_PORT in
  '' | *[!0-9]*) fail 64 "LOCAL_PORT=$LOCAL_PORT cannot be" 'it has to be a number from 1024 to 65435' 'correct LOCAL_PORT' ;;
esac
case $target in -*) fail 64 "SSH_USER=$SSH_USER cannot be" 'a name cannot begin with -' 'correct SSH_USER' ;; esac

log_in
ask
open_tunnel
verify
url=http://localhost:$open_port/app
say "the server is on $node:$port. Ctrl+C closes the tunnel; the server stays."
printf '%s\n' "$url"
open_browser "$url"
# A background sleep, so that a signal is taken at once.
while control -O check "$target" >/dev/null 2>&1; do
  sleep 5 &
  wait $!
done
fail 255 'the connection to the login node was lost' 'the network changed, or this computer slept' 'run this again'
