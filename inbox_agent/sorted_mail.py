"""What was worked out of the mirror, kept so that a poll need not do it again: `sorted.db`.

Whose record each copy is in, which copies may be of one letter, who cites whom, when everybody
first stood in our mail; and of each partner what the figures of others hang on, of large ones their
mail as it was measured. All of it follows from the mirror: where it is missing, older, or not of
the generation that is published, it is made anew with everything else. It is as private as the
mirror.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from hashlib import blake2b
from pathlib import Path
from typing import Any, Self

from inbox_agent.sqlite_files import connect, private_directory

SORTED = "sorted.db"
#: One more whenever the tables, or what they mean, change.
_VERSION = 5

_SCHEMA = """
create table facts (name text primary key, value text) without rowid;
create table copies (id integer primary key, message integer, look integer, at integer,
  mailbox text, ours integer, told integer default 0);
create table cites (cited integer, copy integer, link integer,
  primary key (cited, copy, link)) without rowid;
create table parties (id integer primary key, key text unique, first_at integer, due_at integer,
  moves_at integer, last_at integer, until_at integer, is_partner integer default 0,
  is_blind integer default 0, first_gap_at integer, mailboxes text default '', their_time text,
  summary text);
create table counts (party integer, what text, name text, number integer,
  primary key (party, what, name)) without rowid;
create table members (party integer, copy integer, primary key (party, copy)) without rowid;
create table stood (party integer, copy integer, at integer, primary key (party, copy))
  without rowid;
create table p_values (party integer, measure text, p real, adjusted real,
  primary key (party, measure)) without rowid;
create table hosts (host text primary key, letters integer) without rowid;
create table lists (name text primary key, since integer) without rowid;
create table waiting (copy integer primary key);
create table hinted (party integer, other integer, primary key (party, other)) without rowid;
create table newcomers (name text, party integer, primary key (name, party)) without rowid;
create table earlier (party integer, part integer, mail blob, primary key (party, part));
"""
#: Made once the rows are there, as that is quicker.
_INDEXES = """
create index copies_by_message on copies (message);
create index copies_by_look on copies (look) where look is not null;
create index cites_by_copy on cites (copy, link);
create index members_by_copy on members (copy);
create index stood_by_copy on stood (copy);
create index hinted_by_other on hinted (other);
create index parties_by_due on parties (due_at) where due_at is not null;
create index parties_by_move on parties (moves_at) where moves_at is not null;
"""
_AT_ONCE = 500
#: How a copy cites a letter: without coming into its records, as one copy of an answer through our
#: list where others may say the rest, as such an answer by itself, or as a delivery report.
CITES, MAY_ANSWER, ANSWERS, REPORTS = range(4)

Values = Sequence[object]


def digest_of(*parts: object) -> int:
    """64 bits that stand for an identifier."""
    text = "\x1f".join(map(str, parts)).encode("utf-8", "surrogateescape")
    return int.from_bytes(blake2b(text, digest_size=8).digest(), "big", signed=True)


class SortedMail:
    """The file, open. One job of the agent has it at a time."""

    def __init__(self, path: Path) -> None:
        """Open what is there, else make it. Raises SQLite's errors."""
        self.path = path
        private_directory(path.parent)
        self._parties: dict[str, int] = {}
        self._db = connect(path)
        if path.stat().st_mode & 0o077:
            path.chmod(0o600)
        (version,) = self._db.execute("pragma user_version").fetchone()
        if version != _VERSION:
            self._db.close()
            forget_sorted(path)
            self._db = connect(path)
            self._db.executescript(_SCHEMA + _INDEXES)
            self._db.execute(f"pragma user_version = {_VERSION}")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._db.close()

    @contextmanager
    def writing(self) -> Iterator[None]:
        """One transaction: all that is written within, or nothing."""
        self._db.execute("begin immediate")
        try:
            yield
            self._db.execute("commit")
        except BaseException:
            with suppress(sqlite3.Error):
                self._db.rollback()
            raise

    def settle(self) -> None:
        """Let other processes read what was written so far, and go on writing."""
        self._db.execute("commit")
        self._db.execute("begin immediate")

    def run(self, sql: str, values: Values = ()) -> list[tuple[Any, ...]]:
        """What a statement gives."""
        return self._db.execute(sql, values).fetchall()

    def rows(self, sql: str) -> Iterator[tuple[Any, ...]]:
        """What a query gives, one row after the other."""
        return self._db.execute(sql)

    def run_many(self, sql: str, rows: Iterable[Values]) -> None:
        """One statement for many rows."""
        self._db.executemany(sql, rows)

    def run_in(
        self, sql: str, found: Iterable[object], values: Values = ()
    ) -> Iterator[tuple[Any, ...]]:
        """What a statement gives whose ``{}`` stands for many values, which come last."""
        every = list(found)
        for first in range(0, len(every), _AT_ONCE):
            some = every[first : first + _AT_ONCE]
            marks = ", ".join("?" * len(some))
            yield from self._db.execute(sql.format(marks), (*values, *some)).fetchall()

    def empty(self) -> None:
        """Forget all, within a transaction."""
        self._parties.clear()
        for (name,) in self.run("select name from sqlite_master where type = 'table'"):
            self.run(f'drop table "{name}"')
        for statement in _SCHEMA.split(";"):
            self.run(statement)

    def index(self) -> None:
        """Make the indexes, once the tables are full."""
        for statement in _INDEXES.split(";"):
            self.run(statement)

    # -- facts ------------------------------------------------------------------------------

    def fact(self, name: str) -> Any:
        """Something kept by name; None where there is none."""
        found = self.run("select value from facts where name = ?", (name,))
        return json.loads(found[0][0]) if found else None

    def keep(self, facts: Mapping[str, Any]) -> None:
        """Keep something by name."""
        rows = [(name, json.dumps(value, sort_keys=True)) for name, value in facts.items()]
        self.run_many("insert or replace into facts values (?, ?)", rows)

    # -- parties: whoever a copy may be of, by the key of a partner -------------------------

    def party(self, key: str) -> int:
        """The number of somebody, who gets one when first asked for."""
        known = self._parties.get(key)
        if known is None:
            found = self.run("select id from parties where key = ?", (key,))
            if not found:
                self.run("insert into parties (key) values (?)", (key,))
                found = self.run("select last_insert_rowid()")
            known = self._parties[key] = int(found[0][0])
        return known

    def keys_of(self, parties: Iterable[int]) -> set[str]:
        """The keys behind numbers."""
        return {key for (key,) in self.run_in("select key from parties where id in ({})", parties)}

    def parties_of(self, copies: Iterable[int]) -> set[int]:
        """In whose records some copies are."""
        sql = "select distinct party from members where copy in ({})"
        return {party for (party,) in self.run_in(sql, copies)}

    def sizes(self, parties: Iterable[int]) -> dict[int, int]:
        """How many copies are in whose record."""
        sql = "select party, count(*) from members where party in ({}) group by party"
        return dict(self.run_in(sql, parties))

    def members(self, key: str) -> list[int]:
        """The copies in somebody's record."""
        sql = "select copy from members where party = ?"
        return [copy for (copy,) in self.run(sql, (self.party(key),))]

    # -- copies -----------------------------------------------------------------------------

    def alike(self, copies: Collection[int]) -> set[int]:
        """The copies, and all that may be of one letter with one of them, step by step."""
        found, news = set(copies), set(copies)
        while news:
            near: set[int] = set()
            for column in ("message", "look"):
                sql = (
                    "select other.id from copies join copies as other"  # noqa: S608
                    f" on other.{column} = copies.{column} where copies.id in ({{}})"
                )
                near.update(copy for (copy,) in self.run_in(sql, news))
            news = near - found
            found |= news
        return found

    def citing(self, copies: Iterable[int], *, links_only: bool) -> set[int]:
        """The copies that cite one of these: as a parent, or so that they may come along."""
        sql = (
            "select cites.copy from copies join cites on cites.cited = copies.message"
            " where link >= ? and copies.id in ({})"
        )
        least = MAY_ANSWER if links_only else CITES
        return {copy for (copy,) in self.run_in(sql, copies, (least,))}

    def with_ids(self, party: int, digests: Iterable[int]) -> set[int]:
        """The copies in somebody's record that have these ids, by their digests."""
        sql = (
            "select id from copies join members on copy = id"
            " where members.party = ? and message in ({})"
        )
        return {copy for (copy,) in self.run_in(sql, digests, (party,))}

    def cited(self, copies: Iterable[int]) -> set[int]:
        """The copies that those of these cite which may come along with them."""
        sql = (
            "select copies.id from cites join copies on copies.message = cites.cited"
            " where link >= ? and cites.copy in ({})"
        )
        return {copy for (copy,) in self.run_in(sql, copies, (MAY_ANSWER,))}


def forget_sorted(path: Path) -> None:
    """Delete the file with what lies beside it; the next generation makes it anew."""
    for end in ("", "-wal", "-shm"):
        path.with_name(path.name + end).unlink(missing_ok=True)
