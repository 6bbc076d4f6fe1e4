#!/bin/bash
# What the batch scripts share; sourced by them in the folder they were submitted from, the root of the repository.
#
# Slurm sends SIGUSR1 to the batch shell alone (--signal=B:USR1@300), 300 s before the time limit; `launch` passes it to
# mpirun, mpirun to every rank. Without the B: it would reach the job's steps instead, which are Open MPI's daemons on the
# other nodes, and end them. On exit status 75 (checkpointed and stopped on request) the job goes back into the queue and
# resumes from its newest checkpoint when it starts again.
set -euo pipefail

cd "${SLURM_SUBMIT_DIR:?run this with sbatch}"
source cluster/launch.sh

# gpt1-dist with these arguments on all ranks of the allocation, then the end of the job.
run_and_requeue() {
  local program status=0
  program=$(swift build -c release --show-bin-path 2>/dev/null)/gpt1-dist || true
  if [[ ! -x $program ]]; then
    echo "$PWD: no gpt1-dist here: run swift build -c release --product gpt1-dist, then submit again" >&2
    exit 2
  fi
  launch -n "${SLURM_NTASKS:-1}" "$program" "$@" || status=$?
  if ((status == 75)); then
    scontrol requeue "$SLURM_JOB_ID" ||
      echo "job $SLURM_JOB_ID could not be requeued: submit it again, it resumes from its checkpoint" >&2
  fi
  exit "$status"
}
