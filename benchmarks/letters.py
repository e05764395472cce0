"""What every benchmark is fed with: letters, a filled mirror, a config; the same for each seed.

    python -m benchmarks.letters FOLDER [--letters N] [--partners N]

writes a config and its mirror into a folder, to try things on.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import zlib
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path

from benchmarks.correspondence import (
    BODY_OCTETS,
    LAST_DAY,
    SHARED,
    TEAM_DOMAIN,
    TEAM_MX,
    Letter,
    Person,
    correspondence,
)
from inbox_agent.epoch import seconds
from inbox_agent.messages import PARSER_VERSION, FetchedHeader
from inbox_agent.mirror import Mirror, Snapshot
from inbox_agent.mirror_rows import INSERT, insert_row, parsed_columns
from inbox_agent.poll_rows import Counts, Poll
from inbox_agent.sync_plan import Found

MAILBOX, UIDVALIDITY, SEED, PARTNERS = "partners", 1, 20_261_122, 1_000
SPECIAL_USES = {"INBOX": None, "Sent": r"\Sent"}
#: When the mirror was read: after its last letter.
AS_OF = datetime(LAST_DAY.year, LAST_DAY.month, LAST_DAY.day, 20, tzinfo=UTC)
#: Every so many letters the columns made here are held against those the product reads.
_HELD_AGAINST = 1_000
#: Rows of one transaction: what is not yet in the file itself takes as much disk again.
_AT_ONCE = 100_000

_CONFIG = """[team]
domains = ["{domain}"]
lists = ["{shared}"]

[data]
directory = "data"
"""
_MAILBOX = """
[[mailboxes]]
name = "{name}"
host = "{host}"
port = {port}
tls = "none"
user = "{user}"
password = {{ file = "password" }}
received_by = ["{mx}"]
"""


@dataclass(frozen=True, slots=True)
class Account:
    """Where a mailbox of a config is read; the mirror needs no server."""

    host: str = "127.0.0.1"
    port: int = 1_143
    user: str = "partners"
    password: str = "open-sesame"  # noqa: S105 - of a server of our own, on loopback
    name: str = MAILBOX


def letters(
    count: int,
    partners: int = PARTNERS,
    seed: int = SEED,
    *,
    body_octets: tuple[int, int] = BODY_OCTETS,
) -> Iterator[bytes]:
    """Whole letters in the order in which they came; `correspondence` says in which folder."""
    return (each.raw() for each in correspondence(count, partners, seed, body_octets=body_octets))


def config(folder: Path, *accounts: Account, more: str = "") -> Path:
    """Write a config of these mailboxes, with one password; its data lies in ``folder/data``.

    `more` are tables of the config besides.
    """
    accounts = accounts or (Account(),)
    folder.mkdir(parents=True, exist_ok=True)
    secret = folder / "password"
    secret.write_text(accounts[0].password, "utf-8")
    secret.chmod(0o600)
    text = _CONFIG.format(domain=TEAM_DOMAIN, shared=SHARED[1]) + more
    for each in accounts:
        words = {key: getattr(each, key) for key in ("name", "host", "port", "user")}
        text += _MAILBOX.format(**words, mx=TEAM_MX)
    path = folder / "inbox-agent.toml"
    path.write_text(text, "utf-8")
    return path


def mirror(path: Path, count: int, partners: int = PARTNERS, seed: int = SEED) -> None:
    """Write the mirror that reading so many letters would have left, complete up to `AS_OF`.

    Its rows are not read from the blocks, which would take long: all that is in them is known.
    One in a thousand is read all the same, and raises AssertionError where it differs.
    """
    with Mirror(path) as store:
        for folder, special_use in SPECIAL_USES.items():
            store.begin_folder(
                MAILBOX, folder, UIDVALIDITY, special_use, is_sent=special_use is not None
            )
        last_uids: Counter[str] = Counter()
        found = rows(correspondence(count, partners, seed), last_uids)
        for _ in range(0, count, _AT_ONCE):
            with store.writing() as db:
                db.conn.executemany(INSERT, islice(found, _AT_ONCE))
        with store.writing() as db:
            for folder, uid in last_uids.items():
                db.conn.execute("update folders set last_uid = ? where folder = ?", (uid, folder))
        for folder in SPECIAL_USES:
            found = Found(UIDVALIDITY, last_uids[folder] + 1, last_uids[folder])
            snapshot = Snapshot(found, AS_OF, None)
            store.complete_folder(MAILBOX, folder, at=AS_OF, snapshot=snapshot)
        counts = Counts(len(SPECIAL_USES), count)
        store.end_poll(Poll(MAILBOX, AS_OF, AS_OF, None, counts, 1.0), AS_OF)


def mirror_once(path: Path, count: int, partners: int = PARTNERS) -> None:
    """`mirror`, unless an earlier run has left it whole."""
    if path.exists():
        with Mirror(path) as store:
            if list(store.rows("select poll from polls")):  # its story is kept last
                return
        path.unlink()
    mirror(path, count, partners)


def rows(
    found: Iterable[Letter], last_uids: Counter[str], fetched_at: datetime = AS_OF
) -> Iterator[tuple[object, ...]]:
    """Each letter as the values of `INSERT`; the uids of a folder go on from `last_uids`."""
    for letter in found:
        last_uids[letter.folder] += 1
        header = fetched(letter, last_uids[letter.folder], fetched_at)
        if not letter.is_plain:
            yield insert_row(header)
            continue
        columns = _columns(letter, header.block)
        if letter.number % _HELD_AGAINST == 0:
            assert columns == parsed_columns(header), letter  # noqa: S101 - else all is worthless
        yield (
            *(MAILBOX, letter.folder, UIDVALIDITY, header.uid),
            *(seconds(letter.received_at), header.size_octets, seconds(fetched_at)),
            *(zlib.compress(header.block), None, 0, None, None, None, None),
            *columns,
        )


def fetched(letter: Letter, uid: int, fetched_at: datetime = AS_OF) -> FetchedHeader:
    """A letter as the product gets it from a server; its size is about what it would be."""
    return FetchedHeader(
        mailbox=MAILBOX,
        folder=letter.folder,
        uidvalidity=UIDVALIDITY,
        uid=uid,
        received_at=letter.received_at,
        size_octets=4_000 + letter.body_octets,
        block=letter.block(),
        fetched_at=fetched_at,
    )


def _columns(letter: Letter, block: bytes) -> tuple[object, ...]:
    """What the product would read from the block of a plain letter."""
    details = {
        "references": letter.references,
        "from": _people((letter.author,)),
        "to": _people(letter.to),
        "cc": _people(letter.cc),
        "bcc": [],
        "received": [] if letter.is_sent else [(TEAM_MX, seconds(letter.received_at))],
        "marks": sorted(letter.marks),
        "problems": (),
        "sender": [],
        "reply_to": [],
        "originals": [],
        "thread_index": None,
        "authentication": letter.authentication,
        "date_offset_minutes": 0,
    }
    return (
        PARSER_VERSION,
        hashlib.sha256(block).hexdigest(),
        letter.message_id,
        letter.references[-1] if letter.references else None,
        seconds(letter.sent_at),
        letter.subject,
        json.dumps(details, ensure_ascii=True, separators=(",", ":")),
        1,
    )


def _people(people: Iterable[Person]) -> list[tuple[str, str, str]]:
    return [(name, *address.split("@", 1)) for name, address in people]  # type: ignore[misc]


def main() -> None:
    """Fill a folder."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--letters", type=int, default=100_000)
    parser.add_argument("--partners", type=int, default=PARTNERS)
    given = parser.parse_args()
    print(config(given.folder))
    mirror(given.folder / "data" / "mirror.db", given.letters, given.partners)


if __name__ == "__main__":
    main()
