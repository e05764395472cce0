"""One partner measured and turned into rows, in whatever process: small enough to be handed on."""

from __future__ import annotations

import pickle
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import Any

from inbox_agent.causes import Cause
from inbox_agent.drift_rows import Adjusted
from inbox_agent.earlier_mail import can_be_kept, earlier_of
from inbox_agent.further_desk import further_record
from inbox_agent.further_mail import MustBeWholeError
from inbox_agent.kept_mail import Kept, read_earlier
from inbox_agent.kept_partners import Dues
from inbox_agent.measure import PartnerRecord, record_of
from inbox_agent.measuring import Held
from inbox_agent.partner_desk import Desk
from inbox_agent.privacy import Privacy
from inbox_agent.published import OF_RECORD
from inbox_agent.published_parts import Only
from inbox_agent.published_rows import Row, partners
from inbox_agent.published_schema import values_of
from inbox_agent.standing_rows import partner_standing
from inbox_agent.summaries import Summary, summary_of

#: The values of a table's row, in the order of its columns.
Values = tuple[Any, ...]
#: The tables that have rows of one partner's record.
TABLES = ("partners", "partner_standing", *OF_RECORD)
#: So many rows are in memory before they are packed, which takes a third of that.
_AT_ONCE = 500
#: What comes after so many parts is compressed: of the largest all rows are in memory here and
#: where they go. It takes 3 µs a letter, of which those of ordinary size need none.
_LOOSE = 20


@dataclass(frozen=True, slots=True)
class Slip:
    """Somebody who was measured: when to look again, and what came of it.

    Without a `summary` it is no partner. The rows of each table can be gone through once; of the
    tables in `only` they are all that may be others than before. `kept` is what is kept of the
    mail.
    """

    number: int
    dues: Dues
    summary: Summary | None = None
    causes: tuple[Cause, ...] = ()
    tables: Mapping[str, Iterable[Values]] = field(default_factory=dict)
    only: Mapping[str, Only] = field(default_factory=dict)
    kept: Kept | None = None

    def packed(self) -> Slip:
        """The same, its rows made and small enough to be handed on."""
        return replace(self, tables={name: _Packed.of(rows) for name, rows in self.tables.items()})


@dataclass(frozen=True, slots=True)
class _Packed:
    """Rows that are unpacked some at a time."""

    parts: tuple[bytes, ...]

    @classmethod
    def of(cls, rows: Iterable[Values]) -> _Packed:
        left, parts = iter(rows), list[bytes]()
        while some := list(islice(left, _AT_ONCE)):
            part = pickle.dumps(some, pickle.HIGHEST_PROTOCOL)
            parts.append(part if len(parts) < _LOOSE else zlib.compress(part, 1))
        return cls(tuple(parts))

    def __iter__(self) -> Iterator[Values]:
        for number, part in enumerate(self.parts):
            whole = part if number < _LOOSE else zlib.decompress(part)
            yield from pickle.loads(whole)  # noqa: S301 - of our own process


@dataclass(frozen=True, slots=True)
class Measurer:
    """Measures one after the other; `columns` are those of the tables, in order.

    What is `kept_from` so many copies on is gone on from, but of those who are to be measured
    `wholly`; with none nothing is kept.
    """

    desk: Desk
    privacy: Privacy
    columns: Mapping[str, Sequence[str]]
    kept_from: int | None = None
    wholly: frozenset[int] = frozenset()

    def slip(self, number: int, key: str) -> Slip:
        """Somebody measured, if it may be a partner; one found by itself is when both wrote."""
        desk = self.desk
        is_listed = any(each.key == key for each in desk.roster.partners)
        if not is_listed and not desk.may_be_two_way(key):
            return Slip(number, Dues())
        return self._further(number, key) or self._whole(number, key, is_listed=is_listed)

    def _further(self, number: int, key: str) -> Slip | None:
        """Out of what was kept and what came; None where that can't be."""
        if self.kept_from is None or number in self.wholly:
            return None
        earlier = read_earlier(self.desk.store, number)
        if earlier is None:
            return None
        try:
            found = further_record(self.desk, number, key, earlier)
        except MustBeWholeError:
            return None
        slip = self._slip(number, found.record, found.arrival, found.rows_of)
        return replace(slip, only=found.only(), kept=found.kept)

    def _whole(self, number: int, key: str, *, is_listed: bool) -> Slip:
        desk = self.desk
        held = desk.held(key)
        until = desk.known_until(key, held)
        arrival = desk.next_arrival(held.messages[key], until)
        copies = desk.known_copies(key, until) if self._keeps(held, key) else ()
        mail = desk.mail(key, held)
        record = record_of(mail)
        if not is_listed and not record.is_two_way:
            return Slip(number, Dues(arrival))
        slip = self._slip(number, record, arrival, lambda _: record)
        if not copies or not can_be_kept(mail):
            return slip
        return replace(slip, kept=Kept.of(earlier_of(mail, held.proofs[key], copies)))

    def _keeps(self, held: Held, key: str) -> bool:
        return self.kept_from is not None and len(held.messages[key]) >= self.kept_from

    def _slip(
        self,
        number: int,
        record: PartnerRecord,
        arrival: int | None,
        rows_of: Callable[[str], PartnerRecord],
    ) -> Slip:
        return Slip(
            number=number,
            dues=Dues.of(record.changes, arrival),
            summary=summary_of(record),
            causes=record.causes,
            tables={
                table: self._values(table, rows) for table, rows in self._rows(record, rows_of)
            },
        )

    def _rows(
        self, record: PartnerRecord, rows_of: Callable[[str], PartnerRecord]
    ) -> Iterator[tuple[str, Iterable[Row]]]:
        yield "partners", partners([record], self.privacy)
        # p-values are adjusted where those of all partners are at hand
        yield "partner_standing", [partner_standing(record, self.privacy, Adjusted({}))]
        for table, make in OF_RECORD.items():
            yield table, make(rows_of(table), self.privacy)

    def _values(self, table: str, rows: Iterable[Row]) -> Iterator[Values]:
        return map(values_of(table, self.columns[table]), rows)
