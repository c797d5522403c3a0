#!/bin/bash
#SBATCH --job-name=py_accel_viewer
#SBATCH --nodes=1
#SBATCH --ntasks-per-node=16
#SBATCH --mem-per-cpu=1500
#SBATCH --time=36:00:00
#SBATCH --output=hpc_utils/logs/panel-server-%j.log
#SBATCH --open-mode=append
#SBATCH --no-requeue
#SBATCH --comment=coord
#
# The data server's job. `coord connect` submits it; by hand, from the project folder:
#   sbatch hpc_utils/start_server.sh
# The job serves only if the team has no other server; else it says where that is and ends.
#
# What the marked lines and env.sh assign is theirs alone: what this script needs after them cannot be changed.
readonly coord_token=${1:-}

# Slurm runs a copy of this script in the folder of the sbatch call: look upward from there.
coord_root=$PWD
while [ ! -d "$coord_root/hpc_utils" ] && [ "$coord_root" != / ]; do coord_root=$(dirname "$coord_root"); done
# Where it could not be entered the job is in /tmp, and what lies there may be anybody's. coord says which path it has on the login
# node.
if [ "$PWD" = /tmp ] || [ ! -d "$coord_root/hpc_utils" ]; then coord_root=${2:-/nonexistent}; fi
readonly coord_root
cd "$coord_root" || exit 78

# sbatch hands on all of the submitter's environment: a PORT in there is Jenkins's, Kubernetes's or a person's own.
unset PORT CREDENTIALS APP_PATH STATUS_FILE NUM_PROCS

# >>> your cluster: modules, conda, venv >>>
# module load python/3.11
# conda activate accel
# Settings of the job alone, over coord.conf: PORT, CREDENTIALS, APP_PATH, STATUS_FILE; others by export COORD_NAME=...
# PORT=7860
# Or keep such lines in hpc_utils/env.sh, which git does not track. What it prints is in the job's log.
builtin cd "$coord_root" || exit 78
[ -r hpc_utils/read_env.sh ] || { printf 'start_server.sh: hpc_utils/read_env.sh is missing, or not to be read\n' >&2 && exit 78; }
. hpc_utils/read_env.sh
# Worker processes of the server.
NUM_PROCS=${NUM_PROCS:-${SLURM_NTASKS_PER_NODE:-1}}
# <<< your cluster <<<

# Functions of theirs with such names do not count here.
unset -f cd umask printf exit set exec
cd "$coord_root" || exit 78
# What the server saves belongs to the team: the next one may be a teammate's job.
umask 007

if [ ! -x hpc_utils/bin/coord ]; then
  printf 'start_server.sh: hpc_utils/bin/coord is missing in %s\n' "$coord_root" >&2
  printf '  next: build it: swift build -c release -Xswiftc -static-executable (see README)\n' >&2
  exit 78
fi

# What was assigned above, by the names of the deployment guide.
set -- --root "$coord_root" --token "$coord_token"
for coord_name in PORT CREDENTIALS APP_PATH STATUS_FILE; do
  [ -z "${!coord_name:-}" ] || set -- "$@" --set "$coord_name=${!coord_name}"
done

# coord fills in {port}, {app}, {app_dir} and {credentials}, and passes the cookie secret by the environment.
exec hpc_utils/bin/coord supervise "$@" -- \
  panel serve '{app}' --port='{port}' \
  --basic-auth='{credentials}' --basic-login-template='{app_dir}/templates/login.html' \
  --unused-session-lifetime=600000 --liveness --num-procs="$NUM_PROCS"
