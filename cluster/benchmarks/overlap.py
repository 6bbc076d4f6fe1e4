"""Measure training steps of two ranks on two virtual nodes with a 1 Gb/s link, alternating between the ways to combine gradients."""

import json
import os
import shlex
import statistics
import subprocess
import tempfile
from pathlib import Path

import report

TESTBED = str(report.ROOT / "cluster/testbed")
RATE = "1gbit"
# The paper's model, 2,048 tokens a rank, one thread a rank.
SHAPE = ["--preset", "gpt1", "--micro-batch", "4", "--threads", "1"]
STEPS, WARM_UP = 2, 1
WAYS = [("allreduce", "fp32"), ("overlapped", "fp32"), ("allreduce", "bf16"), ("overlapped", "bf16")]


def obstacle():
    """The reason why virtual nodes cannot be simulated here; empty if they can."""
    check = subprocess.run([TESTBED, "--check"], text=True, capture_output=True)
    return check.stderr.strip() if check.returncode else ""


def tokens():
    """Those that `make quickstart` prepared: random ones touch more rows of the embedding than text does."""
    return ["--data", "data"] if (report.ROOT / "data/dataset.json").exists() else []


def bench(program, *more):
    steps = ["--steps", str(STEPS), "--warm-up", str(WARM_UP)]
    return [program, "bench", *SHAPE, *steps, *tokens(), *more, "--json"]


def on_two_nodes(program, reduce, wire):
    return ["mpirun", "-n", "2", "--bind-to", "none", "--hostfile", "{hostfile}", *bench(program, "--batch", "8", "--reduce", reduce, "--wire", wire)]


def alone(program):
    """One rank alone on each node at the same time: both cores are busy, nothing is sent. Prints both results."""
    own = shlex.join(bench(program, "--batch", "4"))
    script = (
        f'cd {shlex.quote(str(report.ROOT))}; ssh -F "$TESTBED_SSH_CONFIG" node2 {shlex.quote(f"cd {report.ROOT} && {own}")} >"$1" & '
        f'{own} >"$2"; wait; cat "$1" "$2"')
    return ["bash", "-c", script]


def in_testbed(command):
    """The results that a command printed, and the megabytes that a node sent."""
    with tempfile.TemporaryDirectory() as folder:
        counters = f"{folder}/counters.json"
        more = [f"{folder}/{name}" for name in ("bash", "one", "two")] if command[0] == "bash" else []
        text = report.run([TESTBED, "--rate", RATE, "--counters", counters, "--", *command, *more])
        nodes = json.loads(Path(counters).read_text())["nodes"]
    results = [json.loads(line) for line in text.strip().splitlines() if line.startswith("{")]
    return results, max(node["bytesSent"] for node in nodes) / 1e6


def measure(program):
    def page(options):
        rounds, load = [], os.getloadavg()[1]
        for _ in range(options.rounds):
            results, _ = in_testbed(alone(program))
            if len(results) != 2:
                report.fail("one of the two nodes measured nothing")
            one = {"alone": max(results, key=lambda result: result["secondsPerStep"])}
            for reduce, wire in WAYS:
                results, sent = in_testbed(on_two_nodes(program, reduce, wire))
                one[reduce, wire] = results[0] | {"sent": sent / (STEPS + WARM_UP)}
            rounds.append(one)
        body = describe(rounds, program)
        facts = {"link": f"{RATE}, {TESTBED}", "tokens": " ".join(tokens()) or "random", "rounds": options.rounds,
                 "load of the machine": f"{load:.1f} before, {os.getloadavg()[1]:.1f} after"}
        report.write(options, "overlap", "Communication beside backward, over a slow link", facts, body)
        print(f"\n{body}")

    return page


def slowdown(result):
    step = result["secondsPerStep"]
    return step / (step - result["secondsExposed"] - (result.get("secondsPolling") or 0))


def describe(rounds, program):
    seconds = report.spread([r["alone"]["secondsPerStep"] for r in rounds], 2)
    rows = [["one rank a node, nothing sent", seconds, "1.00", "1.000", "", "", "", "", "", ""]]
    against = lambda way: f"{statistics.median(r[way]['secondsPerStep'] / r['alone']['secondsPerStep'] for r in rounds):.2f}"
    plain = [r["allreduce", "fp32"]["secondsExposed"] for r in rounds]
    for way in WAYS:
        results = [r[way] for r in rounds]
        exposed = [r["secondsExposed"] for r in results]
        hidden = [[r[key] for r in results if r.get(key) is not None] for key in ("secondsHidden", "secondsPolling")]
        rows.append([
            f"`--reduce {way[0]} --wire {way[1]}`",
            report.spread([r["secondsPerStep"] for r in results], 2),
            against(way),
            f"{statistics.median(slowdown(r) for r in results):.3f}",
            report.spread(exposed, 3),
            f"{100 * statistics.median(a / b for a, b in zip(exposed, plain)):.1f} %",
            report.spread([r["secondsExposedMost"] for r in results], 3),
            *[report.spread(values, 3) if values else "" for values in hidden],
            f"{statistics.median(r['sent'] for r in results):.0f}",
        ])
    heads = [
        "", "step, s", "over nothing sent", "over itself without", "exposed, s: last rank", "of all-reduce's", "exposed, s: first rank", "hidden, s",
        "given to MPI, s", "MB sent a step"]
    commands = [f"cluster/testbed -- {shlex.join(on_two_nodes(program, *way))}" for way in WAYS]
    listing = "\n".join(["# on each node at once", shlex.join(bench(program, "--batch", "4")), "# on both together", *commands])
    listing = listing.replace(f"{report.ROOT}/", "")
    figures = report.figures({f"{reduce} over nothing sent": against((reduce, "fp32")) for reduce in ("overlapped", "allreduce")})
    return (
        "Seconds are medians of the rounds (least to most); each round measures all rows one after the other. Exposed is the time that a step "
        "waits for communication; the first rank to arrive also waits for the last. Over nothing sent: the step relative to that of the ranks "
        "alone, in the same round. Over itself without: the step relative to what remains of it without the exposed time and the time given "
        "to MPI, which does not change when the machine drifts. Hidden is the part of backward during which communication "
        f"goes on.\n\n{report.table(heads, rows)}\n\n```\n{listing}\n```\n\n{figures}")
