#!/bin/bash
# The shared part of the batch scripts, which source it in the folder that they were submitted from: the root of the repository.
#
# A warning before the time limit, a preemption or `scancel --signal` becomes a checkpoint and exit status 75 of the ranks; the
# job is then requeued and resumes from its newest checkpoint. How the warning reaches the ranks:
#   mpirun   Slurm signals only the batch shell (--signal=B:USR1@300), launch.sh passes the signal to mpirun, and mpirun to every rank.
#            Without the B: the signal would reach the job steps, which are Open MPI's daemons on the other nodes, and end them.
#            A job on one node has no job steps and is not told of a preemption. Use srun on partitions that preempt.
#   srun     Slurm signals the job steps (--signal=USR1@300), which are the ranks themselves.
# gpt1-dist also reads the end time of the job from Slurm, and stops in time if no signal comes.
set -euo pipefail

cd "${SLURM_SUBMIT_DIR:?run this with sbatch}"
source cluster/launch.sh

# Runs gpt1-dist on all ranks of the allocation, then ends or requeues the job.
#   run_and_requeue mpirun|srun ARGUMENTS-OF-GPT1-DIST…
run_and_requeue() {
  local launcher=$1 status=0 job program=${GPT1_DIST:-.build/release/gpt1-dist}
  shift
  if [[ ! -x $program ]]; then
    echo "$PWD: $program does not exist: run swift build -c release --product gpt1-dist, then submit again" >&2
    exit 2
  fi
  if [[ $launcher == srun ]]; then
    run_steps "$program" "$@" || status=$?
  else
    # A preemption sends SIGTERM to the job steps. Blocked there, it ends no daemon, and still reaches the ranks that the daemons started.
    export OMPI_MCA_orte_launch_agent='env --block-signal=TERM orted'
    launch -n "${SLURM_NTASKS:-1}" "$program" "$@" || status=$?
  fi
  if ((status == 75)); then
    # The job id of the last element of an array is that of the whole array, which would requeue all elements.
    job=${SLURM_ARRAY_JOB_ID:+${SLURM_ARRAY_JOB_ID}_$SLURM_ARRAY_TASK_ID}
    job=${job:-$SLURM_JOB_ID}
    scontrol requeue "$job" ||
      echo "job $job could not be requeued: submit it again to resume from its checkpoint" >&2
  fi
  exit "$status"
}

# Open MPI and Slurm of Debian 12 both speak PMIx 4. Ranks end one after another, also with 75, so the end of the first must not end
# the others at once; but ranks that wait for a dead rank must not wait forever.
run_steps() {
  # A preemption may signal this shell too; it ignores the signal and ends with its ranks.
  trap : HUP TERM USR1
  # srun of Slurm 22.05 and later no longer reads sbatch's --cpus-per-task.
  export SRUN_CPUS_PER_TASK=${SLURM_CPUS_PER_TASK:-1}
  # srun returns the highest status, or that of MPI_Abort. Once a watchdog has given the job up with 75, the ends of the other ranks are
  # its consequences, whatever their status: a stuck rank that had to be killed (137), one that wrote to a rank that had ended (141),
  # one that woke up again and found its connections broken (1). srun itself has said by then that there was a 75.
  local status=0 asked job watch
  asked=$(mktemp)
  srun --mpi=pmix --kill-on-bad-exit=0 --wait=60 "$@" \
    2> >(trap '' HUP TERM USR1; tee >(grep --line-buffered '^srun: .*Exited with exit code 75' >"$asked") >&2) &
  job=$!
  # With an unreachable node, srun continues for longer than it lets ranks wait for each other.
  (
    trap : HUP TERM USR1
    until [[ -s $asked ]]; do sleep 1; done
    sleep 85
    kill -KILL "$job"
  ) 2>/dev/null &
  watch=$!
  # A signal interrupts `wait` but does not end the job.
  while kill -0 "$job" 2>/dev/null; do wait "$job" 2>/dev/null || true; done
  wait "$job" 2>/dev/null || status=$?
  kill -KILL "$watch" 2>/dev/null || true
  wait "$watch" 2>/dev/null || true
  if ((status)) && [[ -s $asked ]]; then status=75; fi
  rm -f "$asked"
  return "$status"
}
