"""One partnership as it is played: its people at an instant, and letters that answer letters."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from typing import TYPE_CHECKING, Literal

from inbox_agent.demo import phrases
from inbox_agent.demo.cast import SHARED, TEAM, TEAM_DOMAIN
from inbox_agent.demo.note import Mime, Note, Person

if TYPE_CHECKING:
    from inbox_agent.demo.cast import CastPartner, Manner

Side = Literal["us", "them"]
DAYS = 548  # eighteen months
_SHORT_LETTERS = 250


@dataclass(frozen=True, slots=True)
class Scene:
    """A partner, the die it is played with, and the instant at which the sample ends."""

    partner: CastPartner
    as_of: datetime
    rng: Random

    @classmethod
    def of(cls, partner: CastPartner, as_of: datetime, seed: int) -> Scene:
        """A scene whose die depends on partner and seed only, so that no two partners touch."""
        return cls(partner, as_of, Random(f"{seed}:{partner.name}"))  # noqa: S311 (a play, no secret)

    @property
    def manner(self) -> Manner:
        """How the partner behaves."""
        return self.partner.manner

    def days_ago(self, at: datetime) -> float:
        """Days from `at` to the end of the sample."""
        return (self.as_of - at) / timedelta(days=1)

    def someone(self, side: Side, at: datetime) -> Person:
        """Who of that side writes at that instant: mostly the first of those who are there."""
        if side == "us":
            return self.partner.owner if self.rng.random() < 0.7 else self.rng.choice(TEAM)
        there = self.partner.people_at(self.days_ago(at)) or self.partner.people[-1:]
        return there[0] if self.rng.random() < 0.6 else self.rng.choice(there)

    def message_id(self, domain: str) -> str:
        """A new id, as that domain's mail program would make it."""
        return f"<{self.rng.getrandbits(80):020x}@{domain}>"

    def wait_hours(self, side: Side, at: datetime) -> float:
        """How long that side lets a letter of `at` lie, in its working hours."""
        median = self.manner.our_hours if side == "us" else self.manner.their_hours
        if side == "them":
            median *= self.manner.slowing ** (1 - self.days_ago(at) / DAYS)
        return self.rng.lognormvariate(math.log(median), 0.75)

    def subject(self, at: datetime) -> str:
        """What a new conversation is about."""
        is_local = self.manner.language != "en" and self.rng.random() < 0.7
        language = self.manner.language if is_local else "en"
        if self.partner.name == "Sakura Soft" and self.rng.random() < 0.3:
            language = "ja"
        return phrases.subject_about(self.rng.choice(phrases.SUBJECTS[language]), at, self.rng)

    def is_unseen(self, author: Person) -> bool:
        """Whether a letter of ours was written past the shared mailbox."""
        return author.domain == TEAM_DOMAIN and self.rng.random() < self.manner.unseen_share

    def language(self, subject: str) -> str:
        """What a conversation is in: Japanese if its subject is, else the partnership's own."""
        if any("\u3040" <= letter <= "\u30ff" for letter in subject):
            return "ja"
        return self.manner.language

    def body(self, author: Person, reader: Person, fresh: str, subject: str) -> str:
        """Greeting, what there is to say, signature."""
        language = self.language(subject)
        greeting = phrases.GREETINGS[language].format(first=reader.first_name)
        return f"{greeting}\n\n{fresh}\n\n{phrases.SIGN_OFFS[language]}\n{author.name}\n"

    def packing(self) -> Mime:
        """How a letter of this partnership is packed; one in ten brings a file."""
        if self.rng.random() < 0.1:
            return Mime(self.manner.packing, has_attachment=True)
        return Mime(self.manner.packing)


def opening(scene: Scene, side: Side, at: datetime, subject: str) -> Note:
    """A first letter; theirs goes to one of the team or the shared address, ours keeps it in Cc."""
    author, reader = scene.someone(side, at), scene.someone("them" if side == "us" else "us", at)
    colleagues = [scene.someone(side, at)] if scene.rng.random() < 0.35 else []
    shared = [] if SHARED.address in (author.address, reader.address) else [SHARED]
    cc = [p for p in (*colleagues, *shared) if p.address not in (author.address, reader.address)]
    language = scene.language(subject)
    fresh = phrases.paragraphs(language, scene.rng.randrange(7, 13), scene.rng)
    return Note(
        message_id=scene.message_id(author.domain),
        author=author,
        to=(reader,),
        cc=tuple({p.address: p for p in cc}.values()),
        sent_at=at,
        subject=subject,
        text=scene.body(author, reader, fresh, subject),
        mime=scene.packing(),
        is_unseen=scene.is_unseen(author),
    )


def answer(scene: Scene, parent: Note, author: Person, at: datetime, fresh: str) -> Note:
    """A reply to all, with the letter it answers quoted below; also a reminder to one's own."""
    is_own_side = (author.domain == TEAM_DOMAIN) == (parent.author.domain == TEAM_DOMAIN)
    to = parent.to if is_own_side else (parent.author,)
    named = {author.address, *(p.address for p in to)}
    cc = [p for p in parent.people if p.address not in named]
    if author.domain == TEAM_DOMAIN and SHARED.address not in named | {p.address for p in cc}:
        cc.append(SHARED)
    text = scene.body(author, to[0], fresh, parent.subject)
    is_short = len(fresh) < _SHORT_LETTERS
    return Note(
        message_id=scene.message_id(author.domain),
        author=author,
        to=to,
        cc=tuple(cc),
        sent_at=at,
        subject=author.reply_prefix + base_subject(parent.subject),
        text=f"{text}\n{parent.trimmed_quote if is_short else parent.quote}",
        parent=parent,
        mime=Mime(scene.manner.packing) if is_short else scene.packing(),
        is_unseen=scene.is_unseen(author),
    )


def base_subject(subject: str) -> str:
    """The subject without the prefixes this sample uses."""
    while subject.partition(": ")[0] in ("Re", "RE", "AW", "SV", "Fwd", "FW", "WG"):
        subject = subject.partition(": ")[2]
    return subject
