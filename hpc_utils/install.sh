#!/bin/bash
# Installs coord for a team, on the cluster, in the project on the shared filesystem:
#   bash hpc_utils/install.sh            (--help tells the rest)
set -u

usage() {
  cat <<'END'
Installs coord for a team: the binary, the directories with their modes, the app, a first user, a check, and the regular cleanup.

Usage: bash hpc_utils/install.sh [OPTION...]
       bash hpc_utils/install.sh uninstall

  --binary FILE   a static binary, or a .tar.gz with one; without it, it is built here with swift
  --group GROUP   the team's group: it may write in hpc_utils and read its scripts and settings, README.md, docs and systemd
  --app PATH      the annotation app, to be put where APP_PATH says: a folder, or a .whl, .zip or .tar.gz, with app.py in it
  --user NAME     who may log in; the password is asked for, or read from standard input
  --cron          install the cleanup in your crontab, without asking
  --systemd       install it as a timer of your systemd user manager, without asking
  --no-cleanup    install neither
  --service       install coord serve as a service of your systemd user manager (docs/service.md)
  --dry-run       say what would be done, and do nothing
  --help          print this

uninstall takes the cleanup and hpc_utils/bin away. Locks, logs, users and annotations stay.
Exit codes: 0 done or already so, 64 usage, 69 no binary, 74 the disk, 77 permission, 78 the check found something bad.
END
}

say() { printf 'install: %s\n' "$*"; }
fail() { # code what why next
  printf 'install: %s\n  why:  %s\n  next: %s\n' "$2" "$3" "$4" >&2
  exit "$1"
}

# Does it, or says it.
run() {
  if [ -n "$dry_run" ]; then
    printf 'would run:'
    printf ' %q' "$@"
    printf '\n'
  else
    "$@"
  fi
}

binary='' group='' app='' user='' cleanup=ask service='' dry_run='' action=install
while [ $# -gt 0 ]; do
  case $1 in
    --binary | --group | --app | --user)
      [ $# -gt 1 ] || fail 64 "$1 needs a value" 'nothing follows it' 'see --help'
      case $1 in --binary) binary=$2 ;; --group) group=$2 ;; --app) app=$2 ;; --user) user=$2 ;; esac
      shift
      ;;
    --cron) cleanup=cron ;;
    --systemd) cleanup=systemd ;;
    --no-cleanup) cleanup=none ;;
    --service) service=yes ;;
    --dry-run) dry_run=yes ;;
    --help | -h) usage && exit ;;
    uninstall) action=uninstall ;;
    *) fail 64 "$1 is no option" 'it is not in the list' 'see --help' ;;
  esac
  shift
done

start=$PWD
cd "$(dirname "$0")/.." || exit 74
root=$(pwd -P)
case $root in
  *[!A-Za-z0-9/._+@:=-]*) fail 78 "the project cannot be in $root" \
    'its path has blanks or signs that crontab and systemd read otherwise' 'move it to a plain path' ;;
esac
units=${XDG_CONFIG_HOME:-${HOME:-}/.config}/systemd/user
# One team's units, told apart from another's by the path.
team=$(printf '%s' "$root" | cksum | cut -d' ' -f1)
name=coord-cleanup-$team
line="*/10 * * * * $root/hpc_utils/bin/coord cleanup --root $root --quiet"

crontab_without() { crontab -l 2>/dev/null | grep -vF "$root/hpc_utils/bin/coord cleanup"; }

remove_cleanup() {
  if crontab -l 2>/dev/null | grep -qF "$root/hpc_utils/bin/coord cleanup"; then
    say 'taking the cleanup out of your crontab'
    if [ -z "$dry_run" ]; then crontab_without | crontab -; fi
  fi
  if [ -e "$units/$name.timer" ]; then
    say "taking the timer $name away"
    run systemctl --user disable --now "$name.timer"
    run rm -f "$units/$name.timer" "$units/$name.service"
    run systemctl --user daemon-reload
  fi
}

remove_service() {
  [ -e "$units/coord-$team.service" ] || return 0
  say "taking the service coord-$team away"
  run systemctl --user disable --now "coord-$team.service"
  run rm -f "$units/coord-$team.service"
  run systemctl --user daemon-reload
}

# Puts a unit of this project in its place.
put_unit() { # file in systemd/, name of the unit
  say "$units/$2"
  [ -z "$dry_run" ] || return 0
  sed "s|@ROOT@|$root|g" "systemd/$1" >"$units/$2" ||
    fail 74 "$units/$2 cannot be written" 'sed says why above' 'correct that'
}

if [ "$action" = uninstall ]; then
  remove_cleanup
  remove_service
  if [ -e hpc_utils/bin/coord ]; then
    say 'taking hpc_utils/bin away; locks, logs, users and annotations stay'
    run rm -f hpc_utils/bin/coord
    run rmdir hpc_utils/bin
  fi
  exit
fi

# ---- the binary ----
work=$(mktemp -d) || fail 74 'no temporary directory' 'mktemp failed' 'free some space in /tmp'
trap 'rm -rf "$work"' EXIT
if [ -n "$binary" ]; then
  case $binary in /*) ;; *) binary=$start/$binary ;; esac
  [ -r "$binary" ] || fail 69 "there is no binary $binary" 'it cannot be read' 'correct --binary'
  case $binary in
    *.tar.gz | *.tgz)
      tar -xzf "$binary" -C "$work" || fail 69 "$binary cannot be unpacked" 'tar says why above' 'fetch it again'
      binary=$(find "$work" -type f -name coord | head -n 1)
      [ -n "$binary" ] || fail 69 'the archive has no coord in it' 'no file of that name' 'fetch the right one'
      ;;
  esac
elif command -v swift >/dev/null 2>&1 && [ -e Package.swift ]; then
  say 'building coord'
  run swift build -c release -Xswiftc -static-executable || fail 69 'the build failed' 'swift says why above' 'correct that'
  binary=$root/.build/release/coord
elif [ -x hpc_utils/bin/coord ]; then
  binary=$root/hpc_utils/bin/coord
else
  fail 69 'there is no binary to install' 'this machine has no swift, and --binary was not given' \
    'build it on another machine (swift build -c release -Xswiftc -static-executable) and give it with --binary'
fi
if [ -z "$dry_run" ] && ! version=$("$binary" version 2>&1); then
  fail 69 "$binary does not run here" "$version" 'build it with -static-executable, for this kind of machine'
fi

# ---- directories and modes ----
[ -w hpc_utils ] || fail 77 'you may not write in hpc_utils' "it belongs to somebody else: $(ls -ld hpc_utils)" 'ask its owner'
# The directories get the mode of hpc_utils itself.
mode=$(stat -c %a hpc_utils)
if [ -n "$group" ]; then
  getent group "$group" >/dev/null || fail 78 "there is no group $group" 'getent does not know it' 'correct --group'
  mode=2775
  if ! { run chgrp "$group" hpc_utils && run chmod 2775 hpc_utils; }; then
    fail 77 "hpc_utils cannot be given to $group" 'only its owner can, and only to a group of his own' 'ask its owner'
  fi
fi
# Gives what was checked out, whatever its umask was, to the team: to read.
give() { # file...
  for file in "$@"; do
    if [ -n "$group" ] && [ -O "$file" ]; then run chgrp "$group" "$file" && run chmod g+rX "$file"; fi
  done
}
give hpc_utils/*.sh hpc_utils/*.conf hpc_utils/coord.cron README.md LICENSE docs docs/* systemd systemd/* systemd/*/*
if [ -n "$group" ] && [ -O . ]; then run chgrp "$group" . && run chmod g+rwxs .; fi
for folder in hpc_utils/bin hpc_utils/locks hpc_utils/logs; do
  [ -d $folder ] || run mkdir $folder || fail 74 "$folder cannot be made" 'mkdir says why above' 'correct that'
  if [ -O $folder ] || [ -n "$dry_run" ]; then
    [ -z "$group" ] || run chgrp "$group" $folder
    run chmod "$mode" $folder
  fi
done
if [ "$binary" != "$root/hpc_utils/bin/coord" ]; then
  # A whole new file under the old name: one that runs is not disturbed.
  if ! { run cp "$binary" hpc_utils/bin/.coord.new && run chmod 755 hpc_utils/bin/.coord.new &&
    run mv -f hpc_utils/bin/.coord.new hpc_utils/bin/coord; }; then
    rm -f hpc_utils/bin/.coord.new
    fail 74 'the binary cannot be put into hpc_utils/bin' 'cp says why above' 'look at space and quota'
  fi
elif [ -O "$binary" ]; then
  run chmod 755 "$binary"
fi
if [ -z "$dry_run" ]; then say "$version is in hpc_utils/bin"; fi

# ---- the app, and who may log in ----
setting() { # key default
  if [ -n "$dry_run" ]; then
    printf '%s\n' "$2"
  else
    hpc_utils/bin/coord settings --json --root "$root" | sed -n "s|.*\"$1\", \"value\": \"\([^\"]*\)\".*|\1|p"
  fi
}
path=$(setting APP_PATH visualize_accelerometry/app.py)
credentials=$(setting CREDENTIALS credentials.json)
if [ -z "$path" ] || [ -z "$credentials" ]; then
  fail 78 'the settings cannot be read' 'it is said above' 'correct hpc_utils/coord.conf'
fi
if [ -n "$app" ]; then
  case $app in /*) ;; *) app=$start/$app ;; esac
  [ -r "$app" ] || fail 69 "there is no app $app" 'it cannot be read' 'correct --app'
  place=$(dirname "$path")
  if [ -e "$path" ]; then
    say "$place is there already, and stays as it is"
  else
    source=$app
    if [ ! -d "$app" ]; then
      source=$work/app
      mkdir "$source"
      case $app in
        *.tar.gz | *.tgz) tar -xzf "$app" -C "$source" ;;
        *.whl | *.zip) python3 -m zipfile -e "$app" "$source" ;;
        *) fail 64 "$app is no app" 'it is neither a folder nor a .whl, .zip or .tar.gz' 'correct --app' ;;
      esac || fail 69 "$app cannot be unpacked" 'it is said above' 'fetch it again'
    fi
    # Of several the one that is nearest to the top.
    found=$(find "$source" -type f -name "$(basename "$path")" -printf '%d %h\n' | sort -n | head -n 1 | cut -d' ' -f2-)
    [ -n "$found" ] || fail 69 "$app has no $(basename "$path")" 'there is no file of that name in it' 'correct --app'
    say "the app goes to $place"
    if ! { run mkdir -p "$place/data/readings" "$place/data/output" && run cp -R "$found/." "$place/"; }; then
      fail 74 "the app cannot be put into $place" 'cp says why above' 'look at space and quota'
    fi
    # The next server may be a teammate's job: it has to read all and to save.
    run chgrp -R "$(stat -c %g hpc_utils)" "$place" && run chmod -R g+rX "$place"
    [ -z "$group" ] || run chmod -R g+w "$place/data"
    [ -z "$group" ] || run find "$place/data" -type d -exec chmod g+s {} +
  fi
fi
if [ -n "$user" ]; then
  run hpc_utils/bin/coord users add "$user" --root "$root" || fail 78 "$user was not added" 'it is said above' \
    'correct that, then: hpc_utils/bin/coord users add NAME'
fi
if [ -n "$group" ] && [ -O "$credentials" ]; then run chgrp "$group" "$credentials" && run chmod 640 "$credentials"; fi
# A checkout tracks it: `git commit -a` would publish the passwords, and `git stash` take them away.
case $(git --literal-pathspecs ls-files -v -- "$credentials" 2>/dev/null) in
  '' | 'S '*) ;;
  *)
    if run git --literal-pathspecs update-index --skip-worktree -- "$credentials"; then
      say "git passes over $credentials from now on: git update-index --no-skip-worktree $credentials takes that back"
    else
      say "git does not pass over $credentials, and says why above: do not commit it"
    fi
    ;;
esac

# ---- is everything as coord needs it? ----
run hpc_utils/bin/coord doctor --root "$root"
healthy=$?

# ---- the regular cleanup ----
if [ "$cleanup" = ask ]; then
  cleanup=none
  if [ -t 0 ] && [ -z "$dry_run" ]; then
    printf 'Run the cleanup every 10 minutes? c: by your crontab, s: by your systemd user manager, n: no [c/s/n] '
    read -r answer
    case $answer in c*) cleanup=cron ;; s*) cleanup=systemd ;; esac
  fi
fi
case $cleanup in
  cron)
    remove_cleanup
    command -v crontab >/dev/null 2>&1 || fail 78 'there is no crontab on this machine' 'the command was not found' 'use --systemd'
    say "your crontab gets: $line"
    if [ -z "$dry_run" ]; then
      {
        crontab_without
        printf '%s\n' "$line"
      } | crontab - || fail 78 'the crontab was not changed' 'crontab says why above' 'use --systemd'
    fi
    ;;
  systemd)
    remove_cleanup
    run mkdir -p "$units"
    for kind in service timer; do put_unit "coord-cleanup.$kind" "$name.$kind"; done
    run systemctl --user daemon-reload
    run systemctl --user enable --now "$name.timer" || fail 78 'the timer was not started' 'systemctl says why above' 'use --cron'
    ;;
  none) say 'no regular cleanup: bash hpc_utils/install.sh --cron installs it later' ;;
esac
if [ -n "$service" ]; then
  run mkdir -p "$units"
  put_unit coord.service "coord-$team.service"
  run systemctl --user daemon-reload
  run systemctl --user enable "coord-$team.service"
  run systemctl --user restart "coord-$team.service" || fail 78 'the service was not started' 'systemctl says why above' \
    "correct it (is SOCKET set in hpc_utils/coord.conf?): systemctl --user status coord-$team"
fi
if [ "$healthy" != 0 ]; then
  fail 78 'installed, but the check found something bad' 'see the lines that begin with "bad" above' \
    'correct it, then: hpc_utils/bin/coord doctor'
fi
say 'done. More users: hpc_utils/bin/coord users add NAME'
