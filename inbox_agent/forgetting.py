"""What is deleted on purpose: one person's traces, and letters past their time.

Both leave nothing in the files: the mirror and what is published are written anew, and their
WAL is cut. A backup made before keeps what it has.
"""

from __future__ import annotations

import calendar
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from inbox_agent.addresses import Address
from inbox_agent.agent import Agent, Report
from inbox_agent.erasure import report_without, without_address
from inbox_agent.errors import ConfigError, StoreError
from inbox_agent.messages import FetchedHeader
from inbox_agent.mirror import Mirror
from inbox_agent.mirror_rows import REWRITE, rewritten_row, seconds
from inbox_agent.sqlite_files import scrub
from inbox_agent.tombstones import made_tombstones

_OLDER = "coalesce(received_at, sent_at, fetched_at) < ?"


@dataclass(frozen=True, slots=True)
class Forgotten:
    """What went, or would go: whole copies of letters, and copies that were written anew."""

    letters: int
    rewritten: int = 0
    report: Report = field(default_factory=Report)


def erase(agent: Agent, written: str, *, dry_run: bool = False) -> Forgotten:
    """Take every trace of an address out of both databases, and keep it from coming back.

    Raises ConfigError for what is no address, AgentBusy, StoreError. Done twice it does no more.
    """
    address = Address.parse(written)
    if address is None or not written.isprintable():
        raise ConfigError("that is no mail address; write it like ann@globex.com")
    must_hold_letters(agent)
    with agent.at_work(), Mirror(agent.mirror_path) as mirror:
        gone, changed = _traces(mirror, address)
        if not dry_run:
            _erase(mirror, address, gone, changed)
    done = Forgotten(len(gone), len(changed))
    return done if dry_run else _published_anew(agent, done)


def purge(agent: Agent, *, dry_run: bool = False) -> Forgotten:
    """Delete letters older than ``[retention] months``; a later poll does not bring them back.

    Raises ConfigError where the config does not ask for it, AgentBusy, StoreError.
    """
    if agent.config.retention_months is None:
        raise ConfigError(
            f"{agent.config.path}: retention.months: is not set, and so nothing is ever deleted"
        )
    must_hold_letters(agent)
    before = seconds(kept_from(agent.clock(), agent.config.retention_months))
    with agent.at_work(), Mirror(agent.mirror_path) as mirror, mirror.writing() as db:
        sql = f"select count(*) from headers where {_OLDER}"  # noqa: S608 - our own words
        (count,) = db.execute(sql, [before]).fetchone()
        if not dry_run:
            db.execute("pragma secure_delete = on")
            db.execute(f"delete from headers where {_OLDER}", [before])  # noqa: S608
            db.execute(
                "insert into facts values ('purged_before', ?) on conflict do update"
                " set value = max(cast(value as integer), cast(excluded.value as integer))",
                [str(before)],
            )
    done = Forgotten(int(count))
    return done if dry_run else _published_anew(agent, done)


def kept_from(now: datetime, months: int) -> datetime:
    """So many calendar months before; from a day that a month lacks its last day."""
    year, month = divmod(now.year * 12 + now.month - 1 - months, 12)
    day = min(now.day, calendar.monthrange(year, month + 1)[1])
    return now.replace(year=year, month=month + 1, day=day)


def must_hold_letters(agent: Agent) -> None:
    """Raise StoreError where nothing has been read yet."""
    if not agent.mirror_path.exists():
        raise StoreError(f"{agent.mirror_path}: not there yet; `inbox-agent poll` makes it")


def _traces(mirror: Mirror, address: Address) -> tuple[list[int], list[tuple[int, FetchedHeader]]]:
    """The rows of the person's own letters, and the others as they are without the person."""
    gone: list[int] = []
    changed: list[tuple[int, FetchedHeader]] = []

    def is_erased(other: Address) -> bool:
        return other.key == address.key

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
    known = mirror.tombstones() or made_tombstones(mirror.path)
    tombstones = known.with_address(address)
    with mirror.writing() as db:
        db.execute("pragma secure_delete = on")
        db.conn.executemany("delete from headers where id = ?", [(letter,) for letter in gone])
        db.conn.executemany(REWRITE, [rewritten_row(header, letter) for letter, header in changed])
        db.conn.executemany(
            "insert into erased values (?) on conflict do nothing",
            [(digest,) for digest in sorted(tombstones.digests)],
        )


def _published_anew(agent: Agent, done: Forgotten) -> Forgotten:
    scrub(agent.mirror_path)
    report = agent.rebuild()
    scrub(agent.published_path)
    return replace(done, report=report)
