#!/bin/bash
# The whole thing on one machine, without Slurm: builds coord, installs the real annotation app and a sample recording
# in demo/, starts the server through `coord connect`, and prints the address and a login.
#   bash hpc_utils/demo.sh           leaves the server running (stop it: see what it prints)
#   bash hpc_utils/demo.sh --check   logs in over HTTP, proves the page, stops the server, exits
set -eu
cd "$(dirname "$0")/.."
check=''
case ${1:-} in
  '') ;;
  --check) check=1 ;;
  *)
    printf 'demo.sh: %s is not understood\n  next: bash hpc_utils/demo.sh [--check]\n' "$1" >&2
    exit 64
    ;;
esac
# Where everything of the demo is, and the Python (3.9 to 3.12) that its venv is made with.
demo=${DEMO_DIR:-$PWD/demo}
python=${PYTHON:-python3}
say() { printf 'demo: %s\n' "$*" >&2; }

say 'building coord'
command -v swift >/dev/null || {
  say 'swift is missing: install the Swift toolchain (6.2 or later)'
  exit 78
}
swift build -c release -Xswiftc -static-executable >&2
mkdir -p "$demo/hpc_utils/bin" "$demo/hpc_utils/logs"
# By rename: a coord that runs from an earlier demo keeps its file.
cp .build/release/coord "$demo/hpc_utils/bin/coord.new"
mv -f "$demo/hpc_utils/bin/coord.new" "$demo/hpc_utils/bin/coord"
cp hpc_utils/start_server.sh hpc_utils/read_env.sh hpc_utils/stop_server.sh "$demo/hpc_utils/"
sed 's/^SCHEDULER=.*/SCHEDULER=local/' hpc_utils/coord.conf >"$demo/hpc_utils/coord.conf"

venv=$demo/venv
if [ ! -e "$venv/.complete" ]; then
  say 'installing the annotation app (a minute, some 450 MB)'
  # On Debian venv needs the package python3-venv.
  if ! "$python" -m venv "$venv" >/dev/null 2>&1; then
    if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
      apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq python3-venv >/dev/null
      "$python" -m venv "$venv"
    else
      say 'python3 -m venv failed: install python3-venv'
      exit 78
    fi
  fi
  "$venv/bin/pip" install -q --disable-pip-version-check accelerometry-annotator==3.5.3 tables
  touch "$venv/.complete"
fi
if [ ! -e "$demo/visualize_accelerometry/app.py" ]; then
  # Served from site-packages an admin gets a blank page: the app looks for credentials.json beside its folder.
  cp -r "$("$venv/bin/python" -c 'import importlib.util as u; print(u.find_spec("visualize_accelerometry").submodule_search_locations[0])')" "$demo/"
fi
data=$demo/visualize_accelerometry/data
mkdir -p "$data/readings" "$data/output"
if ! ls "$data"/readings/*.h5 >/dev/null 2>&1; then
  say 'making a sample recording'
  "$venv/bin/python" - "$data/readings/900001-20230315093000.h5" <<'PYTHON'
import sys

import numpy as np
import pandas as pd

rate, seconds = 80, 1200
t = np.arange(rate * seconds) / rate
walking = (t % 300 > 120) & (t % 300 < 240)
swing = np.where(walking, 0.35, 0.02) * np.sin(2 * np.pi * 1.8 * t)
noise = np.random.default_rng(1).normal(0, 0.02, (3, t.size))
pd.DataFrame({
    "timestamp": pd.Timestamp("2023-03-15 09:30:00") + pd.to_timedelta(t, unit="s"),
    "x": swing + noise[0], "y": 0.5 * swing + noise[1], "z": 1 + 0.3 * swing + noise[2],
}).to_hdf(sys.argv[1], key="readings", format="table", data_columns=["timestamp"])
PYTHON
fi
if [ ! -e "$demo/credentials.json" ]; then
  password=$(od -An -N6 -tx1 /dev/urandom | tr -d ' \n')
  (umask 027 && printf '{"megan": "%s"}\n' "$password" >"$demo/credentials.json")
fi
password=$(sed -n 's/.*"megan": "\([^"]*\)".*/\1/p' "$demo/credentials.json")

say 'starting the server'
export PATH="$venv/bin:$PATH" COORD_ROOT="$demo"
address=$("$demo/hpc_utils/bin/coord" connect)
url=http://localhost:${address##*:}/app
printf 'URL:      %s\nlogin:    megan\npassword: %s\nstop:     bash %s/hpc_utils/stop_server.sh\n' \
  "$url" "$password" "$demo"
[ -n "$check" ] || exit 0

trap '"$demo/hpc_utils/bin/coord" stop --quiet' EXIT
"$venv/bin/python" - "$url" megan "$password" <<'PYTHON'
import http.cookiejar
import sys
import urllib.error
import urllib.parse
import urllib.request

url, user, password = sys.argv[1:]
login = url.rsplit("/", 1)[0] + "/login"


def page(secret):
    """The app's page for this password, or None where the server does not let it in."""
    opener = urllib.request.build_opener(
        urllib.request.ProxyHandler({}), urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar()))
    opener.open(login).read()
    form = urllib.parse.urlencode({"username": user, "password": secret}).encode()
    try:
        opener.open(login, form).read()
        answer = opener.open(url)
    except urllib.error.HTTPError:
        return None
    text = answer.read().decode()
    return text if answer.geturl() == url and "bokeh" in text.lower() else None


assert page("wrong " + password) is None, "a wrong password was let in"
text = page(password)
assert text is not None and "docs_json" in text, "no annotation page after the login"
print("check:    logged in, and the annotation page is there")
PYTHON
