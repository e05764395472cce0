"""The way from copies to tables, as tests go it: header blocks, the mirror, the published rows."""

from __future__ import annotations

import base64
import sqlite3
import tempfile
from collections.abc import Iterable, Sequence
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from email.utils import format_datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

import agreement
from mailboxes import ClockArgs, Mailbox

from inbox_agent import absence_rows, gap_rows, people_rows, published_rows, standing_rows
from inbox_agent.business_clock import BusinessClock, Clocks, Terms
from inbox_agent.catalogue import TABLES
from inbox_agent.config import load_config
from inbox_agent.copies import by_partner
from inbox_agent.delivery_reports import Report
from inbox_agent.demo.cast import TEAM_DOMAIN
from inbox_agent.demo.letter import SampleLetter
from inbox_agent.demo.sample import sample_config_toml, sample_letters, sample_partners_toml
from inbox_agent.drift_rows import Adjusted, drift
from inbox_agent.header_block import kept_fields
from inbox_agent.instants import clock_sources
from inbox_agent.measure import PartnerRecord, measure
from inbox_agent.measuring import measure_all
from inbox_agent.messages import HEADER_FIELDS, FetchedHeader, Message, parse_message
from inbox_agent.mirror import Checkpoint, Mirror
from inbox_agent.privacy import Privacy
from inbox_agent.published import Generation

Row = dict[str, Any]
Tables = dict[str, list[Row]]

OPEN = Privacy(people="full", our_people=True, subjects=True, key=b"secret")
UIDVALIDITY = 7

_BY_RECORD = (
    published_rows.conversations,
    published_rows.response_times,
    published_rows.response_times_by_period,
    gap_rows.silence_gaps,
    gap_rows.contact_gaps,
    gap_rows.gap_lengths,
    people_rows.contacts,
    people_rows.introductions,
    absence_rows.absences,
    standing_rows.standards,
    standing_rows.alarm_record,
    published_rows.messages,
)


# -- measuring ------------------------------------------------------------------------------


def clock_of(args: ClockArgs) -> BusinessClock:
    """The product's clock, one for the same settings: its sums are many and stay the same."""
    return _clock(*(args[name] for name in ("timezone", "days", "hours", "holiday_dates")))


@lru_cache
def _clock(timezone: Any, days: Any, hours: Any, holidays: Any) -> BusinessClock:
    return agreement.clock_of(
        {"timezone": timezone, "days": days, "hours": hours, "holiday_dates": holidays}
    )


def terms_of(box: Mailbox) -> Terms:
    return Terms(box.standards, Clocks(clock_of(box.us), clock_of(box.them)), box.cuts)


def measured(box: Mailbox, copies: Iterable[Message] | None = None) -> PartnerRecord:
    """The record of the mailbox's partner, from its copies or others."""
    return measured_as(box, box.partner_key, box.copies if copies is None else copies)


def measured_as(box: Mailbox, partner: str, copies: Iterable[Message]) -> PartnerRecord:
    """The record of any partner of a mailbox's roster, from any copies."""
    return measure(box.roster.partner(partner), copies, box.roster, terms_of(box), box.as_of)


def records_of(box: Mailbox, copies: Sequence[Message]) -> list[PartnerRecord]:
    """The record of everybody the copies name, each measured alone, by key."""
    return [
        measured_as(box, key, found)
        for key, found in sorted(by_partner(copies, box.roster).items())
    ]


def rows_of(record: PartnerRecord, privacy: Privacy = OPEN) -> Tables:
    """Everything that is published of one partner, table by table."""
    tables = {make.__name__: [dict(row) for row in make(record, privacy)] for make in _BY_RECORD}
    tables["partners"] = [dict(row) for row in published_rows.partners([record], privacy)]
    alone = Adjusted.over([record])
    tables["partner_standing"] = [dict(standing_rows.partner_standing(record, privacy, alone))]
    tables["drift"] = [dict(row) for row in drift(record, privacy, alone)]
    return tables


def generation_of(
    records: Sequence[PartnerRecord], box: Mailbox, number: int = 1, **more: Any
) -> Generation:
    """A generation of these records; `more` are its other fields."""
    plain: dict[str, Any] = {
        "records": records,
        "as_of": box.as_of,
        "number": number,
        "published_at": box.as_of,
        "version": "0.1",
        "config_digest": "0123456789abcdef",
        "messages": len(box.copies),
        "without_partner": 0,
        "clock_sources": {},
        "clock": clock_of(box.us),
        "cuts": box.cuts,
        "privacy": OPEN,
        "polls": (),
        "folders": (),
    }
    return Generation(**plain | more)


def tables_in(path: Path) -> Tables:
    """Every table of a published database, in the order of its key."""
    with closing(sqlite3.connect(path)) as db:
        db.row_factory = sqlite3.Row
        return {
            table.name: [
                dict(row)
                for row in db.execute(f'select * from "{table.name}" order by {_key(table)}')  # noqa: S608
            ]
            for table in TABLES
        }


def _key(table: Any) -> str:
    return ", ".join(f'"{name}"' for name in table.primary_key)


# -- header blocks --------------------------------------------------------------------------


def block_of(message: Message) -> bytes:
    """The header block that says what a `Message` says."""
    lines = [
        f"Received: from somewhere by {h} with ESMTP; {_date(at)}" for h, at in message.received
    ]
    lines += [f"From: {message.from_.key}"] if message.from_ else []
    for name, people in (("To", message.to), ("Cc", message.cc), ("Bcc", message.bcc)):
        lines += [f"{name}: " + ",\r\n\t".join(a.key for a in people)] if people else []
    lines += [f"Subject: {message.subject}", f"Message-ID: <{message.message_id}>"]
    lines += [f"Date: {_written(message.sent_at, message)}"] if message.sent_at else []
    lines += [f"In-Reply-To: <{message.in_reply_to}>"] if message.in_reply_to else []
    cited = "\r\n ".join(f"<{name}>" for name in message.references)
    lines += [f"References: {cited}"] if cited else []
    lines += [f"Thread-Index: {_index(message.thread_index)}"] if message.thread_index else []
    lines += [f"X-Original-From: {address.key}" for address in message.originals]
    lines += [f"{name}: {value}" for name, value in message.marks]
    return "".join(f"{line}\r\n" for line in (*lines, "")).encode()


def _index(conversation: str) -> str:
    return base64.b64encode(bytes.fromhex(conversation)).decode()


def _date(at: datetime) -> str:
    return format_datetime(at.astimezone(UTC))


def _written(at: datetime, message: Message) -> str:
    """Date in the zone that the message says; ``-0000`` where it says none."""
    if message.date_offset_minutes is None:
        return format_datetime(at.astimezone(UTC).replace(tzinfo=None))
    zone = timezone(timedelta(minutes=message.date_offset_minutes))
    return format_datetime(at.astimezone(zone))


def fetched(message: Message, uid: int) -> FetchedHeader:
    """A copy as the server gives it."""
    return FetchedHeader(
        mailbox=message.mailbox,
        folder=message.folder,
        uidvalidity=UIDVALIDITY,
        uid=uid,
        received_at=message.received_at,
        size_octets=message.size_octets,
        block=block_of(message),
        fetched_at=message.fetched_at,
        report=_kept(message.report) if message.report else b"",
        text_signs=message.text_signs,
    )


def _kept(report: Report) -> bytes:
    groups = [
        f"final-recipient: rfc822; {each.recipient}\n"
        + (f"action: {each.action}\n" if each.action else "")
        + (f"status: {each.status}\n" if each.status else "")
        for each in report.deliveries
    ]
    groups += [f"message-id: <{report.original_id}>\n"] if report.original_id else []
    return "\n".join(groups).encode()


Filled = dict[tuple[str, str], tuple[int, set[int]]]


def fill(
    mirror: Mirror, batches: Iterable[Sequence[Message]], filled: Filled | None = None
) -> None:
    """Put copies into a mirror, batch after batch; the UIDs of a folder grow as they come.

    `filled` says how far the folders are already, and is kept up to date.
    """
    known = {} if filled is None else filled
    for batch in batches:
        for where in sorted({(copy.mailbox, copy.folder) for copy in batch}):
            if where not in known:
                is_sent = where[1] == "Sent"
                mirror.begin_folder(*where, UIDVALIDITY, None, is_sent=is_sent)
            last, marked = known.get(where, (0, set()))
            here = [copy for copy in batch if (copy.mailbox, copy.folder) == where]
            headers = [fetched(copy, uid) for uid, copy in enumerate(here, last + 1)]
            marked |= {uid for uid, copy in enumerate(here, last + 1) if copy.is_settled}
            known[where] = headers[-1].uid, marked
            mirror.add(*where, Checkpoint(UIDVALIDITY, headers[-1].uid), headers)
            mirror.mark(*where, UIDVALIDITY, frozenset(marked))


def as_plain(message: Message) -> Message:
    """A copy without what its very bytes decide, and with its marks in one order."""
    marks = tuple(sorted(message.marks))
    return replace(message, digest="", problems=(), marks=marks, subject=message.subject.strip())


# -- the demo's letters ---------------------------------------------------------------------

SAMPLE_AS_OF = datetime(2026, 7, 15, 10, 0, tzinfo=UTC)
SAMPLE_PARTNERS = """
[[partners]]
name = "Lone Wolf"
addresses = ["wolf.pack@gmail.com"]
fields = { code = "7" }
"""


@lru_cache(maxsize=1)
def sample_generation() -> Generation:
    """The demo's letters measured and ready to be published, with one partner of one person."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "inbox-agent.toml"
        path.write_text(sample_config_toml(1143), "utf-8")
        path.with_name("partners.toml").write_text(sample_partners_toml() + SAMPLE_PARTNERS)
        config = load_config(path)
    held = sample_copies()
    records, without = measure_all(config, held, {"partners": SAMPLE_AS_OF}, SAMPLE_AS_OF)
    return Generation(
        records=records,
        as_of=SAMPLE_AS_OF,
        number=3,
        published_at=SAMPLE_AS_OF,
        version="0.1",
        config_digest=config.digest(),
        messages=len(held),
        without_partner=without,
        clock_sources=clock_sources(held, config.roster().received_by),
        clock=config.our_clock(),
        cuts=config.cuts(),
        privacy=OPEN,
        polls=(),
        folders=(),
    )


def sample_copies() -> list[Message]:
    """The demo's letters, and those of the one partner, as copies."""
    return [_as_message(letter, uid) for uid, letter in enumerate(_sample_letters(), 1)]


def _sample_letters() -> list[SampleLetter]:
    at = SAMPLE_AS_OF - timedelta(days=9)
    wolf, team = "Lone Wolf <Wolf.Pack@gmail.com>", f"Ana <ana@{TEAM_DOMAIN}>"
    asked = _letter(wolf, team, at, "wolf-1@gmail.com", "Terms for wolf.pack@gmail.com?")
    answered = _letter(team, wolf, at + timedelta(hours=3), "wolf-2@ours", "Re: Terms")
    ours = SampleLetter("Sent", at + timedelta(hours=3), answered)
    return [*sample_letters(SAMPLE_AS_OF), SampleLetter("INBOX", at, asked), ours]


def _letter(author: str, to: str, at: datetime, message_id: str, subject: str) -> bytes:
    lines = [f"From: {author}", f"To: {to}", f"Date: {_date(at)}", f"Subject: {subject}"]
    cited = "In-Reply-To: <wolf-1@gmail.com>\r\n" if subject.startswith("Re") else ""
    return ("\r\n".join([*lines, f"Message-ID: <{message_id}>"]) + f"\r\n{cited}\r\n").encode()


def _as_message(letter: SampleLetter, uid: int) -> Message:
    is_sent = letter.folder == "Sent"
    header = FetchedHeader(
        mailbox="partners",
        folder=letter.folder,
        uidvalidity=UIDVALIDITY,
        uid=uid,
        received_at=letter.arrived_at,
        size_octets=len(letter.raw),
        block=kept_fields(letter.raw, (), is_sent, HEADER_FIELDS),
        fetched_at=SAMPLE_AS_OF,
    )
    return parse_message(header, is_sent_copy=is_sent, is_settled="NoReplyNeeded" in letter.flags)
