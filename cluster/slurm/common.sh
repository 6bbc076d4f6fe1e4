#!/bin/bash
# What the batch scripts share; sourced by them in the folder they were submitted from, the root of the repository.
#
# A warning before the time limit, a preemption or `scancel --signal` becomes a checkpoint and exit status 75 of the ranks; the
# job then goes back into the queue and resumes from its newest checkpoint. How the warning reaches the ranks:
#   mpirun   Slurm signals the batch shell alone (--signal=B:USR1@300), launch.sh passes it to mpirun, mpirun to every rank.
#            Without the B: it would reach the job's steps, which are Open MPI's daemons on the other nodes, and end them.
#            Of a preemption a job on one node is not told: it has no steps. Use srun on partitions that preempt.
#   srun     Slurm signals the steps (--signal=USR1@300), and those are the ranks themselves.
# gpt1-dist also reads the job's end from Slurm, and stops in time should no signal come.
set -euo pipefail

cd "${SLURM_SUBMIT_DIR:?run this with sbatch}"
source cluster/launch.sh

# gpt1-dist on all ranks of the allocation, then the end of the job.
#   run_and_requeue mpirun|srun ARGUMENTS-OF-GPT1-DIST…
run_and_requeue() {
  local launcher=$1 status=0 job program=${GPT1_DIST:-.build/release/gpt1-dist}
  shift
  if [[ ! -x $program ]]; then
    echo "$PWD: no $program here: run swift build -c release --product gpt1-dist, then submit again" >&2
    exit 2
  fi
  if [[ $launcher == srun ]]; then
    run_steps "$program" "$@" || status=$?
  else
    # A preemption sends SIGTERM to the steps. Blocked, it ends no daemon, and still reaches the ranks that those started.
    export OMPI_MCA_orte_launch_agent='env --block-signal=TERM orted'
    launch -n "${SLURM_NTASKS:-1}" "$program" "$@" || status=$?
  fi
  if ((status == 75)); then
    # The last element of an array has the array's own number as its job id, and that would requeue all elements.
    job=${SLURM_ARRAY_JOB_ID:+${SLURM_ARRAY_JOB_ID}_$SLURM_ARRAY_TASK_ID}
    job=${job:-$SLURM_JOB_ID}
    scontrol requeue "$job" ||
      echo "job $job could not be requeued: submit it again; it resumes from its checkpoint" >&2
  fi
  exit "$status"
}

# Open MPI and Slurm of Debian 12 meet in PMIx 4. Ranks end one after another, with 75 too, so the first one's end may not
# end the others at once; but those that wait for a dead rank do not wait for ever.
run_steps() {
  # A preemption may signal this shell too; it ends with its ranks.
  trap : HUP TERM USR1
  # srun of Slurm 22.05 and later no longer reads sbatch's --cpus-per-task.
  export SRUN_CPUS_PER_TASK=${SLURM_CPUS_PER_TASK:-1}
  # srun returns the highest status. A stuck rank that had to be killed (137), or one that wrote to a rank that had ended (141), hides
  # the 75 of those whose watchdogs gave the job up; srun itself has said by then that there was one.
  local status=0 asked job watch
  asked=$(mktemp)
  srun --mpi=pmix --kill-on-bad-exit=0 --wait=60 "$@" \
    2> >(trap '' HUP TERM USR1; tee >(grep --line-buffered '^srun: .*Exited with exit code 75' >"$asked") >&2) &
  job=$!
  # A node that cannot be reached keeps srun for longer than it lets ranks wait for each other.
  (
    trap : HUP TERM USR1
    until [[ -s $asked ]]; do sleep 1; done
    sleep 85
    kill -KILL "$job"
  ) 2>/dev/null &
  watch=$!
  # A signal ends `wait`, not the job.
  while kill -0 "$job" 2>/dev/null; do wait "$job" 2>/dev/null || true; done
  wait "$job" 2>/dev/null || status=$?
  kill -KILL "$watch" 2>/dev/null || true
  wait "$watch" 2>/dev/null || true
  if ((status > 128)) && [[ -s $asked ]]; then status=75; fi
  rm -f "$asked"
  return "$status"
}
