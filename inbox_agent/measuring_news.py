"""A generation made out of the one before: only partners heard from, or due, are measured.

Equal to measuring all anew, which is done wherever that is not sure: `NotSureError`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from inbox_agent.addresses import Partner
from inbox_agent.causes import Cause
from inbox_agent.drift_rows import drift, drift_columns
from inbox_agent.kept_mail import forget_earlier
from inbox_agent.kept_partners import Party, keep_party, parties
from inbox_agent.measured_rows import Slip
from inbox_agent.partner_desk import Desk
from inbox_agent.partner_news import (
    Known,
    adjusted_of,
    introduced,
    keep_hints,
    keep_p_values,
    readjusted,
)
from inbox_agent.people_rows import introduced_columns, introductions
from inbox_agent.privacy import Privacy
from inbox_agent.published import OF_RECORD
from inbox_agent.published_parts import Parts, Renewed
from inbox_agent.published_rows import Row
from inbox_agent.sorting import Touched
from inbox_agent.summaries import Summary, written
from inbox_agent.team_rows import Moved, moved_by

_OF_PARTNER = (
    *("partners", "partner_standing", "drift", "introductions", "alerts"),
    *OF_RECORD,
)


@dataclass(frozen=True, slots=True)
class Measured:
    """A partner that was measured, as far as alerts are raised by it."""

    partner: Partner
    as_of: datetime
    causes: tuple[Cause, ...]
    mailboxes: str


@dataclass(frozen=True, slots=True)
class Edition:
    """One new generation in the making."""

    desk: Desk
    parts: Parts
    privacy: Privacy
    before: Mapping[int, Party] = field(default_factory=dict)
    measured: dict[int, Measured] = field(default_factory=dict)
    withdrawn: set[int] = field(default_factory=set)
    moved: Moved = field(default_factory=set)

    # -- each by itself ---------------------------------------------------------------------

    def take(self, slip: Slip) -> None:
        """Publish what came of somebody who was measured, if it is a partner."""
        party = self.before[slip.number]
        if slip.summary:
            self._publish(party, slip, slip.summary)
        elif party.is_partner:
            self._withdraw(party)
        self.note(party, slip)

    def note(self, party: Party, slip: Slip) -> None:
        """Keep of somebody who was measured what others, and alerts, hang on."""
        store, summary = self.desk.store, slip.summary
        if summary:
            self.measured[party.number] = Measured(
                summary.partner, summary.as_of, slip.causes, party.mailboxes
            )
        keep_p_values(store, party.number, summary)
        if slip.kept:
            slip.kept.write(store, party.number)
        else:
            forget_earlier(store, party.number)
        keep_hints(store, party.number, summary.hints if summary else ())
        until = self.desk.until(party.key, party.mailboxes)
        keep_party(store, party.number, summary, slip.dues, until)

    def _publish(self, party: Party, slip: Slip, summary: Summary) -> None:
        key = self.privacy.partner(party.key)
        for table, rows in slip.tables.items():
            renewed = self.parts.renew_values(table, rows, key, only=slip.only.get(table))
            if table == "response_times":
                self.moved.update(self._moved(renewed))
        known = party.known()
        if known is None or known.is_blind != summary.is_blind:
            self.moved.update(self._moved(Renewed(new=list(self._asks(key)))))

    def _asks(self, key: str) -> Iterator[dict[str, Any]]:
        return self.parts.rows(
            "select responder, asked_at from response_times where partner = ?", (key,)
        )

    def _moved(self, renewed: Renewed) -> Moved:
        return moved_by(renewed, self.desk.config.our_clock())

    def _withdraw(self, party: Party) -> None:
        key = self.privacy.partner(party.key)
        for table in _OF_PARTNER:
            renewed = self.parts.renew(table, (), key)
            if table == "response_times":
                self.moved.update(self._moved(renewed))
        self.withdrawn.add(party.number)

    # -- all together -----------------------------------------------------------------------

    def adjust(self) -> None:
        """Arrows and adjusted p-values: of those measured, and of those whom these moved."""
        moved = readjusted(self.desk.store).union(self.measured)
        for party in parties(self.desk.store, moved):
            summary, key = party.known(), self.privacy.partner(party.key)
            if summary is None:
                continue
            adjusted = adjusted_of(self.desk.store, party.number, party.key)
            self.parts.renew("drift", drift(summary, self.privacy, adjusted), key)
            self._stand(key, drift_columns(summary, adjusted))

    def introduce(self, touched: Touched) -> None:
        """Who introduced whom: of those measured, and of those whose newcomers wrote."""
        news = self.desk.store.keys_of(touched.parties)
        behind = self._behind(touched.parties)
        for party in parties(self.desk.store, {*touched.introducers, *behind, *self.measured}):
            summary = party.known()
            if summary is None or not party.is_partner:
                continue
            is_measured = party.number in self.measured
            before = self.before[party.number].known() if is_measured else summary
            until = self.desk.until(party.key, party.mailboxes)
            known = Known(
                before,
                replace(summary, as_of=until),
                is_measured,
                news | behind.get(party.number, set()),
            )
            after = introduced(self.desk, known)
            self._keep_introductions(party, summary, after, is_measured=is_measured)

    def _behind(self, news: Iterable[int]) -> dict[int, set[str]]:
        """Who is hinted at and wrote, or had written what the partner's record knew nothing of."""
        sql = (
            "select hinted.party, other.key from hinted join parties as other on other.id = other"
            " join parties on parties.id = hinted.party"
            " where parties.is_partner and (other.last_at > parties.until_at or {})"
        )
        found: dict[int, set[str]] = {}
        store = self.desk.store
        rows = store.run(sql.replace("{}", "0"))
        rows += store.run_in(sql.replace("{}", "other.id in ({})"), news)
        for party, key in rows:
            found.setdefault(party, set()).add(key)
        return found

    def _keep_introductions(
        self, party: Party, before: Summary, after: Summary, *, is_measured: bool
    ) -> None:
        if is_measured or after.introductions != before.introductions:
            key = self.privacy.partner(party.key)
            self.parts.renew("introductions", introductions(after, self.privacy), key)
            self._stand(key, introduced_columns(after.introductions))
        text = written(after)
        self.desk.store.run("update parties set summary = ? where id = ?", (text, party.number))

    def _stand(self, key: str, columns: Row) -> None:
        names = ", ".join(f"{name} = ?" for name in columns)
        sql = f"update partner_standing set {names} where partner = ?"  # noqa: S608 - our own names
        self.parts.update(sql, [(*columns.values(), key)])
