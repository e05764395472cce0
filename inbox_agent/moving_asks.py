"""The asks of a partner to whom nobody wrote, as they are by now: out of what is published."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from inbox_agent.business_clock import Terms
from inbox_agent.catalogue.model import OF_A_PARTNER
from inbox_agent.letters import row_key
from inbox_agent.next_changes import QUARTER, followed_since
from inbox_agent.outcomes import Outcome
from inbox_agent.published_asks import COLUMNS, AskingLetter, PublishedAsk, Unreplied
from inbox_agent.published_parts import Parts, Stored
from inbox_agent.published_rows import text_of
from inbox_agent.standing import window
from inbox_agent.summaries import Summary

# all of it stands in the index of a partner's asks
_ASKS = (
    f"select {COLUMNS}, counts, basis from response_times"  # noqa: S608 - our own names
    f" where partner = ?1 and {OF_A_PARTNER} and asked_at >= ?2 and (counts = 1 or asked_at >= ?3)"
)
_UNREPLIED = (
    f"select {COLUMNS}, counts, conversation, due_at, last_nudge_at,"  # noqa: S608 - our own names
    " answered_at is null and answered_elsewhere_at is null and needs_reply = 'yes' as may_wait,"
    " answered_at is null and outcome <> 'void' as may_miss"
    " from response_times where response in (select value from json_each(?))"
    " and (answered_at is null or basis = 'inferred')"
)
# SQLite would go through all letters of the partner
_LETTERS = (
    "select response, asks.conversation, asked_at, message from response_times as asks"  # noqa: S608
    " cross join messages indexed by letters_by_time"
    " where response in (select value from json_each(?)) and messages.partner = asks.partner"
    f" and messages.at = asks.asked_at and messages.conversation = asks.conversation"
    f" and messages.{OF_A_PARTNER}"
)


@dataclass(frozen=True, slots=True)
class Moment:
    """A partner of which nothing is new, and as of when: it is to be as of `until`.

    `key` is the published one; `terms` have the partner's own clock.
    """

    key: str
    summary: Summary
    terms: Terms
    before: datetime
    until: datetime

    @property
    def give_up_after(self) -> timedelta:
        """How long an answer may take before its ask has lapsed."""
        return timedelta(seconds=self.terms.cuts.give_up_after_seconds)

    @property
    def ends(self) -> tuple[datetime, datetime]:
        """Those of the window."""
        return window(self.terms.cuts, self.terms.clocks.us, self.until)

    def asks(self, parts: Parts) -> list[PublishedAsk]:
        """Those that what moves today is made of; of those without a reply that may move, all."""
        first = min(self.until - self.give_up_after - QUARTER, self.ends[0])
        since = text_of(followed_since(self.terms, self.until)) or ""
        rows = list(parts.rows(_ASKS, (self.key, text_of(first), since)))
        may_move = [
            row["response"]
            for row in rows
            if row["asked_at"] >= since and (row["outcome"], row["basis"]) != ("answered", "seen")
        ]
        unreplied = self._unreplied(parts, [*may_move, *self.summary.nudged])
        asks = [self._ask(row) for row in rows if row["response"] not in unreplied]
        return [*asks, *unreplied.values()]

    def _unreplied(self, parts: Parts, keys: Iterable[str]) -> dict[str, PublishedAsk]:
        rows = {row["response"]: row for row in parts.rows(_UNREPLIED, (json.dumps([*keys]),))}
        letters = letters_of_asks(parts, rows)
        return {key: self._waiting(row, letters[key]) for key, row in rows.items()}

    def _ask(self, row: Stored) -> PublishedAsk:
        asked_at, us = datetime.fromisoformat(row["asked_at"]), self.terms.clocks.us
        return PublishedAsk.of(row, asked_at, self.until, us, lambda _: self.summary)

    def _waiting(self, row: Stored, letter: AskingLetter) -> PublishedAsk:
        asked_at = datetime.fromisoformat(row["asked_at"])
        last_nudge_at, due_at = (_instant(row[name]) for name in ("last_nudge_at", "due_at"))
        was: tuple[Outcome, int | None] = row["outcome"], row["met_standard"]
        outcome, met = was
        if outcome == "open" and self.until - asked_at >= self.give_up_after:
            outcome = "lapsed"
        if met is None and row["may_miss"] and due_at is not None and self.until > due_at:
            met = 0
        waits = Unreplied(
            row["response"],
            row["conversation"],
            letter,
            due_at,
            (last_nudge_at or asked_at) + self.give_up_after,
            bool(row["may_wait"]) and outcome in ("open", "lapsed"),
            was,
        )
        ask = self._ask({**row, "outcome": outcome, "met_standard": met})
        return replace(ask, unreplied=waits)


def _instant(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)


def letters_of_asks(parts: Parts, keys: Iterable[str]) -> Mapping[str, AskingLetter]:
    """The letters of some asks, by key; the key of an ask is made of its letter's."""
    found: dict[str, AskingLetter] = {}
    for row in parts.rows(_LETTERS, (json.dumps([*keys]),)):
        if row_key(row["conversation"], row["message"]) == row["response"]:
            at = datetime.fromisoformat(row["asked_at"]).timestamp()
            found[row["response"]] = AskingLetter(row["message"], (False, at, row["message"]))
    return found
