"""Processes of this program beside the first one: how many are worth it, and how they begin."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping

# They need Python, and no secret of ours.
_SETTINGS = ("HOME", "LANG", "LC_ALL", "PATH", "PYTHONPATH", "TMPDIR")


def cores() -> int:
    """So many processor cores this process may use; not every system tells."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def command(module: str) -> tuple[str, ...]:
    """What starts a module of ours; none of the folder it happens to be started in (-P)."""
    return (sys.executable, "-P", "-m", f"inbox_agent.{module}")


def environment() -> Mapping[str, str]:
    """What of the environment it is given."""
    return {name: os.environ[name] for name in _SETTINGS if name in os.environ}
