"""The rows of `absences`. What the columns mean is said in `inbox_agent.catalogue`."""

from __future__ import annotations

from collections.abc import Iterator

from inbox_agent.measure import PartnerRecord
from inbox_agent.privacy import Privacy
from inbox_agent.published_rows import Row, text_of


def absences(record: PartnerRecord, privacy: Privacy) -> Iterator[Row]:
    """One row per absence of somebody of theirs."""
    for absence in record.absences:
        yield {
            "partner": privacy.partner(record.partner.key),
            "address": privacy.person(absence.address),
            "began_at": text_of(absence.began_at),
            "ended_at": text_of(absence.ended_at),
            "is_open": int(absence.is_open),
        }
