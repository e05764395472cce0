"""What a partnership is held to, and how it is kept: all its standards at once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime

from inbox_agent.business_clock import Terms
from inbox_agent.kept_answers import (
    AnswerStandard,
    KeptStandard,
    Now,
    StandardName,
    StandardState,
    answers_kept,
)
from inbox_agent.kept_contact import contact_kept, people_kept
from inbox_agent.letters import Letter
from inbox_agent.response_times import Ask
from inbox_agent.silence_gaps import Rhythm
from inbox_agent.standards import Standards
from inbox_agent.suggested_standards import suggested_standard

__all__ = ["KeptStandard", "StandardName", "StandardState", "kept_standards"]


def kept_standards(  # noqa: PLR0913 - all that a standard may be about
    asks: Sequence[Ask],
    letters: Sequence[Letter],
    rhythm: Rhythm,
    terms: Terms,
    as_of: datetime,
    *,
    is_blind: bool = False,
) -> tuple[KeptStandard, ...]:
    """The standards set for a partner, in the order of their keys, as known at `as_of`.

    `is_blind`: too many answers of ours are missing from the mailbox, so that nothing is said of
    them, nor suggested for them. What is suggested else stands beside their standard, or by itself.
    """
    said = terms.standards
    now = Now(terms.clocks.us, terms.cuts.window_days, as_of)
    found = []
    for held in answer_standards(said):
        is_unknown = is_blind and held.responder == "us"
        found.append(answers_kept(() if is_unknown else asks, held, now))
    if said.contact_every:
        found.append(contact_kept("contact_every", said.contact_every, rhythm, now))
    if said.contact_at_least_every:
        least = said.contact_at_least_every
        found.append(contact_kept("contact_at_least_every", least, rhythm, now))
    if said.min_contacts:
        found.append(people_kept(letters, said.min_contacts, now))
    return tuple(found) if is_blind else _with_suggestion(found, asks, now)


def answer_standards(said: Standards) -> Iterator[AnswerStandard]:
    """What either side is held to when it is asked, ours first."""
    if said.we_answer_within:
        yield AnswerStandard("us", said.we_answer_within, said.we_answer_share)
    if said.they_answer_within:
        yield AnswerStandard("them", said.they_answer_within, said.they_answer_share)


def _with_suggestion(
    found: Sequence[KeptStandard], asks: Sequence[Ask], now: Now
) -> tuple[KeptStandard, ...]:
    suggested = suggested_standard(asks, now.clock, now.as_of)
    if suggested is None:
        return tuple(found)
    if found and found[0].standard == "we_answer_within":
        return (replace(found[0], suggested=suggested.words), *found[1:])
    alone = KeptStandard("we_answer_within", None, suggested=suggested.words)
    return (alone, *found)
