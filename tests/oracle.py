"""The measures once more, by brute force: short, slow, and transcribed from their text.

Nothing here is shared with the code it judges but the plain records (`Message`, `Address`,
`Roster`, `Span`, `Standards`, `Cuts`) and two readings of one header field each: who wrote a copy
(`author_of`) and the ticket numbers of a subject (`ticket_numbers`). Each block quotes the
sentence it stands for; D-… are the numbered decisions on what the text leaves open. It reads only
the prefixes ``Re: `` and ``Fwd: `` and one ``[…]``, and only the kinds of letters that `mailboxes`
makes. Ties at one instant are broken by the plain triple (author, smallest Message-ID, Date) where
the product takes a digest of it.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from fractions import Fraction
from itertools import pairwise
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from oracle_asks import Away, Needs, Stretch, absences, away_for, cut, witnesses

from inbox_agent.addresses import Address, Roster
from inbox_agent.authors import author_of
from inbox_agent.delivery_reports import Delivery
from inbox_agent.messages import Message
from inbox_agent.standards import Cuts, Span, Standards
from inbox_agent.subjects import ticket_numbers

Row = dict[str, Any]
Name = tuple[frozenset[str], datetime | None]
Window = tuple[datetime, datetime]
T = TypeVar("T")

DAY = timedelta(days=1)
SECOND = timedelta(seconds=1)
SLACK = Fraction(1, 10**9)
WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
GENERIC_NAMES = (
    "hello/hi/question/meeting/update/invoice/thanks/thank you/request/info/information/"
    "follow up/re/no subject"
)
GENERIC = frozenset(GENERIC_NAMES.split("/"))
COUNTED = ("asks", "answered", "open", "lapsed", "followed_seconds")
SHARES = ("response_rate", "rate_so_far", "p50_reached", "met_standard_share")
WAITS = ("p50_seconds", "p90_seconds", "p50_business_seconds", "p90_business_seconds")
OTHERS = ("answered_p50_seconds", "naive_p50_seconds", "naive_mean_seconds")
FIGURES = (*COUNTED, *SHARES, *WAITS, *OTHERS)


# --- business time -------------------------------------------------------------------------------


@dataclass(frozen=True)
class OracleClock:
    """Working time, by walking over the days one after the other."""

    timezone: str
    days: tuple[str, ...]
    hours: tuple[tuple[time, time], ...]
    holiday_dates: frozenset[date]

    def utc(self, day: date, at: time) -> datetime:
        return datetime.combine(day, at, ZoneInfo(self.timezone)).astimezone(UTC)

    def midnight(self, day: date) -> datetime:
        return self.utc(day, time(0))

    def local_date(self, at: datetime) -> date:
        return at.astimezone(ZoneInfo(self.timezone)).date()

    def is_working(self, day: date) -> bool:
        return WEEKDAYS[day.weekday()] in self.days and day not in self.holiday_dates

    def working_days(self, after: date, upto: date) -> int:
        """Days after the earlier one, up to and with the later one."""
        days = range(1, (upto - after).days + 1)
        return sum(self.is_working(after + n * DAY) for n in days)

    def nth_working_day(self, after: date, n: int) -> date:
        day = after
        while n > 0:
            day += DAY
            n -= self.is_working(day)
        return day

    def intervals(self, day: date) -> list[tuple[datetime, datetime]]:
        if not self.is_working(day):
            return []
        return [(self.utc(day, opens), self.utc(day, closes)) for opens, closes in self.hours]

    def working_seconds(self, a: datetime, b: datetime) -> int:
        """Whole seconds of working time between two instants, 0 when b is not after a."""
        total, day = timedelta(0), self.local_date(a)
        while day <= self.local_date(b):
            for opens, closes in self.intervals(day):
                total += max(timedelta(0), min(b, closes) - max(a, opens))
            day += DAY
        return total // SECOND

    def deadline(self, a: datetime, span: Span) -> datetime:
        if span.unit == "seconds":  # "'n days' is by the calendar"
            return a + span.amount * SECOND
        if span.unit == "working_seconds":
            return self._after_working_time(a, span.amount * SECOND)
        # "n business days" is the same local time n working days later (an ask outside hours
        # counts from the next opening; where that day closes earlier, its closing)
        start = self._from_opening(a)
        day = self.nth_working_day(self.local_date(start), span.amount)
        same_time = start.astimezone(ZoneInfo(self.timezone)).time()
        return min(self.utc(day, same_time), self.intervals(day)[-1][1])

    def _after_working_time(self, a: datetime, left: timedelta) -> datetime:
        """The first instant at which that much working time has passed."""
        day = self.local_date(a)
        while True:
            for opens, closes in self.intervals(day):
                here = max(timedelta(0), closes - max(a, opens))
                if here >= left:
                    return max(a, opens) + left
                left -= here
            day += DAY

    def _from_opening(self, a: datetime) -> datetime:
        """The instant itself, or the next opening; the very closing time counts as outside."""
        day = self.local_date(a)
        while True:
            for opens, closes in self.intervals(day):
                if a < closes:
                    return max(a, opens)
            day += DAY


# --- letters -------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class Letter:
    """One letter and its copies; `best` is the copy that speaks for it (D-L4)."""

    copies: tuple[Message, ...]
    ids: frozenset[str]
    best: Message
    author: Address | None
    at: datetime | None
    at_source: str
    side: str
    kind: str
    bcc: tuple[Address, ...]

    @property
    def name(self) -> Name:
        """What tells it from all others of a mailbox, also from those with the same Message-ID."""
        return self.ids, self.at

    @property
    def recipients(self) -> tuple[Address, ...]:
        return (*self.best.to, *self.best.cc, *self.bcc)

    @property
    def cited(self) -> tuple[str, ...]:
        irt = self.best.in_reply_to
        return (*self.best.references, *([irt] if irt else []))

    @property
    def base(self) -> str:
        return base_subject(self.best.subject)

    @property
    def thread_index(self) -> str | None:
        # D-L4 the representative's; where it has none, another copy's, as relays drop the field
        others = sorted(c.thread_index for c in self.copies if c.thread_index)
        return self.best.thread_index or next(iter(others), None)

    @property
    def counts(self) -> bool:
        # D-L8 counts: kind human, at known.
        return self.kind == "human" and self.at is not None

    @property
    def is_contact(self) -> bool:
        # D-L8 a contact: counts, or a calendar letter whose method is neither CANCEL nor PUBLISH.
        method = parameter(marks(self.best).get("content-type", ""), "method").upper()
        is_calendar = self.kind == "calendar" and method not in ("CANCEL", "PUBLISH")
        return self.at is not None and (self.kind == "human" or is_calendar)

    @property
    def when(self) -> datetime:
        assert self.at is not None
        return self.at


def author(copy: Message, roster: Roster) -> str | None:
    found = author_of(copy, roster)
    return found.key if found else None


def author_key(letter: Letter) -> str | None:
    return letter.author.key if letter.author else None


def rank(letter: Letter) -> tuple[Any, ...]:
    """(at, key), letters without an instant last."""
    key = (letter.author.key if letter.author else "", min(letter.ids), str(letter.best.sent_at))
    return (letter.at is None, letter.at or datetime.max.replace(tzinfo=UTC), key)


def marks(copy: Message) -> dict[str, str]:
    return dict(copy.marks)


def parameter(value: str, name: str) -> str:
    for part in value.split(";")[1:]:
        key, _, said = part.partition("=")
        if key.strip().lower() == name:
            return said.strip().strip('"')
    return ""


def prefix(subject: str) -> str:
    """The outermost prefix decides: 're', 'fwd' or none."""
    return next((p for p in ("re", "fwd") if subject.lower().startswith(f"{p}: ")), "")


def base_subject(subject: str) -> str:
    """Without prefixes, and without ``[…]`` at the beginning unless nothing would be left."""
    rest = subject.lower().lstrip()
    while found := prefix(rest):
        rest = rest[len(found) + 2 :].lstrip()
    _, blob, after = rest.partition("]")
    is_led = rest.startswith("[") and blob and after.strip()
    return base_subject(after) if is_led else rest.strip()


def kind_of(copy: Message) -> str:
    said = marks(copy)
    content_type = said.get("content-type", "").lower()
    report = content_type.startswith("multipart/report") and "delivery-status" in content_type
    if report or "x-failed-recipients" in said:
        return "bounce"
    if content_type.startswith("text/calendar"):
        return "calendar"
    if said.get("auto-submitted", "no").lower() != "no":
        return "auto_reply"
    return "bulk" if "list-unsubscribe" in said else "human"


def instant(copy: Message, received_by: frozenset[str]) -> tuple[datetime | None, str]:
    # D-L3 received_at of a copy in an import block (D-L9) is not usable
    sent, received = copy.sent_at, None if copy.is_import else copy.received_at
    if copy.is_sent_copy:
        # Sent: sent_at if |sent_at - received_at| <= 15 min or received_at is unusable; else
        # received_at
        near = sent and received and abs(sent - received) <= timedelta(minutes=15)
        is_by_date = near or not is_usable(received, copy)
        sources = [("date", sent) if is_by_date else ("internaldate", received)]
    else:
        # the topmost `received` entry whose host is one of `received_by`; else received_at; else
        # the topmost `received` entry; else sent_at
        ours = next((t for host, t in copy.received if host in received_by), None)
        topmost = next((t for _, t in copy.received), None)
        sources = [("received", ours), ("internaldate", received)]
        sources += [("received", topmost), ("date", sent)]
    # unusable ones are passed over
    return next(((t, source) for source, t in sources if is_usable(t, copy)), (None, "none"))


def is_usable(t: datetime | None, copy: Message) -> bool:
    # D-L3 when 1995-01-01 <= t <= fetched_at + 10 min
    latest = copy.fetched_at + timedelta(minutes=10)
    return t is not None and datetime(1995, 1, 1, tzinfo=UTC) <= t <= latest


def import_blocks(copies: Sequence[Message]) -> list[bool]:
    """Which of the copies were moved here with a whole folder: any window that shows it will do."""
    # D-L9 within one folder of one mailbox, the copies that have received_at and a usable sent_at,
    # ordered by received_at; a copy whose Date is not usable decides nothing, and was moved with
    # those between which it came
    blocks = {where: blocks_of(copies, where) for where in {(c.mailbox, c.folder) for c in copies}}
    return [
        any(start <= c.received_at <= end for start, end in blocks[c.mailbox, c.folder])
        if c.received_at
        else False
        for c in copies
    ]


def blocks_of(copies: Sequence[Message], where: tuple[str, str]) -> list[Window]:
    dated = sorted(
        (c.received_at, c.sent_at)
        for c in copies
        if (c.mailbox, c.folder) == where
        and c.received_at
        and c.sent_at
        and is_usable(c.sent_at, c)
    )
    came = [t for t, _ in dated]

    def is_block(window: Window) -> bool:
        held = [
            sent for _, sent in dated[bisect_left(came, window[0]) : bisect_right(came, window[1])]
        ]
        return len(held) >= 50 and is_spread(held)

    return [window for window in windows(came) if is_block(window)]


def windows(instants: list[datetime]) -> list[Window]:
    # D-L9 some window of at most 10 minutes
    distinct, longest = sorted(set(instants)), timedelta(minutes=10)
    return [(a, b) for a in distinct for b in distinct if timedelta(0) <= b - a <= longest]


def is_spread(instants: list[datetime]) -> bool:
    # D-L9 more than a day from the 10th to the 90th hundredth (nearest rank)
    ranked, n = sorted(instants), len(instants)
    return ranked[-(-90 * n // 100) - 1] - ranked[-(-10 * n // 100) - 1] > DAY


def is_same_letter(a: Message, b: Message, roster: Roster) -> bool:
    # D-L1: same message_id, author and Date within 2 s (or both missing); or same author, second,
    # recipients and base subject. Without an author: message_id and sent_at equal.
    if author(a, roster) != author(b, roster):
        return False
    same_id = a.message_id == b.message_id
    if author(a, roster) is None:
        return same_id and a.sent_at == b.sent_at
    if a.sent_at is None or b.sent_at is None:
        return same_id and a.sent_at is b.sent_at
    if same_id and abs(a.sent_at - b.sent_at) <= timedelta(seconds=2):
        return True
    same_second = a.sent_at.replace(microsecond=0) == b.sent_at.replace(microsecond=0)
    to_a, to_b = ({r.key for r in (*c.to, *c.cc)} for c in (a, b))
    return same_second and to_a == to_b and base_subject(a.subject) == base_subject(b.subject)


def closure(items: Iterable[T], related: Callable[[T, T], object]) -> list[list[T]]:
    """The finest partition in which related items are together."""
    groups: list[list[T]] = []
    for item in items:
        near = [g for g in groups if any(related(item, other) for other in g)]
        far = [g for g in groups if not any(g is n for n in near)]
        groups = [*far, [item, *(other for g in near for other in g)]]
    return groups


def letters_of(
    copies: Sequence[Message], roster: Roster, partner: str, as_of: datetime
) -> list[Letter]:
    # D-L2 copies whose own chosen instant is after as_of are dropped before anything else
    at_of = {id(c): instant(c, roster.received_by) for c in copies}
    held = [c for c in copies if (t := at_of[id(c)][0]) is None or t <= as_of]

    def place(copy: Message) -> tuple[Any, ...]:
        # D-L4 Sent copies first when the author is us, then the earliest (at, message_id, digest),
        # then what one header block may have beside it
        wrote = author_of(copy, roster)
        by_us = wrote is not None and roster.is_us(wrote)
        at = at_of[id(copy)][0]
        later = (at is None, at or as_of, copy.message_id, copy.digest)
        beside = (copy.size_octets or 0, copy.is_import, repr(copy.report))
        signs = tuple(sorted(copy.text_signs or ()))
        return (not (by_us and copy.is_sent_copy), *later, *beside, signs)

    found = []
    for group in closure(held, lambda a, b: is_same_letter(a, b, roster)):
        best, kinds = min(group, key=place), {kind_of(c) for c in group}
        at, source = at_of[id(best)]
        side = side_of(group, at, roster, partner)
        kind = "human" if "human" in kinds else kind_of(best)
        ours = [c for c in group if c.is_sent_copy and side == "us"]
        bcc = tuple(r for c in ours for r in c.bcc)  # Bcc is kept of our own Sent letters only
        wrote = author_of(best, roster)
        ids = frozenset(c.message_id for c in group)
        found.append(Letter(tuple(group), ids, best, wrote, at, source, side, kind, bcc))
    return sorted(found, key=rank)


def is_receipt(letter: Letter, letters: list[Letter]) -> bool:
    """Rule P15: an answer within 120 s of our latest letter it cites, with a new ticket number.

    Clocks may differ: up to 5 minutes before our letter is at once, too. What cites nothing may
    answer our letter just before it, if that one's base subject is part of its own.
    """
    if letter.kind != "human" or letter.side == "us" or letter.at is None:
        return False
    ours = [x for x in letters if x.side == "us" and x.at]
    named = set(letter.cited) - letter.ids  # no letter answers itself
    # of several letters of ours that bear one id, the id names the first
    bearers = [next((x for x in ours if name in x.ids), None) for name in named]
    cited = sorted((x for x in bearers if x), key=rank)
    if not named:
        before = [x for x in ours if x.when <= letter.at][-1:]
        cited = [x for x in before if x.base and x.base in letter.base]
    if not cited:
        return False
    is_at_once = timedelta(minutes=-5) <= letter.at - cited[-1].when <= timedelta(seconds=120)
    new = ticket_numbers(letter.best.subject) - ticket_numbers(cited[-1].best.subject)
    return is_at_once and bool(new)


def side_of(group: list[Message], at: datetime | None, roster: Roster, partner: str) -> str:
    # D-L6 us when the author is us, or when a copy lies in a Sent folder; them: author is partner
    wrote = author_of(group[0], roster)
    if any(c.is_sent_copy for c in group) or (wrote and roster.is_us(wrote)):
        return "us"
    return "them" if wrote and roster.partner_of(wrote, at) == partner else ""


def belonging(letters: list[Letter], roster: Roster, partner: str) -> list[Letter]:
    # D-L7 author is P; or side us and P among To/Cc/Bcc; or side us, one of our lists in To/Cc,
    # and In-Reply-To names a message_id of a letter authored by P
    def of_partner(address: Address | None, x: Letter) -> bool:
        return address is not None and roster.partner_of(address, x.at) == partner

    by_partner = {i for x in letters if of_partner(x.author, x) for i in x.ids}

    def belongs(x: Letter) -> bool:
        to_list = any(roster.is_our_list(r) for r in (*x.best.to, *x.best.cc))
        to_them = any(of_partner(r, x) for r in x.recipients)
        answers = to_list and x.best.in_reply_to in by_partner
        return of_partner(x.author, x) or (x.side == "us" and (to_them or answers))

    own = [x for x in letters if belongs(x)]
    our_ids = {i for x in own if x.side == "us" for i in x.ids}

    def reports(x: Letter) -> bool:
        # a bounce also when its recipients, failed or not, include an address of P, or it cites or
        # returns a letter of ours that belongs to P
        named = {*failed_recipients(x), *(d.recipient for d in deliveries(x))}
        about = any(of_partner(Address.parse(r), x) for r in named)
        ids = {*x.cited, *([returned] if (returned := returned_id(x)) else [])}
        return x.kind == "bounce" and (about or not our_ids.isdisjoint(ids))

    return [x for x in letters if any(x is o for o in own) or reports(x)]


def failed_recipients(letter: Letter) -> set[str]:
    # D-B1 X-Failed-Recipients, and whom a delivery report calls failed or gives no action
    listed = marks(letter.best).get("x-failed-recipients", "")
    failed = [d.recipient for d in deliveries(letter) if d.action in ("failed", "")]
    return {*(r.strip().lower() for r in listed.split(",") if r.strip()), *failed}


def deliveries(report: Letter) -> tuple[Delivery, ...]:
    return report.best.report.deliveries if report.best.report else ()


def returned_id(report: Letter) -> str | None:
    return report.best.report.original_id if report.best.report else None


def is_final(report: Letter) -> bool:
    # D-B1 a report all of whose actions are delayed, relayed, delivered or expanded is not final;
    # where it has none the subject says it: not beginning with a "delayed"/"warning" word
    actions = {d.action for d in deliveries(report)}
    if actions:
        return not actions <= {"delayed", "relayed", "delivered", "expanded"}
    return not report.best.subject.lower().startswith(("delayed", "warning"))


# --- conversations, episodes, turns --------------------------------------------------------------


@dataclass(frozen=True)
class Desk:
    """What all the reckoning below looks at: the partner's letters, and what they are held to."""

    partner: str
    roster: Roster
    standards: Standards
    clocks: dict[str, OracleClock]
    cuts: Cuts
    as_of: datetime
    letters: list[Letter]

    @property
    def give_up(self) -> timedelta:
        return self.cuts.give_up_after_seconds * SECOND

    @property
    def reopen(self) -> timedelta:
        return self.cuts.reopen_after_seconds * SECOND

    def held(self, message_id: str | None) -> Letter | None:
        # D-C1 an id met in several different letters points to the first of them by (at, key)
        return next((x for x in self.letters if message_id in x.ids), None)

    def answered_letter(self, letter: Letter) -> Letter | None:
        """In-Reply-To's letter if held here, else the last of References held; never itself."""
        ids = (letter.best.in_reply_to, *reversed(letter.best.references))
        return next((x for x in map(self.held, ids) if x is not None and x is not letter), None)

    def theirs(self, letter: Letter, addresses: Iterable[Address]) -> set[str]:
        """Those of them that are the partner's when the letter is written."""
        return {a.key for a in addresses if self.roster.partner_of(a, letter.at) == self.partner}

    def people(self, letter: Letter) -> set[str]:
        # D-C2 the partner's addresses among the recipients, and the author where the side is them
        wrote = {letter.author.key} if letter.author and letter.side == "them" else set()
        return self.theirs(letter, letter.recipients) | wrote

    @property
    def today(self) -> datetime:
        """The last midnight of our zone."""
        clock = self.clocks["us"]
        return clock.midnight(clock.local_date(self.as_of))

    def earlier(self, letter: Letter) -> list[Letter]:
        """Those before it by (at, key), the latest last."""
        return self.letters[: self.letters.index(letter)]

    def shortly_before(self, letter: Letter) -> list[Letter]:
        """Of those the ones at most reopen_after before it."""
        if letter.at is None:
            return []
        return [o for o in self.earlier(letter) if letter.at - o.when <= self.reopen]


@dataclass(frozen=True)
class Links:
    """What else than an id joins a letter to another, and which letters begin anew."""

    joins: dict[Letter, tuple[str, Letter]]
    splits: dict[Letter, Letter]


def splits_of(desk: Desk) -> dict[Letter, Letter]:
    # D-C1a a letter with References but without In-Reply-To whose base subject is not empty and
    # differs from that of the letter that the last held one of its References names (itself passed
    # over; that one's base subject not empty either), when the authors of the two differ, it has
    # no reply or forward prefix, and neither base subject contains the other
    def is_split(x: Letter, cites: Letter) -> bool:
        if not x.base or not cites.base or prefix(x.best.subject):
            return False
        is_other = x.base not in cites.base and cites.base not in x.base
        return is_other and author_key(x) != author_key(cites)

    without = [x for x in desk.letters if x.best.in_reply_to is None]
    found = [(x, desk.answered_letter(x)) for x in without]
    return {x: cites for x, cites in found if cites and is_split(x, cites)}


def linking_ids(x: Letter, links: Links, desk: Desk) -> tuple[str, ...]:
    # D-C1 its References, or, only if it has no References, its In-Reply-To
    ids = x.best.references or x.cited
    if x in links.splits:  # D-C1a none of its references link it
        return ()
    # D-C1a of any other letter the ids before the last one that names a split letter do not link
    cuts = [n for n, i in enumerate(x.best.references) if desk.held(i) in links.splits]
    return ids[max(cuts, default=0) :]


def joins_of(desk: Desk) -> dict[Letter, tuple[str, Letter]]:
    """The letters that something else than an id joins to another, and what."""
    joins = {}
    for x in desk.letters:
        for how, candidates in (
            ("thread_index", by_thread_index(x, desk)),
            ("ticket", by_ticket(x, desk)),
            ("subject", by_subject(x, desk)),
        ):
            if candidates and x not in joins:  # the latest earlier letter
                joins[x] = how, candidates[-1]
    return joins


def by_thread_index(x: Letter, desk: Desk) -> list[Letter]:
    # D-C1b neither References nor In-Reply-To: the latest earlier letter with the same
    # Thread-Index conversation and the same base subject, however long ago
    if x.cited or x.thread_index is None:
        return []
    same = [o for o in desk.earlier(x) if o.thread_index == x.thread_index]
    return [o for o in same if o.base == x.base]


def by_ticket(x: Letter, desk: Desk) -> list[Letter]:
    # D-C1c none of whose References and In-Reply-To is held, whose subject holds a ticket number:
    # the latest earlier letter at most reopen_after before it with one of the same numbers
    numbers = ticket_numbers(x.best.subject)
    if not numbers or desk.answered_letter(x) is not None:
        return []
    return [o for o in desk.shortly_before(x) if ticket_numbers(o.best.subject) & numbers]


def by_subject(x: Letter, desk: Desk) -> list[Letter]:
    # D-C2 neither References nor In-Reply-To, a reply or forward prefix: an earlier letter with the
    # same base subject
    how = prefix(x.best.subject)
    if x.cited or not how or x.at is None:
        return []
    same = [o for o in desk.earlier(x) if o.base == x.base]
    direct = [o for o in same if answers_directly(x, o, desk)]
    if len(x.base) < 6 or x.base in GENERIC:
        # a weak one joins only with a reply prefix, only the latest letter it directly answers, and
        # only at most 7 days after it
        return [o for o in direct if how == "re" and x.when - o.when <= 7 * DAY]
    # an ordinary one the latest at most reopen_after before it that it directly answers; if there
    # is none, the latest one at most reopen_after before it with a common address
    near = desk.shortly_before(x)
    common = [o for o in same if o in near and desk.people(o) & desk.people(x)]
    return [o for o in direct if o in near] or common


def answers_directly(x: Letter, o: Letter, desk: Desk) -> bool:
    # D-C2 they wrote E, we wrote L, and E's author is among L's recipients at the partner; or we
    # wrote E, they wrote L, and L's author is among E's recipients at the partner; or both are of
    # one side and the author of each is among the recipients of the other, and the authors differ
    wrote_x, wrote_o = author_key(x), author_key(o)
    if (x.side == "us") != (o.side == "us"):
        ours, wrote = (x, wrote_o) if x.side == "us" else (o, wrote_x)
        return wrote in desk.theirs(ours, ours.recipients)
    to_x, to_o = ({r.key for r in letter.recipients} for letter in (x, o))
    return wrote_x != wrote_o and wrote_x in to_o and wrote_o in to_x


def conversations_of(desk: Desk) -> list[list[Letter]]:
    # D-C1 nodes: ids of the letter's copies, and what links it; ghosts included. (An id belongs to
    # the first letter that bears it.)
    links = Links(joins_of(desk), splits_of(desk))

    def nodes(x: Letter) -> set[str]:
        return {i for i in x.ids if desk.held(i) is x} | set(linking_ids(x, links, desk))

    together = {x: nodes(x) for x in desk.letters}

    def is_joined(a: Letter, b: Letter) -> bool:
        return a in links.joins and links.joins[a][1] is b

    groups = closure(
        desk.letters, lambda a, b: together[a] & together[b] or is_joined(a, b) or is_joined(b, a)
    )
    return [in_order(group, parents_of(group, links, desk)) for group in groups]


def parents_of(group: list[Letter], links: Links, desk: Desk) -> dict[Letter, Letter | None]:
    # D-C3 the In-Reply-To letter if held in the same conversation, else the last of References; a
    # link by Thread-Index, ticket or subject has as parent the letter it was joined to; a split
    # letter has none
    parent: dict[Letter, Letter | None] = {}
    for x in group:
        ids = (x.best.in_reply_to, *reversed(x.best.references))
        found = [p for p in map(desk.held, ids) if p in group and p is not x]
        cited = found[0] if found and x not in links.splits else None
        parent[x] = links.joins[x][1] if x in links.joins else cited
    for x in sorted(group, key=rank):
        # "Loops: the parent link of the oldest letter on the loop is dropped"
        above, seen = parent[x], {x}
        while above is not None and above not in seen:
            seen.add(above)
            above = parent[above]
        if above is x:
            parent[x] = None
    return parent


def link_rows(conversation: list[Letter], links: Links, desk: Desk) -> list[Row]:
    """What brought each letter here: which letter it answers, and by what that is known."""
    parents = parents_of(conversation, links, desk)

    def how(x: Letter) -> str | None:
        parent = parents[x]
        if x in links.splits:
            return "split"
        if parent is None:  # the first, or one that only letters we do not hold join to the rest
            return None if x is conversation[0] else "references"
        if x in links.joins:
            return links.joins[x][0]
        return "in_reply_to" if desk.held(x.best.in_reply_to) is parent else "references"

    return [
        {
            "name": x.name,
            "parent": parent.name if (parent := parents[x]) else None,
            "how": how(x),
            "split_from": links.splits[x].name if x in links.splits else None,
        }
        for x in conversation
    ]


def in_order(group: list[Letter], parent: dict[Letter, Letter | None]) -> list[Letter]:
    # D-C4 of those whose parent is already placed or that have none, the smallest (at, key) next
    placed: list[Letter] = []
    while len(placed) < len(group):
        free = [x for x in group if x not in placed and parent[x] in (None, *placed)]
        placed.append(min(free, key=rank))
    return placed


def episodes_of(conversation: list[Letter], desk: Desk) -> list[list[list[Letter]]]:
    """Episodes of turns of counting letters."""
    episodes: list[list[Letter]] = []
    for x in (x for x in conversation if x.counts):
        # D-C6 a new episode begins where at - (latest at so far) > reopen_after
        so_far = [o.when for episode in episodes for o in episode]
        if not so_far or x.when - max(so_far) > desk.reopen:
            episodes.append([])
        episodes[-1].append(x)
    return [turns_of(episode) for episode in episodes]


def turns_of(episode: list[Letter]) -> list[list[Letter]]:
    # D-T1 a forward from the side that does not hold the current turn is left out of the turns
    turns: list[list[Letter]] = []
    for x in episode:
        if turns and turns[-1][0].side == x.side:
            turns[-1].append(x)
        elif not turns or prefix(x.best.subject) != "fwd":
            turns.append([x])
    return turns


# --- asks ----------------------------------------------------------------------------------------


def is_addressed(x: Letter, desk: Desk) -> bool:
    roster, to, cc = desk.roster, x.best.to, x.best.cc
    if x.side == "them":
        # D-T2 one of ours in To; or none of ours in To or Cc; or ours in Cc and To empty
        in_to = any(roster.is_us(r) or roster.is_our_list(r) for r in to)
        in_cc = any(roster.is_us(r) or roster.is_our_list(r) for r in cc)
        return in_to or not in_cc or not to
    # an address of the partner in To; or no recipient is an outsider other than the partner, at
    # least one is the partner's, and none of our lists is in To
    theirs = desk.theirs(x, x.recipients)
    inside = [r for r in x.recipients if roster.is_us(r) or roster.is_our_list(r)]
    only = all(r in inside or r.key in theirs for r in x.recipients)
    to_list = any(roster.is_our_list(r) for r in to)
    return bool(desk.theirs(x, to)) or (only and bool(theirs) and not to_list)


def bounced_pairs(desk: Desk) -> set[tuple[Letter, str]]:
    pairs: set[tuple[Letter, str]] = set()
    ours = [x for x in desk.letters if x.side == "us"]
    for report in (x for x in desk.letters if x.kind == "bounce"):
        if not is_final(report):
            continue
        recipients = failed_recipients(report)
        # the letter of ours it returns; where that is not held, those of ours that it cites
        returned = [x for x in ours if returned_id(report) in x.ids][:1]
        named = returned or [x for x in map(desk.held, report.cited) if x and x in ours]
        if named and recipients:
            pairs |= {(x, r) for x in named for r in recipients}
        for x in named if not recipients else []:
            # letters only: for the letter's only recipient of the partner, if it has just one
            if len(theirs := desk.theirs(x, x.recipients)) == 1:
                pairs.add((x, theirs.pop()))
        for r in recipients if not named and report.at else []:
            # recipients only: the latest letter of ours to r in the 3 days before, if r is its
            # only recipient of the partner's side
            near = [x for x in ours if x.at and x.at <= report.when <= x.at + 3 * DAY]
            to_r = [x for x in near if r in desk.theirs(x, x.recipients)]
            if to_r and desk.theirs(to_r[-1], to_r[-1].recipients) == {r}:
                pairs.add((to_r[-1], r))
    return pairs


@dataclass(frozen=True)
class Facts:
    """What asks are judged by besides the letters of their own conversation."""

    needs: Needs
    proving: set[Letter]
    absent: dict[str, list[Stretch]]


def asks_of(conversation: list[Letter], desk: Desk, facts: Facts) -> list[Row]:
    episodes, pairs = episodes_of(conversation, desk), bounced_pairs(desk)

    def is_bounced(x: Letter) -> bool:
        theirs = desk.theirs(x, x.recipients)
        return x.side == "us" and bool(theirs) and all((x, r) in pairs for r in theirs)

    def ask_of(turn: list[Letter]) -> tuple[Letter | None, bool]:
        # D-T3 the first addressed letter that did not bounce; if all bounced, the first addressed
        addressed = [x for x in turn if is_addressed(x, desk)]
        arrived = [x for x in addressed if not is_bounced(x)]
        return next(iter(arrived or addressed), None), not arrived

    rows: list[Row] = []
    is_late_opening = False
    for number, turns in enumerate(episodes):
        is_first, was_late, is_late_opening = True, is_late_opening, False
        # D-V5 what a partner's answer to an unheld letter of ours proves to be answered
        parts = [(turn, place, cut(turn, facts.proving)) for place, turn in enumerate(turns)]
        for turn, place, inferred_at in [
            (part, place, after[0].when if after else None)
            for _, place, cuts in parts
            for part, after in zip(cuts, [*cuts[1:], None], strict=True)
        ]:
            ask, is_void = ask_of(turn)
            # D-T4 reply: first letter of the next turn of the episode
            reply = None if inferred_at or not turns[place + 1 :] else turns[place + 1][0]
            if reply is None and inferred_at is None and episodes[number + 1 :]:
                # of the turn as a whole, also where a proof has cut it
                reply = late_reply(turns[place], episodes[number + 1][0][0], desk)
                is_late_opening = reply is not None and ask is not None
            if ask is None:
                continue
            # D-T7 the first ask of its episode (of either side), and not the one of a late reply
            first = is_first and not (was_late and turn[0] is turns[0][0])
            rows.append(
                ask_row(
                    ask,
                    turn=turn,
                    reply=reply,
                    inferred_at=inferred_at,
                    is_void=is_void,
                    is_first=first,
                    conversation=conversation,
                    desk=desk,
                    facts=facts,
                )
            )
            is_first = False
    return rows


def late_reply(turn: list[Letter], opening: Letter, desk: Desk) -> Letter | None:
    # D-T4 a letter of the other side without a forward prefix whose In-Reply-To or References
    # names a letter of that turn
    cites = any(desk.held(i) in turn for i in opening.cited)
    is_other = opening.side != turn[0].side and prefix(opening.best.subject) != "fwd"
    return opening if cites and is_other else None


def ask_row(
    ask: Letter,
    *,
    turn: list[Letter],
    reply: Letter | None,
    inferred_at: datetime | None,
    is_void: bool,
    is_first: bool,
    conversation: list[Letter],
    desk: Desk,
    facts: Facts,
) -> Row:
    responder = "us" if ask.side == "them" else "them"
    nudges = turn[turn.index(ask) + 1 :]
    clock = Away(desk.clocks[responder], away_for(ask, desk, facts.absent))
    answered_at = reply.when if reply else inferred_at
    outcome, took, worked, is_conflict = "open", None, None, False
    if answered_at is not None:
        # D-T5 answered if reply.at - ask.at <= give_up_after else lapsed
        outcome = "answered" if answered_at - ask.when <= desk.give_up else "lapsed"
        # D-T6 more than 5 minutes before: conflict; within 5 minutes before: 0 and 0
        is_conflict = answered_at < ask.when - timedelta(minutes=5)
        if outcome == "answered" and not is_conflict:
            took = max(0, (answered_at - ask.when) // SECOND)
            worked = clock.working_seconds(ask.when, answered_at)
    elif is_void:
        outcome = "void"
    elif desk.as_of - ask.when >= desk.give_up:
        outcome = "lapsed"
    span = getattr(
        desk.standards, "we_answer_within" if responder == "us" else "they_answer_within"
    )
    due_at = clock.deadline(ask.when, span) if span else None
    return {
        "responder": responder,
        "is_first": int(is_first),
        "asked_id": ask.ids,
        "asked_at": ask.when,
        "answered_id": reply.ids if reply else None,
        "answered_at": answered_at,
        "basis": "inferred" if inferred_at else "seen",
        "outcome": outcome,
        "response_seconds": took,
        "business_seconds": worked,
        "nudges": len(nudges),
        "first_nudge_at": nudges[0].when if nudges else None,
        "last_nudge_at": nudges[-1].when if nudges else None,
        "due_at": due_at,
        "met_standard": met_standard(
            due_at, reply, inferred_at, outcome == "void" or is_conflict, desk.as_of
        ),
        "needs_reply": facts.needs.verdict(ask, turn),
        "likelihood": facts.needs.likelihood(ask),
        "answered_elsewhere_at": facts.needs.elsewhere(
            ask, conversation, answered_at, turn[-1].when
        ),
        # D-Y17 up to the answer, else to the last midnight of our zone or the give-up time
        "absent_seconds": clock.absent(
            ask.when, answered_at or min(desk.today, ask.when + desk.give_up)
        ),
        "is_conflict": is_conflict,
        "last_letter_at": turn[-1].when,
    }


def met_standard(
    due_at: datetime | None,
    reply: Letter | None,
    inferred_at: datetime | None,
    is_unknown: bool,
    as_of: datetime,
) -> int | None:
    # D-T9 with a reply: answered_at <= due_at; without: 0 if as_of > due_at else NULL
    if due_at is None or is_unknown:
        return None
    if reply is not None:
        return int(reply.when <= due_at)
    if inferred_at is not None:  # D-V5 as if it had come at the latest instant it can have
        return int(inferred_at <= due_at)
    return 0 if as_of > due_at else None


# --- figures -------------------------------------------------------------------------------------


def kaplan_meier(events: list[int], censored: list[float]) -> dict[int, Fraction]:
    """F at each event time: 1 - the product over the events so far of (1 - d / n followed)."""
    left, f = Fraction(1), {}
    for t in sorted(set(events)):
        followed = sum(e >= t for e in events) + sum(c >= t for c in censored)
        left *= 1 - Fraction(events.count(t), followed)
        f[t] = 1 - left
    return f


def first_reaching(f: dict[int, Fraction], share: Fraction) -> int | None:
    return next((t for t in sorted(f) if f[t] >= share - SLACK), None)


def value_at(f: dict[int, Fraction], t: int) -> Fraction:
    return max((f[e] for e in f if e <= t), default=Fraction(0))


def figures_of(rows: list[Row], desk: Desk) -> Row:
    # D-F1 needs_reply = yes, outcome not void, no clock conflict
    asks = [
        r
        for r in rows
        if r["needs_reply"] == "yes" and r["outcome"] != "void" and not r["is_conflict"]
    ]
    of = {o: [r for r in asks if r["outcome"] == o] for o in ("answered", "open", "lapsed")}
    out: Row = dict.fromkeys(FIGURES)
    out |= {"asks": len(asks), **{outcome: len(found) for outcome, found in of.items()}}
    # D-F4 max over the set of min(as_of - asked_at, give_up_after)
    ages = [(desk.as_of - r["asked_at"]) // SECOND for r in asks]
    followed = min(max(ages, default=0), desk.cuts.give_up_after_seconds)
    out["followed_seconds"] = followed if asks else None
    if len(asks) < 5:  # D-F2
        return out
    took = sorted(r["response_seconds"] for r in of["answered"])
    open_ages: list[float] = [(desk.as_of - r["asked_at"]) // SECOND for r in of["open"]]
    f = kaplan_meier(took, open_ages + [desk.cuts.give_up_after_seconds] * len(of["lapsed"]))
    out |= calendar_figures(f, followed, desk) | business_figures(of, desk) | naive_figures(took)
    known = [r["met_standard"] for r in asks if r["met_standard"] is not None]
    out["met_standard_share"] = sum(known) / len(known) if known else None
    return out


def calendar_figures(f: dict[int, Fraction], followed: int, desk: Desk) -> Row:
    so_far, give_up = value_at(f, followed), desk.cuts.give_up_after_seconds
    p50 = first_reaching(f, Fraction(1, 2))
    return {
        "rate_so_far": float(so_far),
        "response_rate": float(value_at(f, give_up)) if followed >= give_up else None,
        "p50_seconds": p50,
        "p50_reached": int(p50 is not None),
        "p90_seconds": first_reaching(f, Fraction(9, 10)),
        "answered_p50_seconds": first_reaching(f, so_far / 2) if so_far else None,
    }


def business_figures(of: dict[str, list[Row]], desk: Desk) -> Row:
    # D-F5 open censored at working seconds from ask to as_of, lapsed after every observed value
    ages: list[float] = [
        desk.clocks[r["responder"]].working_seconds(r["asked_at"], desk.as_of) for r in of["open"]
    ]
    observed = [r["business_seconds"] for r in of["answered"]]
    f = kaplan_meier(observed, ages + [float("inf")] * len(of["lapsed"]))
    return {
        "p50_business_seconds": first_reaching(f, Fraction(1, 2)),
        "p90_business_seconds": first_reaching(f, Fraction(9, 10)),
    }


def naive_figures(took: list[int]) -> Row:
    # D-F6 over answered ones alone; round-half-even of the mean (as round() of a Fraction is)
    if not took:
        return {"naive_p50_seconds": None, "naive_mean_seconds": None}
    return {
        "naive_p50_seconds": median(took),
        "naive_mean_seconds": round(Fraction(sum(took), len(took))),
    }


def median(values: list[int]) -> int:
    """Nearest rank: the smallest with at least half of them at or below."""
    return next(v for v in sorted(values) if 2 * sum(o <= v for o in values) >= len(values))


def periods_of(day: date) -> list[str]:
    year, week, _ = day.isocalendar()
    quarter = (day.month + 2) // 3
    return [f"{year}-W{week:02d}", f"{day.year}-{day.month:02d}", f"{day.year}-Q{quarter}"]


# --- rhythm and silence --------------------------------------------------------------------------


def closed_gaps(contacts: list[Letter], clock: OracleClock) -> list[Row]:
    # D-S1 began_at = last contact of the earlier day, ended_at = first contact of the later
    return [
        {
            "began_at": a.when,
            "ended_at": b.when,
            "gap_seconds": (b.when - a.when) // SECOND,
            "gap_working_days": clock.working_days(
                clock.local_date(a.when), clock.local_date(b.when)
            ),
            "last_from": a.side,
            "broken_by": b.side,
            "is_open": 0,
        }
        for a, b in pairwise(contacts)
        if clock.local_date(a.when) != clock.local_date(b.when)
    ]


def is_over(gap: Row, span: Span | None, clock: OracleClock) -> bool:
    # D-S3 business days: gap_working_days > n; calendar: gap_seconds; business hours: working s
    if span is None:
        return False
    if span.unit == "working_days":
        return bool(gap["gap_working_days"] > span.amount)
    if span.unit == "seconds":
        return bool(gap["gap_seconds"] > span.amount)
    return clock.working_seconds(gap["began_at"], gap["ended_at"]) > span.amount


def silence(desk: Desk) -> tuple[list[Row], Row]:
    """The published gaps and the standing's bits about them."""
    clock = desk.clocks["us"]
    contacts = sorted((x for x in desk.letters if x.is_contact), key=rank)
    gaps = closed_gaps(contacts, clock)
    # D-S2 the gaps of the 12 months: ended_at > as_of - 365 days
    year = [g["gap_working_days"] for g in gaps if g["ended_at"] > desk.as_of - 365 * DAY]
    usual, longest = (median(year), max(year)) if year else (None, None)
    for gap in gaps:
        length = gap["gap_working_days"]
        gap["usual_gap_working_days"] = usual
        gap["times_usual"] = length / usual if usual else None
        gap["chance"] = (sum(g >= length for g in year) + 1) / (len(year) + 2)
    rows = [
        g
        for g in gaps
        if (usual is not None and g["gap_working_days"] > 2 * usual)
        or is_over(g, desk.standards.contact_every, clock)
    ]
    bits: Row = {"usual_gap_working_days": usual, "longest_gap_working_days": longest}
    bits |= dict.fromkeys(("watch_at", "act_at", "last_from", "last_contact_at"))
    if contacts:
        last = contacts[-1]
        nothing = ("ended_at", "gap_seconds", "gap_working_days", "times_usual", "chance")
        open_gap = dict.fromkeys((*nothing, "broken_by"))
        said = {"began_at": last.when, "last_from": last.side, "is_open": 1}
        rows.append({**open_gap, **said, "usual_gap_working_days": usual})
        bits |= {"last_from": last.side, "last_contact_at": last.when}
        bits |= alarms(last.when, gaps, desk)
    return rows, bits


def alarms(last: datetime, gaps: list[Row], desk: Desk) -> Row:
    # D-S4 by rhythm (8 gaps in the 12 months before the last contact): midnight of the day the
    # working days become longest + 1, for act_at max(2 x longest, 5) + 1; by a standard: last
    # contact + seconds, or midnight of day n + 1
    clock, standards = desk.clocks["us"], desk.standards
    known = [g["gap_working_days"] for g in gaps if last - g["ended_at"] < 365 * DAY]
    watch, act = (max(known), max(5, max(known) * 2)) if len(known) >= 8 else (None, None)

    def earlier(limit: int | None, span: Span | None) -> datetime | None:
        def passes(working_days: int) -> datetime:
            return clock.midnight(clock.nth_working_day(clock.local_date(last), working_days + 1))

        found = [passes(limit)] if limit is not None else []
        if span is not None:
            by_day = span.unit == "working_days"
            found.append(passes(span.amount) if by_day else clock.deadline(last, span))
        return min(found, default=None)

    return {
        "watch_at": earlier(watch, standards.contact_every),
        "act_at": earlier(act, standards.contact_at_least_every),
    }


# --- the record ----------------------------------------------------------------------------------


@dataclass(frozen=True)
class OracleRecord:
    """One partner's record as plain rows; ids are frozensets of Message-IDs."""

    desk: Desk
    letters: list[Row]
    conversations: list[Row]
    response_times: list[Row]
    silence_gaps: list[Row]
    standing: Row

    @property
    def partition(self) -> set[frozenset[str]]:
        """Which letters are together, conversations without a counting letter included."""
        return {frozenset(i for x in c for i in x.ids) for c in conversations_of(self.desk)}

    @property
    def links(self) -> list[Row]:
        links = Links(joins_of(self.desk), splits_of(self.desk))
        return [row for c in conversations_of(self.desk) for row in link_rows(c, links, self.desk)]

    def asks(self, responder: str) -> list[Row]:
        return [r for r in self.response_times if r["responder"] == responder]

    def figures(self, responder: str, start: datetime, end: datetime) -> Row:
        """FIGURES over the asks with start <= asked_at < end."""
        rows = [r for r in self.asks(responder) if start <= r["asked_at"] < end]
        return figures_of(rows, self.desk)

    @property
    def window_figures(self) -> dict[str, Row]:
        # D-F3 asked_at in [midnight(D - window_days), midnight(D)), D the local date of as_of
        clock = self.desk.clocks["us"]
        today = clock.local_date(self.desk.as_of)
        start = clock.midnight(today - self.desk.cuts.window_days * DAY)
        return {r: self.figures(r, start, clock.midnight(today)) for r in ("us", "them")}

    @property
    def periods(self) -> dict[tuple[str, str], Row]:
        """Week, month and quarter of the team's zone, those in which the figures have an ask."""
        clock, found = self.desk.clocks["us"], {}
        of = {id(r): periods_of(clock.local_date(r["asked_at"])) for r in self.response_times}
        for responder in ("us", "them"):
            for period in {p for r in self.asks(responder) for p in of[id(r)]}:
                rows = [r for r in self.asks(responder) if period in of[id(r)]]
                figures = figures_of(rows, self.desk)
                if figures["asks"]:
                    found[responder, period] = figures
        return found


def conversation_row(conversation: list[Letter], asks: list[Row], desk: Desk) -> Row:
    counting = [x for x in conversation if x.counts]
    episodes = episodes_of(conversation, desk)
    # D-T10 without a reply, open or lapsed, needs_reply yes, as_of < last letter of the turn +
    # give_up_after; of several the latest asked
    waiting = [
        r
        for r in asks
        if r["answered_at"] is None
        and r["outcome"] in ("open", "lapsed")
        and r["needs_reply"] == "yes"
        and r["answered_elsewhere_at"] is None
        and desk.as_of < r["last_letter_at"] + desk.give_up
    ]
    latest = max(waiting, key=lambda r: r["asked_at"], default=None)
    return {
        "names": frozenset(x.name for x in conversation),
        "started_at": min(x.when for x in counting),
        "last_at": max(x.when for x in counting),
        "opened_by": counting[0].side,
        "messages": len(counting),
        "turns": sum(len(turns) for turns in episodes),
        "episodes": len(episodes),
        "waiting_on": latest["responder"] if latest else None,
        "waiting_since_at": latest["asked_at"] if latest else None,
    }


def oracle(  # noqa: PLR0917
    partner_key: str,
    copies: Sequence[Message],
    roster: Roster,
    standards: Standards,
    us_clock: OracleClock,
    them_clock: OracleClock,
    cuts: Cuts,
    as_of: datetime,
    unheld: Collection[str] = (),
) -> OracleRecord:
    """The whole record of one partner, from copies in any order.

    `unheld` are the Message-IDs of ours that are not held and must exist (D-V1).
    """
    held = belonging(letters_of(copies, roster, partner_key, as_of), roster, partner_key)
    letters = [replace(x, kind="auto_reply") if is_receipt(x, held) else x for x in held]
    clocks = {"us": us_clock, "them": them_clock}
    desk = Desk(partner_key, roster, standards, clocks, cuts, as_of, letters)
    response_times, conversations = [], []
    kinds = {x: before.kind for x, before in zip(letters, held, strict=True)}
    needs = Needs(desk, joins_of(desk), splits_of(desk), prefix, marks)
    facts = Facts(needs, witnesses(letters, unheld), absences(desk, kinds))
    for conversation in conversations_of(desk):
        asks = asks_of(conversation, desk, facts)
        response_times += asks
        if any(x.counts for x in conversation):
            conversations.append(conversation_row(conversation, asks, desk))
    response_times.sort(key=lambda r: (r["asked_at"], sorted(r["asked_id"])))
    gaps, standing = silence(desk)
    plain = ("at", "at_source", "side", "kind", "counts", "ids")
    rows = [{name: getattr(x, name) for name in plain} for x in letters]
    return OracleRecord(desk, rows, conversations, response_times, gaps, standing)
