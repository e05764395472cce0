"""How long a poll takes and how much memory, each in a process that may not have much more.

The first installation is polled to warm up: everything is imported then. For each of the others
the process is forked, so that what one poll leaves behind is no gift to the next.
"""

from __future__ import annotations

import json
import os
import re
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from installations import AS_OF, Installation

from inbox_agent.agent import Report
from inbox_agent.mirror import Mirror

#: What a poll may take beyond what is there after the first one; more is not to be had.
ROOM = 300 * 2**20


@dataclass(frozen=True)
class Cost:
    """Of one job: seconds, the most memory it held at one time; its errors and new letters."""

    seconds: float
    octets: int
    errors: list[str]
    letters: int


def measured(places: Sequence[Installation], job: str = "poll") -> list[Cost]:
    """The cost of this job at all but the first place, which warms the process up."""
    done = subprocess.run(
        [sys.executable, __file__, job, *(str(place.top) for place in places)],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    return [Cost(**json.loads(line)) for line in done.stdout.splitlines()]


def cost(place: Installation, work: Callable[[Installation], Report]) -> Cost:
    """Of doing it here and now; memory is counted from where it stood before."""
    before = _memory("VmRSS")
    Path("/proc/self/clear_refs").write_text("5")  # VmHWM begins anew, see proc(5)
    began = time.monotonic()
    report = work(place)
    seconds = time.monotonic() - began
    errors = [str(error) for error in report.errors]
    return Cost(seconds, max(0, _memory("VmHWM") - before), errors, report.new_messages)


def poll(place: Installation) -> Report:
    """Read, measure and publish."""
    return place.agent().poll(AS_OF)


def read(place: Installation) -> Report:
    """Read alone: to measure a million letters takes what it takes."""
    agent = place.agent()
    with Mirror(place.mirror) as mirror:
        return agent.read_mailbox(mirror, agent.config.mailboxes[0], AS_OF)


def bound_memory() -> None:
    """From now on this process gets no more than `ROOM` beyond what it has."""
    octets = _memory("VmSize") + ROOM
    resource.setrlimit(resource.RLIMIT_AS, (octets, octets))


def _memory(name: str) -> int:
    found = re.search(rf"^{name}:\s+(\d+) kB$", Path("/proc/self/status").read_text(), re.MULTILINE)
    assert found is not None
    return int(found[1]) * 1024


def main() -> None:
    """Do the job named at the places named, and print what each took."""
    work = {"poll": poll, "read": read}[sys.argv[1]]
    first, *others = [Installation(Path(top)) for top in sys.argv[2:]]
    work(first)
    for place in others:
        child = os.fork()
        if child == 0:
            bound_memory()
            print(json.dumps(asdict(cost(place, work))), flush=True)
            os._exit(0)
        assert os.waitpid(child, 0)[1] == 0, place.top


if __name__ == "__main__":
    main()
