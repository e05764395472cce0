"""How long the command line takes to begin, beside a Python that does nothing.

python -m benchmarks.start_up [--rounds N]
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from statistics import median

from benchmarks.letters import config, mirror

_TOP = Path(__file__).parents[1]
_LETTERS = 2_000


def took(command: Sequence[str]) -> tuple[float, float]:
    """Wall and CPU seconds of one run."""
    began, before = time.perf_counter(), resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, cwd=_TOP, check=True, stdout=subprocess.DEVNULL)  # noqa: S603
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return time.perf_counter() - began, cpu


def main() -> None:
    """Print the table: medians of rounds, in each of which every command runs once."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=15)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path = config(Path(folder))
        mirror(path.parent / "data" / "mirror.db", _LETTERS)
        ours = [sys.executable, "-m", "inbox_agent", "-c", str(path)]
        subprocess.run([*ours, "rebuild"], cwd=_TOP, check=True, stdout=subprocess.DEVNULL)  # noqa: S603
        commands = {
            "python -c pass": [sys.executable, "-c", "pass"],
            "inbox-agent --help": [*ours, "--help"],
            "inbox-agent status": [*ours, "status"],
        }
        rounds = [[took(each) for each in commands.values()] for _ in range(given.rounds)]
    print("| command | seconds | CPU seconds |")
    print("| --- | ---: | ---: |")
    for name, found in zip(commands, zip(*rounds, strict=True), strict=True):
        wall, cpu = (median(part) for part in zip(*found, strict=True))
        print(f"| `{name}` | {wall:.3f} | {cpu:.3f} |")


if __name__ == "__main__":
    main()
