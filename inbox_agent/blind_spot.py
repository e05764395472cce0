"""What we sent and do not hold: how much of it there is, and the answers it must have held."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import pairwise
from operator import attrgetter
from typing import Literal

from inbox_agent.business_clock import BusinessClock
from inbox_agent.conversations import Turn
from inbox_agent.letters import Letter
from inbox_agent.sent_coverage import Coverage, Proof, coverage

#: Coverage is said of so long a time before the last local midnight.
COVERAGE_REACH = timedelta(days=365)
ProofWord = Literal["held", "missing"]


@dataclass(frozen=True, slots=True)
class PartnerCoverage:
    """How much of what we sent a partner is held: in the past 12 months, and month by month."""

    year: Coverage
    months: tuple[tuple[str, Coverage], ...]


def partner_coverage(
    proofs: Iterable[Proof], clock: BusinessClock, as_of: datetime
) -> PartnerCoverage:
    """Of the letters of ours that a partner answered, the share that lies in the mailbox.

    Good for knowing whether we see all that we send: at 0.7, three in ten go out by another way
    (another account, a server that keeps no copy), and we look slower than we are. Of the 12 months
    before the last local midnight, and by the month of their answer. sent_coverage_high is the
    upper end of its exact 95 % interval; where even that is below 0.9, how fast we answer is
    unknown, not bad. Empty with fewer than 10 such letters.
    """
    today = clock.day_start(as_of)
    known = [proof for proof in proofs if proof.answered_at < today]
    by_month: dict[date, list[Proof]] = defaultdict(list)
    for proof in known:
        by_month[clock.local_date(proof.answered_at).replace(day=1)].append(proof)
    return PartnerCoverage(
        year=coverage(p for p in known if p.answered_at >= today - COVERAGE_REACH),
        months=tuple((f"{month:%Y-%m}", coverage(by_month[month])) for month in sorted(by_month)),
    )


# -- answers that nobody holds ---------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Unseen:
    """The letters of theirs that are the first to answer a letter of ours that is not held."""

    witnesses: frozenset[str] = frozenset()


def unseen_by(witnesses: Mapping[str, ProofWord]) -> Unseen:
    """Which letters of a partner prove that we had written one that we do not hold."""
    return Unseen(frozenset(key for key, word in witnesses.items() if word == "missing"))


def witnesses_of(letters: Sequence[Letter], proofs: Iterable[Proof]) -> Mapping[str, ProofWord]:
    """By the key of a letter of theirs: whether the letter of ours that it is first to answer is
    in the mailbox (`held`) or must be somewhere else (`missing`).

    `letters` are all of the record. Of several letters that answer the same one the first does.
    """
    is_held = {proof.message_id: proof.is_held for proof in proofs}
    first: dict[str, Letter] = {}
    for letter in sorted(letters, key=attrgetter("order")):
        parent = letter.in_reply_to or next(reversed(letter.references), None)
        if parent in is_held and letter.side == "them":
            first.setdefault(parent, letter)
    return {
        letter.key: "held" if is_held[parent] else "missing" for parent, letter in first.items()
    }


@dataclass(frozen=True, slots=True)
class Part:
    """A turn, or what of it came before a proof that we had answered it by `inferred_at`."""

    turn: Turn
    reply: Letter | None
    inferred_at: datetime | None


def parts_of(turns: Sequence[Turn], late: Letter | None, unseen: Unseen) -> Iterator[Part]:
    """How an answer of ours that is not in the mailbox is inferred: their turn is cut in two.

    They ask on Monday, and on Wednesday write a letter that answers one of ours which nobody holds:
    by Wednesday we had answered, so their letters before it are one turn, answered by that instant
    at the latest, and a new turn begins with it. Among the letters that it names as going before
    it (References) one must be of the part that was answered: else ours may be older than that.
    """
    # what answers each turn; the last one may have a late answer
    replies = (*(turn.letters[0] for turn in turns[1:]), late)
    for turn, reply in zip(turns, replies, strict=True):
        parts = _cut(turn, unseen)
        for part, after in pairwise(parts):
            yield Part(Turn(turn.side, part), None, after[0].instant)
        yield Part(Turn(turn.side, parts[-1]) if len(parts) > 1 else turn, reply, None)


def _cut(turn: Turn, unseen: Unseen) -> list[tuple[Letter, ...]]:
    if not any(letter.key in unseen.witnesses for letter in turn.letters[1:]):
        return [turn.letters]
    parts: list[list[Letter]] = [[]]
    for letter in turn.letters:
        if parts[-1] and letter.key in unseen.witnesses and _may_answer(letter, parts[-1]):
            parts.append([])
        parts[-1].append(letter)
    return [tuple(part) for part in parts]


def _may_answer(letter: Letter, before: Iterable[Letter]) -> bool:
    """Whether the unseen letter that `letter` answers may itself be an answer to one of these."""
    cited = frozenset(letter.references)
    return any(not cited.isdisjoint(each.message_ids) for each in before)
