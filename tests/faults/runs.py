"""The product's jobs, each in a process forked from one that has imported everything already."""

from __future__ import annotations

import os
import signal
import sys
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from imapclient import SocketTimeout
from installations import AS_OF, Installation

import inbox_agent.imap_session
import inbox_agent.mailbox

#: No run may take longer, in seconds; the slowest undisturbed one takes less than one.
DEADLINE = 20.0
SECRET = "FAULTS_PASSWORD"


@dataclass(frozen=True)
class End:
    """How a run ended: its exit code (negative: the signal), or that it had to be ended by us."""

    code: int
    is_hang: bool
    seconds: float


def forked(work: Callable[[], int], log: Path) -> int:
    """Start `work` in a process of its own, whose output goes to `log`; gives its id."""
    child = os.fork()
    if child:
        return child
    code = 70
    try:
        to = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        os.dup2(to, 1)
        os.dup2(to, 2)
        code = work()
    except BaseException:  # noqa: BLE001 - whatever it is, it must not go on as the parent does
        traceback.print_exc()
    finally:
        sys.stderr.flush()
        os._exit(code)


def ended(child: int, deadline: float = DEADLINE) -> End:
    """Wait for a process, which is killed when it takes too long."""
    began = time.monotonic()
    while True:
        done, status = os.waitpid(child, os.WNOHANG)
        seconds = time.monotonic() - began
        if done:
            return End(os.waitstatus_to_exitcode(status), False, seconds)
        if seconds > deadline:
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
            return End(-signal.SIGKILL, True, seconds)
        time.sleep(0.001)


def job(place: Installation, name: str, password: str, patience: float | None = None) -> int:
    """Poll or rebuild, with a clock that stands still; gives the exit code.

    `patience` is how long to wait for a silent server, in seconds; None is the product's own.
    """
    os.environ[SECRET] = password
    if patience is not None:
        inbox_agent.mailbox.TIMEOUT = SocketTimeout(connect=patience, read=patience)
        inbox_agent.imap_session.GOODBYE_SECONDS = patience
    agent = place.agent(AS_OF)
    report = agent.rebuild(AS_OF) if name == "rebuild" else agent.poll(AS_OF)
    for error in report.errors:
        print(error, file=sys.stderr)
    return report.exit_code
