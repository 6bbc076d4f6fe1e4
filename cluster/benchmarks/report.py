"""Functions that the scripts of this folder share: run commands, describe the machine, write a page of figures."""

import argparse
import datetime
import json
import os
import re
import shlex
import statistics
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
GENERATIONS = {"avx512_bf16": "avx512bf16", "avx512f": "avx512", "avx2": "avx2"}
# Runs of a peer for one measurement, at most: PyTorch's gloo processes sometimes abort as they end.
ATTEMPTS = 3


def fail(reason):
    sys.exit(f"{Path(sys.argv[0]).name}: {reason}")


def cpu():
    """The name of the CPU and its features."""
    fields = {}
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        name, _, value = line.partition(":")
        fields.setdefault(name.strip(), value.strip())
    return fields.get("model name", "unknown"), set(fields.get("flags", "").split())


def cores():
    return len(os.sched_getaffinity(0))


def has_bf16():
    return bool(cpu()[1] & {"avx512_bf16", "amx_bf16"})


def host_name():
    """A description that replaces a container's host name, such as amd-epyc-avx2-2c."""
    name, flags = cpu()
    name = re.sub(r"\((r|tm)\)|\bcpu\b|@.*|\b\d+-core\b|processor", " ", name.lower())
    words = re.findall(r"[a-z0-9]+", name)[:4]
    vectors = [short for flag, short in GENERATIONS.items() if flag in flags][:1]
    return "-".join([*words, *vectors, f"{cores()}c"])


def output(*command):
    return subprocess.run(command, cwd=ROOT, text=True, capture_output=True).stdout.strip()


def commit():
    changed = output("git", "status", "--porcelain", "--untracked-files=no")
    return output("git", "rev-parse", "--short=12", "HEAD") + (" with changes" if changed else "")


def program_path():
    return str(ROOT / ".build/release/gpt1-dist")


def program():
    """Build gpt1-dist and return its path."""
    subprocess.run(
        ["swift", "build", "-c", "release", "--product", "gpt1-dist"],
        cwd=ROOT, check=True, stdout=sys.stderr)
    return program_path()


def python(*packages):
    """An interpreter with torch and the given packages: that of PYTHON, or a virtual environment with the packages from PyPI."""
    given = os.environ.get("PYTHON")
    wanted = ["torch", *packages]
    check = ["-c", f"import {', '.join(wanted)}"]

    def lacks(interpreter):
        return subprocess.run([interpreter, *check], stderr=subprocess.DEVNULL).returncode

    if given:
        if lacks(given):
            fail(f"{given} has not all of {', '.join(wanted)}: set PYTHON to an interpreter that has them, or unset it")
        return given
    folder = ROOT / ".build/pytorch"
    own = str(folder / "bin/python3")
    if not Path(own).exists():
        subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
    if lacks(own):
        print(f"installing {', '.join(wanted)} into {folder}", file=sys.stderr)
        subprocess.run([own, "-m", "pip", "install", "--quiet", "numpy", *wanted])
        if lacks(own):
            fail(f"{', '.join(wanted)} could not be installed: set PYTHON to an interpreter that has them")
    return own


def torchrun(interpreter, ranks):
    """The beginning of a command that runs a script of PyTorch on some ranks."""
    return [interpreter, *(["-m", "torch.distributed.run", "--nproc_per_node", str(ranks)] if ranks > 1 else [])]


def mpirun(ranks):
    # Unbound: ranks share a node's CPUs themselves.
    return ["mpirun", "--bind-to", "none", "-n", str(ranks)] if ranks > 1 else []


def start(command, environment=()):
    """Run a command and return its exit status and its standard output."""
    print("$", shlex.join(command), file=sys.stderr, flush=True)
    root = {"OMPI_ALLOW_RUN_AS_ROOT": "1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1"}
    result = subprocess.run(
        command, cwd=ROOT, text=True, stdout=subprocess.PIPE, env=os.environ | root | dict(environment))
    return result.returncode, result.stdout


def run(command, environment=()):
    """Run a command that must succeed and return its standard output."""
    status, output = start(command, environment)
    if status:
        fail(f"exit status {status} from {shlex.join(command)}")
    return output


def run_json(command, environment=()):
    """Run a command that must succeed and return the JSON object on the last line of its standard output."""
    return last_json(run(command, environment))


def last_json(output):
    return json.loads(output.strip().splitlines()[-1])


def measure(rounds, contestants, own=run_json):
    """Run all contestants in every round; repeat a run of the peer that crashes.

    contestants: (name, whether it is the peer's, (command, environment)) of each
    own: runs a command of ours in an environment and returns its result
    Returns the results of each contestant, one per round, and the runs of the peer that crashed.
    """
    results, crashes = {name: [] for name, _, _ in contestants}, []
    for round in range(rounds):
        print(f"round {round + 1} of {rounds}", file=sys.stderr)
        for name, is_peer, (command, environment) in contestants:
            if not is_peer:
                results[name].append(own(command, environment))
                continue
            for _ in range(ATTEMPTS):
                status, output = start(command, environment)
                if status == 0:
                    results[name].append(last_json(output))
                    break
                crashes.append(f"{name}, round {round + 1}: exit status {status}")
                print(crashes[-1], file=sys.stderr)
            else:
                fail(f"{name} crashed {ATTEMPTS} times in a row: {shlex.join(command)}")
    return results, crashes


def ratios(contestants, results, key):
    """The rate of each contestant relative to the peer's best of the same round, one per round."""
    rates = {name: [result[key] for result in all] for name, all in results.items()}
    best = [max(round) for round in zip(*(rates[name] for name, is_peer, _ in contestants if is_peer))]
    return {name: [rate / most for rate, most in zip(all, best)] for name, all in rates.items()}


def section(title, heads, rows, contestants, peer, crashes):
    """A table of one comparison, the peer's runs that crashed, and the commands."""
    print(f"\n{title}", file=sys.stderr)
    for row in rows:
        print("  " + "  ".join(row), file=sys.stderr)
    commands = "\n".join(
        shlex.join([*(f"{name}={value}" for name, value in environment.items()), *command])
        for _, _, (command, environment) in contestants)
    commands = commands.replace(f"{ROOT}/", "")
    repeated = f"Repeated, since {peer} crashed: {'; '.join(crashes)}.\n\n" if crashes else ""
    return f"## {title}\n\n{table(heads, rows)}\n\n{repeated}```\n{commands}\n```"


def spread(values, digits=1):
    """Median (least to most)."""
    values = [f"{value:,.{digits}f}" for value in (statistics.median(values), min(values), max(values))]
    return f"{values[0]} ({values[1]} to {values[2]})"


def table(heads, rows):
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join("| " + " | ".join(str(cell) for cell in line) + " |" for line in lines)


def parser(description):
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--rounds", type=positive, default=3, help="how often each measurement is repeated, alternating (default: %(default)s)")
    parser.add_argument("--host-name", default=host_name(), help="the host name in file names (default: %(default)s)")
    parser.add_argument(
        "--out", type=Path, default=ROOT / "cluster/benchmarks/results", help="the folder to write into (default: cluster/benchmarks/results)")
    return parser


def positive(text):
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError("must be at least 1")
    return value


def figures(values):
    """The figures of a page that README quotes: a list, which cluster/benchmarks/figures reads."""
    return "## Figures\n\n" + "\n".join(f"- {name}: {value}" for name, value in values.items())


def write(options, what, title, facts, body):
    """Write <what>_<host>_<date>.md: the command and the machine, then the figures."""
    date = datetime.date.today().isoformat()
    path = options.out / f"{what}_{options.host_name}_{date}.md"
    facts = {
        **facts,
        "host": f"{cpu()[0]}, {cores()} cores, {options.host_name}",
        "commit": commit(),
        "versions": "; ".join(output(program_path(), "--version").splitlines()),
        "date": date,
    }
    # Absolute paths of this machine are left out.
    lines = [f"- {name}: {value}".replace(f"{ROOT}/", "") for name, value in facts.items()]
    options.out.mkdir(parents=True, exist_ok=True)
    path.write_text(f"# {title}\n\n" + "\n".join(lines) + f"\n\n{body}\n")
    print(f"wrote {path}", file=sys.stderr)
