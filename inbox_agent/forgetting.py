"""What is deleted on purpose: one person's traces, and letters past their time.

Both leave nothing in the files: the mirror and what is published are written anew, and their
WAL is cut. A backup made before keeps what it has.
"""

from __future__ import annotations

import calendar
import json
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from inbox_agent.address_traces import IsErased, names, plain_address, untagged, without_traces
from inbox_agent.addresses import Address
from inbox_agent.agent import Agent, Report
from inbox_agent.epoch import instant, seconds
from inbox_agent.erasure import labels_without, report_without, without_address
from inbox_agent.errors import ConfigError, InboxAgentError, StoreError
from inbox_agent.messages import FetchedHeader
from inbox_agent.mirror import Mirror
from inbox_agent.mirror_history import forget, forget_before
from inbox_agent.mirror_rows import REWRITE, rewritten_row
from inbox_agent.sorted_mail import SORTED, forget_sorted
from inbox_agent.sqlite_files import scrub
from inbox_agent.tombstones import made_tombstones
from inbox_agent.users import USERS_NAME, read_users

_OLDER = "coalesce(received_at, sent_at, fetched_at) < ?"
#: What is deleted on purpose is not asked for again.
_LEFT_OUT = (
    "insert into left_out select mailbox, folder, uidvalidity, uid from headers where {}"
    " on conflict do nothing"
)
#: Words of servers, which may name a person: table, key, columns.
_SAID = (
    ("polls", "poll", ("error",)),
    ("folders", "rowid", ("error", "note")),
)


@dataclass(frozen=True, slots=True)
class Forgotten:
    """What went, or would go: whole copies of letters, and copies that were written anew."""

    letters: int
    rewritten: int = 0
    report: Report = field(default_factory=Report)


def erase(agent: Agent, written: str, *, dry_run: bool = False) -> Forgotten:
    """Take every trace of an address out of both databases, and keep it from coming back.

    Raises ConfigError for what is no address and while a user of the pages bears it, AgentBusy,
    StoreError. Done twice it does no more.
    """
    address = _person(written)
    must_hold_letters(agent)
    _must_not_sign_in(agent, _is(address))
    with agent.at_work():
        with Mirror(agent.mirror_path) as mirror:
            gone, changed = _traces(mirror, _is(address))
            done = Forgotten(len(gone), len(changed))
            if dry_run:
                return done
            _erase(mirror, address, gone, changed)
            _publish(agent, mirror, done.report)
        scrub_both(agent)
    return done


def _person(written: str) -> Address:
    """The address a person is known by: without ``+tag``, with which it would be one of many."""
    address = plain_address(written)
    if address is None or not written.isprintable():
        raise ConfigError("that is no mail address; write it like ann@globex.com")
    return untagged(address)


def _must_not_sign_in(agent: Agent, is_erased: IsErased) -> None:
    """Whom the operator let in, and as whose owner, is the operator's to undo."""
    path = agent.config.data_directory / USERS_NAME
    for user in read_users(path).values():
        if names(f"{user.name} {user.owner}", is_erased):
            raise ConfigError(
                f"{path}: the user {user.name} bears this address, as name or as owner; "
                f"`inbox-agent users remove {user.name}` first, then erase; who is to sign in "
                "all the same is added again under another name or owner"
            )


def purge(agent: Agent, *, dry_run: bool = False) -> Forgotten:
    """Delete letters older than ``[retention] months``; a later poll does not bring them back.

    Raises ConfigError where the config does not ask for it, AgentBusy, StoreError.
    """
    before = _purged_before(agent)
    must_hold_letters(agent)
    with agent.at_work():
        with Mirror(agent.mirror_path) as mirror:
            count = _purge(mirror, before, dry_run=dry_run)
            done = Forgotten(count)
            if dry_run:
                return done
            _publish(agent, mirror, done.report)
        scrub_both(agent)
    return done


def purge_due(agent: Agent, mirror: Mirror) -> int:
    """Purge within a job that already holds the data directory; how many copies went.

    Nothing is done, and nothing looked for, where the config sets no ``[retention]``. Who calls
    it publishes afterwards, and then calls `scrub_both`. Raises StoreError.
    """
    if agent.config.retention_months is None:
        return 0
    before = _purged_before(agent)
    if not _purge(mirror, before, dry_run=True):
        return 0
    return _purge(mirror, before, dry_run=False)


def _purged_before(agent: Agent) -> int:
    if agent.config.retention_months is None:
        raise ConfigError(
            f"{agent.config.path}: retention.months: is not set, and so nothing is ever deleted"
        )
    return seconds(kept_from(agent.clock(), agent.config.retention_months))


def _purge(mirror: Mirror, before: int, *, dry_run: bool) -> int:
    if not dry_run:
        forget_sorted(mirror.path.with_name(SORTED))
    with mirror.writing() as db:
        sql = f"select count(*) from headers where {_OLDER}"  # noqa: S608 - our own words
        (count,) = db.execute(sql, [before]).fetchone()
        if not dry_run:
            db.execute("pragma secure_delete = on")
            db.execute(_LEFT_OUT.format(_OLDER), [before])
            db.execute(f"delete from headers where {_OLDER}", [before])  # noqa: S608
            forget_before(mirror, instant(before))
            db.execute(
                "insert into facts values ('purged_before', ?) on conflict do update"
                " set value = max(cast(value as integer), cast(excluded.value as integer))",
                [str(before)],
            )
    return int(count)


def kept_from(now: datetime, months: int) -> datetime:
    """So many calendar months before; from a day that a month lacks its last day."""
    year, month = divmod(now.year * 12 + now.month - 1 - months, 12)
    day = min(now.day, calendar.monthrange(year, month + 1)[1])
    return now.replace(year=year, month=month + 1, day=day)


def must_hold_letters(agent: Agent) -> None:
    """Raise StoreError where nothing has been read yet."""
    if not agent.mirror_path.exists():
        raise StoreError(f"{agent.mirror_path}: not there yet; `inbox-agent poll` makes it")


def _is(address: Address) -> IsErased:
    return lambda other: other.key == address.key


def _traces(
    mirror: Mirror, is_erased: IsErased
) -> tuple[list[int], list[tuple[int, FetchedHeader]]]:
    """The rows of the person's own letters, and the others as they are without the person."""
    gone: list[int] = []
    changed: list[tuple[int, FetchedHeader]] = []
    for letter, header in mirror.held():
        block = without_address(header.block, is_erased)
        report = report_without(header.report, is_erased)
        if block is None:
            gone.append(letter)
        elif (block, report) != (header.block, header.report):
            changed.append((letter, replace(header, block=block, report=report)))
    return gone, changed


def _erase(
    mirror: Mirror,
    address: Address,
    gone: Sequence[int],
    changed: Sequence[tuple[int, FetchedHeader]],
) -> None:
    forget_sorted(mirror.path.with_name(SORTED))  # first: it is made anew, and holds names
    known = mirror.tombstones() or made_tombstones(mirror.path)
    tombstones = known.with_address(address)
    letters = [(letter,) for letter in gone]
    with mirror.writing() as db:
        db.execute("pragma secure_delete = on")
        db.conn.executemany(_LEFT_OUT.format("id = ?"), letters)
        db.conn.executemany("delete from headers where id = ?", letters)
        db.conn.executemany(REWRITE, [rewritten_row(header, letter) for letter, header in changed])
        db.conn.executemany(
            "insert into erased values (?) on conflict do nothing",
            [(digest,) for digest in sorted(tombstones.digests)],
        )
        for table, key, columns in _SAID:
            for column in columns:
                _erase_said(db, table, key, column, _is(address))
        _erase_labels(db, _is(address))
        forget(mirror, _is(address))


def _erase_said(db: Any, table: str, key: str, column: str, is_erased: IsErased) -> None:
    """Take the person out of one column of words that are no letter's."""
    sql = f"select {key}, {column} from {table} where {column} is not null"  # noqa: S608
    said = [(without_traces(text, is_erased), text, row) for row, text in db.execute(sql)]
    db.conn.executemany(
        f"update {table} set {column} = ? where {key} = ?",  # noqa: S608 - our own names
        [(kept, row) for kept, text, row in said if kept != text],
    )


def _erase_labels(db: Any, is_erased: IsErased) -> None:
    """Take the person out of labels, each by itself: JSON writes some characters otherwise."""
    sql = "select id, labels from headers where labels is not null"
    said = [
        (labels_without(json.loads(text), is_erased), text, row) for row, text in db.execute(sql)
    ]
    db.conn.executemany(
        "update headers set labels = ? where id = ?",
        [(json.dumps(kept), row) for kept, text, row in said if list(kept) != json.loads(text)],
    )


def scrub_both(agent: Agent) -> None:
    """Both files, also when one of them is in use: then it is told once the other is done."""
    problems: list[InboxAgentError] = []
    for path in (agent.mirror_path, agent.published_path):
        try:
            if path.exists():
                scrub(path)
        except StoreError as exc:
            problems.append(exc)
    if problems:
        raise problems[0]


def _publish(agent: Agent, mirror: Mirror, report: Report) -> None:
    """Publish also where no letter is left and no mailbox was ever complete."""
    agent.publish(mirror, report, is_empty_too=agent.published_path.exists())
