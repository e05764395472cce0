"""Tries every fault and writes the figures into docs/reliability.md; ``make faults``."""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import chain
from pathlib import Path
from typing import Any

TESTS = Path(__file__).parent.parent
DOCUMENT = TESTS.parent / "docs" / "reliability.md"
#: Kinds of faults, and in how many processes they are tried; those of the short session wait
#: for a silent server most of the time.
PARTS = {"crash": 3, "short": 6, "long": 1}
#: Processes at a time.
AT_ONCE = 5
#: So many days, each in a process of its own, and after the others: haste bears no crowd.
DAYS = 2
_SHOWN = 20

Outcomes = list[dict[str, Any]]


def tried(kind: str, *args: str) -> Outcomes:
    """What became of faults that a process of its own tried."""
    command = [sys.executable, "-m", "faults.run", kind, *args]
    # OpenBLAS's threads would be there at every fork
    environment = os.environ | {"OPENBLAS_NUM_THREADS": "1", "PYTHONPATH": _path()}
    done = subprocess.run(
        command, cwd=TESTS, env=environment, stdout=subprocess.PIPE, check=True, text=True
    )
    found: Outcomes = json.loads(done.stdout)
    return found


def _path() -> str:
    return os.pathsep.join(filter(None, (str(TESTS), os.environ.get("PYTHONPATH"))))


def merged(parts: Iterable[Outcomes]) -> Outcomes:
    """One outcome for each name."""
    found: dict[str, dict[str, Any]] = {}
    for outcome in (one for part in parts for one in part):
        known = found.setdefault(outcome["name"], {**outcome, "tried": 0, "hangs": 0, "slowest": 0})
        for key in ("tried", "hangs"):
            known[key] += outcome[key]
        for key in ("possible", "slowest"):
            known[key] = max(known[key], outcome[key])
        if known["troubles"] is not outcome["troubles"]:
            known["troubles"] = [*known["troubles"], *outcome["troubles"]]
    return list(found.values())


def table(outcomes: Outcomes) -> str:
    """The figures, a line for each kind of fault."""
    head = ("fault", "points", "tried", "differing", "hangs")
    rows: list[Sequence[object]] = [head, ("---", *("---:",) * 4)]
    for one in outcomes:
        points = max(one["possible"], one["tried"])
        rows.append((one["name"], points, one["tried"], differing(one), one["hangs"]))
    lines = ["| " + " | ".join(map(str, row)) + " |" for row in rows]
    troubles = [trouble for one in outcomes for trouble in one["troubles"]]
    return "\n".join([*lines, *(["", "What differed:", ""] if troubles else []),
                      *(f"- {trouble}" for trouble in troubles[:_SHOWN])])  # fmt: skip


def table_of_days(days: Outcomes) -> str:
    """What the days showed, a line for each."""
    shown = {
        "day": "name",
        "hours": "hours",
        "faults": "faults",
        "letters": "letters",
        "passes": "passes",
        "failed": "failed",
        "failed undisturbed": "undisturbed_failed",
        "slowest return (s)": "slowest_return",
        "SIGTERM to end (s)": "stop_seconds",
        "rows compared": "rows",
    }
    rows: list[Sequence[object]] = [(*shown, "troubles"), ("---", *("---:",) * len(shown))]
    rows += [(*(one[key] for key in shown.values()), len(one["troubles"])) for one in days]
    lines = ["| " + " | ".join(map(str, row)) + " |" for row in rows]
    troubles = [f"- {one['name']}: {each}" for one in days for each in one["troubles"][:_SHOWN]]
    return "\n".join([*lines, *(["", "Troubles:", ""] if troubles else []), *troubles])


def differing(outcome: dict[str, Any]) -> int:
    """How many points something is wrong with; each trouble begins with its point."""
    return len({trouble.partition(": ")[0] for trouble in outcome["troubles"]})


def written(page: str, mark: str, text: str) -> str:
    """The page with the text between ``<!-- mark: …`` and ``<!-- end of mark -->`` anew."""
    begin, end = page.index(f"<!-- {mark}:"), page.index(f"<!-- end of {mark} -->")
    begin = page.index("\n", begin)
    return f"{page[:begin]}\n\n{text}\n\n{page[end:]}"


def main() -> None:
    """Try them all, or for so many seconds; exit code 1 when one was not survived."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", default="86400", help="to stop after")
    seconds = parser.parse_args().seconds
    jobs = [(kind, n, parts) for kind, parts in PARTS.items() for n in range(parts)]
    lock, found = threading.Lock(), dict[str, list[Outcomes]]()

    def one(job: tuple[str, int, int]) -> None:
        kind, number, parts = job
        args = ("--first", str(number), "--step", str(parts), "--seconds", seconds)
        outcome = tried(kind, *args)
        with lock:
            found.setdefault(kind, []).append(outcome)

    with ThreadPoolExecutor(AT_ONCE) as pool:
        list(pool.map(one, jobs))
    crashes, cuts = merged(found["crash"]), merged([*found["short"], *found["long"]])
    with ThreadPoolExecutor(DAYS) as pool:
        days = [*chain(*pool.map(_day, range(DAYS)))]
    page = DOCUMENT.read_text("utf-8")
    page = written(written(page, "crashes", table(crashes)), "cuts", table(cuts))
    page = written(page, "day", table_of_days(days))
    DOCUMENT.write_text(page, "utf-8")
    print(f"{table(crashes)}\n\n{table(cuts)}\n\n{table_of_days(days)}")
    print(f"\nWrote {DOCUMENT.relative_to(TESTS.parent)}")
    sys.exit(any(one["troubles"] for one in (*crashes, *cuts, *days)))


def _day(number: int) -> Outcomes:
    return tried("day", "--first", str(number), "--step", str(DAYS))


if __name__ == "__main__":
    main()
