"""`inbox-agent run`, and when it said what."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

_TOP = Path(__file__).parents[1]
_LOOK_SECONDS = 0.01


@dataclass(frozen=True, slots=True)
class Said:
    """A line of its log, and when it came, in seconds of `time.monotonic`."""

    at: float
    event: str
    facts: dict[str, Any]


@dataclass
class AgentLog:
    """What a running agent has said so far."""

    process: int
    said: list[Said] = field(default_factory=list)

    def first(self, event: str, since: float, seconds: float = 0.0) -> Said | None:
        """The first of these since then, waited for so long; None where it did not come."""
        until = time.monotonic() + seconds
        while True:
            for each in self.said:
                if each.event == event and each.at >= since:
                    return each
            if time.monotonic() >= until:
                return None
            time.sleep(_LOOK_SECONDS)


@contextmanager
def running(config: Path) -> Iterator[AgentLog]:
    """The agent for the block."""
    command = [sys.executable, "-m", "inbox_agent", "-c", str(config), "run"]
    child = subprocess.Popen(  # noqa: S603 - our own
        [*command, "--log-format", "json"], cwd=_TOP, stderr=subprocess.PIPE, text=True
    )
    log = AgentLog(child.pid)

    def listen() -> None:
        assert child.stderr is not None  # noqa: S101 - a pipe was asked for
        for line in child.stderr:
            facts = json.loads(line)
            log.said.append(Said(time.monotonic(), facts["event"], facts))

    thread = threading.Thread(target=listen, daemon=True)
    thread.start()
    try:
        yield log
    finally:
        child.terminate()
        child.wait()
        thread.join()
