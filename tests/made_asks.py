"""Asks made to measure, for tests of figures: only what is said of them differs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import lru_cache

from mailboxes import BERLIN, PARTNER, ROSTER, SECOND, message
from round_trip import clock_of

from inbox_agent.addresses import Side
from inbox_agent.blind_spot import Unseen
from inbox_agent.business_clock import Clocks, Terms
from inbox_agent.conversations import Conversation, conversations_of
from inbox_agent.letters import letters_of
from inbox_agent.response_times import Ask, asks_in, rules_of
from inbox_agent.standards import Cuts, Standards

MINUTE, HOUR, DAY = 60, 3_600, 86_400
TERMS = Terms(Standards(), Clocks(clock_of(BERLIN), clock_of(BERLIN)), Cuts())
ASKED_AT = datetime(2025, 3, 3, 9, tzinfo=UTC)


def asks_of(conversations: Sequence[Conversation], terms: Terms, as_of: datetime) -> Sequence[Ask]:
    """All asks of a partner, where everything is held and nobody was away."""
    return asks_in(conversations, rules_of(conversations, terms, as_of, Unseen(), ()))


@lru_cache(maxsize=1)
def _pattern() -> Ask:
    asked = message("ask@mail.example", ASKED_AT, to=("ana@acme.com",))
    letters = letters_of(ROSTER.partner(PARTNER), [asked], ROSTER, ASKED_AT)
    return asks_of(conversations_of(PARTNER, letters, Cuts()), TERMS, ASKED_AT)[0]


def made_ask(
    took: int | None = None,
    *,
    age: int = 60 * DAY,
    asked_at: datetime = ASKED_AT,
    responder: Side = "us",
    nudged: int | None = None,
) -> Ask:
    """An ask of so many seconds ago, answered after `took` seconds or not, nudged after some."""
    pattern = _pattern()
    asked = replace(pattern.letter, at=asked_at, key=f"{asked_at}")
    reply = None if took is None else replace(asked, at=asked_at + took * SECOND, key="reply")
    nudge_at = None if nudged is None else asked_at + nudged * SECOND
    unanswered = "open" if age < Cuts().give_up_after_seconds else "lapsed"
    return replace(
        pattern,
        responder=responder,
        letter=asked,
        reply=reply,
        outcome=unanswered if reply is None else "answered",
        response_seconds=took,
        business_seconds=took,
        nudges=int(nudged is not None),
        first_nudge_at=nudge_at,
        last_nudge_at=nudge_at,
        age_seconds=age,
        business_age_seconds=age,
    )


def made_asks(*took: int | None, age: int = 60 * DAY, responder: Side = "us") -> list[Ask]:
    """One ask for each duration, a minute after the other."""
    return [
        made_ask(
            seconds,
            age=age,
            responder=responder,
            asked_at=ASKED_AT + timedelta(minutes=number),
        )
        for number, seconds in enumerate(took)
    ]


def repeated(asks: Sequence[Ask], weights: Sequence[int]) -> list[Ask]:
    """Each ask as often as its weight says."""
    return [ask for ask, weight in zip(asks, weights, strict=True) for _ in range(weight)]
