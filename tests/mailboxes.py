"""Small mailboxes for property tests: everything that makes measuring mail awkward, often.

A mailbox is drawn as a list of `Plan`s, one a letter, each a handful of choices whose first value
is the dull one: a failing mailbox shrinks to few letters with little that is odd about them. All
instants are whole seconds and no two letters share one, so that no result hangs on a tie.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from dataclasses import fields as dataclass_fields
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, TypedDict
from zoneinfo import ZoneInfo

from hypothesis import strategies as st

from inbox_agent.addresses import Address, Merger, Partner, Roster
from inbox_agent.delivery_reports import Delivery, Report
from inbox_agent.messages import Message
from inbox_agent.standards import DAY_SECONDS, Cuts, Span, Standards

PARTNER = "globex.com"
OUR_LIST = "partners@acme.com"
OUR_MX = "mx.acme.com"
FETCHED_AT = datetime(2026, 1, 1, tzinfo=UTC)
LAST_AT = datetime(2025, 12, 1, tzinfo=UTC)
SECOND = timedelta(seconds=1)

ROSTER = Roster(
    team_domains=frozenset({"acme.com"}),
    lists=frozenset({OUR_LIST}),
    partners=(
        Partner(key=PARTNER, name="Globex", domains=(PARTNER, "globex.de")),
        Partner(key="initech.com", name="Initech", domains=("initech.com",)),
    ),
    received_by=frozenset({OUR_MX}),
)


def merged(domain: str, since: datetime) -> Roster:
    """The roster with a domain that came to the partner at some instant."""
    globex = Partner(key=PARTNER, domains=(PARTNER,), merged=(Merger(domain, since),))
    return replace(ROSTER, partners=(globex, ROSTER.partners[1]))


class ClockArgs(TypedDict):
    """Keyword arguments of a clock."""

    timezone: str
    days: tuple[str, ...]
    hours: tuple[tuple[time, time], ...]
    holiday_dates: frozenset[date]


WEEK = ("mon", "tue", "wed", "thu", "fri")
BERLIN: ClockArgs = {
    "timezone": "Europe/Berlin",
    "days": WEEK,
    "hours": ((time(9), time(12, 30)), (time(13, 30), time(17, 30))),
    "holiday_dates": frozenset(
        {
            *(date(y, m, d) for y in (2023, 2024, 2025) for m, d in ((1, 1), (5, 1), (12, 25))),
            *(date(y, 12, d) for y in (2023, 2024, 2025) for d in (24, 26, 31)),
            date(2024, 3, 29),
            date(2024, 4, 1),
        }
    ),
}
NEW_YORK: ClockArgs = {
    "timezone": "America/New_York",
    "days": WEEK,
    "hours": ((time(9), time(17)),),
    "holiday_dates": frozenset({date(2023, 11, 23), date(2024, 11, 28), date(2025, 1, 1)}),
}
TOKYO: ClockArgs = {
    "timezone": "Asia/Tokyo",
    "days": WEEK,
    "hours": ((time(9), time(18)),),
    "holiday_dates": frozenset(),
}


@dataclass(frozen=True, slots=True, repr=False)
class Mailbox:
    """What one measuring takes: the copies of the letters, and all that is said about them."""

    copies: tuple[Message, ...]
    roster: Roster
    partner_key: str
    standards: Standards
    us: ClockArgs
    them: ClockArgs
    cuts: Cuts
    as_of: datetime

    def __repr__(self) -> str:
        """A line a letter: what a failing example shows has to be read."""
        said = (self.partner_key, self.standards, self.cuts, self.as_of.isoformat())
        roster = [sorted(self.roster.lists), [p.merged for p in self.roster.partners]]
        return "\n".join(["", *map(_line, self.copies), repr(said), repr(roster)])

    def _repr_pretty_(self, printer: Any, _is_cycle: bool) -> None:
        """What hypothesis shows: its own writing of a dataclass is too long to be made."""
        printer.text(repr(self))


def globex_box(letters: Sequence[Message], as_of: datetime) -> Mailbox:
    """Letters with Globex, both sides in Berlin, held to nothing."""
    return Mailbox(
        copies=tuple(letters),
        roster=ROSTER,
        partner_key=PARTNER,
        standards=Standards(),
        us=BERLIN,
        them=BERLIN,
        cuts=Cuts(),
        as_of=as_of,
    )


_DULL = {"digest", "fetched_at", "mailbox", "problems"}
_DULL_MARKS = (("content-type", "text/plain"),)


def _line(copy: Message) -> str:
    """What there is of a copy, in the order of its fields."""
    fields = {f.name: getattr(copy, f.name) for f in dataclass_fields(copy) if f.name not in _DULL}
    said = {name: value for name, value in fields.items() if value and value != _DULL_MARKS}
    return " ".join(f"{name}={_short(value)}" for name, value in said.items())


def _short(value: object) -> str:
    if isinstance(value, datetime):
        return value.strftime("%y-%m-%dT%H:%M:%S")
    if isinstance(value, tuple):
        return f"({' '.join(map(_short, value))})"
    text = value.key if isinstance(value, Address) else str(value)
    return text.removesuffix("@mail.example").removeprefix("letter-")


# --- one letter by hand --------------------------------------------------------------------------


def addresses(*names: str) -> tuple[Address, ...]:
    """Addresses of ``ana@acme.com``…; fails on what is none."""
    found = tuple(Address.parse(name) for name in names)
    assert None not in found
    return tuple(address for address in found if address)


def message(
    message_id: str,
    at: datetime | None,
    *,
    author: str | None = "bob@globex.com",
    to: Sequence[str] = (),
    cc: Sequence[str] = (),
    bcc: Sequence[str] = (),
    **more: Any,
) -> Message:
    """One copy: dated and received `at`; a letter of ours lies in Sent. `more` are its fields."""
    ours = author is not None and author.endswith("@acme.com")
    fields: dict[str, Any] = {
        "mailbox": "partners",
        "folder": "Sent" if ours else "INBOX",
        "message_id": message_id,
        "in_reply_to": None,
        "references": (),
        "from_": addresses(author)[0] if author else None,
        "to": addresses(*to),
        "cc": addresses(*cc),
        "bcc": addresses(*bcc),
        "subject": "Quote for March",
        "sent_at": at,
        "received_at": at,
        "received": (),
        "fetched_at": FETCHED_AT,
        "size_octets": 6_000,
        "marks": (),
        "problems": (),
        "is_sent_copy": ours,
        **more,
    }
    digest = hashlib.sha256(repr(sorted(fields.items(), key=str)).encode()).hexdigest()
    return Message(digest=digest, **fields)


# --- plans ---------------------------------------------------------------------------------------

MINUTE, HOUR = 60, 3600
GAPS = (
    *(2 * HOUR, 5 * MINUTE, 26 * HOUR, 3 * DAY_SECONDS, 40, 7 * HOUR + 11, 2 * DAY_SECONDS),
    *(20 * MINUTE, 90 * MINUTE, 19 * HOUR, 30 * HOUR, 4 * HOUR, DAY_SECONDS, 11 * HOUR),
    *(HOUR, 5 * DAY_SECONDS + HOUR, 9 * DAY_SECONDS, 14 * DAY_SECONDS, 21 * DAY_SECONDS),
    *(30 * DAY_SECONDS, 30 * DAY_SECONDS + 1, 31 * DAY_SECONDS, 47 * DAY_SECONDS),
    *(-2 * MINUTE, -5 * MINUTE, -5 * MINUTE - 1, -15 * MINUTE, -26 * HOUR),
)
CLOSING, LUNCH, OPENING, MIDNIGHT, THEIR_CLOSING = (
    *(time(17, 30), time(12, 30), time(9), time(0), time(23)),
)
STARTS = (
    datetime(2024, 2, 5, 9, 30, tzinfo=UTC),  # a plain Monday
    datetime(2024, 3, 28, 15, tzinfo=UTC),  # Easter, and Berlin goes to summer time
    datetime(2024, 3, 8, 20, tzinfo=UTC),  # New York goes to summer time
    datetime(2023, 10, 27, 15, 25, tzinfo=UTC),  # Berlin goes to winter time
    datetime(2023, 12, 22, 16, 30, tzinfo=UTC),  # Christmas
    datetime(2024, 11, 1, 20, 59, tzinfo=UTC),  # New York goes to winter time
)
SUBJECTS = ("Quote for March", "Delivery dates", "Samples?", "meeting", "Hi", "")
TICKETS = (
    *("[#10421]", "##10421##", "Case 10421", "[#20777]", "[SUP-10421]", "[#10421] [#20777]"),
)
THREAD_INDEXES = ("a1" * 22, "b2" * 22)  # the conversation's 22 octets, as hex
SIZES = (6_000, 4_000, 2_499, 2_500, 900, 7_500, 7_501, 20_000, None)

THEIR_RECIPIENTS: tuple[dict[str, tuple[str, ...]], ...] = (
    {"to": ("ana@acme.com",)},
    {"to": ("ben@acme.com",), "cc": ("carl@globex.com", "ana@acme.com")},
    {"to": ("carl@globex.com",), "cc": ("ana@acme.com",)},
    {"to": ("eve@initech.com",), "cc": ("ben@acme.com",)},
    {"cc": ("ana@acme.com",)},
    {},
    {"to": (OUR_LIST,)},
    {"to": ("carl@globex.com",), "cc": (OUR_LIST,)},
    {"to": ("eve@initech.com",)},
    {"to": ("ana@acme.com", "eve@initech.com")},
)
OUR_RECIPIENTS: tuple[dict[str, tuple[str, ...]], ...] = (
    {"to": ("bob@globex.com",)},
    {"to": ("carl@globex.com",), "cc": ("bob@globex.com", "ben@acme.com")},
    {"to": ("ben@acme.com",), "cc": ("bob@globex.com",)},
    {"to": ("eve@initech.com",), "cc": ("bob@globex.com",)},
    {"cc": ("bob@globex.com",)},
    {"bcc": ("bob@globex.com",)},
    {"to": ("eve@initech.com",), "bcc": ("carl@globex.com",)},
    {"to": (OUR_LIST,)},
    {"to": (OUR_LIST,), "cc": ("bob@globex.com",)},
    {"to": ("ben@acme.com",), "cc": (OUR_LIST,)},
    {"to": ("bob@globex.com", "dora@berlin.globex.de", "eve@initech.com")},
    {"to": ("eve@initech.com",)},
    {},
)
OUTSIDER_RECIPIENTS: tuple[dict[str, tuple[str, ...]], ...] = (
    {"to": ("ana@acme.com",)},
    {"to": ("bob@globex.com",), "cc": ("ana@acme.com",)},
)
AUTHORS = (
    *("bob@globex.com", "ana@acme.com", "carl@globex.com", "ana@acme.com", "ben@acme.com"),
    *("bob@globex.com", "ana@acme.com", "dora@berlin.globex.de", "eve@initech.com"),
)
KINDS = (
    *("human",) * 18,
    *("calendar REQUEST", "calendar REPLY", "calendar CANCEL", "calendar PUBLISH", "calendar"),
    *("auto_reply", "newsletter", "bounce one", "bounce names", "bounce all", "bounce unnamed"),
    *("bounce delayed", "report one", "report some", "report none", "report pending"),
    *("report unnamed", "report silent", "report unheld", "report and header"),
    *("report and chain", "report unheld, chain", "report late"),
)
LINKS = (
    *(*("chain",) * 5, "none", "none", "irt", "references", "references", "unheld"),
    *("unheld first", "later", "itself", "two threads"),
)
DATES = (
    *("plain",) * 10,
    *("no Date", "no INTERNALDATE", "Received", "Received elsewhere", "INTERNALDATE late"),
    *("Date 2126", "Date 1970", "INTERNALDATE 2126", "nothing"),
    *("moved", "moved, no Received", "moved, ours", "Received alone", "Received 2126"),
)
COPIES = (
    *("one",) * 10,
    *("INBOX too", "archived late", "list, other id", "1 s off", "2 s off", "3 s off"),
    *("not in Sent", "id taken", "id taken", "index elsewhere", "list took From"),
    *("list took From, alone",),
)

#: The signs in a text; None where it was not read.
TEXTS = (
    *(None,) * 6,
    *((), ("question",), ("request", "thanks"), ("thanks",), ("brief", "short", "thanks")),
    *(("brief",), ("brief", "done"), ("done",), ("done", "long", "thanks"), ("done", "question")),
)


@dataclass(frozen=True, slots=True)
class Plan:
    """The choices that make one letter."""

    gap_seconds: int
    snap: time | None
    author: str
    recipients: int
    prefix: str
    subject: str
    ticket: str
    thread_index: str | None
    link: str
    back: int
    kind: str
    dates: str
    copies: str
    size: int | None
    text: tuple[str, ...] | None
    is_mixed: bool
    is_settled: bool


def _plans() -> st.SearchStrategy[Plan]:
    rare = st.sampled_from((False,) * 11 + (True,))
    return st.builds(
        Plan,
        gap_seconds=st.sampled_from(GAPS),
        snap=st.sampled_from((*(None,) * 6, CLOSING, LUNCH, OPENING, MIDNIGHT, THEIR_CLOSING)),
        author=st.sampled_from(AUTHORS),
        recipients=st.sampled_from((*(0,) * 8, *range(1, 13))),
        prefix=st.sampled_from(("Re: ", "", "Re: ", "Fwd: ", "Re: Fwd: ", "Fwd: Re: ")),
        subject=st.sampled_from(SUBJECTS),
        ticket=st.sampled_from((*("",) * 8, *TICKETS)),
        thread_index=st.sampled_from((*(None,) * 4, *THREAD_INDEXES)),
        link=st.sampled_from(LINKS),
        back=st.sampled_from((1, 1, 1, 2, 3, 5)),
        kind=st.sampled_from(KINDS),
        dates=st.sampled_from(DATES),
        copies=st.sampled_from(COPIES),
        size=st.sampled_from(SIZES),
        text=st.sampled_from(TEXTS),
        is_mixed=rare,
        is_settled=st.sampled_from((False,) * 29 + (True,)),
    )


_HUMAN = {"kind": "human", "recipients": 0, "is_settled": False}
_CLEAR = {"dates": "plain", "copies": "one"}
#: What is dull all through one mailbox, so that some have turns and asks in numbers.
CALM: tuple[dict[str, Any], ...] = (
    {},
    _HUMAN,
    _CLEAR,
    {**_HUMAN, **_CLEAR, "link": "chain", "subject": "Samples?"},
    {**_HUMAN, **_CLEAR, "link": "none", "prefix": ""},
    {**_HUMAN, **_CLEAR, "link": "references", "ticket": "", "thread_index": None},
    {**_HUMAN, **_CLEAR, "ticket": TICKETS[0], "thread_index": None},
    {**_HUMAN, "link": "none", "ticket": "", "thread_index": THREAD_INDEXES[0]},
    {"link": "chain", "kind": "human", "back": 1},
    {**_HUMAN, **_CLEAR, "link": "chain", "subject": "Samples?", "prefix": "Re: ", "snap": None},
    {**_HUMAN, "link": "chain", "is_mixed": True, "prefix": ""},
)


# --- from plans to copies ------------------------------------------------------------------------


@dataclass(slots=True)
class _Writer:
    """Writes the letters one after the other, and knows those before."""

    at: datetime
    letters: list[tuple[Message, ...]] = field(default_factory=list)
    used: set[datetime] = field(default_factory=set)
    is_dateless_used: bool = False

    def write(self, plan: Plan) -> None:
        """Add the letter; a second later as long as another letter has one of its instants."""
        self._advance(plan)
        plan = self._sane(plan)
        copies = _copies(_letter(plan, self.at, self.letters), plan, self.letters)
        while not self.used.isdisjoint(instants := _instants(copies)):
            self.at += SECOND
            copies = _copies(_letter(plan, self.at, self.letters), plan, self.letters)
        self.used |= instants
        self.letters.append(copies)

    def _advance(self, plan: Plan) -> None:
        self.at += plan.gap_seconds * SECOND
        if plan.snap is not None and plan.gap_seconds > 0:
            zone = ZoneInfo("Europe/Berlin")
            day = self.at.astimezone(zone).date()
            found = datetime.combine(day, plan.snap, zone).astimezone(UTC)
            tomorrow = datetime.combine(day + timedelta(days=1), plan.snap, zone)
            self.at = found if found >= self.at else tomorrow.astimezone(UTC)
        if self.at > LAST_AT:  # never later than what we can have fetched
            self.at = LAST_AT + len(self.letters) * timedelta(hours=3)

    def _sane(self, plan: Plan) -> Plan:
        # two letters without any instant would be told apart by their keys alone
        if plan.dates == "nothing" and self.is_dateless_used:
            return replace(plan, dates="plain")
        # a report that our own list sends is none
        if plan.kind.startswith(("bounce", "report")) and plan.copies.startswith("list took"):
            plan = replace(plan, copies="one")
        if plan.dates == "nothing":
            self.is_dateless_used = True
            return replace(plan, copies="one")
        return plan


def _instants(copies: tuple[Message, ...]) -> set[datetime]:
    found = {t for c in copies for t in (c.sent_at, c.received_at) if t is not None}
    return found | {t for c in copies for _, t in c.received}


def _letter(plan: Plan, at: datetime, before: list[tuple[Message, ...]]) -> Message:
    """The copy in its natural folder."""
    author = plan.author
    choices = OUR_RECIPIENTS if author.endswith("@acme.com") else THEIR_RECIPIENTS
    if author.endswith("@initech.com"):
        choices = OUTSIDER_RECIPIENTS
    content_type = "multipart/mixed; boundary=b" if plan.is_mixed else "text/plain"
    plain = message(
        f"letter-{len(before)}@mail.example",
        at,
        author=author,
        **choices[plan.recipients % len(choices)],
        subject=plan.prefix + _ticketed(plan),
        thread_index=plan.thread_index,
        size_octets=plan.size,
        marks=(("content-type", content_type),),
        is_settled=plan.is_settled,
        **_links(plan, before),
    )
    # not among the fields of the digest: a set of words is written down in any order
    read = replace(plain, text_signs=None if plan.text is None else frozenset(plan.text))
    return _with_dates(_with_kind(read, plan, before), plan, at)


def _ticketed(plan: Plan) -> str:
    """The subject with its ticket number: in front in every other, as desks do either."""
    parts = (plan.ticket, plan.subject) if plan.back % 2 else (plan.subject, plan.ticket)
    return " ".join(part for part in parts if part)


def _links(plan: Plan, before: list[tuple[Message, ...]]) -> dict[str, Any]:
    """In-Reply-To and References: of an earlier letter, of one not held, of one yet to come."""
    earlier = before[-min(plan.back, len(before))][0] if before else None
    chain = (*earlier.references, earlier.message_id) if earlier else ()
    one = earlier.message_id if earlier else None
    later = f"letter-{len(before) + plan.back}@mail.example"
    itself = f"letter-{len(before)}@mail.example"
    other = before[0][0] if before else None
    both = (*((other.message_id,) if other else ()), *chain)
    unheld = f"gone-{plan.back}@elsewhere.example"
    links: dict[str, dict[str, Any]] = {
        "none": {},
        "chain": {"in_reply_to": one, "references": chain},
        "irt": {"in_reply_to": one},
        "references": {"references": chain},
        "unheld": {"in_reply_to": unheld, "references": (unheld,)},
        "unheld first": {"in_reply_to": unheld, "references": (*chain, unheld)},
        "later": {"in_reply_to": later},
        "itself": {"references": (*chain, itself)},
        "two threads": {"in_reply_to": one, "references": both if plan.back % 2 else both[::-1]},
    }
    return links[plan.link]


def _with_kind(letter: Message, plan: Plan, before: list[tuple[Message, ...]]) -> Message:
    kind, _, detail = plan.kind.partition(" ")
    if kind == "calendar":
        method = f"; method={detail}" if detail else ""
        return replace(letter, marks=(("content-type", f"text/calendar{method}; charset=UTF-8"),))
    if kind == "auto_reply":
        return replace(letter, marks=(("auto-submitted", "auto-replied"),))
    if kind == "newsletter":  # answers nobody and comes to one person: else it is somebody's letter
        marks = (("list-unsubscribe", "<https://news.example/u>"),)
        alone = replace(letter, to=addresses("ana@acme.com"), cc=(), bcc=(), marks=marks)
        return replace(alone, in_reply_to=None, references=())
    if kind == "report":
        return _delivery_report(letter, plan, detail, before)
    return _report(letter, plan, detail, before) if kind == "bounce" else letter


def _delivery_report(
    letter: Message, plan: Plan, detail: str, before: list[tuple[Message, ...]]
) -> Message:
    """A delivery report as RFC 3464 has it: whom the letter did not reach, and which it was."""
    bob, carl, dora = "bob@globex.com", "carl@globex.com", "dora@berlin.globex.de"
    about = before[-plan.back][0].message_id if plan.back <= len(before) else None
    fates: dict[str, tuple[tuple[str, str], ...]] = {
        "one": ((bob, "failed"),),
        "some": ((bob, "delayed"), (carl, "failed"), (dora, "")),
        "none": ((bob, "delivered"), (carl, "relayed"), (dora, "expanded")),
        "pending": ((bob, "delayed"),),
        "unnamed": ((bob, ""),),
        "silent": (),
        "and header": ((carl, "failed"),),
    }
    unheld = "gone@elsewhere.example" if detail.startswith("unheld") else about
    header = {"and header": "one", "late": "delayed"}.get(detail, "names")
    fate = fates.get(detail, ((bob, "failed"),))
    return replace(
        _report(letter, plan, header, before),
        in_reply_to=None,
        references=letter.references if detail.endswith("chain") else (),
        report=Report(
            tuple(Delivery(recipient, action) for recipient, action in fate),
            None if detail == "unnamed" else unheld,
        ),
    )


def _report(letter: Message, plan: Plan, detail: str, before: list[tuple[Message, ...]]) -> Message:
    """A delivery report about an earlier letter, by id, by recipient, or both."""
    failed = {
        "one": "bob@globex.com",
        "all": "bob@globex.com, carl@globex.com, dora@berlin.globex.de",
        "unnamed": "bob@globex.com",
        "delayed": "bob@globex.com",
    }.get(detail)
    about = before[-plan.back][0].message_id if plan.back <= len(before) else None
    report = ("content-type", "multipart/report; report-type=delivery-status")
    return replace(
        letter,
        from_=addresses("mailer-daemon@relay.example")[0],
        folder="INBOX",
        is_sent_copy=False,
        to=addresses("ana@acme.com"),
        cc=(),
        bcc=(),
        subject="Delayed mail" if detail == "delayed" else "Undelivered mail",
        in_reply_to=None if detail == "unnamed" else about,
        references=(),
        marks=(report, ("x-failed-recipients", failed)) if failed else (report,),
    )


def _with_dates(letter: Message, plan: Plan, at: datetime) -> Message:
    """Its clocks: Date some seconds earlier than INTERNALDATE; the chosen instant is `at`."""
    shift = timedelta(0) if letter.is_sent_copy else timedelta(seconds=4)
    sent, received = at - shift, at - shift + 4 * SECOND
    letter = replace(letter, sent_at=sent, received_at=received)
    mx_line = (
        ("relay.acme.com", at + 5 * SECOND),
        (OUR_MX, at),
        ("mx.globex.com", at - 3 * SECOND),
    )
    elsewhere, alone = (("mx.globex.com", at - 3 * SECOND),), (("mx.globex.com", at),)
    moved = {"received_at": received + timedelta(days=20), "is_import": True}
    century = timedelta(days=36_525)
    changes: dict[str, dict[str, Any]] = {
        "no Date": {"sent_at": None},
        "no INTERNALDATE": {"received_at": None},
        "Received": {"received": mx_line, "received_at": received + timedelta(days=2)},
        "Received elsewhere": {"received": elsewhere},
        "Received alone": {"received": alone, "received_at": None},
        "Received 2126": {"received": ((OUR_MX, at + century), *mx_line)},
        "moved": {**moved, "received": (*alone, ("relay.globex.com", at - 4 * SECOND))},
        "moved, no Received": moved,
        "moved, ours": {**moved, "received": mx_line},
        "INTERNALDATE late": {"received_at": received + timedelta(minutes=16)},
        "Date 2126": {"sent_at": sent + century},
        "Date 1970": {"sent_at": sent - century / 2},
        "INTERNALDATE 2126": {"received_at": received + century},
        "nothing": {"sent_at": None, "received_at": None},
    }
    return replace(letter, **changes.get(plan.dates, {}))


def _copies(letter: Message, plan: Plan, before: list[tuple[Message, ...]]) -> tuple[Message, ...]:
    """The letter wherever it lies."""

    def again(seconds: int, **fields: Any) -> Message:
        """Another copy in INBOX, which came some seconds later."""
        came = letter.received_at and letter.received_at + seconds * SECOND
        inbox: dict[str, Any] = {
            "folder": "INBOX",
            "is_sent_copy": False,
            "bcc": (),
            "is_settled": False,
        }
        other = replace(letter, received_at=came, received=(), **inbox)
        return replace(other, **{"digest": f"{letter.digest}-{seconds}", **fields})

    if plan.copies == "one":
        return (letter,)
    sent, taken = letter.sent_at, letter.message_id
    by_list: dict[str, Any] = {
        "from_": addresses(OUR_LIST)[0],
        "originals": (letter.from_,) if letter.from_ else (),
    }
    if plan.copies == "id taken" and plan.back <= len(before):
        taken = before[-plan.back][0].message_id
    others: dict[str, tuple[Message, ...]] = {
        "INBOX too": (letter, again(7)),
        "archived late": (letter, again(3 * DAY_SECONDS, folder="Archive", mailbox="second")),
        "list, other id": (letter, again(6, message_id=f"list-{letter.message_id}")),
        "1 s off": (letter, again(6, sent_at=sent and sent + SECOND)),
        "2 s off": (letter, again(6, sent_at=sent and sent + 2 * SECOND)),
        "3 s off": (letter, again(6, sent_at=sent and sent + 3 * SECOND)),
        "not in Sent": (again(8),),
        "list took From": (letter, again(6, sent_at=sent and sent + SECOND, **by_list)),
        "list took From, alone": (again(6, **by_list),),
        "index elsewhere": (replace(letter, thread_index=None), again(7)),
        "id taken": (replace(letter, message_id=taken),),
    }
    return others.get(plan.copies, (letter,))


# --- the mailbox ---------------------------------------------------------------------------------

SPANS = (
    *("1 business day", "4 business hours", "2 business days", "3 days", "90 minutes"),
    *("10 business days", "14 days", "6 weeks", "60 business hours", "36 hours"),
)
AS_OF_AFTER_LAST = (
    *(HOUR, 0, DAY_SECONDS + 1_234, 10 * DAY_SECONDS, 30 * DAY_SECONDS - 1, 30 * DAY_SECONDS),
    *(33 * DAY_SECONDS + 7, 100 * DAY_SECONDS, 380 * DAY_SECONDS),
)
CUTS = (
    Cuts(),
    Cuts(window_days=365),
    Cuts(window_days=14),
    Cuts(reopen_after_seconds=10 * DAY_SECONDS),
    Cuts(give_up_after_seconds=5 * DAY_SECONDS),
    Cuts(reopen_after_seconds=5 * DAY_SECONDS, give_up_after_seconds=20 * DAY_SECONDS),
)


def _standards() -> st.SearchStrategy[Standards]:
    span = st.none() | st.sampled_from([Span.parse(text) for text in SPANS])
    share, fewest = st.sampled_from((0.9, 0.5, 1.0)), st.sampled_from((None, 1, 2))
    return st.builds(Standards, span, span, span, span, share, share, fewest)


@st.composite
def _rosters(draw: st.DrawFn, start: datetime) -> Roster:
    since = start + draw(st.sampled_from((0, 2, 8, 25))) * timedelta(days=1)
    choices = (ROSTER, replace(ROSTER, lists=frozenset()))
    mergers = (merged("globex.de", since), merged("initech.com", since))
    return draw(st.sampled_from((*choices * 3, *mergers)))


def _written(start: datetime, plans: list[Plan]) -> list[tuple[Message, ...]]:
    writer = _Writer(start)
    for plan in plans:
        writer.write(plan)
    return writer.letters


def _as_of(letters: list[tuple[Message, ...]], start: datetime, after: int, skip: int) -> datetime:
    """Some time after the last letter, or among the letters when some are skipped."""
    first = [copies[0] for copies in letters]
    near = [(None if c.is_import else c.received_at) or c.sent_at or start for c in first]
    dates = sorted(t for t in near if t <= FETCHED_AT) or [start]
    last = dates[max(0, len(dates) - 1 - skip)]
    return min(last + (after % (5 * DAY_SECONDS) if skip else after) * SECOND, FETCHED_AT)


@st.composite
def mailboxes(draw: st.DrawFn) -> Mailbox:
    """A mailbox of 0 to 30 letters with one partner, globex.com, and some bystanders."""
    plan = _plans()
    plans = draw(st.lists(plan, max_size=8) | st.lists(plan, min_size=14, max_size=30))
    start, calm = draw(st.sampled_from(STARTS)), draw(st.sampled_from(CALM))
    letters = _written(start, [replace(plan, **calm) for plan in plans])
    after, skip = (
        draw(st.sampled_from(AS_OF_AFTER_LAST)),
        draw(st.sampled_from((0,) * 6 + (1, 3, 7))),
    )
    return Mailbox(
        copies=tuple(copy for copies in letters for copy in copies),
        roster=draw(_rosters(start)),
        partner_key=PARTNER,
        standards=draw(_standards()),
        us=draw(st.sampled_from((BERLIN, NEW_YORK))),
        them=draw(st.sampled_from((BERLIN, NEW_YORK, TOKYO))),
        cuts=draw(st.sampled_from(CUTS)),
        as_of=_as_of(letters, start, after, skip),
    )


@st.composite
def linked_letters(draw: st.DrawFn) -> tuple[Message, ...]:
    """Six letters of people whose threads hang on every kind of link."""
    plan = _plans().filter(lambda plan: plan.dates != "nothing")
    plans = draw(st.lists(plan, min_size=6, max_size=6))
    clear = {**_HUMAN, **_CLEAR}
    letters = _written(STARTS[0], [replace(plan, **clear) for plan in plans])
    return tuple(copy for copies in letters for copy in copies)


# --- folders that were moved ---------------------------------------------------------------------

BURST_DATES = (
    "days",
    "fresh",
    "four odd",
    "five odd",
    "a day",
    "more than a day",
    "none",
    "absurd",
)


@st.composite
def moved_folders(draw: st.DrawFn) -> tuple[Message, ...]:
    """Copies that came in bursts, some of which are a folder that somebody moved."""
    at, copies = FETCHED_AT - timedelta(days=90), list[Message]()
    for _ in range(draw(st.integers(1, 4))):
        at += draw(st.sampled_from((0, 40, 5 * MINUTE, 10 * MINUTE, 11 * MINUTE, HOUR))) * SECOND
        count = draw(st.sampled_from((50, 25, 49, 60, 24, 1, 10, 120)))
        step = draw(st.sampled_from((0, 0, 0, 1, 12, 13))) * SECOND
        dates = draw(st.sampled_from(BURST_DATES))
        folder = draw(st.sampled_from(("INBOX", "INBOX", "Archive")))
        for n in range(count):
            sent = _burst_date(dates, at, n, count)
            name = f"moved-{len(copies)}@mail.example"
            copies.append(message(name, sent, to=("ana@acme.com",), received_at=at, folder=folder))
            at += step
    return tuple(copies)


def _burst_date(dates: str, at: datetime, n: int, count: int) -> datetime | None:
    """The Date of the n-th of so many letters; of 50 five are a tenth."""
    day, fresh = timedelta(days=1), at - 30 * SECOND
    return {
        "days": fresh - n * day,
        "fresh": fresh,
        "four odd": fresh - 100 * day if n < 4 else fresh,
        "five odd": fresh - 100 * day if n < 5 else fresh,
        "a day": fresh - day if 2 * n < count else fresh,
        "more than a day": fresh - day - SECOND if 2 * n < count else fresh,
        "none": None,
        "absurd": datetime(1970, 1, 1, tzinfo=UTC) + n * day,
    }[dates]
