"""Letters of our own making: a team and its partners, by Zipf's law, over five years.

The same seed gives the same letters, one after the other in the order in which they came. A letter
goes on with a conversation of its partner or begins one; header blocks have 4 to 5 KB, as those
that have come through a few mail hosts, and mostly fields that nobody asks for.
"""

from __future__ import annotations

import base64
import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from email.header import Header
from email.utils import format_datetime
from random import Random

TEAM_DOMAIN, TEAM_MX = "northwind.example", "mx.northwind.example"
SHARED = ("Partners at Northwind", f"partners@{TEAM_DOMAIN}")
TEAM = tuple(
    (name.title(), f"{name}@{TEAM_DOMAIN}") for name in ("ana", "ben", "carla", "dev", "eva")
)
#: The letters come within these years, on workdays, between 7 and 19 o'clock (UTC).
FIRST_DAY, LAST_DAY = date(2021, 11, 1), date(2026, 10, 30)
BODY_OCTETS = (2_000, 20_000)

_WORDS = """contract quote delivery invoice draft schedule meeting feedback launch training audit
renewal pricing access logo workshop budget forecast inventory release onboarding""".split()  # noqa: SIM905 - a list to read
_LOCALS = ("kim", "lee", "omar", "pia", "quinn", "rosa", "sam", "tess")
_ACCENTS = (("Zoë", "Angebot für März"), ("Łukasz", "Výhled na září"), ("José", "Reunión mañana"))
_TEXT = " ".join(Random(1).choices([*_WORDS, "the", "and", "we", "you", "for\r\n"], k=8_000))  # noqa: S311
_LONGEST_CHAIN, _OPEN_AT_ONCE = 20, 6
_WEEKDAYS = tuple(
    day
    for day in (FIRST_DAY + timedelta(days=n) for n in range((LAST_DAY - FIRST_DAY).days + 1))
    if day.weekday() < 5
)
_DAY_SECONDS, _FIRST_HOUR = 12 * 3600, 7

Person = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Letter:
    """One copy of a letter as it lies in a folder, INBOX or Sent.

    `kept` and `others` are the lines of its header block: those the product asks for (of Received
    the topmost), and the rest.
    """

    folder: str
    number: int
    partner: str
    author: Person
    to: tuple[Person, ...]
    cc: tuple[Person, ...]
    subject: str
    message_id: str
    references: tuple[str, ...]
    sent_at: datetime
    received_at: datetime
    marks: tuple[tuple[str, str], ...]
    noise: str
    body_octets: int

    @property
    def is_sent(self) -> bool:
        """Whether we wrote it."""
        return self.folder == "Sent"

    @property
    def is_plain(self) -> bool:
        """Whether nothing in it has to be encoded."""
        return self.subject.isascii() and self.author[0].isascii()

    @property
    def received(self) -> str | None:
        """The topmost Received line, by our own host; our Sent copies have none."""
        if self.is_sent:
            return None
        return (
            f"from mail.{self.partner} (mail.{self.partner} [198.51.100.7]) by {TEAM_MX} (Postfix)"
            f" with ESMTPS\r\n id {self.noise[:11]} for <{SHARED[1]}>;"
            f" {format_datetime(self.received_at)}"
        )

    @property
    def authentication(self) -> str:
        """Its Authentication-Results, without line breaks; our Sent copies have none."""
        if self.is_sent:
            return ""
        return (
            f"{TEAM_MX}; dkim=pass header.d={self.partner} header.s=s1;"
            f" spf=pass smtp.mailfrom={self.partner}; dmarc=pass header.from={self.partner}"
        )

    def kept(self) -> list[tuple[str, str]]:
        """The fields that the product keeps, in their order."""
        last = self.references[-1:]
        fields = (
            ("Return-Path", dict(self.marks).get("return-path")),
            ("Delivered-To", dict(self.marks).get("delivered-to")),
            ("Received", self.received),
            ("Authentication-Results", self.authentication),
            ("From", _mailbox(self.author)),
            ("To", ", ".join(map(_mailbox, self.to))),
            ("Cc", ", ".join(map(_mailbox, self.cc))),
            ("Subject", _encoded(self.subject)),
            ("Date", format_datetime(self.sent_at)),
            ("Message-ID", f"<{self.message_id}>"),
            ("In-Reply-To", f"<{last[0]}>" if last else None),
            ("References", "\r\n ".join(f"<{each}>" for each in self.references)),
            *((name.title(), value) for name, value in self.marks[2 * (not self.is_sent) :]),
        )
        return [(name, value) for name, value in fields if value]

    def block(self) -> bytes:
        """What the mirror keeps of its header."""
        lines = "".join(f"{name}: {value}\r\n" for name, value in self.kept())
        return (lines + "\r\n").encode()

    def raw(self) -> bytes:
        """The whole letter, with the fields that nobody asks for."""
        lines = [f"{name}: {value}\r\n" for name, value in (*self.kept(), *self._others())]
        start = self.number * 97 % (len(_TEXT) - self.body_octets)
        body = _TEXT[start : start + self.body_octets]
        return ("".join(lines) + "\r\n" + body + "\r\n").encode()

    def _others(self) -> Iterator[tuple[str, str]]:
        noise, at = self.noise, format_datetime(self.sent_at)
        wrapped = "\r\n ".join(noise[n : n + 70] for n in range(0, len(noise), 70))
        if not self.is_sent:
            for host in ("edge", "hub", "smtp"):
                path = f"from {host}.{self.partner} (10.0.0.9) by mail.{self.partner} (10.0.0.8)"
                yield "Received", f"{path}\r\n with ESMTPS id {noise[20:33]}; {at}"
        yield "DKIM-Signature", f"v=1; a=rsa-sha256; d={self.partner}; s=s1; b={wrapped[:700]}"
        yield "ARC-Seal", f"i=1; a=rsa-sha256; s=arc; d={self.partner}; cv=none; b={wrapped[:420]}"
        yield "ARC-Message-Signature", f"i=1; a=rsa-sha256; d={self.partner}; b={wrapped[100:900]}"
        yield "X-MS-Exchange-AntiSpam-MessageData-0", wrapped[:1_000]
        yield "X-MS-Exchange-CrossTenant-Network-Message-Id", noise[40:76]
        yield "X-Mailer", "Northwind Mail 16.0"
        yield "MIME-Version", "1.0"


def _mailbox(person: Person) -> str:
    return f"{_encoded(person[0])} <{person[1]}>"


def _encoded(text: str) -> str:
    return text if text.isascii() else Header(text, "utf-8").encode()


@dataclass(slots=True)
class _Conversation:
    subject: str
    ours: Person
    theirs: Person
    ids: tuple[str, ...]
    is_ours_last: bool
    accent: bool


def correspondence(
    count: int,
    partners: int = 1_000,
    seed: int = 20_261_122,
    *,
    more: int = 0,
    body_octets: tuple[int, int] = BODY_OCTETS,
) -> Iterator[Letter]:
    """So many letters, and after them `more` that came later; the first `count` are the same."""
    draw = Random(seed)  # noqa: S311 - not for secrets
    ranks = range(1, partners + 1)
    weights = list(itertools.accumulate(1 / rank for rank in ranks))
    open_ones: dict[int, list[_Conversation]] = {}
    for number in range(count + more):
        rank = draw.choices(ranks, cum_weights=weights)[0]
        held = open_ones.setdefault(rank, [])
        at = _instant((number + draw.random()) / count)
        yield _next_letter(draw, number, rank, held, (at, draw.randint(*body_octets)))


def partner_domain(rank: int) -> str:
    """The partner with the rank-th most letters."""
    return f"partner-{rank:04d}.example"


def _instant(share: float) -> datetime:
    """When that share of all letters has come; past 1 on the days after the last."""
    seconds = share * len(_WEEKDAYS) * _DAY_SECONDS
    days, left = divmod(int(seconds), _DAY_SECONDS)
    over = days - len(_WEEKDAYS) + 1
    day = _WEEKDAYS[days] if over <= 0 else LAST_DAY + timedelta(days=over)
    return datetime(day.year, day.month, day.day, _FIRST_HOUR, tzinfo=UTC) + timedelta(seconds=left)


def _next_letter(
    draw: Random, number: int, rank: int, held: list[_Conversation], when: tuple[datetime, int]
) -> Letter:
    chance = draw.random()
    is_ours, is_automatic = False, chance > 0.94
    if is_automatic or not held or chance < 0.25:
        talk = _begun(draw, number, rank)
        is_ours = not is_automatic and draw.random() < 0.35
        if not is_automatic:
            held[:] = [*held[1 - _OPEN_AT_ONCE :], talk]
    else:
        talk = held[-1] if chance < 0.6 else draw.choice(held)
        is_ours = talk.is_ours_last != (draw.random() < 0.85)
        if len(talk.ids) >= _LONGEST_CHAIN:
            held.remove(talk)
    letter = _written(draw, number, rank, talk, (*when, is_ours, is_automatic))
    talk.ids, talk.is_ours_last = (*talk.ids, letter.message_id), is_ours
    return letter


def _begun(draw: Random, number: int, rank: int) -> _Conversation:
    subject = " ".join(draw.sample(_WORDS, 3)) + f" {number}"
    local = _LOCALS[min(int(draw.expovariate(0.6)), len(_LOCALS) - 1)]
    theirs = (local.title(), f"{local}@{partner_domain(rank)}")
    accent = draw.random() < 0.05
    if accent:
        name, said = draw.choice(_ACCENTS)
        subject, theirs = f"{said} {number}", (name, theirs[1])
    return _Conversation(subject, draw.choice(TEAM), theirs, (), False, accent)


def _written(
    draw: Random, number: int, rank: int, talk: _Conversation, how: tuple[datetime, int, bool, bool]
) -> Letter:
    at, octets, is_ours, is_automatic = how
    domain = TEAM_DOMAIN if is_ours else partner_domain(rank)
    author, other = (talk.ours, talk.theirs) if is_ours else (talk.theirs, talk.ours)
    cc = (SHARED,) if draw.random() < 0.4 else ()
    marks: tuple[tuple[str, str], ...] = (("content-type", 'text/plain; charset="utf-8"'),)
    if not is_ours:
        marks = (("return-path", f"<{author[1]}>"), ("delivered-to", SHARED[1]), *marks)
    if is_automatic:
        marks = (*marks, ("auto-submitted", "auto-generated"), ("precedence", "bulk"))
    return Letter(
        folder="Sent" if is_ours else "INBOX",
        number=number,
        partner=partner_domain(rank),
        author=author,
        to=(other,),
        cc=cc,
        subject=f"Re: {talk.subject}" if talk.ids else talk.subject,
        message_id=f"{number:08x}.{draw.getrandbits(64):016x}@{domain}",
        references=talk.ids,
        sent_at=at - timedelta(seconds=0 if is_ours else draw.randrange(2, 40)),
        received_at=at,
        marks=marks,
        noise=base64.b64encode(draw.randbytes(690)).decode(),
        body_octets=octets,
    )
