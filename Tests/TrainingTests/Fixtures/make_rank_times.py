#!/usr/bin/env python3
"""The times of a run of two ranks, from its metrics.jsonl: a line a step, microseconds of rank 0, rank 1 and of the whole step.

  mpirun --bind-to none -n 2 gpt1-dist pretrain --preset debug --data data --out run --threads 1 --steps 1500 --evaluate-every 0
  make_rank_times.py run >short-steps.csv          (long-steps.csv: --preset mini --steps 300)

Recorded on a virtual machine with 2 CPUs (Intel Xeon, 2.5 GHz) on which other people compiled: a load of 2 to 5 beside the ranks.
"""
import json
import sys

print("# microseconds of rank 0, of rank 1, of the whole step; made by make_rank_times.py")
for line in open(sys.argv[1] + "/metrics.jsonl"):
    step = json.loads(line)
    if step.get("loss") is None or "slowestRank" not in step:
        continue
    times = [step["secondsComputeMin"]] * 2
    times[step["slowestRank"]] = step["secondsComputeMax"]
    times.append(step["secondsCompute"] + step["secondsCommunication"])
    print(",".join(str(round(1e6 * seconds)) for seconds in times))
