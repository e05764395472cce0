"""A small archive whose figures are worked out by hand: two quarters of letters with two partners.

Kim of Globex asks on Mondays at 9:00 UTC. In the first quarter of 2024 five times, answered after
an hour each. In the second eight times from the 1st of April on: answered after 1, 2, … 7 hours;
the last, of the 20th of May, never. The lone wolf asks once, on the 3rd of June, and is answered
the next day; what he writes about is hostile.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

from click.testing import CliRunner, Result
from installations import Installation, install, letter, write_mbox
from servers import Delivery

from inbox_agent.cli import main
from inbox_agent.intake import Import

#: Everything is known up to here; the second quarter of 2024 is over.
KNOWN_UNTIL = datetime(2024, 7, 2, 12, 0, tzinfo=UTC)
KIM, WOLF, ANA = "Kim Lee <kim.lee@globex.example>", "wolf.pack@gmail.com", "ana@acme.example"
EVIL = (
    '=HYPERLINK("[/]http://evil.example/") \x1b[31m\u202e[x](http://evil.example) |<b> [/] '
    "wolf.pack@gmail.com"
)
_HOUR, _WEEK = timedelta(hours=1), timedelta(days=7)
_FIRST_QUARTER, _SECOND_QUARTER = (
    datetime(2024, 2, 5, 9, 0, tzinfo=UTC),
    datetime(2024, 4, 1, 9, 0, tzinfo=UTC),
)
PARTNERS = '[[partners]]\nname = "Globex Corp"\ndomains = ["globex.example", "globex.net"]\n'


def archive() -> list[Delivery]:
    """All letters: theirs in INBOX, ours in Sent."""
    asked = [(_FIRST_QUARTER + n * _WEEK, _HOUR) for n in range(5)]
    asked += [(_SECOND_QUARTER + n * _WEEK, (n + 1) * _HOUR) for n in range(8)]
    found = []
    for number, (at, took) in enumerate(asked):
        found += _exchange(KIM, at, took if number < 12 else None, f"Question {number}?")
    return [*found, *_exchange(WOLF, datetime(2024, 6, 3, 9, 0, tzinfo=UTC), 24 * _HOUR, EVIL)]


def _exchange(author: str, at: datetime, took: timedelta | None, subject: str) -> list[Delivery]:
    name = f"{at:%m%d}@{author.rpartition('@')[2].rstrip('>')}"
    found = [Delivery("INBOX", letter(author, ANA, at, name, subject=subject), at)]
    if took is not None:
        cited, then = f"In-Reply-To: <{name}>", at + took
        reply = letter(ANA, author, then, f"re-{name}", cited, subject="Re: it")
        found.append(Delivery("Sent", reply, then))
    return found


def archived(top: Path, more: str = "") -> Installation:
    """An installation that has taken the archive in."""
    place = install(top, more=more, partners=PARTNERS)
    take_in(place, archive())
    return place


def take_in(
    place: Installation,
    letters: list[Delivery],
    until: datetime = KNOWN_UNTIL,
    mailbox: str = "import",
) -> None:
    """More letters, known up to an instant."""
    for folder in ("Sent", "INBOX"):
        path = write_mbox(place.top / f"{folder}.mbox", [d for d in letters if d.folder == folder])
        job = Import((path,), mailbox, folder, "received", folder == "Sent")
        place.agent(until).import_files(job, until)


def run(place: Installation, *args: str | Path) -> Result:
    """A command in this process."""
    return CliRunner().invoke(main, ["-c", str(place.config), *map(str, args)])
