"""A published database of any size: the demo's partners, many times over, under other keys.

Every row is one that the product made; what is multiplied are partners and, within a partner, its
letters, conversations and asks. How many letters a partner has follows Zipf's law, as in real
mailboxes: the first has about a seventh of all. Waits that are multiplied differ by a little, so
that there are as many different ones as in life.
"""

from __future__ import annotations

import hashlib
import sqlite3
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from inbox_agent.catalogue import TABLES, create_statements
from inbox_agent.catalogue.mail_tables import CONVERSATIONS

Row = dict[str, Any]

#: What a partner has more of when it has more letters.
_BY_LETTERS = ("conversations", "response_times", "messages")
_KEYS = ("conversation", "response", "gap", "message")
#: Counts that go with them, so that figures and rows are of about the same size.
_COUNTS = {
    "response_times_by_period": ("asks", "answered", "open", "lapsed"),
    "partner_standing": tuple(
        f"{side}_{what}"
        for side in ("ours", "theirs")
        for what in ("asks", "answered", "open", "lapsed")
    ),
}


@dataclass(frozen=True, slots=True)
class Size:
    """How large: letters are met within one partner's share."""

    partners: int
    letters: int


def make(sample: Path, path: Path, size: Size) -> Size:
    """Write a database of about that size from a small one; gives the size it has."""
    with closing(sqlite3.connect(sample)) as source:
        source.row_factory = sqlite3.Row
        held = {table.name: _by_partner(source, table.name) for table in TABLES}
    names = [partner for partner in sorted(held["partners"]) if held["messages"].get(partner)]
    with closing(sqlite3.connect(path)) as db:
        db.execute("pragma journal_mode = wal")
        db.execute("pragma synchronous = off")
        with db:
            for statement in (*create_statements(), CONVERSATIONS.search_statement()):
                db.execute(statement)
            for table, found in held.items():
                _insert(db, table, _multiplied(table, found, names, held["messages"], size))
            db.execute("insert into conversations_fts (conversations_fts) values ('rebuild')")
        (letters,) = db.execute("select count(*) from messages").fetchone()
        db.execute("pragma wal_checkpoint(truncate)")
    return Size(size.partners, letters)


def _by_partner(source: sqlite3.Connection, table: str) -> Mapping[str | None, list[Row]]:
    found: dict[str | None, list[Row]] = defaultdict(list)
    for row in source.execute(f'select * from "{table}"'):  # noqa: S608 - our own names
        found[row["partner"] if "partner" in row.keys() else None].append(dict(row))  # noqa: SIM118
    return found


def _multiplied(
    table: str,
    found: Mapping[str | None, list[Row]],
    names: Sequence[str],
    letters: Mapping[str | None, list[Row]],
    size: Size,
) -> Iterator[Row]:
    yield from (row for key, rows in found.items() if key not in letters for row in rows)
    every = sum(1 / rank for rank in range(1, size.partners + 1))
    for rank in range(1, size.partners + 1):
        model = names[rank % len(names)]
        partner = f"partner-{rank:04d}.example"
        share = size.letters / every / rank
        times = max(1, round(share / len(letters[model])))
        for time in range(times if table in _BY_LETTERS else 1):
            for row in found.get(model, ()):
                counts = {name: times * (row[name] or 0) for name in _COUNTS.get(table, ())}
                yield {**_renamed(row, partner, time), **counts}


def _renamed(row: Row, partner: str, time: int) -> Row:
    keys = {
        name: hashlib.blake2b(f"{row[name]}/{partner}/{time}".encode(), digest_size=10).hexdigest()
        for name in _KEYS
        if row.get(name)
    }
    alert = {"alert": f"{row['alert']}-{partner}"} if "alert" in row else {}
    search = {"search_row": int(keys["conversation"][:15], 16)} if "search_row" in row else {}
    name = {"name": f"{row['name']} {partner[8:12]}"} if "domains" in row and row["name"] else {}
    return {**row, "partner": partner, **keys, **alert, **search, **name, **_waited(row, keys)}


def _waited(row: Row, keys: Mapping[str, str]) -> Row:
    """A wait up to an eighth longer than that of the row it was made of, by its own key."""
    longer = int(keys.get("response", "0")[:8], 16) / 2**35
    names = ("response_seconds", "business_seconds")
    return {name: round(row[name] * (1 + longer)) for name in names if row.get(name)}


def _insert(db: sqlite3.Connection, table: str, rows: Iterator[Row]) -> None:
    columns = [row[0] for row in db.execute("select name from pragma_table_info(?)", (table,))]
    marks = ", ".join("?" * len(columns))
    db.executemany(
        f'insert into "{table}" values ({marks})',  # noqa: S608 - our own names
        ([row.get(column) for column in columns] for row in rows),
    )
