"""What is another of a partner by the clock alone, and the rows that say so."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from inbox_agent.causes import Cause
from inbox_agent.epoch import seconds_up
from inbox_agent.kept_partners import parties
from inbox_agent.kept_standards import KeptStandard
from inbox_agent.measuring_news import Measured
from inbox_agent.partner_desk import Desk
from inbox_agent.published_asks import PublishedAsk
from inbox_agent.published_parts import Parts
from inbox_agent.published_rows import Row, flag
from inbox_agent.standing_rows import standard_columns
from inbox_agent.summaries import written
from inbox_agent.team_rows import Moved


@dataclass(frozen=True, slots=True)
class Moving:
    """A partner that is another by the clock alone: its rows as they are now, by what they change.

    `asks` are those that fell due or lapsed, `conversations` those whose waiting list is another,
    `periods` those that may have moved, by responder and name. `beside` are its causes that lie in
    no ask, where they are others; `raised` is set where causes came or went.
    """

    number: int
    key: str
    asks: Sequence[PublishedAsk]
    conversations: Mapping[str, Row]
    periods: Mapping[tuple[str, str], Row]
    standards: Sequence[KeptStandard]
    standing: Row
    asks_at: datetime | None
    beside: tuple[Cause, ...] | None
    raised: Measured | None
    moved: Moved

    def publish(self, desk: Desk, parts: Parts) -> None:
        """Write them, once the generation is known to be as of now."""
        for sql, values in self._rows():
            parts.update(sql, [values])
        at = self.asks_at and seconds_up(self.asks_at)
        desk.store.run("update parties set moves_at = ? where id = ?", (at, self.number))
        if self.beside is not None:
            (party,) = parties(desk.store, [self.number])
            if summary := party.known():
                text = written(replace(summary, causes=self.beside))
                desk.store.run("update parties set summary = ? where id = ?", (text, self.number))

    def _rows(self) -> Iterator[tuple[str, Sequence[Any]]]:
        for ask in self.asks:
            columns: Row = {"outcome": ask.outcome, "met_standard": flag(ask.met_standard)}
            yield self._set("response_times", columns, response=ask.key)
        for key, columns in self.conversations.items():
            yield self._set("conversations", columns, conversation=key)
        for (responder, period), columns in self.periods.items():
            where = {"responder": responder, "period": period}
            yield self._set("response_times_by_period", columns, **where)
        for kept in self.standards:
            yield self._set("standards", standard_columns(kept), standard=kept.standard)
        yield self._set("partner_standing", self.standing)

    def _set(self, table: str, columns: Row, **where: str) -> tuple[str, Sequence[Any]]:
        values = ", ".join(f"{name} = ?" for name in columns)
        named = " and ".join(f"{name} = ?" for name in ("partner", *where))
        sql = f"update {table} set {values} where {named}"  # noqa: S608 - our own names
        return sql, (*columns.values(), self.key, *where.values())
