"""A day in minutes: a short part of one; `make faults` has two whole days go by."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest
from faults.hastened import Hastened, missing
from faults.line import Line, line_to
from faults.report import table_of_days, tried
from faults.verdict import Pass, Trouble, judged
from servers import find_dovecot

pytestmark = pytest.mark.reliability

NOON = datetime(2026, 3, 28, 12, tzinfo=UTC)
EVERY, SLACK, UNTIL = 300, 20, 900


def needs_faketime() -> None:
    lacking = missing()
    if lacking:
        pytest.skip(lacking)


@pytest.mark.slow
@pytest.mark.dovecot
def test_a_night_in_which_the_clocks_change_and_all_goes_wrong_ends_with_the_right_rows() -> None:
    needs_faketime()
    if find_dovecot() is None:
        pytest.skip("Dovecot is not installed (Debian: dovecot-imapd)")
    (night,) = tried("day", "--share", "0.02", "--seed", "628")
    assert night["troubles"] == []
    assert (night["name"], night["faults"]) == ("to summer time", 21)
    assert night["letters"] > 100
    assert night["passes"] > night["failed"] > 0
    assert night["rows"] > 500


# --- the clocks

PROGRAM = """
import datetime, json, sys, threading, time
from inbox_agent.due_times import ticks
def now():
    wall = datetime.datetime.now(datetime.UTC).timestamp()
    return [wall, time.monotonic(), ticks()]
for line in sys.stdin:
    threading.Event().wait(float(line))
    print(json.dumps(now()), flush=True)
"""


def test_waits_are_shorter_the_wall_clock_can_be_set_and_time_asleep_counts_for_what_is_due(
    tmp_path: Path,
) -> None:
    needs_faketime()
    clocks = Hastened(tmp_path, NOON, 100.0)
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    with subprocess.Popen(
        [sys.executable, "-c", PROGRAM], env=clocks.environment(), **pipes
    ) as program:

        def after(seconds: float) -> list[float]:
            program.stdin.write(f"{seconds}\n")
            program.stdin.flush()
            return [round(each) for each in json.loads(program.stdout.readline())]

        first = after(0)
        began = time.monotonic()
        second = after(150)
        assert time.monotonic() - began < 10  # not 150
        assert 150 <= second[1] - first[1] < 1000
        assert second[2] - first[2] == pytest.approx(second[1] - first[1], abs=2)
        assert second[0] - first[0] == pytest.approx(second[1] - first[1], abs=2)
        assert NOON.timestamp() <= first[0] <= NOON.timestamp() + 1000
        clocks.set_wall_clock(7200)
        third = after(0)
        assert third[0] - third[1] == pytest.approx(second[0] - second[1] + 7200, abs=60)
        clocks.sleep_for(3600)
        fourth = after(0)
        assert fourth[2] - fourth[1] == 3600
        program.stdin.close()


# --- the line


def said(line: Line, *lines: bytes) -> bytes:
    """All that is heard on a new connection after saying these lines."""
    with socket.create_connection(("127.0.0.1", line.port)) as client:
        client.settimeout(10)
        for each in lines:
            client.sendall(each + b"\r\n")
        client.shutdown(socket.SHUT_WR)
        heard = b""
        while data := client.recv(1000):
            heard += data
    return heard


def test_the_line_has_moods_and_ends_what_there_is() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server, line_to(server.getsockname()[1]) as line:
        line.mood = "bye"
        assert said(line).startswith(b"* BYE")
        line.mood = "AUTHENTICATIONFAILED"
        assert b"a NO [AUTHENTICATIONFAILED]" in said(line, b"a AUTHENTICATE PLAIN", b"secret")
        line.mood = "down"
        client = socket.create_connection(("127.0.0.1", line.port))
        with client, pytest.raises(ConnectionResetError):
            client.recv(1)
        line.mood = "pass"
        with socket.create_connection(("127.0.0.1", line.port)) as client:
            client.sendall(b"a NOOP")
            theirs, _ = server.accept()
            assert theirs.recv(6, socket.MSG_WAITALL) == b"a NOOP"
            line.cut("BYE")
            assert client.recv(5, socket.MSG_WAITALL) == b"* BYE"
            theirs.close()


# --- the judgement


def passes(*times: tuple[float, float, float | None]) -> list[Pass]:
    """Began, ended and, for one that failed, after how many seconds it comes again."""
    lost = ("MailboxUnavailable",)
    return [
        Pass("north", began, ended, () if again is None else lost, again)
        for began, ended, again in times
    ]


def fault(begin: float, end: float, kind: str = "stall") -> Trouble:
    return Trouble(kind, ("north",), begin, end)


GOOD = ((0, 1, None), (301, 302, None), (602, 603, None))


@pytest.mark.parametrize(
    ("read", "faults", "troubles"),
    [
        (GOOD, [], []),
        ((), [fault(1, 2)], ["north: never read"]),
        (GOOD[:2], [], ["north: a pass due at 622 began at 900"]),
        ((GOOD[0], (322, 323, None), GOOD[2]), [], ["north: a pass due at 321 began at 322"]),
        # the computer slept from 290 to 500: what was due comes after that
        ((GOOD[0], (510, 511, None), (800, 801, None)), [fault(290, 500, "asleep")], []),
        # it failed while the line stalled, and came again when it said
        ((GOOD[0], (301, 361, 4), (366, 367, None), (666, 667, None)), [fault(300, 350)], []),
        # it said 4 s and took longer
        (
            (GOOD[0], (301, 361, 4), (386, 387, None), (686, 687, None)),
            [fault(300, 350)],
            ["north: a pass due at 385 began at 386"],
        ),
        # it fails and is well at once
        ((GOOD[0], (301, 302, 2), (304, 322, 2), (324, 325, None), (625, 626, None)), [], []),
        # it goes on failing with nothing wrong; a clock that is set is nothing to that
        (
            (GOOD[0], (301, 302, 2), (304, 323, 2), (325, 326, None), (626, 627, None)),
            [Trouble("set back", ("north",), 300, 310, is_harmless=True)],
            ["north: MailboxUnavailable from 302 to 323, with nothing wrong"],
        ),
        (((0, 1, 901), (700, 701, None)), [fault(0, 1)], ["north: waits for 901 s"]),
    ],
)  # fmt: skip
def test_a_day_is_judged_by_its_passes_and_its_faults(
    read: tuple[tuple[float, float, float | None], ...], faults: list[Trouble], troubles: list[str]
) -> None:
    assert judged(passes(*read), faults, EVERY, SLACK, UNTIL).troubles == troubles


def test_a_refused_login_may_wait_for_an_hour_and_the_slowest_return_is_told() -> None:
    refused = Pass("north", 10, 11, ("MailboxRefused",), 3600)
    found = judged([refused, *passes((2000, 2005, None))], [fault(9, 20)], EVERY, SLACK, 2100)
    assert found.troubles == []
    assert (found.passes, found.failed, found.undisturbed_failed) == (2, 1, 0)
    assert found.slowest_return == 2005 - 20


def test_the_page_has_a_line_for_each_day_and_its_troubles() -> None:
    day = dict.fromkeys(
        ("hours", "faults", "letters", "passes", "failed", "undisturbed_failed",
         "slowest_return", "stop_seconds", "rows"), 1,
    )  # fmt: skip
    page = table_of_days([{**day, "name": "to summer time", "troubles": ["the program ended"]}])
    assert page.splitlines()[2] == f"| to summer time |{' 1 |' * 10}"
    assert page.splitlines()[-1] == "- to summer time: the program ended"
