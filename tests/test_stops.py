"""Asked to stop, the real program ends within 5 seconds, whatever it waits for."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import sqlite3
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from installations import Installation, install, mailbox_entry, query, sample
from scripted_socket import HANG_UP, Answer, scripted
from servers import EmbeddedServer

from inbox_agent.demo.mailserver import serve_letters

pytestmark = pytest.mark.reliability

DEADLINE = 30.0
PATIENCE = 5.0
HOURLY = '[poll]\nevery = "1 hour"\n'
OFFERS_IDLE = b"* CAPABILITY IMAP4rev1 AUTH=PLAIN IDLE\r\n{tag} OK done"
NEW = b"* SEARCH 1 2 3\r\n{tag} OK done"


class Program:
    """`inbox-agent run`, and what it tells."""

    def __init__(self, place: Installation, *args: str) -> None:
        command = place.command("run", *(args or ("--log-format", "json")))
        self.process = subprocess.Popen(command, cwd=place.top, stderr=subprocess.PIPE, text=True)
        assert self.process.stderr
        self._lines = iter(self.process.stderr)
        self.said: list[str] = []

    def line(self) -> str:
        """The next line it says."""
        self.said.append(next(self._lines))
        return self.said[-1]

    def told(self, event: str) -> dict[str, object]:
        """The next such event."""
        while True:
            found: dict[str, object] = json.loads(self.line())
            if found["event"] == event:
                return found

    def stop(self) -> float:
        """Ask it to stop; the seconds it took. Its exit code must be 0."""
        asked_at = time.monotonic()
        self.process.terminate()
        assert self.process.wait(DEADLINE) == 0
        seconds = time.monotonic() - asked_at
        self.said += self._lines
        return seconds


@contextmanager
def program(place: Installation, *args: str) -> Iterator[Program]:
    running = Program(place, *args)
    try:
        yield running
    finally:
        running.process.kill()
        running.process.wait()
        assert running.process.stderr
        running.process.stderr.close()


def installed(top: Path, port: int, **changes: object) -> Installation:
    with serve_letters() as other:  # for the rest of the entry
        entry = mailbox_entry(EmbeddedServer(other), port=port, **changes)
    return install(top, entry, more=HOURLY)


@contextmanager
def silent_at(command: str, **script: Answer) -> Iterator[tuple[int, threading.Event]]:
    """A server that never answers that command, and whether it was given."""
    asked, over = threading.Event(), threading.Event()

    def never(_: bytes) -> bytes:
        asked.set()
        over.wait(DEADLINE)
        return HANG_UP

    answers = {name.replace("_", " "): answer for name, answer in script.items()}
    with scripted({**answers, command: never}) as server:
        try:
            yield server.port, asked
        finally:
            over.set()


@pytest.mark.parametrize(
    ("command", "script"),
    [
        ("CAPABILITY", {}),
        ("AUTHENTICATE", {}),
        ("LIST", {}),
        ("EXAMINE", {}),
        ("UID SEARCH", {}),
        ("UID FETCH", {"UID_SEARCH": NEW}),
        ("LOGOUT", {}),
        ("IDLE", {"CAPABILITY": OFFERS_IDLE}),
    ],
)
def test_it_stops_while_a_server_says_nothing(
    tmp_path: Path, command: str, script: dict[str, Answer]
) -> None:
    with (
        silent_at(command, **script) as (port, asked),
        program(installed(tmp_path, port)) as running,
    ):
        assert asked.wait(DEADLINE)
        assert running.stop() < PATIENCE


@contextmanager
def deaf() -> Iterator[socket.socket]:
    """A port whose queue takes one connection more, which nobody will ever answer."""
    with socket.create_server(("127.0.0.1", 0), backlog=0) as listener:
        yield listener


@pytest.mark.parametrize("tls", ["none", "implicit"])
def test_it_stops_while_it_waits_for_a_greeting_or_a_handshake(tmp_path: Path, tls: str) -> None:
    with deaf() as listener, program(installed(tmp_path, port_of(listener), tls=tls)) as running:
        client, _ = listener.accept()
        with client:
            if tls == "implicit":
                assert client.recv(1) == b"\x16"  # a ClientHello, RFC 8446 §5.1
            assert running.stop() < PATIENCE


def test_it_stops_while_it_connects(tmp_path: Path) -> None:
    with deaf() as listener, contextlib.ExitStack() as stack:
        while True:  # until the queue is full
            client = stack.enter_context(socket.socket())
            client.settimeout(0.2)
            try:
                client.connect(listener.getsockname())
            except TimeoutError:
                break
        with program(installed(tmp_path, port_of(listener))) as running:
            running.told("started")
            until(lambda: is_connecting(running.process.pid, port_of(listener)))
            assert running.stop() < PATIENCE


def is_connecting(process: int, port: int) -> bool:
    """Whether the process has a socket in SYN_SENT (02 in /proc/net/tcp) to that port."""
    table = Path(f"/proc/{process}/net/tcp").read_text()
    rows = [line.split() for line in table.splitlines()[1:]]
    syn_sent = {row[9] for row in rows if row[2].endswith(f":{port:04X}") and row[3] == "02"}
    links = []
    for each in Path(f"/proc/{process}/fd").iterdir():
        with contextlib.suppress(OSError):
            links.append(str(each.readlink()))
    return any(f"socket:[{inode}]" in links for inode in syn_sent)


def port_of(listener: socket.socket) -> int:
    return int(listener.getsockname()[1])


def until(happened: Callable[[], bool]) -> None:
    end = time.monotonic() + DEADLINE
    while not happened():
        assert time.monotonic() < end
        time.sleep(0.01)


def test_it_stops_while_it_waits_for_the_next_try(tmp_path: Path) -> None:
    with program(installed(tmp_path, 1)) as running:
        assert running.told("poll")["again_seconds"] in (1, 2)
        assert running.stop() < PATIENCE
    assert json.loads(running.said[-1])["event"] == "stopped"


@pytest.mark.parametrize("locked", [None, "mirror", "published"])
def test_it_stops_while_it_publishes(tmp_path: Path, locked: str | None) -> None:
    with serve_letters(sample(40)) as good, contextlib.ExitStack() as stack:
        place = install(tmp_path, mailbox_entry(EmbeddedServer(good)), more=HOURLY)
        assert place.run("poll").returncode == 0
        with program(place) as running:
            running.told("started")
            if locked:  # and somebody else writes for as long as it lasts
                path = getattr(place, locked)
                other = sqlite3.connect(path, isolation_level=None, timeout=DEADLINE)
                other = stack.enter_context(contextlib.closing(other))
                other.execute("begin immediate")
            running.told("poll")
            assert running.stop() < PATIENCE
        assert '"published"' not in "".join(running.said)
        stack.close()
        for path in (place.mirror, place.published):
            assert query(path, "pragma integrity_check") == ["ok"]
        assert place.run("poll").returncode == 0


def test_a_stop_is_told_and_so_is_the_start(tmp_path: Path) -> None:
    with serve_letters(sample(40)) as good:
        place = install(tmp_path, mailbox_entry(EmbeddedServer(good)), more=HOURLY)
        with program(place) as running:
            started = running.told("started")
            assert (started["mailboxes"], started["process"]) == (1, running.process.pid)
            running.told("published")
            running.stop()
    stopped = json.loads(running.said[-1])
    assert stopped["event"] == "stopped"
    assert 0 <= stopped["seconds"] < DEADLINE


def test_a_second_one_is_refused_by_one_line_and_takes_over_from_a_killed_one(
    tmp_path: Path,
) -> None:
    with serve_letters(sample(40)) as good:
        place = install(tmp_path, mailbox_entry(EmbeddedServer(good)), more=HOURLY)
        with program(place) as first:
            first.told("published")
            refused = place.run("run")
            assert refused.returncode == 5
            assert refused.stderr == (
                f"inbox-agent: {place.data}: another inbox-agent (process {first.process.pid}) is "
                "at work here; let it finish or stop it, then run this again\n"
            )
            # who was refused has not put itself into its place
            assert (place.data / "agent.lock").read_text() == f"{first.process.pid}\n"
            first.process.kill()
            first.process.wait()
            with program(place) as second:
                second.told("published")
                assert (place.data / "agent.lock").read_text() == f"{second.process.pid}\n"
                second.stop()


def test_people_are_told_once_that_idle_is_lost_and_programs_each_time(tmp_path: Path) -> None:
    hangs_up = {"CAPABILITY": OFFERS_IDLE, "IDLE": HANG_UP}
    with scripted(hangs_up) as server:
        place = installed(tmp_path, server.port)
        with program(place) as running:
            assert [running.told("idle_lost")["failures"] for _ in range(2)] == [1, 2]
            running.stop()
    with scripted(hangs_up) as server:
        place = installed(tmp_path / "text", server.port)
        with program(place, "--log-format", "text") as running:
            until(lambda: server.commands.count(b"IDLE") >= 3)
            running.stop()
    lost = [line for line in running.said if "new letters are found by polls only" in line]
    assert len(lost) == 1


# -- beside it --------------------------------------------------------------------------------


def trying(top: Path, server: EmbeddedServer) -> Installation:
    """One mailbox that is read, and one that is tried again and again."""
    failing = mailbox_entry(server, "failing", port=1)
    return install(top, mailbox_entry(server), failing, more=HOURLY)


@pytest.mark.parametrize("form", ["text", "json"])
def test_it_goes_on_though_nobody_reads_what_it_says(tmp_path: Path, form: str) -> None:
    with serve_letters(sample(40)) as good:
        place = trying(tmp_path, EmbeddedServer(good))
        with program(place, "--log-format", form) as running:
            assert running.process.stderr
            running.process.stderr.close()
            until(lambda: polls(place) >= 4)
            running.process.terminate()
            assert running.process.wait(DEADLINE) == 0


def polls(place: Installation) -> int:
    """How many there have been."""
    sql = "select 1 from sqlite_master where name = 'polls'"
    if not place.mirror.exists() or not query(place.mirror, sql):
        return 0
    return int(query(place.mirror, "select count(*) from polls")[0])


def child_of(running: Program) -> int | None:
    """The process number of its Datasette, once that is there."""
    number = running.process.pid
    children = Path(f"/proc/{number}/task/{number}/children").read_text().split()
    return int(children[0]) if children else None


@pytest.fixture
def serving(tmp_path: Path) -> Iterator[tuple[Program, int]]:
    """One that polls, with Datasette beside it, and where that serves."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = port_of(free)
    with serve_letters(sample(40)) as good:
        place = trying(tmp_path, EmbeddedServer(good))
        with program(place, "--serve", "--open", "--port", str(port)) as running:
            until(lambda: answers(port))
            yield running, port


def answers(port: int) -> bool:
    with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
        return True
    return False


def test_a_datasette_that_ended_is_started_again(serving: tuple[Program, int]) -> None:
    running, port = serving
    first = child_of(running)
    assert first is not None
    os.kill(first, signal.SIGKILL)
    until(lambda: child_of(running) not in (first, None) and answers(port))
    running.process.terminate()
    assert running.process.wait(DEADLINE) == 0
    assert not answers(port)


def test_a_datasette_that_does_not_end_does_not_hold_it(serving: tuple[Program, int]) -> None:
    running, port = serving
    child = child_of(running)
    assert child is not None
    os.kill(child, signal.SIGSTOP)  # it hears no SIGTERM, like one that has a download to finish
    try:
        running.process.terminate()
        assert running.process.wait(DEADLINE) == 0
    finally:
        with suppress(ProcessLookupError):
            os.kill(child, signal.SIGKILL)
    assert not answers(port)
