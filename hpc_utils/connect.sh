#!/bin/sh
# shellcheck disable=SC3043 # local: every sh on a laptop has it (dash, busybox, bash 3.2, zsh, mksh)
# Opens the team's data server in this computer's browser: one login, a tunnel, the page. Ctrl+C ends it.
#   bash hpc_utils/connect.sh          (--help tells the rest)
# The first one of the team who connects starts the server; everybody else joins it.
#
# Settings are read, in this order, from the environment, from your own ~/.config/coord/connect.conf, and from the team's
# connect.conf beside this script. Nobody has to change the script.
set -u

usage() {
  cat <<'END'
Opens the team's data server in this computer's browser, through an ssh tunnel.

Usage: bash connect.sh [OPTION...]

  --no-browser  open the tunnel only, and print the address
  --print-url   the same, with nothing but the address on stdout and nothing else said
  --latency     tell every 30 s how long the server takes to answer
  --status      tell how the server stands; starts nothing
  --stop        stop the server, for the whole team
  --logs        print the last lines of the server's log
  --dry-run     print the commands that would run
  --verbose     say each step, and why ssh fails
  --help        print this

Settings (environment, ~/.config/coord/connect.conf, connect.conf beside the script), as KEY=VALUE lines:
  LOGIN_NODE    the cluster's login node, or a name of your ~/.ssh/config
  SSH_USER      your name there, if it is another one than here
  REMOTE_DIR    the team's project there; ~/ is your home on the cluster
  LOCAL_PORT    the port on this computer (7860); the next free one is used if it is taken
  SSH_OPTIONS   more options for ssh, for example -J gateway
  BROWSER       the program that opens the address
  MULTIPLEX     no: this ssh cannot share a connection; you log in twice

Exit codes: 0 done, 64 usage, 69 no server or no tunnel, 70 a mistake of ours, 74 the shared disk, 75 try again,
77 permission, 78 settings, 130 Ctrl+C, 255 ssh could not log in.
END
}

work='' target='' node='' port='' token='' open_port='' nap='' spinner='' tunnel='' trouble='' log_tail=''
action=connect browse=yes latency='' verbose='' dry_run='' quiet=''

say() { [ -n "$quiet" ] || printf 'connect: %s\n' "$*" >&2; }
explain() { [ -z "$verbose" ] || printf 'connect: + %s\n' "$*" >&2; }

# Three lines: what, why, next. Then the way by hand.
fail() { # code what why next
  spin_down
  {
    printf 'connect: %s\n  why:  %s\n  next: %s\n' "$2" "$3" "$4"
    if [ -n "$node" ]; then
      printf '  by hand: ssh -N -L 127.0.0.1:%s:%s:%s %s\n' "${open_port:-$LOCAL_PORT}" "$node" "$port" "$target"
    elif [ -n "$target" ]; then
      printf '  by hand: ssh -N -L 127.0.0.1:%s:NODE:PORT %s\n' "$LOCAL_PORT" "$target"
      printf '           NODE and PORT: ssh %s cat %s/hpc_utils/server_info.txt\n' "$target" "$REMOTE_DIR"
    fi
  } >&2
  exit "$1"
}

# ---- settings ----

# Sets word: the text without blanks and carriage returns at its ends.
tab=$(printf '\t') cr=$(printf '\r') byte_order_mark=$(printf '\357\273\277')
trim() { # text
  word=$1
  while :; do
    case $word in
      ' '* | "$tab"* | "$cr"*) word=${word#?} ;;
      *' ' | *"$tab" | *"$cr") word=${word%?} ;;
      *) return ;;
    esac
  done
}

# KEY=VALUE lines are read, never run, as coord reads coord.conf. What is set already stays.
read_settings() { # file
  local line key value word number
  [ -r "$1" ] || return 0
  number=0
  while IFS= read -r line || [ -n "$line" ]; do
    number=$((number + 1))
    if [ $number = 1 ]; then line=${line#"$byte_order_mark"}; fi
    trim "$line"
    line=$word
    case $line in
      '' | '#'*) continue ;;
      *=*) ;;
      *) fail 78 "$1 cannot be read" "its line $number is not KEY=VALUE" 'correct that line' ;;
    esac
    trim "${line%%=*}"
    key=$word
    trim "${line#*=}"
    value=$word
    case $value in
      \"*\") value=${value#\"} value=${value%\"} ;;
      \'*\') value=${value#\'} value=${value%\'} ;;
    esac
    case $key in
      SSH_USER) SSH_USER=${SSH_USER:-$value} ;;
      LOGIN_NODE) LOGIN_NODE=${LOGIN_NODE:-$value} ;;
      REMOTE_DIR) REMOTE_DIR=${REMOTE_DIR:-$value} ;;
      LOCAL_PORT) LOCAL_PORT=${LOCAL_PORT:-$value} ;;
      SSH_OPTIONS) SSH_OPTIONS=${SSH_OPTIONS:-$value} ;;
      BROWSER) BROWSER=${BROWSER:-$value} ;;
      MULTIPLEX) MULTIPLEX=${MULTIPLEX:-$value} ;;
      *) fail 78 "$1 cannot be used" "its line $number: there is no setting $key" 'see --help for the settings' ;;
    esac
  done <"$1"
}

require() { # key value file
  [ -n "$2" ] || fail 78 "$1 is not set" "neither the environment nor $3 nor the team's connect.conf has it" \
    "write a line $1=... in $3"
}

settle_settings() {
  local own
  own=${XDG_CONFIG_HOME:-${HOME:-}/.config}/coord/connect.conf
  LOCAL_PORT=${LOCAL_PORT:-}
  REMOTE_DIR=${REMOTE_DIR:-}
  read_settings "$own"
  read_settings "$(dirname "$0")/connect.conf"
  LOCAL_PORT=${LOCAL_PORT:-7860}
  SSH_OPTIONS=${SSH_OPTIONS:-}
  require LOGIN_NODE "${LOGIN_NODE:-}" "$own"
  require REMOTE_DIR "$REMOTE_DIR" "$own"
  target=${SSH_USER:+$SSH_USER@}$LOGIN_NODE
  case $LOCAL_PORT in
    '' | *[!0-9]* | ??????*) fail 64 "LOCAL_PORT=$LOCAL_PORT cannot be" 'it has to be a number from 1024 to 65435' 'correct LOCAL_PORT' ;;
  esac
  if [ "$LOCAL_PORT" -lt 1024 ] || [ "$LOCAL_PORT" -gt 65435 ]; then
    fail 64 "LOCAL_PORT=$LOCAL_PORT cannot be" 'it has to be a number from 1024 to 65435' 'correct LOCAL_PORT'
  fi
  case $target in -*) fail 64 "$target cannot be" 'a name cannot begin with -' 'correct SSH_USER and LOGIN_NODE' ;; esac
  # The ssh of Git for Windows cannot share a connection.
  case $(uname) in MINGW* | MSYS* | CYGWIN*) MULTIPLEX=${MULTIPLEX:-no} ;; esac
  MULTIPLEX=${MULTIPLEX:-yes}
  command -v ssh >/dev/null 2>&1 || fail 78 'there is no ssh on this computer' 'the command was not found' 'install OpenSSH'
}

# ---- what is ours on this computer ----

# When a process began: a number alone may have been reused. Empty where ps cannot tell.
began() { ps -o lstart= -p "$1" 2>/dev/null; }
# pid name
note_process() { printf '%s %s\n' "$1" "$(began "$1")" >"$work/$2"; }
# file of note_process
lives() {
  local pid rest
  [ -r "$1" ] && read -r pid rest <"$1" && kill -0 "$pid" 2>/dev/null && [ "$(began "$pid" | sed 's/ *$//')" = "$rest" ]
}

shared() { [ "$MULTIPLEX" = yes ]; }

# A folder that is this user's alone, with a short path: a control socket's may have some 100 characters at most.
make_work() {
  local base folder
  base=/tmp/coord-$(id -u)
  mkdir -m 700 "$base" 2>/dev/null
  # Somebody else may have made it first, in a folder where everybody may.
  # shellcheck disable=SC2012 # find -perm differs between systems; the name is ours
  if [ -L "$base" ] || [ ! -O "$base" ] || [ "$(ls -ld "$base" | cut -c1-10)" != drwx------ ]; then
    work=$(mktemp -d /tmp/coord.XXXXXX) || fail 74 'no temporary directory' 'mktemp failed in /tmp' 'free some space in /tmp'
    return
  fi
  # What a connect.sh that was killed has left: its own connection, known by its own control socket.
  for folder in "$base"/*/; do
    [ -d "$folder" ] || continue
    folder=${folder%/}
    lives "$folder/script" && continue
    # One that is just being made has no note yet.
    [ -e "$folder/script" ] || [ -n "$(find "$folder" -prune -mmin +1 2>/dev/null)" ] || continue
    if [ -S "$folder/s" ]; then
      say 'closing the connection that an earlier run has left'
      ssh -S "$folder/s" -O exit left-over >/dev/null 2>&1
    elif lives "$folder/tunnel"; then
      say 'closing the tunnel that an earlier run has left'
      read -r pid _ <"$folder/tunnel" && kill "$pid" 2>/dev/null
    fi
    rm -rf "$folder"
  done
  work=$(mktemp -d "$base/XXXXXX") || fail 74 'no temporary directory' "mktemp failed in $base" 'free some space in /tmp'
  note_process $$ script
}

# shellcheck disable=SC2317,SC2329 # it is called by the traps
clean_up() {
  trap '' INT TERM HUP
  trap - EXIT
  spin_down
  if [ -n "$nap" ]; then kill "$nap" 2>/dev/null; fi
  if [ -n "$work" ]; then
    close_connection
    rm -rf "$work"
    work=''
  fi
}
trap clean_up EXIT
trap 'clean_up; exit 130' INT
trap 'clean_up; exit 143' TERM HUP

# Waits, and takes a signal at once.
rest() { # seconds
  sleep "$1" 2>/dev/null &
  nap=$!
  wait "$nap" || sleep 1
  nap=''
}

# A number below $1, for laptops that would else all come again at the same moment.
any_below() { printf '%s' $(($(od -An -N2 -tu2 /dev/urandom | tr -d ' ') % $1)); }

# A sign of life, on a terminal only. It leaves the cursor where the next line begins.
spin_up() {
  if [ ! -t 2 ] || [ -n "$quiet$verbose" ] || ! shared; then return; fi
  (
    trap - EXIT INT TERM HUP
    while :; do
      # shellcheck disable=SC1003 # a backslash
      for sign in '|' '/' '-' '\'; do
        printf '%s\r' "$sign" >&2
        sleep 0.2 2>/dev/null || sleep 1
      done
    done
  ) &
  spinner=$!
}
spin_down() {
  [ -n "$spinner" ] || return 0
  kill "$spinner" 2>/dev/null
  wait "$spinner" 2>/dev/null
  spinner=''
  printf ' \r' >&2
}

# ---- the connection: one authentication for everything ----

# SSH_OPTIONS holds several words on purpose. -E: what ssh has to say is kept, for us to explain; prompts and banners
# still reach the terminal.
run_ssh() { # word...
  explain "ssh $SSH_OPTIONS $*"
  # shellcheck disable=SC2086
  ssh $SSH_OPTIONS -E "$work/log" -o ConnectTimeout=20 -o ServerAliveInterval=5 -o ServerAliveCountMax=3 "$@"
}
control() { ssh -S "$work/s" -O "$@" "$target"; }

connection_up() {
  if shared; then control check >/dev/null 2>&1; else [ -n "$tunnel" ] && kill -0 "$tunnel" 2>/dev/null; fi
}

close_connection() {
  if [ -S "$work/s" ]; then control exit >/dev/null 2>&1; fi
  rm -f "$work/s"
  close_tunnel_process
}
close_tunnel_process() {
  [ -n "$tunnel" ] || return 0
  kill "$tunnel" 2>/dev/null
  wait "$tunnel" 2>/dev/null
  tunnel=''
}

# What ssh's words mean to a person. Sets trouble and advice; true if trying again may help.
diagnose() {
  log_tail=$(tail -n 4 "$work/log" 2>/dev/null | tr -d '\r')
  [ -z "$verbose" ] || printf '%s\n' "$log_tail" >&2
  trouble=$(printf '%s' "$log_tail" | tail -n 1)
  trouble=${trouble:-ssh ended without a word}
  case $log_tail in
    *'Host key verification failed'* | *'IDENTIFICATION HAS CHANGED'*)
      advice="ask your admin whether $LOGIN_NODE has a new host key; then: ssh-keygen -R $LOGIN_NODE"
      return 1
      ;;
    *'Permission denied'* | *'Too many authentication failures'* | *'No more authentication methods'*)
      advice="check SSH_USER (now ${SSH_USER:-not set}), your key and your password: ssh $target"
      return 1
      ;;
    *'Could not resolve'*)
      advice='check LOGIN_NODE, your network and VPN'
      return 2
      ;;
    *'onnection closed by'* | *'onnection reset by'* | *'kex_exchange'* | *'xceeded MaxStartups'*)
      advice="the login node drops connections, for it has many at once: try again in a minute"
      return 0
      ;;
    *)
      advice='check your network and VPN, and LOGIN_NODE'
      return 2
      ;;
  esac
}

# Logs in. The first time, what will not pass by itself ends the script; later it tries until it succeeds.
log_in() { # first | again
  local try pause
  try=0
  while :; do
    try=$((try + 1))
    : >"$work/log"
    if ! shared; then return 0; fi
    # In the background once it is made. Forwardings of ~/.ssh/config are not ours to open.
    if run_ssh -M -S "$work/s" -o ControlPersist=no -o ClearAllForwardings=yes -f -N "$target" </dev/null; then return; fi
    diagnose
    case $? in
      0) [ "$1" = again ] || [ $try -lt 12 ] || fail 255 "cannot log in to $target" "$trouble" "$advice" ;;
      1) fail 255 "cannot log in to $target" "$trouble" "$advice" ;;
      *) [ "$1" = again ] || fail 255 "cannot log in to $target" "$trouble" "$advice" ;;
    esac
    pause=$((try < 5 ? try : 10))
    say "$trouble: trying again"
    rest $((pause + $(any_below $((pause + 2)))))
  done
}

# ---- the question ----

quoted() { printf "'%s'" "$(printf '%s' "$1" | sed "s/'/'\\\\''/g")"; }

# Runs a line of sh in the project on the cluster. Sets reply and code; false if no answer came back.
#
# The login shell over there may be csh or fish, and its start-up files may print anything: it only has to start sh,
# which reads its script from standard input, and the answer stands between two lines with a fresh mark.
remote() { # line
  local mark dir all
  mark=coord-$$-$(od -An -N8 -tx1 /dev/urandom | tr -d ' \n')
  # ~ and $HOME are meant to be expanded over there, not here.
  # shellcheck disable=SC2016,SC2088
  case $REMOTE_DIR in
    '~') dir='"$HOME"' ;;
    '~/'*) dir='"$HOME"/'$(quoted "${REMOTE_DIR#\~/}") ;;
    "${HOME:-/}"/*) dir='"$HOME"/'$(quoted "${REMOTE_DIR#"$HOME"/}") ;;
    *) dir=$(quoted "$REMOTE_DIR") ;;
  esac
  all=$(
    # Only by the connection that is there: without it ssh would log in once more.
    if shared; then set -- "$1" -S "$work/s" -o ProxyCommand=false; else set -- "$1" -S none; fi
    line=$1
    shift
    run_ssh "$@" -T "$target" sh -s <<END
end() { printf '\n%s end %s\n' $mark "\$1"; exit; }
cd $dir && [ -d hpc_utils ] || end no-project
[ -x hpc_utils/bin/coord ] || end no-coord
printf '\n%s begin\n' $mark
$line
end \$?
END
  )
  all=$(printf '%s\n' "$all" | tr -d '\r')
  code=$(printf '%s\n' "$all" | sed -n "s/^$mark end //p" | tail -n 1)
  reply=$(printf '%s\n' "$all" | sed -n "/^$mark begin\$/,/^$mark end /p" | sed "1d; /^$mark end /d" | sed '${/^$/d;}')
  case $code in
    no-project) fail 78 "no project in $REMOTE_DIR on $LOGIN_NODE" 'there is no hpc_utils in it, or you may not enter it' 'correct REMOTE_DIR' ;;
    no-coord) fail 78 "coord is not installed in $REMOTE_DIR" 'hpc_utils/bin/coord is missing' 'ask who runs the project (README: Install)' ;;
    '' | *[!0-9]*) return 1 ;;
  esac
}

no_answer() {
  diagnose
  case $log_tail in
    '') fail 255 'no answer from the login node' 'the connection broke, or sh could not run there' 'try again' ;;
    *) fail 255 "cannot log in to $target" "$trouble" "$advice" ;;
  esac
}

field() { printf "%s" "$reply" | sed -n "s/.*\"$1\": *\"\{0,1\}\([^\",}]*\).*/\1/p" | tail -n 1; }

# Asks for the server. Sets node, port and token; false if the connection broke or it is to be asked again.
ask() { # the token of the server we had, if any
  spin_up
  remote "hpc_utils/bin/coord connect --json${1:+ --seen $1}${quiet:+ --quiet} </dev/null" || { spin_down && return 1; }
  spin_down
  case $code in
    0) ;;
    75)
      if [ -n "$1" ]; then return 1; fi
      fail 75 'no server yet' 'coord says why above' 'run this again: the job stays in the queue'
      ;;
    *) fail "$code" 'no server' 'coord says why above' 'do what it says, then run this again' ;;
  esac
  node=$(field node)
  port=$(field port)
  token=$(field token)
  # Nothing but a host name, a number and hexadecimal digits gets any further.
  case $node in '' | -* | .* | *[!A-Za-z0-9._-]*) node='' && fail 70 'the answer is no address' "coord said: $reply" 'report this' ;; esac
  case $port in '' | *[!0-9]* | ??????*) node='' && fail 70 'the answer is no address' "coord said: $reply" 'report this' ;; esac
  case $token in *[!0-9a-f]*) token='' ;; esac
}

# ---- the tunnel ----

# The HTTP status of the tunnel's other end and the seconds it took; 000 if none.
http_status() { # port
  if command -v curl >/dev/null 2>&1; then
    curl -s -o /dev/null --noproxy '*' --max-time 5 -w '%{http_code} %{time_total}' "http://127.0.0.1:$1/"
  else
    wget -q -S -O /dev/null --no-proxy --tries=1 --timeout=5 "http://127.0.0.1:$1/" 2>&1 |
      awk '/^ *HTTP\//{s=$2} END{print s ? s : "000"}'
  fi
}
answers() {
  case $(http_status "$open_port") in '' | 000*) return 1 ;; esac
}

taken() { # whether something of this computer listens on the port already
  command -v curl >/dev/null 2>&1 || return 1
  curl -s -o /dev/null --noproxy '*' --max-time 1 "http://127.0.0.1:$1/"
  [ $? != 7 ]
}

forward() { # local port
  if shared; then
    explain "ssh -O forward -L 127.0.0.1:$1:$node:$port"
    said=$(control forward -L "127.0.0.1:$1:$node:$port" 2>&1)
    return
  fi
  : >"$work/log"
  # Not by run_ssh: of a function in the background we would know the shell and not its ssh.
  # shellcheck disable=SC2086
  ssh $SSH_OPTIONS -E "$work/log" -o ConnectTimeout=20 -o ServerAliveInterval=5 -o ServerAliveCountMax=3 -S none -N \
    -o ExitOnForwardFailure=yes -L "127.0.0.1:$1:$node:$port" "$target" </dev/null &
  tunnel=$!
  note_process "$tunnel" tunnel
  # It listens only once it is logged in: as long as that takes a person.
  while ! taken "$1"; do
    if ! kill -0 "$tunnel" 2>/dev/null; then
      close_tunnel_process
      said=$(tail -n 1 "$work/log")
      case $said in *'orwarding'* | *'in use'*) return 1 ;; esac
      diagnose
      fail 255 "cannot log in to $target" "$trouble" "$advice"
    fi
    rest 1
  done
}

open_tunnel() {
  local try last said
  try=${open_port:-$LOCAL_PORT}
  last=$((LOCAL_PORT + 100))
  said=''
  shared || say 'this ssh cannot share a connection: you log in a second time, for the tunnel'
  while [ "$try" -lt "$last" ]; do
    if ! taken "$try" && forward "$try"; then
      open_port=$try
      [ "$try" = "$LOCAL_PORT" ] || say "port $LOCAL_PORT is taken on this computer: using $try"
      return
    fi
    try=$((try + 1))
  done
  fail 69 'no tunnel' "no free port from $LOCAL_PORT to $last, or forwarding is not allowed: $said" 'set LOCAL_PORT'
}

verify() {
  local end
  end=$(($(date +%s) + 10))
  until answers; do
    if [ "$(date +%s)" -ge "$end" ]; then
      diagnose
      case $log_tail in
        *'administratively prohibited'*) fail 69 'the login node does not forward to compute nodes' "$trouble" \
          "ask your admin: AllowTcpForwarding on $LOGIN_NODE, or another login node" ;;
        *) fail 69 'the tunnel is open, but the server does not answer through it' "no HTTP from $node:$port within 10 s" \
          "ask your admin whether $LOGIN_NODE reaches $node, port $port" ;;
      esac
    fi
    rest 0.3
  done
}

open_browser() {
  if [ "$browse" = no ]; then return; fi
  if [ -n "${BROWSER:-}" ]; then
    "$BROWSER" "$1" >/dev/null 2>&1 &
  elif [ "$(uname)" = Darwin ]; then
    open "$1"
  elif command -v wslview >/dev/null 2>&1; then
    wslview "$1"
  elif command -v cmd.exe >/dev/null 2>&1; then
    # WSL, Git Bash
    cmd.exe /c start "$1" >/dev/null 2>&1
  elif command -v xdg-open >/dev/null 2>&1 && [ -n "${DISPLAY:-}${WAYLAND_DISPLAY:-}" ]; then
    xdg-open "$1" >/dev/null 2>&1 &
  else
    say 'no browser found: open the address yourself'
  fi
}

# Returns when the page can no longer be reached; trouble says why.
watch() {
  local before now misses looked told asked
  before=$(date +%s)
  looked=$before
  asked=$before
  told=$before
  misses=0
  while :; do
    rest 3
    now=$(date +%s)
    if [ $((now - before)) -gt 30 ]; then
      say 'this computer slept'
      looked=0
    fi
    before=$now
    if ! connection_up; then
      trouble='the connection to the login node was lost'
      return
    fi
    if [ -n "$latency" ] && [ $((now - told)) -ge 30 ]; then
      told=$now
      say "the server answers in $(http_status "$open_port" | awk '{printf "%d ms", $2 * 1000}')"
    fi
    if [ $((now - looked)) -ge $((misses > 0 ? 3 : 15)) ]; then
      looked=$now
      if answers; then misses=0; else misses=$((misses + 1)); fi
      if [ "$misses" -ge 2 ]; then
        trouble="the server on $node:$port does not answer"
        return
      fi
    fi
    # A server that was restarted at the same address answers as before; only its token tells.
    if shared && [ $((now - asked)) -ge 45 ]; then
      asked=$((now + $(any_below 15)))
      if remote "sed -n 's/^TOKEN=//p' hpc_utils/server_info.txt 2>/dev/null" && [ -n "$reply" ] && [ "$reply" != "$token" ]; then
        trouble='the server was restarted'
        return
      fi
    fi
  done
}

# Gets the same page back on the same local port, however long that takes.
heal() {
  local had served address
  say "$trouble: asking again"
  had=$node:$port
  served=$token
  address=$open_port
  while :; do
    if ! shared; then
      close_tunnel_process
    elif ! connection_up; then
      close_connection
      log_in again
    fi
    if ask "$token"; then
      # Lost again in between.
      if shared && ! connection_up; then continue; fi
      if ! connection_up || [ "$node:$port" != "$had" ] || ! answers; then
        if shared; then control cancel -L "127.0.0.1:$open_port:${had%:*}:${had##*:}" >/dev/null 2>&1; fi
        open_tunnel
      fi
      if answers; then break; fi
    fi
    rest $((2 + $(any_below 4)))
  done
  if [ "$node:$port" != "$had" ]; then
    say "the server moved to $node:$port: reload the page"
  elif [ "$token" != "$served" ]; then
    say "a new server runs on $node:$port: reload the page"
  else
    say "back on $node:$port: reload the page"
  fi
  if [ "$open_port" != "$address" ]; then
    printf 'http://localhost:%s/app\n' "$open_port"
    open_browser "http://localhost:$open_port/app"
  fi
}

for word in "$@"; do
  case $word in
    --no-browser) browse=no ;;
    --print-url) browse=no quiet=yes ;;
    --latency) latency=yes ;;
    --status | --stop | --logs) action=${word#--} ;;
    --dry-run) dry_run=yes ;;
    --verbose) verbose=yes ;;
    --help | -h)
      usage
      exit
      ;;
    *) LOCAL_PORT='' && fail 64 "$word is no option" 'it is not in the list' 'see --help' ;;
  esac
done
settle_settings
if [ -n "$dry_run" ]; then
  printf 'ssh %s -M -f -N %s\n' "$SSH_OPTIONS" "$target"
  printf 'ssh %s sh -s     # cd %s && hpc_utils/bin/coord %s\n' "$target" "$REMOTE_DIR" "$action"
  [ "$action" != connect ] || printf 'ssh -O forward -L 127.0.0.1:%s:NODE:PORT %s\nhttp://localhost:%s/app\n' "$LOCAL_PORT" "$target" "$LOCAL_PORT"
  exit
fi
make_work
say "logging in to $target"
log_in first
if [ "$action" != connect ]; then
  remote "hpc_utils/bin/coord $action </dev/null" || no_answer
  [ -z "$reply" ] || printf '%s\n' "$reply"
  exit "$code"
fi
ask '' || no_answer
open_tunnel
verify
say "the server is on $node:$port. Ctrl+C closes the tunnel; the server stays."
printf 'http://localhost:%s/app\n' "$open_port"
open_browser "http://localhost:$open_port/app"
while :; do
  watch
  heal
done
