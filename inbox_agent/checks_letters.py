"""What the letters held tell of the installation: how old they are, and what is missing in them."""

from __future__ import annotations

import sqlite3
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from inbox_agent.addresses import Roster
from inbox_agent.agent import Agent
from inbox_agent.authors import author_of
from inbox_agent.checks_findings import Finding, Place, named
from inbox_agent.checks_store import Databases, agent_at_work, steps
from inbox_agent.copies import is_from_us, recipients
from inbox_agent.epoch import instant
from inbox_agent.errors import StoreError
from inbox_agent.instants import choose_at
from inbox_agent.messages import PARSER_VERSION, Message
from inbox_agent.mirror_rows import (
    ARRIVALS,
    COPIES,
    blocks_of,
    in_import_block,
    message_of,
)
from inbox_agent.sent_coverage import ENOUGH, FEWEST_LETTERS, Coverage, coverage, sent_proofs
from inbox_agent.sqlite_files import published_snapshot

_PLACE = Place("letters held")
#: Answers of the last so many days tell how it is now, not how it once was.
_RECENT = timedelta(days=90)
#: A process at work whose last pass ended longer ago may have been started just now, as by cron.
_STILL_RUNNING = timedelta(hours=1)
_EXCHANGE = (
    "`Set-Mailbox {user} -MessageCopyForSentAsEnabled $true "
    "-MessageCopyForSendOnBehalfEnabled $true`"
)
#: How copies of what people send come into the mailbox, by the end of the host's name.
_KEEP_COPIES = {
    "office365.com": f"switch them on by {_EXCHANGE}",
    "outlook.com": f"switch them on by {_EXCHANGE}",
    "gmail.com": "answer as a delegate of this account, or put the team's list in Cc",
    "": "let mail programs save them to the Sent folder of this account, put the team's list in "
    f"Cc, or in Exchange {_EXCHANGE}",
}


def check_letters(agent: Agent, data: Databases) -> Iterator[Finding]:
    """Age and completeness of what is held; nothing where nothing was read yet."""
    if not data.mirror.exists():
        return
    try:
        with published_snapshot(data.mirror) as connection:
            connection.row_factory = sqlite3.Row
            known = {row["name"] for row in connection.execute("select name from sqlite_master")}
            if {"headers", "polls", "mailboxes", "facts"} <= known:
                yield from _last_polls(agent, data, connection)
                yield from _published(data, connection)
                yield from _held_if_ours(agent, connection)
    except (StoreError, sqlite3.DatabaseError):
        return  # a database that can't be read is told of by `check_mirror`


# -- how old --------------------------------------------------------------------------------


def _last_polls(agent: Agent, data: Databases, connection: sqlite3.Connection) -> Iterator[Finding]:
    """When each configured mailbox was last read completely."""
    complete = dict(connection.execute("select mailbox, as_of from mailboxes").fetchall())
    latest = _latest_polls(connection)
    for settings in agent.config.mailboxes:
        poll = latest.get(settings.name)
        if poll is None:
            yield _PLACE.note(f"{settings.name}: not read yet; `inbox-agent poll` begins")
            continue
        at = complete.get(settings.name)
        is_running = _is_running(agent, data, poll["ended_at"])
        yield _age(agent, settings.name, instant(at) if at else None, is_running=is_running)
        if poll["error"]:
            yield _PLACE.warning(f"{settings.name}: the last poll failed: {poll['error']}")


def _latest_polls(connection: sqlite3.Connection) -> Mapping[str, sqlite3.Row]:
    sql = "select mailbox, error, ended_at, max(poll) from polls group by mailbox"
    return {row["mailbox"]: row for row in connection.execute(sql)}


def _is_running(agent: Agent, data: Databases, ended_at: int) -> bool:
    """Whether an agent goes on polling; one `poll` by cron is at work for a moment, too."""
    is_recent = agent.clock() - instant(ended_at) < _STILL_RUNNING
    return is_recent and agent_at_work(data.directory) is not None


def _age(agent: Agent, name: str, at: datetime | None, *, is_running: bool) -> Finding:
    if at is None:
        return _PLACE.warning(f"{name}: never read completely; the figures wait for that")
    local = f"{at.astimezone(agent.config.our_clock().zone):%Y-%m-%d %H:%M}"
    every = timedelta(seconds=agent.config.poll.every_seconds)
    # who polls by cron may do so once a day
    allowed = max(3 * every, timedelta(hours=1) if is_running else timedelta(days=1))
    if agent.clock() - at > allowed:
        remedy = "see its errors in `inbox-agent status`" if is_running else "is no agent running?"
        return _PLACE.warning(f"{name}: last read completely at {local}; {remedy}")
    return _PLACE.fine(f"{name}: last read completely at {local}")


def _published(data: Databases, connection: sqlite3.Connection) -> Iterator[Finding]:
    """Whether what is served was made of what is held."""
    made = connection.execute("select value from facts where name = 'generation'").fetchone()
    polled = connection.execute("select max(as_of) from mailboxes").fetchone()[0]
    if polled is None:
        return
    if not data.published.exists():
        yield _PLACE.warning("nothing is published; `inbox-agent rebuild` does that")
        return
    try:
        with published_snapshot(data.published) as served:
            number = served.execute("select generation from about").fetchone()[0]
    except (StoreError, sqlite3.DatabaseError, TypeError):
        return  # told of by `check_published`
    if made is not None and int(made[0]) > number:
        yield _PLACE.warning(
            f"generation {number} is published and {made[0]} was begun; "
            "`inbox-agent rebuild` makes it anew, unless an agent is just doing so"
        )
        return
    yield _PLACE.fine(f"generation {number} is published")


# -- what is missing ------------------------------------------------------------------------


@dataclass(slots=True)
class _Tally:
    """Which partners the letters that go by are of or for, and the latest instant."""

    roster: Roster
    letters: int = 0
    partners: set[str] = field(default_factory=set)

    def of(self, messages: Iterator[Message]) -> Iterator[Message]:
        for message in messages:
            self.letters += 1
            at, _ = choose_at(message, self.roster.received_by)
            author = author_of(message, self.roster)
            people = [*recipients(message)] if is_from_us(message, self.roster) else []
            for address in (*people, *([author] if author else [])):
                partner = self.roster.partner_of(address, at)
                if partner is not None:
                    self.partners.add(partner)
            yield message


def _held_if_ours(agent: Agent, connection: sqlite3.Connection) -> Iterator[Finding]:
    """Rows of another version of this program are no damaged rows, and not looked at."""
    known, applied = steps(connection)
    if applied - known:
        return  # `check_mirror` says so
    sql = "select 1 from headers where parser_version < ? limit 1"
    if known - applied or connection.execute(sql, (PARSER_VERSION,)).fetchone():
        yield _PLACE.note("read by an older version; the next poll brings them up to date")
        return
    yield from _held(agent, connection)


def _held(agent: Agent, connection: sqlite3.Connection) -> Iterator[Finding]:
    tally = _Tally(agent.config.roster())
    try:
        proofs = sent_proofs(tally.of(_messages(connection)), tally.roster)
    except (ValueError, LookupError, TypeError, zlib.error):
        error = StoreError("mirror.db: a letter is damaged; try `inbox-agent rebuild --reparse`")
        yield _PLACE.failure(error)
        return
    if not tally.letters:
        return
    yield from _partners(tally)
    latest = max((proof.answered_at for proof in proofs), default=None)
    recent = [proof for proof in proofs if latest and proof.answered_at > latest - _RECENT]
    yield _sent(agent, coverage(recent))


def _messages(connection: sqlite3.Connection) -> Iterator[Message]:
    blocks = blocks_of(_rows(connection, ARRIVALS))
    for row in _rows(connection, COPIES):
        moved = in_import_block(row, blocks)
        yield message_of(row, is_settled=False, is_import=moved)


def _rows(connection: sqlite3.Connection, sql: str) -> Iterator[dict[str, Any]]:
    return (dict(row) for row in connection.execute(sql))


def _partners(tally: _Tally) -> Iterator[Finding]:
    listed = [partner.key for partner in tally.roster.partners]
    silent = [key for key in listed if key not in tally.partners]
    text = f"{tally.letters:,} copies of letters"
    if not listed:
        yield _PLACE.fine(text)
    elif not silent:
        yield _PLACE.fine(f"{text}; all {len(listed)} listed partners are among them")
    else:
        yield _PLACE.warning(
            f"{text}, none of or for {len(silent)} of {len(listed)} listed partners; "
            f"see whether their `domains` are right: {named(silent)}"
        )


def _sent(agent: Agent, found: Coverage) -> Finding:
    """How many of our letters that partners answered of late lie in the mailbox."""
    if found.share is None:
        return _PLACE.note(
            f"whether all we send is here can't be told: partners answered {found.known} letters "
            f"whose ids are surely ours, and it takes {FEWEST_LETTERS}"
        )
    text = f"of {found.known:,} letters of ours that partners answered of late {found.held:,} "
    text += f"are here ({100 * found.held // found.known}%)"
    if found.share >= ENOUGH:
        return _PLACE.fine(text)
    return _PLACE.warning(f"{text}, so we look slower than we are: {_remedy(agent)}")


def _remedy(agent: Agent) -> str:
    """For the first mailbox: nobody knows into which of several a copy should have come."""
    found = [(each.host.lower(), each.user) for each in agent.config.mailboxes]
    host, user = found[0] if found else ("", "team@acme.com")
    how = next(text for end, text in _KEEP_COPIES.items() if host.endswith(end))
    return f"copies of what is sent are missing here; {how.format(user=user)}"
