#!/bin/bash
# mpirun that can be stopped: a request to stop becomes a checkpoint and exit status 75.
#   cluster/launch.sh MPIRUN-ARGUMENTS…       or: source cluster/launch.sh; launch MPIRUN-ARGUMENTS…
#
# Left alone, Open MPI 4 answers Ctrl-C and SIGTERM by killing its ranks after a second and returns 1; only SIGUSR1 does it
# pass on and return the ranks' own status. So mpirun runs in a session of its own, out of the terminal's reach, and
# every request that arrives here reaches the ranks as SIGUSR1. A second Ctrl-C does not wait for the checkpoint.
set -euo pipefail

# Passes a request to stop on to launch's job; from then on Ctrl-C does not wait.
ask_to_stop() {
  asked=1
  if [[ $job ]]; then kill -USR1 "$job" 2>/dev/null || true; fi
  trap 'if [[ $job ]]; then kill -TERM "$job" 2>/dev/null || true; fi' INT
}

launch() {
  local job='' asked='' status=0
  # Before there is a job: a request that ended this shell now would leave mpirun alone in its session.
  trap ask_to_stop HUP INT TERM USR1
  if ((EUID == 0)); then export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1; fi
  export HOME="${HOME:-/}"  # mpirun itself crashes where a user has neither HOME nor a line in /etc/passwd.
  # Unbound ranks see all CPUs of the node and share them fairly; a binding to one core would leave a team of one thread.
  setsid mpirun --bind-to none "$@" </dev/null &
  job=$!
  if [[ $asked ]]; then ask_to_stop; fi
  # A signal ends `wait`, not the job.
  while kill -0 "$job" 2>/dev/null; do wait "$job" || true; done
  wait "$job" || status=$?
  trap - HUP INT TERM USR1
  return "$status"
}

if [[ ${BASH_SOURCE[0]} == "$0" ]]; then launch "$@"; fi
