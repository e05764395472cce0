"""A day of the real `inbox-agent run`, in minutes: clocks are set, and one fault follows another.

Two mailboxes of one real server are read over a line with moods. Every fault has its time, and
its end; letters come all the while. What is asked for: that the program lives, keeps its own
times, succeeds where nothing disturbs it, stops when told to, and holds the right rows.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import sqlite3
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import IO, Any

from installations import Installation, deliver, install, letter, mailbox_entry
from servers import Delivery, DovecotServer, as_mail_user, find_dovecot, second_pair_of_eyes

from faults import dump as dumps
from faults.hastened import Hastened
from faults.line import BYE, CODES, DOWN, ENDS, STALL, Line, line_to
from faults.verdict import Pass, Trouble, judged
from inbox_agent.mirror import Mirror

MAILBOXES = ("north", "south")
ZONE = "Europe/Berlin"
#: Real seconds it may take to stop.
STOP_SECONDS = 5.0
_PARTNERS = ("globex.example", "initech.example", "umbra.example", "hooli.example")
#: So many letters come in a day, whatever its length, beside one in each fault.
_LETTERS = 144
_FREE_SECONDS = 5.0
_START_SECONDS = 60.0
#: A refused login keeps a mailbox from being read for up to an hour, so there are fewer of them.
_OF_ONE = (*ENDS, STALL, BYE, "kick", *CODES, *ENDS, STALL, BYE, "kick", CODES[0])
_OF_ALL = ("server killed", "mirror locked", "tables locked", "asleep", "set forward", "set back")
_CARDS = (*_OF_ONE, *_OF_ALL)
#: Kinds that take no connection and lock nothing: a pass may well succeed in them.
_HARMLESS = ("set forward", "set back")


@dataclass(frozen=True)
class Plan:
    """What day it is, how long it is, how fast it goes, and how many faults it has."""

    name: str
    start: datetime
    seconds: float
    faults: int
    rate: float
    seed: int = 628
    every_seconds: int = 300

    def troubles(self) -> list[Trouble]:
        """When what goes wrong: one fault in each stretch of the day, and then some peace.

        They come as from a pack of cards, shuffled anew when it is used up: all kinds have a turn.
        """
        lot, stretch = Random(self.seed), self.seconds / self.faults  # noqa: S311 - no secret
        found: list[Trouble] = []
        cards: list[str] = []
        for number in range(self.faults):
            cards = cards or lot.sample(_CARDS, len(_CARDS))
            kind = cards.pop()
            begin = (number + lot.uniform(0.0, 0.2)) * stretch
            end = begin + lot.uniform(0.2, 0.6) * stretch
            whom = MAILBOXES if kind in _OF_ALL else (lot.choice(MAILBOXES),)
            found.append(Trouble(kind, whom, begin, end, is_harmless=kind in _HARMLESS))
        return found


BERLIN = {
    "to summer time": datetime(2026, 3, 28, 12, tzinfo=UTC),
    "to winter time": datetime(2026, 10, 24, 12, tzinfo=UTC),
}


@dataclass
class Result:
    """What a day showed."""

    name: str
    hours: float
    faults: int
    letters: int = 0
    passes: int = 0
    failed: int = 0
    #: Passes that failed though nothing was wrong: of the haste, as a rule.
    undisturbed_failed: int = 0
    #: Simulated seconds from the end of a fault to the next complete pass, at most.
    slowest_return: float = 0.0
    #: Real seconds from SIGTERM to the end.
    stop_seconds: float = 0.0
    rows: int = 0
    troubles: list[str] = field(default_factory=list)


@dataclass
class Day:
    """One day going on."""

    plan: Plan
    clocks: Hastened
    server: DovecotServer
    users: dict[str, DovecotServer]
    lines: dict[str, Line]
    place: Installation
    top: Path
    running: subprocess.Popen[str] | None = None
    events: list[tuple[float, dict[str, Any]]] = field(default_factory=list)
    letters: int = 0
    past: list[Trouble] = field(default_factory=list)

    # -- faults -----------------------------------------------------------------------------

    def fault(self, trouble: Trouble) -> AbstractContextManager[None]:
        """It lasts as long as the block."""
        kind = trouble.kind
        one = trouble.mailboxes[0]
        if kind in ENDS:
            return self._cut(one, kind)
        if kind in (STALL, BYE, *CODES):
            return self._mood(one, kind)
        makers: dict[str, Callable[[], AbstractContextManager[None]]] = {
            "kick": lambda: self._kicked(one),
            "server killed": self._killed,
            "mirror locked": lambda: _locked(self.place.mirror),
            "tables locked": lambda: _locked(self.place.published),
            "asleep": self._asleep,
            "set forward": lambda: self._set(trouble.seed_hours),
            "set back": lambda: self._set(-trouble.seed_hours),
        }
        return makers[kind]()

    @contextmanager
    def _cut(self, mailbox: str, end: str) -> Iterator[None]:
        """What there is ends, and for a while nobody is let in."""
        self.lines[mailbox].mood = DOWN
        self.lines[mailbox].cut(end)
        yield
        self.lines[mailbox].mood = "pass"

    @contextmanager
    def _mood(self, mailbox: str, mood: str) -> Iterator[None]:
        self.lines[mailbox].mood = mood
        if mood != STALL:
            self.lines[mailbox].cut("BYE")
        yield
        self.lines[mailbox].mood = "pass"

    @contextmanager
    def _kicked(self, mailbox: str) -> Iterator[None]:
        with contextlib.suppress(subprocess.CalledProcessError):  # nobody was there
            self.server.doveadm("kick", self.users[mailbox].user)
        yield

    @contextmanager
    def _killed(self) -> Iterator[None]:
        for process in _processes(self.top / "dovecot"):
            with contextlib.suppress(ProcessLookupError):
                os.kill(process, signal.SIGKILL)
        yield
        _start(self.top / "dovecot")
        _answering(self.server)

    @contextmanager
    def _asleep(self) -> Iterator[None]:
        assert self.running
        began = self.clocks.seconds()
        self.running.send_signal(signal.SIGSTOP)
        yield
        self.clocks.sleep_for(self.clocks.seconds() - began)
        self.running.send_signal(signal.SIGCONT)

    @contextmanager
    def _set(self, hours: float) -> Iterator[None]:
        self.clocks.set_wall_clock(hours * 3600)
        yield
        self.clocks.set_wall_clock(0.0)

    # -- the day ----------------------------------------------------------------------------

    def write(self, lot: Random) -> None:
        """One more letter, from a partner or to one."""
        number, mailbox = self.letters, lot.choice(MAILBOXES)
        partner, at = lot.choice(_PARTNERS), self.clocks.at().replace(microsecond=0)
        theirs, ours = f"Kim <kim@{partner}>", "Ana <ana@acme.example>"
        is_ours = lot.random() < 0.4
        author, to = (ours, theirs) if is_ours else (theirs, ours)
        raw = letter(author, to, at, f"{number}@{mailbox}", subject=f"Offer {number % 9}?")
        folder = "Sent" if is_ours else "INBOX"
        deliver(self.users[mailbox], [Delivery(folder, raw, at)])
        self.letters += 1

    def listen(self, stream: IO[str]) -> None:
        """Keep what the program tells."""
        for line in stream:
            self.events.append((self.clocks.seconds(), json.loads(line)))

    def go_by(self) -> None:
        """From the first fault to the end of the last, with letters all the while."""
        lot = Random(self.plan.seed + 1)  # noqa: S311 - no secret
        every = self.plan.seconds / _LETTERS
        began = letters_at = self.clocks.seconds()
        for trouble in self.plan.troubles():
            trouble.begin, trouble.end = trouble.begin + began, trouble.end + began
            while letters_at < trouble.begin:
                self.clocks.wait_until(letters_at)
                self.write(lot)
                letters_at += lot.uniform(0.2, 1.8) * every
            self.clocks.wait_until(trouble.begin)
            with self.fault(trouble):
                trouble.begin = self.clocks.seconds()
                if trouble.kind != "server killed":
                    self.write(lot)
                while letters_at < trouble.end and trouble.kind != "server killed":
                    self.clocks.wait_until(letters_at)
                    self.write(lot)
                    letters_at += lot.uniform(0.2, 1.8) * every
                self.clocks.wait_until(trouble.end)
            trouble.end = self.clocks.seconds()
            self.past.append(trouble)
        self.clocks.wait_until(began + self.plan.seconds)

    def begin(self) -> None:
        """Until both mailboxes were read once; only now all clocks are right."""
        until = time.monotonic() + _START_SECONDS
        while {each.mailbox for each in self.passes()} != set(MAILBOXES):
            if time.monotonic() > until:
                raise RuntimeError("the program does not begin to read")
            time.sleep(0.01)
        self.clocks.set_wall_clock(0.0)

    def passes(self) -> list[Pass]:
        """How the mailboxes were read."""
        return [
            Pass(
                mailbox=each["mailbox"],
                began=at - each["seconds"],
                ended=at,
                errors=tuple(each.get("errors", ())),
                again=each.get("again_seconds"),
            )
            for at, each in self.events
            if each["event"] == "poll"
        ]


def day(top: Path, server: DovecotServer, plan: Plan) -> Result:
    """Have a day go by, and judge it."""
    with ExitStack() as stack:
        users = {name: server.with_fresh_user() for name in MAILBOXES}
        lines = {name: stack.enter_context(line_to(server.port)) for name in MAILBOXES}
        for user in users.values():  # `auto = create` makes Sent at the first login
            with second_pair_of_eyes(user):
                pass
        clocks = Hastened(top, plan.start, plan.rate)
        place = _installed(top / "place", users, {name: lines[name].port for name in lines}, plan)
        today = Day(plan, clocks, server, users, lines, place, top)
        result = Result(plan.name, round(plan.seconds / 3600, 1), plan.faults)
        _lived(today, result)
        _compared(today, result)
    return result


def _lived(today: Day, result: Result) -> None:
    """The day itself, up to the end of the program."""
    environment = today.clocks.environment()
    command = today.place.command("run", "--log-format", "json")
    with subprocess.Popen(
        command, cwd=today.place.top, env=environment, stderr=subprocess.PIPE, text=True
    ) as today.running:
        assert today.running.stderr
        listening = threading.Thread(target=today.listen, args=(today.running.stderr,))
        listening.start()
        try:
            today.begin()
            today.go_by()
            result.troubles += [] if today.running.poll() is None else ["the program ended"]
        finally:
            until, asked = today.clocks.seconds(), time.monotonic()
            today.running.send_signal(signal.SIGCONT)
            today.running.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                today.running.wait(3 * STOP_SECONDS)
            result.stop_seconds = round(time.monotonic() - asked, 2)
            today.running.kill()
            listening.join()
            today.clocks.forget(today.running.pid)
    if result.stop_seconds > STOP_SECONDS or today.running.returncode:
        how = f"{result.stop_seconds} s, exit code {today.running.returncode}"
        result.troubles.append(f"it did not stop as told: {how}")
    result.letters = today.letters
    judgement = judged(
        today.passes(), today.past, today.plan.every_seconds, 2 * today.plan.rate, until
    )
    result.passes, result.failed = judgement.passes, judgement.failed
    result.undisturbed_failed = judgement.undisturbed_failed
    result.slowest_return = round(judgement.slowest_return)
    result.troubles += judgement.troubles
    said = {each["event"] for _, each in today.events}
    result.troubles += [
        f"never told: {name}" for name in ("started", "stopped") if name not in said
    ]


def _compared(today: Day, result: Result) -> None:
    """After one poll that nothing disturbs: the rows of a mirror made afresh?"""
    at = (today.clocks.start + timedelta(seconds=today.plan.seconds + 86_400)).replace(
        microsecond=0
    )
    fresh = Installation(today.top / "fresh")
    shutil.copytree(today.place.config.parent, fresh.config.parent)
    with Mirror(today.place.mirror) as held, Mirror(fresh.mirror) as made, made.writing() as db:
        key = held.pseudonym_key().hex()  # else everybody would have another pseudonym
        db.table("facts").upsert({"name": "pseudonym_key", "value": key}, pk="name")
    for place in (today.place, fresh):
        report = place.agent(at).poll(at)
        result.troubles += [f"the last poll: {type(error).__name__}" for error in report.errors]
    # when a letter was fetched is when it came to us
    dumps.CLOCKS["headers"] = (*dumps.CLOCKS["headers"], "fetched_at")
    # When a cause was first found depends on when somebody looked.
    dumps.HISTORY = (*dumps.HISTORY, "alerts", "alert_log", "alerts_seen")
    expected, found = dumps.dump(fresh.data), dumps.dump(today.place.data)
    result.rows = sum(map(len, found.values()))
    result.troubles += [f"rows: {each}" for each in dumps.difference(expected, found)]
    result.troubles += [f"{name} is damaged" for name in dumps.unsound(today.place.data)]


def _installed(
    top: Path, users: dict[str, DovecotServer], ports: dict[str, int], plan: Plan
) -> Installation:
    secret = top / "password"
    top.mkdir()
    secret.write_text(users[MAILBOXES[0]].password)
    secret.chmod(0o600)
    entries = [mailbox_entry(users[name], name, port=ports[name]) for name in MAILBOXES]
    by_file = f"password = {{ file = {json.dumps(str(secret))} }}"
    texts = [
        "\n".join(by_file if line.startswith("password") else line for line in entry.splitlines())
        for entry in entries
    ]
    poll = f'[poll]\nevery = "{plan.every_seconds // 60} minutes"\n'
    place = install(top, *texts, more=poll)
    config = place.config.read_text().replace('timezone = "UTC"', f'timezone = "{ZONE}"')
    place.config.write_text(config)
    return place


@contextmanager
def _locked(database: Path) -> Iterator[None]:
    """Somebody else writes, and takes his time."""
    if not database.exists():
        yield
        return
    with contextlib.closing(sqlite3.connect(database, isolation_level=None)) as other:
        other.execute(f"pragma busy_timeout = {_FREE_SECONDS * 1000:.0f}")
        other.execute("begin immediate")
        yield
        other.execute("rollback")


def _processes(top: Path) -> Sequence[int]:
    """Dovecot's master, if it lives, and its children."""
    pid = int((top / "base" / "master.pid").read_text())
    found = [pid]
    for entry in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            parent = int(entry.read_text().rpartition(")")[2].split()[1])
            found += [int(entry.parent.name)] if parent == pid else []
    return found


def _start(top: Path) -> None:
    (top / "base" / "master.pid").unlink(missing_ok=True)
    command = [find_dovecot() or "dovecot", "-c", str(top / "dovecot.conf")]
    subprocess.run(command, check=True, **as_mail_user())


def _answering(server: DovecotServer) -> None:
    until = time.monotonic() + 20
    while True:
        try:
            with second_pair_of_eyes(server):
                return
        except OSError:
            if time.monotonic() > until:
                raise
            time.sleep(0.02)


def gone(top: Path) -> None:
    """End the Dovecot that was started last; the one before it is another's."""
    with contextlib.suppress(OSError, ValueError):
        for process in _processes(top / "dovecot"):
            with contextlib.suppress(ProcessLookupError):
                os.kill(process, signal.SIGTERM)


def plans(share: float, seed: int, rate: float) -> list[Plan]:
    """Two days of 24 hours; a short one has the change of clocks in it."""
    if share >= 1:
        return [Plan(name, start, 86_400.0, 200, rate, seed) for name, start in BERLIN.items()]
    (name, noon), *_ = BERLIN.items()
    start, cards = noon + timedelta(hours=12, minutes=46), len(_CARDS)
    return [Plan(name, start, 86_400.0 * share, cards, rate, seed, every_seconds=60)]
