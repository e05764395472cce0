"""The rows of the tables about silences: one function a table.

What the columns mean is said in `inbox_agent.catalogue`; here they are only filled.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from inbox_agent.measure import PartnerRecord
from inbox_agent.privacy import Privacy
from inbox_agent.published_rows import Row, text_of
from inbox_agent.silence_gaps import RHYTHM_REACH


def silence_gaps(record: PartnerRecord, privacy: Privacy) -> Iterator[Row]:
    """One row per notable gap, and the open one; what ages is left to the view."""
    rhythm = record.rhythm
    for gap in record.gaps:
        days = gap.gap_working_days
        yield {
            "gap": gap.key,
            "partner": privacy.partner(record.partner.key),
            "began_at": text_of(gap.began_at),
            "ended_at": text_of(gap.ended_at),
            "gap_seconds": gap.gap_seconds,
            "gap_working_days": days,
            "usual_gap_working_days": rhythm.usual_gap_working_days,
            "times_usual": None if days is None else rhythm.times_usual(days),
            "chance": None if days is None else rhythm.chance(days),
            "last_from": gap.last_from,
            "broken_by": gap.broken_by,
            "is_open": int(gap.is_open),
        }


def contact_gaps(record: PartnerRecord, privacy: Privacy) -> Iterator[Row]:
    """One row per gap of the 12 months before the last contact and since, the open one too."""
    rhythm = record.rhythm
    since = (rhythm.last_contact_at or record.as_of) - RHYTHM_REACH
    for gap in rhythm.gaps:
        if gap.ended_at is None or gap.ended_at > since:
            yield {
                "gap": gap.key,
                "partner": privacy.partner(record.partner.key),
                "began_at": text_of(gap.began_at),
                "ended_at": text_of(gap.ended_at),
                "gap_working_days": gap.gap_working_days,
                "last_from": gap.last_from,
                "broken_by": gap.broken_by,
            }


def gap_lengths(record: PartnerRecord, privacy: Privacy) -> Iterator[Row]:
    """How often each length of gap occurred in the 12 months before `as_of`."""
    for length, count in sorted(Counter(record.rhythm.lengths).items()):
        yield {
            "partner": privacy.partner(record.partner.key),
            "gap_working_days": length,
            "gaps": count,
        }
