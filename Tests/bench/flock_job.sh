#!/bin/bash
#SBATCH --nodes=1
#SBATCH --ntasks-per-node=1
#SBATCH --mem-per-cpu=1500
#SBATCH --time=36:00:00
#SBATCH --output=wrapper/job-%j.log
#SBATCH --no-requeue
# The job of flock_wrapper.sh: the same server as coord's.
umask 007
# shellcheck source=/dev/null
. hpc_utils/env.sh
port=$((20000 + SLURM_JOB_ID % 10000))
printf 'JOB_ID=%s\nNODE=%s\nPORT=%s\n' "$SLURM_JOB_ID" "$SLURMD_NODENAME" "$port" >"wrapper/info.$SLURM_JOB_ID"
chmod 664 "wrapper/info.$SLURM_JOB_ID"
mv -f "wrapper/info.$SLURM_JOB_ID" wrapper/server_info.txt
exec panel serve app.py --port="$port"
