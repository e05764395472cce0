"""A command run to its end: how long it took, its time on the processors, its memory at most."""

from __future__ import annotations

import os
import subprocess
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

_EVERY_SECONDS = 0.05
_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Watched:
    """Of the command and all processes it started; `octets` is the sum of their PSS at most."""

    seconds: float
    cpu_seconds: float
    octets: int


def watched(command: Sequence[str], settings: Mapping[str, str] | None = None) -> Watched:
    """Run it. Raises CalledProcessError with what it said when it fails."""
    began, used = time.monotonic(), _children_seconds()
    child = subprocess.Popen(  # noqa: S603 - commands of the benchmarks
        command,
        env={**os.environ, **(settings or {})},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    found: list[int] = [0]
    over = threading.Event()
    look = threading.Thread(target=_look, args=(child.pid, over, found))
    look.start()
    said, _ = child.communicate()
    seconds = time.monotonic() - began
    over.set()
    look.join()
    if child.returncode:
        raise subprocess.CalledProcessError(child.returncode, list(command), said)
    return Watched(seconds, _children_seconds() - used, max(found))


def processor_seconds() -> float:
    """What this process and all it has started have used of the processors so far."""
    living = list(_with_children(os.getpid()))[1:]
    return time.process_time() + _children_seconds() + sum(map(_used, living))


def used_seconds(pid: int) -> float:
    """What another process and all it has started have used so far."""
    return sum(map(_used, _with_children(pid)))


def _used(pid: int) -> float:
    """Of a process and of children that it has waited for; 0 when it is gone."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return sum(map(int, fields[11:15])) / _TICKS


def _children_seconds() -> float:
    """Of children that were waited for, and of theirs."""
    times = os.times()
    return times.children_user + times.children_system


def _look(pid: int, over: threading.Event, found: list[int]) -> None:
    while not over.wait(_EVERY_SECONDS):
        found.append(sum(map(_pss, _with_children(pid))))


def _with_children(pid: int) -> Iterator[int]:
    yield pid
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        try:
            children = task.read_text().split()
        except OSError:
            continue
        for child in children:
            yield from _with_children(int(child))


def _pss(pid: int) -> int:
    """What it has in memory; pages that several share are divided among them. 0 when it is gone."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0
    return sum(int(line.split()[1]) * 1024 for line in lines if line.startswith("Pss:"))
