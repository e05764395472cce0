"""One partner measured and turned into rows, in whatever process: small enough to be handed on."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from inbox_agent.addresses import Partner
from inbox_agent.causes import Cause
from inbox_agent.drift_rows import Adjusted
from inbox_agent.kept_partners import Dues
from inbox_agent.measure import PartnerRecord
from inbox_agent.partner_desk import Desk
from inbox_agent.privacy import Privacy
from inbox_agent.published import OF_RECORD
from inbox_agent.published_rows import Row, partners
from inbox_agent.standing_rows import partner_standing
from inbox_agent.summaries import Summary, summary_of

#: The values of a table's row, in the order of its columns.
Values = tuple[object, ...]


@dataclass(frozen=True, slots=True)
class Slip:
    """What is handed on of somebody who was measured.

    Without a `summary` it is no partner. `dues`: when it is to be looked at again.
    """

    number: int
    rows: Mapping[str, Sequence[Values]]
    partner: Partner | None
    as_of: datetime | None
    causes: tuple[Cause, ...]
    summary: Summary | None
    dues: Dues


@dataclass(frozen=True, slots=True)
class Measurer:
    """Measures one after the other; `columns` are those of the tables, in order."""

    desk: Desk
    privacy: Privacy
    columns: Mapping[str, Sequence[str]]

    def slip(self, number: int, key: str) -> Slip:
        """Somebody measured, if it may be a partner; one found by itself is when both wrote."""
        desk = self.desk
        is_listed = any(each.key == key for each in desk.roster.partners)
        if not is_listed and not desk.may_be_two_way(key):
            return Slip(number, {}, None, None, (), None, Dues())
        held = desk.held(key)
        record = desk.record(key, held)
        arrival = desk.next_arrival(held.messages[key], record.as_of)
        if not is_listed and not record.is_two_way:
            return Slip(number, {}, None, None, (), None, Dues(arrival))
        return Slip(
            number=number,
            rows=self._rows(record),
            partner=record.partner,
            as_of=record.as_of,
            causes=record.causes,
            summary=summary_of(record),
            dues=Dues.of(record.changes, arrival),
        )

    def _rows(self, record: PartnerRecord) -> dict[str, list[Values]]:
        made: dict[str, Iterable[Row]] = {
            "partners": partners([record], self.privacy),
            "partner_standing": [partner_standing(record, self.privacy, Adjusted({}))],
            **{table: make(record, self.privacy) for table, make in OF_RECORD.items()},
        }
        return {table: list(self._values(table, rows)) for table, rows in made.items()}

    def _values(self, table: str, rows: Iterable[Mapping[str, Any]]) -> Iterable[Values]:
        columns = self.columns[table]
        return (tuple([row.get(name) for name in columns]) for row in rows)
