#!/bin/bash
# Runs mpirun so that a request to stop becomes a checkpoint and exit status 75. A lost node also ends with 75.
#   cluster/launch.sh MPIRUN-ARGUMENTS…       or: source cluster/launch.sh; launch MPIRUN-ARGUMENTS…
#
# By itself, Open MPI 4 answers Ctrl-C and SIGTERM by killing its ranks after a second, and returns 1. Only SIGUSR1 is passed on
# to the ranks, and only then does mpirun return their own status. So mpirun runs here in a separate session, which the terminal
# cannot signal, and every request to stop (Ctrl-C, SIGTERM, SIGHUP, SIGUSR1) reaches the ranks as SIGUSR1. A second Ctrl-C does not
# wait for the checkpoint.
#
# If a node dies, mpirun returns 205. If its link is cut, the watchdog ends the remaining ranks, but mpirun waits for the node
# forever. In both cases launch.sh ends with 75: run the same command again. LAUNCH_PATIENCE is the number of seconds that mpirun may
# continue after its ranks have begun to end (default 20).
#
# LAUNCH_BINDING replaces --bind-to none, with which the ranks of a node share all its CPUs. With one rank per NUMA domain, set
# LAUNCH_BINDING='--map-by ppr:1:numa --bind-to numa': a rank's threads then stay beside its memory.
#
# The variables that choose the kernels of matrix products are passed to the ranks on all nodes: OPENBLAS_*, ONEDNN_*, DNNL_*,
# GLIBC_TUNABLES.
set -euo pipefail

# Passes a request to stop to the job of `launch`. A Ctrl-C after that does not wait for the checkpoint.
ask_to_stop() {
  asked=1
  if [[ $job ]]; then kill -USR1 "$job" 2>/dev/null || true; fi
  trap 'if [[ $job ]]; then kill -TERM "$job" 2>/dev/null || true; fi' INT
}

launch() {
  local job='' asked='' status=0 errors sieve watch notes waited=0
  # Set before the job exists: a signal that ended this shell now would leave mpirun alone in its session.
  trap ask_to_stop HUP INT TERM USR1
  if ((EUID == 0)); then export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1; fi
  export HOME="${HOME:-/}"  # mpirun crashes if a user has neither HOME nor a line in /etc/passwd.
  notes=$(mktemp -d)
  local passed=() settings=()
  pass_kernels_on "$@"
  exec {errors}> >(sift "$notes")
  sieve=$!
  # Unbound ranks see all CPUs of the node and share them fairly. A rank bound to one core would have only one thread.
  local binding
  read -ra binding <<<"${LAUNCH_BINDING:---bind-to none}"
  setsid env "${settings[@]}" mpirun "${binding[@]}" "${passed[@]}" "$@" </dev/null 2>&"$errors" {errors}>&- &
  job=$!
  exec {errors}>&-
  end_with_its_ranks "$job" "$notes" &
  watch=$!
  if [[ $asked ]]; then ask_to_stop; fi
  # A signal interrupts `wait` but does not end the job.
  while kill -0 "$job" 2>/dev/null; do wait "$job" 2>/dev/null || true; done
  wait "$job" 2>/dev/null || status=$?
  # Wait for the last output; no other process holds the pipe for long.
  while kill -0 "$sieve" 2>/dev/null && ((++waited < 50)); do sleep 0.1; done
  kill -KILL "$sieve" "$watch" 2>/dev/null || true
  wait "$watch" 2>/dev/null || true
  trap - HUP INT TERM USR1
  if [[ -e $notes/killed ]] || ((status == 205)); then
    echo "launch.sh: a node was lost (mpirun: $status): run the same command again to resume from the newest checkpoint" >&2
    status=75
  elif ((status != 0 && status != 75)); then
    echo "launch.sh: mpirun ended with status $status" >&2
  fi
  rm -rf "$notes"
  return "$status"
}

# Makes mpirun pass the variables that choose kernels to all ranks: by the list in its environment (`settings`), or by -x (`passed`)
# if the arguments use -x, because Open MPI refuses both together.
pass_kernels_on() {
  local name names=()
  for name in $(compgen -e); do
    case $name in OPENBLAS_* | ONEDNN_* | DNNL_* | GLIBC_TUNABLES) names+=("$name") ;; esac
  done
  ((${#names[@]})) || return 0
  if [[ " $* " == *' -x '* ]]; then
    for name in "${names[@]}"; do passed+=(-x "$name"); done
  else
    settings=("OMPI_MCA_mca_base_env_list=${OMPI_MCA_mca_base_env_list:+$OMPI_MCA_mca_base_env_list;}$(
      IFS=';'
      echo "${names[*]}"
    )")
  fi
}

# Passes on what mpirun and the ranks print, except Open MPI's twelve lines about ranks that end with 75, which is not an error.
# `launch` reports other statuses in one line. $1/ending exists once ranks have begun to end.
sift() {
  trap '' HUP INT TERM USR1 PIPE
  set +e  # a log without a reader does not end the run
  local line held='' dashes
  dashes=$(printf -- '-%.0s' {1..74})
  while IFS= read -r line || [[ $line ]]; do
    if [[ $line == *'The job ends here, with status 75'* || $line == 'Primary job  terminated normally, but '* ]]; then
      : >"$1/ending"
    fi
    case $held in
      '') if [[ $line == "$dashes" ]]; then held=$line; else printf '%s\n' "$line"; fi ;;
      "$dashes")
        # This line ends one message of Open MPI and begins the next.
        if [[ $line == "$dashes" ]]; then
          printf '%s\n' "$line"
          continue
        fi
        held+=$'\n'$line
        case $line in
          'Primary job  terminated normally, but '* | 'mpirun detected that one or more processes exited with non-zero'*) ;;
          *)
            printf '%s\n' "$held"
            held=''
            ;;
        esac
        ;;
      *)
        held+=$'\n'$line
        if [[ $line != "$dashes" ]]; then continue; fi
        if [[ $held == *$'\n  Exit code:    '* && $held != *$'\n  Exit code:    75\n'* ]]; then
          printf '%s\n' "$held"
        else
          # Keep the lines that a rank printed in between.
          grep -vE '^(-{74}|Primary job  .*|a non-zero exit code\..*|mpirun detected .*|the job to be .*|  Process name: .*|  Exit code: .*|)$' \
            <<<"$held" || true
        fi
        held=''
        ;;
    esac
  done
  if [[ $held ]]; then printf '%s\n' "$held"; fi
} >&2

# Kills mpirun, process $1, if it continues long after its ranks have ended, because it waits for a node that it cannot reach. Ranks
# on this node are its children; the end of ranks on other nodes is known from their output.
end_with_its_ranks() {
  trap '' HUP INT TERM USR1
  local job=$1 notes=$2 left=${LAUNCH_PATIENCE:-20} children child name had='' has
  while kill -0 "$job" 2>/dev/null; do
    has=''
    children=$(cat "/proc/$job/task/$job/children" 2>/dev/null) || true
    for child in $children; do
      name=$(cat "/proc/$child/comm" 2>/dev/null) || continue
      case $name in ssh | rsh | srun | orted | mpirun) ;; *) has=1 had=1 ;; esac
    done
    if [[ ! $has && ($had || -e $notes/ending) ]]; then
      if ((left-- <= 0)); then
        : >"$notes/killed"
        # Also its ssh to that node, which would hold the pipe.
        # shellcheck disable=SC2086  # numbers
        kill -KILL "$job" $children 2>/dev/null || true
        return 0
      fi
    fi
    sleep 1
  done
}

if [[ ${BASH_SOURCE[0]} == "$0" ]]; then launch "$@"; fi
