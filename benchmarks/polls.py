"""What a poll with nothing new costs: octets, round trips, CPU, and 200 mailboxes in one process.

    python -m benchmarks.polls [--mailboxes N] [--minutes N]

Everything is read from a Dovecot on this computer, over a line that counts octets and, for the
many mailboxes, takes 100 ms for each round trip.
"""

from __future__ import annotations

import argparse
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from benchmarks.dovecots import account, dovecot, fill
from benchmarks.letters import Account, config
from benchmarks.line import Line, line_to
from benchmarks.watched import used_seconds
from inbox_agent.agent import Agent, Attempt
from inbox_agent.config import load_config
from inbox_agent.kept_mailbox import Kept
from inbox_agent.shared_mirror import SharedMirror, Turn

_TOP = Path(__file__).parents[1]
_EVERY_MINUTE = '\n[poll]\nevery = "1 minute"\nidle = false\n'
_LETTERS, _REPEATED, _DELAY_SECONDS = 2_000, 20, 0.1


@dataclass(frozen=True, slots=True)
class Cost:
    """What a pass over a mailbox without news takes."""

    turns: float
    up: float
    down: float
    cpu_seconds: float


def measured(line: Line, path: Path, kept: Kept | None) -> Cost:
    """The median of so many passes; two went before, so that nothing is new."""
    agent, turn = Agent(load_config(path)), Turn()
    found = []
    for number in range(_REPEATED + 2):
        line.clear()
        began = time.thread_time()
        with SharedMirror(agent.mirror_path, turn) as mirror:
            settings = agent.config.mailboxes[0]
            report = agent.read_mailbox(mirror, settings, None, Attempt(kept=kept))
        if report.errors:
            raise report.errors[0]
        cost = Cost(line.turns, line.up, line.down, time.thread_time() - began)
        found += [cost] if number >= 2 else []
    if kept is not None:
        kept.drop()
    return Cost(*(median(getattr(one, name) for one in found) for name in Cost.__slots__))


def wire() -> Iterator[str]:
    """The table of octets and round trips."""
    yield "| nothing new | folders | round trips | up | down | CPU |"
    yield "| --- | ---: | ---: | ---: | ---: | ---: |"
    with dovecot() as server, tempfile.TemporaryDirectory() as folder:
        fill(server, _LETTERS)
        with line_to(server.port) as line:
            path = config(Path(folder), account(server, line.port, "partners"), more=_EVERY_MINUTE)
            made = 2
            for folders in (2, 12, 52):
                for number in range(made, folders):
                    server.make_folder(f"Team{number:04d}")
                made = folders
                for name, kept in (("new connection", None), ("kept connection", Kept())):
                    cost = measured(line, path, kept)
                    yield (
                        f"| {name} | {folders} | {cost.turns:.0f} | {cost.up:,.0f} "
                        f"| {cost.down:,.0f} | {1_000 * cost.cpu_seconds:.1f} ms |"
                    )


@contextmanager
def running(path: Path) -> Iterator[subprocess.Popen[bytes]]:
    """`inbox-agent run` for the block."""
    command = [sys.executable, "-m", "inbox_agent", "-c", str(path), "run"]
    child = subprocess.Popen(command, cwd=_TOP, stderr=subprocess.DEVNULL)  # noqa: S603
    try:
        yield child
    finally:
        child.terminate()
        child.wait()


def polls(path: Path) -> list[tuple[str, int, int, float]]:
    """Mailbox, begin and end of every pass that went well, in order, and how long it took."""
    mirror = path.parent / "data" / "mirror.db"
    sql = "select mailbox, started_at, ended_at, seconds from polls where ok order by poll"
    try:
        with closing(sqlite3.connect(f"{mirror.as_uri()}?mode=ro", uri=True)) as db:
            return db.execute(sql).fetchall()
    except sqlite3.Error:
        return []


def wait_for(path: Path, passes: int, seconds: float) -> None:
    """Until there were so many passes. Raises TimeoutError."""
    until = time.monotonic() + seconds
    while len(polls(path)) < passes:
        if time.monotonic() > until:
            raise TimeoutError(f"{len(polls(path))} of {passes} passes in {seconds} seconds")
        time.sleep(0.5)


def peak_megabytes(process: int) -> float:
    """The most memory that a process had at once."""
    lines = Path(f"/proc/{process}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) / 1024


def idle(minutes: int) -> Iterator[str]:
    """CPU of the running agent with one mailbox, polled once a minute."""
    with dovecot() as server, tempfile.TemporaryDirectory() as folder:
        fill(server, _LETTERS)
        one = account(server, server.port, "partners")
        path = config(Path(folder), one, more=_EVERY_MINUTE)
        with running(path) as child:
            wait_for(path, 2, 180)
            time.sleep(20)  # until that is published, too
            began = used_seconds(child.pid)
            time.sleep(60 * minutes)
            used = used_seconds(child.pid) - began
        share = used / minutes / 60
        held = f"{_LETTERS:,} letters held, {minutes} minutes"
        used_ms = f"{1_000 * used / minutes:.0f} ms of CPU a minute"
        yield f"\nRunning, one poll a minute: {used_ms}, {share:.2%} of a core ({held})"


def many(mailboxes: int) -> Iterator[str]:
    """So many mailboxes in one process, on a line with a delay."""
    peaks = {}
    line_ms = f"{1_000 * _DELAY_SECONDS:.0f} ms"
    yield f"\n| mailboxes, {line_ms} | first read | begun anew | without news |"
    yield "| ---: | ---: | ---: | ---: |"
    for count in (1, mailboxes):
        with dovecot() as server, tempfile.TemporaryDirectory() as folder:
            accounts: list[Account] = []
            with line_to(server.port, _DELAY_SECONDS) as line:
                for number in range(count):
                    user = server.with_fresh_user()
                    fill(user, 20)
                    accounts.append(account(user, line.port, f"team-{number:03d}"))
                path = config(Path(folder), *accounts, more=_EVERY_MINUTE)
                with running(path):
                    wait_for(path, count, 300)
                began = len(polls(path))
                with running(path) as child:
                    wait_for(path, began + 2 * count, 200)
                    peaks[count] = peak_megabytes(child.pid)
                found = polls(path)
        first, (anew, quiet) = rounds(found[:count], count), rounds(found[began:], count)[:2]
        yield f"| {count} | {first[0]:.0f} s | {anew:.1f} s | {quiet:.1f} s |"
    more = (peaks[mailboxes] - peaks[1]) / (mailboxes - 1)
    yield f"\nMemory: {peaks[1]:.0f} MB with one mailbox, {more:.2f} MB more for each further one"


def rounds(found: Sequence[tuple[str, int, int, float]], mailboxes: int) -> list[float]:
    """Seconds from the first begin to the last end, for each round over all mailboxes."""
    parts = [found[start : start + mailboxes] for start in range(0, len(found), mailboxes)]
    return [
        max(began + seconds for _, began, _, seconds in part)
        - min(began for _, began, _, _ in part)
        for part in parts
    ]


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--mailboxes", type=int, default=200)
    parser.add_argument("--minutes", type=int, default=3)
    given = parser.parse_args()
    for lines in (wire(), idle(given.minutes), many(given.mailboxes)):
        for line in lines:
            print(line, flush=True)


if __name__ == "__main__":
    main()
