"""How soon a letter that came is seen in Datasette: `python -m benchmarks.idle_visible`.

    python -m benchmarks.idle_visible [--sizes N ...] [--partners N] [--rounds N]

A Dovecot on this computer, `inbox-agent run` with IDLE, and Datasette as `inbox-agent serve` starts
it. A letter is put into INBOX by APPEND, and Datasette is asked for it again and again, as JSON of
the table `messages`, until it is there; the time is that from the first octet of APPEND on. A
second client in IDLE hears when Dovecot speaks, and the agent's log says when its pass and its
publishing were over. Between two letters more time goes by than from one pass to the next at least
(`SHORTEST_ROUND_SECONDS`); the last lines show what comes sooner.
"""

from __future__ import annotations

import argparse
import imaplib
import os
import random
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from itertools import islice, pairwise
from pathlib import Path
from statistics import median
from urllib.parse import urlencode

from benchmarks.agent_log import AgentLog, running
from benchmarks.correspondence import Letter, correspondence, partner_domain
from benchmarks.dovecots import BODIES, DovecotServer, account, dovecot, fill
from benchmarks.letters import PARTNERS, config
from benchmarks.server import Browser, served
from inbox_agent.loop import SHORTEST_ROUND_SECONDS

_SIZES = (1_000, 50_000)
_MANY = 5_000
_SEED = 20_261_122
_AGAIN_SECONDS = 0.02
_FIRST_READ_SECONDS, _LONGEST_SECONDS = 3_600.0, 300.0
_SOON_SECONDS = 1.0


@dataclass
class Listener:
    """A client that does nothing but hear when the server speaks of new letters."""

    heard: list[float] = field(default_factory=list)

    def since(self, began: float) -> float:
        """When it first did since then; infinite where it has not."""
        return min((at for at in self.heard if at >= began), default=float("inf"))


@contextmanager
def listening(server: DovecotServer) -> Iterator[Listener]:
    """In IDLE (RFC 2177) for the block."""
    listener, connection = Listener(), _logged_in(server)
    connection.select("INBOX", readonly=True)
    connection.send(b"idle IDLE\r\n")

    def listen() -> None:
        while line := connection.readline():
            if b" EXISTS" in line:
                listener.heard.append(time.monotonic())

    thread = threading.Thread(target=listen, daemon=True)
    thread.start()
    try:
        yield listener
    finally:
        connection.send(b"DONE\r\nend LOGOUT\r\n")
        thread.join()
        connection.shutdown()


def _logged_in(server: DovecotServer) -> imaplib.IMAP4:
    connection = imaplib.IMAP4(server.host, server.port)
    connection.login(server.user, server.password)
    return connection


@dataclass(frozen=True, slots=True)
class Seen:
    """Seconds from a letter's coming: to Dovecot's word, the pass, its end, publication, the page.

    Each is counted from the one before.
    """

    pushed: float
    begun: float
    read: float
    published: float
    shown: float

    @property
    def seconds(self) -> float:
        """All of it."""
        return self.pushed + self.begun + self.read + self.published + self.shown


@dataclass(frozen=True)
class Desk:
    """Everything that runs, and the letters that are still to come."""

    inbox: imaplib.IMAP4
    listener: Listener
    log: AgentLog
    browser: Browser
    more: list[Letter]

    def next(self, partner: str = "") -> Letter:
        """The next letter that comes to us, of that partner."""
        place = next(n for n, each in enumerate(self.more) if partner in ("", each.partner))
        return self.more.pop(place)

    def seen(self, letter: Letter) -> Seen:
        """Put it in and wait until Datasette shows it. Raises TimeoutError."""
        at = datetime.now(UTC).replace(microsecond=0)
        letter = replace(letter, received_at=at, sent_at=at - timedelta(seconds=3))
        began = time.monotonic()
        date = imaplib.Time2Internaldate(at)
        self.inbox.append("INBOX", "", date, letter.raw())
        shown = self._shown(letter)
        poll = self.log.first("poll", began, _LONGEST_SECONDS)
        published = poll and self.log.first("published", poll.at, _LONGEST_SECONDS)
        if not poll or not published:
            raise TimeoutError("the log does not say that the letter was read")
        pass_began = poll.at - poll.facts["seconds"]
        pushed = min(self.listener.since(began), pass_began)
        stages = (began, pushed, pass_began, poll.at, published.at, shown)
        return Seen(*(later - earlier for earlier, later in pairwise(stages)))

    def _shown(self, letter: Letter) -> float:
        asked = {"partner": letter.partner, "at__gte": f"{letter.received_at:%Y-%m-%dT%H:%M:%SZ}"}
        how = {"_shape": "array", "_size": 1, "_nocount": 1, "_nofacet": 1, "_col": "at"}
        path = f"/partners/messages.json?{urlencode(asked | how)}"
        until = time.monotonic() + _LONGEST_SECONDS
        while time.monotonic() < until:
            if self.browser.rows(path):
                return time.monotonic()
            time.sleep(_AGAIN_SECONDS)
        raise TimeoutError(f"a letter of {letter.partner} was not shown")

    def rest(self, draw: random.Random) -> None:
        """Until the next pass may begin as soon as it likes."""
        time.sleep(SHORTEST_ROUND_SECONDS + 1 + draw.random())


@contextmanager
def desk(letters: int, partners: int) -> Iterator[Desk]:
    """An agent that has read so many letters and waits for news."""
    with dovecot() as server, tempfile.TemporaryDirectory(dir=os.environ.get("TMPDIR")) as folder:
        fill(server, letters, partners)
        path = config(Path(folder), account(server, server.port, "partners"))
        later = correspondence(letters, partners, more=_MANY, body_octets=BODIES)
        more = [each for each in islice(later, letters, None) if not each.is_sent]
        with running(path) as log:
            if log.first("published", 0.0, _FIRST_READ_SECONDS) is None:
                raise TimeoutError("the first read did not end")
            time.sleep(2 * SHORTEST_ROUND_SECONDS)  # the look once IDLE has begun
            inbox = _logged_in(server)
            with (
                listening(server) as listener,
                served(path, path.parent / "data" / "partners.db") as browser,
            ):
                yield Desk(inbox, listener, log, browser, more)
            inbox.logout()


def _soon(it: Desk) -> Seen:
    it.seen(it.next())
    time.sleep(_SOON_SECONDS)
    return it.seen(it.next())


_JOBS: tuple[tuple[str, Callable[[Desk], Seen]], ...] = (
    ("as they come", lambda it: it.seen(it.next())),
    ("of the largest partner", lambda it: it.seen(it.next(partner_domain(1)))),
    (f"{_SOON_SECONDS:.0f} s after another was seen", _soon),
)


def row(letters: int, title: str, found: Sequence[Seen]) -> str:
    """A line of the table."""
    took = [each.seconds for each in found]
    stages = [median(getattr(each, name) for each in found) for name in Seen.__slots__]
    cells = " | ".join(f"{seconds:.2f}" for seconds in (median(took), max(took), *stages))
    return f"| {letters:,} | {title} | {len(found)} | {cells} |"


def rows(sizes: Sequence[int], partners: int, rounds: int) -> Iterator[str]:
    """The table, line by line as it comes."""
    yield (
        "| letters held | letters that come | times | seconds until seen (median) | largest "
        "| until Dovecot speaks | a pass begins | it ends | published | seen |"
    )
    yield "| ---: | --- |" + " ---: |" * 8
    draw = random.Random(_SEED)  # noqa: S311 - not for secrets
    for letters in sizes:
        with desk(letters, min(partners, max(10, letters // 20))) as it:
            for title, job in _JOBS:
                found = []
                for _ in range(rounds):
                    it.rest(draw)
                    found.append(job(it))
                yield row(letters, title, found)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", type=int, nargs="+", default=_SIZES)
    parser.add_argument("--partners", type=int, default=PARTNERS)
    parser.add_argument("--rounds", type=int, default=10)
    given = parser.parse_args()
    for line in rows(given.sizes, given.partners, given.rounds):
        print(line, flush=True)


if __name__ == "__main__":
    main()
