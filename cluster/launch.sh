#!/bin/bash
# mpirun that can be stopped: a request to stop becomes a checkpoint and exit status 75.
#   cluster/launch.sh MPIRUN-ARGUMENTS…       or: source cluster/launch.sh; launch MPIRUN-ARGUMENTS…
#
# Left alone, Open MPI 4 answers Ctrl-C and SIGTERM by killing its ranks after a second and returns 1; only SIGUSR1 does it
# pass on and return the ranks' own status. So mpirun runs in a session of its own, out of the terminal's reach, and
# every request that arrives here reaches the ranks as SIGUSR1. A second Ctrl-C does not wait for the checkpoint.
set -euo pipefail

launch() {
  local job status=0
  if ((EUID == 0)); then export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1; fi
  # Unbound ranks see all CPUs of the node and share them fairly; a binding to one core would leave a team of one thread.
  setsid mpirun --bind-to none "$@" </dev/null &
  job=$!
  # shellcheck disable=SC2064  # the job's number as it is now
  trap "kill -USR1 $job 2>/dev/null || true; trap 'kill -TERM $job 2>/dev/null || true' INT" HUP INT TERM USR1
  # A signal ends `wait`, not the job.
  while kill -0 "$job" 2>/dev/null; do wait "$job" || true; done
  wait "$job" || status=$?
  trap - HUP INT TERM USR1
  return "$status"
}

if [[ ${BASH_SOURCE[0]} == "$0" ]]; then launch "$@"; fi
