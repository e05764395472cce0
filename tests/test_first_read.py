"""A first read of thousands of letters, a second process beside it, may be cut off anywhere."""

from __future__ import annotations

import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest
from installations import AS_OF, Installation, install, letter, mailbox_entry
from servers import Delivery, DovecotServer

LETTERS = 5_000

pytestmark = [pytest.mark.reliability, pytest.mark.slow, pytest.mark.dovecot]

_PROGRAM = """
import sys, threading
from pathlib import Path
from inbox_agent.agent import Agent
from inbox_agent.config import load_config
from inbox_agent.mirror import Mirror
from inbox_agent.stopping import stop_when_asked

stop_when_asked(threading.Event())
agent = Agent(load_config(Path(sys.argv[1])))
with agent.at_work(), Mirror(agent.mirror_path) as mirror:
    report = agent.read_mailbox(mirror, agent.config.mailboxes[0], None)
assert not report.errors, report.errors
"""


def started(place: Installation) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-W", "error", "-c", _PROGRAM, str(place.config)]
    return subprocess.Popen(command, cwd=place.top)


def rows(place: Installation) -> list[tuple[object, ...]]:
    """What is held, without the instants of our own clock and the order in which it came."""
    with closing(sqlite3.connect(place.mirror)) as db:
        return db.execute(
            "select folder, uidvalidity, uid, received_at, size_octets, block, digest, details"
            " from headers order by folder, uid"
        ).fetchall()


def held(place: Installation) -> tuple[int, int]:
    """How many letters are held, and up to which uid the folder is read."""
    if not place.mirror.exists():
        return 0, 0
    with closing(sqlite3.connect(place.mirror)) as db:
        try:
            (count,) = db.execute("select count(*) from headers").fetchone()
            (uid,) = db.execute("select coalesce(max(last_uid), 0) from folders").fetchone()
        except sqlite3.OperationalError:  # its tables are not there yet
            return 0, 0
    return count, uid


@pytest.mark.parametrize("blow", [signal.SIGKILL, signal.SIGTERM])
def test_a_first_read_that_is_cut_off_goes_on_where_its_checkpoint_is(
    dovecot: DovecotServer, tmp_path: Path, blow: int
) -> None:
    at = AS_OF - timedelta(days=300)
    dovecot.deliver_many(
        Delivery(
            "INBOX",
            letter("kim@globex.example", "ana@acme.example", at + number * timedelta(minutes=1),
                   f"{number}@x.example", subject=f"Offer {number}"),
            at + number * timedelta(minutes=1),
        )
        for number in range(LETTERS)
    )  # fmt: skip
    whole = install(tmp_path / "whole", mailbox_entry(dovecot))
    cut = install(tmp_path / "cut", mailbox_entry(dovecot))
    assert started(whole).wait(timeout=120) == 0
    process = started(cut)
    while not held(cut)[0] and process.poll() is None:
        time.sleep(0.005)
    process.send_signal(blow)
    assert process.wait(timeout=120) == (0 if blow == signal.SIGTERM else -blow)
    count, uid = held(cut)
    assert 0 < count == uid < LETTERS
    assert started(cut).wait(timeout=120) == 0
    assert rows(cut) == rows(whole)
    assert held(whole) == (LETTERS, LETTERS)
