"""A first read over a slow line, beside the time that its octets alone take on it.

    python -m benchmarks.slow_line [--letters N] [--round-trip SECONDS] [--megabits N] [--cyrus]

By default 100 ms there and back and 10 Mbit/s. The letters lie in two folders of a local Dovecot
that knows them already: the line is what is measured here. Once Dovecot offers COMPRESS=DEFLATE
(RFC 4978) and once it does not. With `--cyrus` a Cyrus takes its place, which always offers it and
is read once without (it syncs each letter it is given: `TMPDIR=/dev/shm` spares it the disk).

What the octets alone take is what a plain socket took that drained the same fields over the same
line, all commands sent at once; with compression it is the octets that came, divided by what the
line carries.
"""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass

import inbox_agent.mailbox
from benchmarks.bare_socket import drain
from benchmarks.cyrus_mailbox import cyrus_mailbox
from benchmarks.dovecot_mailbox import FOLDERS, Mailbox, mailbox
from benchmarks.shaped_line import shaped_line
from inbox_agent.agent import Agent
from inbox_agent.config import load_config
from inbox_agent.mirror import Mirror

_COMPRESSED = "protocol imap {\n  mail_plugins = imap_zlib\n}\n"
_BITS = 8


@dataclass(frozen=True, slots=True)
class Shape:
    """Of a line: seconds there and back, octets a second."""

    round_trip_seconds: float
    octets_a_second: float


@dataclass(frozen=True, slots=True)
class Taken:
    """How long something took, and how many octets came down."""

    name: str
    seconds: float
    octets: int

    def row(self, shape: Shape, alone_seconds: float) -> str:
        """A line of the table."""
        carried = self.octets / shape.octets_a_second
        return (
            f"| {self.name} | {self.seconds:.1f} | {self.octets / 1e6:.1f} | {carried:.1f} "
            f"| {self.seconds / alone_seconds:.2f} |"
        )


def drained(box: Mailbox, shape: Shape) -> Taken:
    """The same fields over a plain socket."""
    server = box.server
    with shaped_line(server.port, shape.round_trip_seconds, shape.octets_a_second) as line:
        began = time.monotonic()
        drain(server.host, line.port, (server.user, server.password), FOLDERS)
        return Taken("plain socket, the same fields", time.monotonic() - began, line.down.value)


def read(box: Mailbox, shape: Shape, name: str) -> Taken:
    """Into the mirror, by the agent; what is measured then has nothing to do with the line."""
    server = box.server
    with shaped_line(server.port, shape.round_trip_seconds, shape.octets_a_second) as line:
        os.environ["PARTNERS_PASSWORD"] = server.password  # taken out again when it is read
        agent = Agent(load_config(box.config("agent", line.port)))
        began = time.monotonic()
        with agent.at_work(), Mirror(agent.mirror_path) as mirror:
            report = agent.read_mailbox(mirror, agent.config.mailboxes[0], None)
        if report.errors:
            raise report.errors[0]
        return Taken(name, time.monotonic() - began, line.down.value)


def rows(shape: Shape, boxes: Callable[[bool], AbstractContextManager[Mailbox]]) -> Iterator[str]:
    """The table, line by line as it comes; `boxes` says whether the server may compress."""
    yield "| | seconds | MB down | seconds the line needs for them | times those alone |"
    yield "|---|---|---|---|---|"
    with boxes(False) as box:
        drain(box.server.host, box.server.port, (box.server.user, box.server.password), FOLDERS)
        floor = drained(box, shape)
        yield floor.row(shape, floor.seconds)
        yield read(box, shape, "inbox-agent, not compressed").row(shape, floor.seconds)
    with boxes(True) as box:
        drain(box.server.host, box.server.port, (box.server.user, box.server.password), FOLDERS)
        taken = read(box, shape, "inbox-agent, compressed")
        yield taken.row(shape, taken.octets / shape.octets_a_second)
        share = taken.seconds / floor.seconds
        yield f"\nCompressed it took {share:.2f} times as long as the plain socket."


@contextmanager
def uncompressed() -> Iterator[None]:
    """For the block every server counts as nearby, where compressing costs more than it saves."""
    usual = inbox_agent.mailbox.DISTANT_SECONDS
    inbox_agent.mailbox.DISTANT_SECONDS = float("inf")
    try:
        yield
    finally:
        inbox_agent.mailbox.DISTANT_SECONDS = usual


@contextmanager
def cyrus(letters: int) -> Iterator[Callable[[bool], AbstractContextManager[Mailbox]]]:
    """One Cyrus for both readings, as filling it takes long."""
    with cyrus_mailbox(letters) as box:

        @contextmanager
        def same(may_compress: bool) -> Iterator[Mailbox]:
            with nullcontext() if may_compress else uncompressed():
                yield box

        yield same


@contextmanager
def dovecot(letters: int) -> Iterator[Callable[[bool], AbstractContextManager[Mailbox]]]:
    """A Dovecot for each, of another config."""
    yield lambda may_compress: mailbox(letters, more=_COMPRESSED if may_compress else "")


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--letters", type=int, default=50_000)
    parser.add_argument("--round-trip", type=float, default=0.1, help="seconds")
    parser.add_argument("--megabits", type=float, default=10.0, help="a second")
    parser.add_argument("--cyrus", action="store_true", help="in place of Dovecot")
    given = parser.parse_args()
    shape = Shape(given.round_trip, given.megabits * 1_000_000 / _BITS)
    print(
        f"{given.letters:,} letters over {given.megabits:g} Mbit/s, "
        f"{1_000 * given.round_trip:.0f} ms there and back\n"
    )
    with (cyrus if given.cyrus else dovecot)(given.letters) as boxes:
        for row in rows(shape, boxes):
            print(row, flush=True)


if __name__ == "__main__":
    main()
