"""The product's record and the oracle's, brought to one form and laid side by side."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from datetime import date, time
from functools import lru_cache
from typing import Any

from mailboxes import ClockArgs, Mailbox
from oracle import Name, OracleClock, OracleRecord, oracle

from inbox_agent.business_clock import BusinessClock, Clocks, Terms
from inbox_agent.measure import PartnerRecord, measure
from inbox_agent.messages import Message
from inbox_agent.privacy import Privacy
from inbox_agent.published_rows import messages
from inbox_agent.sent_coverage import Proof
from inbox_agent.standing import in_window, window
from inbox_agent.survival import figures

Row = dict[str, Any]

NOTHING_HIDDEN = Privacy(people="full", our_people=True, subjects=True, key=b"secret")

ASK_COLUMNS = (
    "responder",
    "is_first",
    "asked_id",
    "asked_at",
    "answered_id",
    "answered_at",
    "outcome",
    "response_seconds",
    "business_seconds",
    "nudges",
    "first_nudge_at",
    "last_nudge_at",
    "due_at",
    "met_standard",
    "needs_reply",
    "likelihood",
    "answered_elsewhere_at",
    "absent_seconds",
    "basis",
    "is_conflict",
)
GAP_COLUMNS = (
    "began_at",
    "ended_at",
    "gap_seconds",
    "gap_working_days",
    "usual_gap_working_days",
    "times_usual",
    "chance",
    "last_from",
    "broken_by",
    "is_open",
)


def clock_of(args: ClockArgs) -> BusinessClock:
    """The product's clock for the generator's arguments; holidays are its closed days."""
    return _clock(args["timezone"], args["days"], args["hours"], args["holiday_dates"])


@lru_cache
def _clock(
    timezone: str,
    days: tuple[str, ...],
    hours: tuple[tuple[time, time], ...],
    closed: frozenset[date],
) -> BusinessClock:
    return BusinessClock.make(timezone, days, hours, None, closed)


def measured(box: Mailbox, copies: Sequence[Message] | None = None) -> PartnerRecord:
    """What the product makes of a mailbox, or of the same copies in another order."""
    return measure(
        box.roster.partner(box.partner_key),
        box.copies if copies is None else copies,
        box.roster,
        Terms(box.standards, Clocks(clock_of(box.us), clock_of(box.them)), box.cuts),
        box.as_of,
        [Proof(box.partner_key, name, box.as_of, is_held=False) for name in unheld(box)],
    )


def reckoned(box: Mailbox) -> OracleRecord:
    """What the oracle makes of it."""
    return oracle(
        box.partner_key,
        list(box.copies),
        box.roster,
        box.standards,
        OracleClock(**box.us),
        OracleClock(**box.them),
        box.cuts,
        box.as_of,
        unheld(box),
    )


def unheld(box: Mailbox) -> list[str]:
    """Every letter that a copy answers and that is not among them, as if it were ours."""
    named = {(c.in_reply_to or next(reversed(c.references), None)) for c in box.copies}
    return sorted(name for name in named - {c.message_id for c in box.copies} if name)


def product_view(record: PartnerRecord, box: Mailbox) -> Row:
    """All that is compared, of the product."""
    return {
        "letters": {
            (frozenset(x.message_ids), x.at, x.at_source, x.side, x.kind, x.counts)
            for x in record.letters
        },
        "partition": {
            frozenset(i for letter in c.letters for i in letter.message_ids)
            for c in record.conversations
        },
        "links": product_links(record),
        "conversations": product_conversations(record),
        "asks": product_asks(record),
        "gaps": product_gaps(record),
        "rhythm": product_rhythm(record),
        "window": product_window(record, box),
        "periods": product_periods(record),
    }


def oracle_view(record: OracleRecord) -> Row:
    """All that is compared, of the oracle."""
    return {
        # A report by a third party is of neither side; the product calls what is not ours theirs.
        "letters": {
            (x["ids"], x["at"], x["at_source"], x["side"] or "them", x["kind"], x["counts"])
            for x in record.letters
        },
        "partition": record.partition,
        "links": {
            row["name"]: (row["parent"], row["how"], row["split_from"]) for row in record.links
        },
        "conversations": oracle_conversations(record),
        "asks": oracle_asks(record),
        "gaps": [{name: row[name] for name in GAP_COLUMNS} for row in record.silence_gaps],
        "rhythm": record.standing,
        "window": {side: plain(row) for side, row in record.window_figures.items()},
        "periods": {where: plain(row) for where, row in record.periods.items()},
    }


def product_links(record: PartnerRecord) -> dict[Name, tuple[object, ...]]:
    """What brought each letter to its conversation, as the table `messages` says it."""
    names: dict[str | None, Name] = {
        x.key: (frozenset(x.message_ids), x.at) for x in record.letters
    }
    return {
        names[row["message"]]: (
            names[row["parent"]] if row["parent"] else None,
            row["link"],
            names[row["split_from"]] if row["split_from"] else None,
        )
        for row in messages(record, NOTHING_HIDDEN)
    }


def product_asks(record: PartnerRecord) -> list[Row]:
    """The rows of `response_times` as the oracle writes them."""
    rows = [
        {
            "responder": ask.responder,
            "is_first": int(ask.is_first),
            "asked_id": frozenset(ask.letter.message_ids),
            "asked_at": ask.asked_at,
            "answered_id": frozenset(ask.reply.message_ids) if ask.reply else None,
            "answered_at": ask.answered_at,
            "outcome": ask.outcome,
            "response_seconds": ask.response_seconds,
            "business_seconds": ask.business_seconds,
            "nudges": ask.nudges,
            "first_nudge_at": ask.first_nudge_at,
            "last_nudge_at": ask.last_nudge_at,
            "due_at": ask.due_at,
            "met_standard": None if ask.met_standard is None else int(ask.met_standard),
            "needs_reply": ask.needs_reply,
            "likelihood": ask.likelihood,
            "answered_elsewhere_at": ask.answered_elsewhere_at,
            "absent_seconds": ask.absent_seconds,
            "basis": ask.basis,
            "is_conflict": ask.is_clock_conflict,
        }
        for ask in record.asks
    ]
    return sorted(rows, key=lambda row: (row["asked_at"], sorted(row["asked_id"])))


def oracle_asks(record: OracleRecord) -> list[Row]:
    """The oracle's rows, cut to what both have."""
    return [{name: row[name] for name in ASK_COLUMNS} for row in record.response_times]


def product_gaps(record: PartnerRecord) -> list[Row]:
    """The rows of `silence_gaps` as the oracle writes them."""
    rhythm = record.rhythm
    return [
        {
            "began_at": gap.began_at,
            "ended_at": gap.ended_at,
            "gap_seconds": gap.gap_seconds,
            "gap_working_days": gap.gap_working_days,
            "usual_gap_working_days": rhythm.usual_gap_working_days,
            "times_usual": (
                None if gap.gap_working_days is None else rhythm.times_usual(gap.gap_working_days)
            ),
            "chance": (
                None if gap.gap_working_days is None else rhythm.chance(gap.gap_working_days)
            ),
            "last_from": gap.last_from,
            "broken_by": gap.broken_by,
            "is_open": int(gap.is_open),
        }
        for gap in record.gaps
    ]


def product_rhythm(record: PartnerRecord) -> Row:
    """The bits of the standing that are about silence."""
    rhythm = record.rhythm
    return {
        "usual_gap_working_days": rhythm.usual_gap_working_days,
        "longest_gap_working_days": rhythm.longest_gap_working_days,
        "watch_at": rhythm.watch_at,
        "act_at": rhythm.act_at,
        "last_from": rhythm.last_from,
        "last_contact_at": rhythm.last_contact_at,
    }


def product_conversations(record: PartnerRecord) -> dict[frozenset[Name], Row]:
    """The rows of `conversations` by their letters."""
    waiting = {a.conversation: a for a in record.asks if a.is_waiting(record.as_of)}
    return {
        frozenset((frozenset(x.message_ids), x.at) for x in c.letters): {
            "started_at": min(letter.instant for letter in c.counting),
            "last_at": max(letter.instant for letter in c.counting),
            "opened_by": c.counting[0].side,
            "messages": len(c.counting),
            "turns": sum(len(episode.turns) for episode in c.episodes),
            "episodes": len(c.episodes),
            "waiting_on": waiting[c.key].responder if c.key in waiting else None,
            "waiting_since_at": waiting[c.key].asked_at if c.key in waiting else None,
        }
        for c in record.conversations
        if c.counting
    }


def oracle_conversations(record: OracleRecord) -> dict[frozenset[Name], Row]:
    """The oracle's conversations, in the same form."""
    kept = (
        "started_at",
        "last_at",
        "opened_by",
        "messages",
        "turns",
        "episodes",
        "waiting_on",
        "waiting_since_at",
    )
    return {row["names"]: {name: row[name] for name in kept} for row in record.conversations}


def product_window(record: PartnerRecord, box: Mailbox) -> dict[str, Row]:
    """The figures over the window, of both directions."""
    ends = window(box.cuts, clock_of(box.us), box.as_of)
    return {
        side: plain(asdict(figures(in_window(record.asks, side, ends), box.cuts)))
        for side in ("us", "them")
    }


def product_periods(record: PartnerRecord) -> dict[tuple[str, str], Row]:
    """The figures by direction and period."""
    return {(side, period.name): plain(asdict(found)) for side, period, found in record.periods}


def plain(figures: Row) -> Row:
    """Figures with shares rounded to nine digits, as the slack of the definition allows."""
    return {
        name: round(float(value), 9)
        if name.endswith(("_rate", "_so_far", "_share")) and value is not None
        else value
        for name, value in figures.items()
    }
