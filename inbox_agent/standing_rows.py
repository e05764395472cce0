"""The rows of `partner_standing` and of the tables that explain it: one function a table.

What the columns mean is said in `inbox_agent.catalogue`; here they are only filled.
"""

from __future__ import annotations

from collections.abc import Iterator

from inbox_agent.causes import evidence_of
from inbox_agent.drift_rows import Adjusted, drift_columns, street_columns
from inbox_agent.kept_standards import KeptStandard
from inbox_agent.measure import PartnerRecord
from inbox_agent.people_rows import people_columns
from inbox_agent.privacy import Privacy
from inbox_agent.published_rows import Row, figure_columns, flag, text_of
from inbox_agent.sent_coverage import Coverage
from inbox_agent.standing import Standing, urgency

_OF_ANSWERS = ("we_answer_within", "they_answer_within")


def partner_standing(record: PartnerRecord, privacy: Privacy, adjusted: Adjusted) -> Row:
    """How one partnership stands; `adjusted` are the p-values over all partners."""
    standing, rhythm = record.standing, record.rhythm
    return {
        "partner": privacy.partner(record.partner.key),
        "as_of": text_of(record.as_of),
        **state_columns(standing, privacy),
        "next_change_at": text_of(record.next_change_at),
        **{f"ours_{name}": value for name, value in figure_columns(standing.ours).items()},
        **{f"theirs_{name}": value for name, value in figure_columns(standing.theirs).items()},
        **street_columns(record),
        "last_contact_at": text_of(rhythm.last_contact_at),
        "last_from": rhythm.last_from,
        "usual_gap_working_days": rhythm.usual_gap_working_days,
        "longest_gap_working_days": rhythm.longest_gap_working_days,
        "watch_at": text_of(rhythm.watch_at),
        "act_at": text_of(rhythm.act_at),
        **drift_columns(record, adjusted),
        "alarms_12_months": record.alarm_counts.alarms,
        "alarms_came_back": record.alarm_counts.came_back,
        **people_columns(record),
        "sent_coverage": record.coverage.year.share,
        "sent_coverage_high": _high(record.coverage.year),
    }


def state_columns(standing: Standing, privacy: Privacy) -> Row:
    """What `partner_standing` says of the state, and why."""
    cause = standing.cause
    return {
        "state": standing.state,
        "because": privacy.told(standing.because, standing.people),
        "cause": cause.kind if cause else None,
        "cause_since_at": text_of(cause.since_at) if cause else None,
        "urgency": urgency(standing),
    }


def standards(record: PartnerRecord, privacy: Privacy) -> Iterator[Row]:
    """One row per standard that is set, and one where there is only a suggestion."""
    for kept in record.kept_standards:
        yield {"partner": privacy.partner(record.partner.key), **standard_columns(kept)}


def standard_columns(kept: KeptStandard) -> Row:
    """What `standards` says of one of them."""
    return {
        "standard": kept.standard,
        "target": kept.target,
        "actual": kept.actual,
        "unit": kept.unit,
        "state": kept.state,
        "misses_left": kept.misses_left,
        "breaks_at": text_of(kept.breaks_at),
        "share": kept.share,
        "asks": kept.asks,
        "misses": kept.misses,
        "suggested": kept.suggested,
        "evidence": _evidence(kept),
    }


def _evidence(kept: KeptStandard) -> str | None:
    table = "response_times" if kept.standard in _OF_ANSWERS else "contact_gaps"
    return evidence_of(table, *kept.missed) if kept.missed else None


def alarm_record(record: PartnerRecord, privacy: Privacy) -> Iterator[Row]:
    """One row per alarm of silence and level that the rhythm raised."""
    for alarm in record.alarm_record:
        yield {
            "partner": privacy.partner(record.partner.key),
            "alarm": alarm.key,
            "level": alarm.level,
            "gap": alarm.gap,
            "began_at": text_of(alarm.began_at),
            "raised_at": text_of(alarm.raised_at),
            "ended_at": text_of(alarm.ended_at),
            "broken_by": alarm.broken_by,
            "they_wrote_at": text_of(alarm.they_wrote_at),
            "came_back_within_30_days": flag(alarm.came_back),
            "days_until_contact": alarm.days_until_contact,
            "warning_days": alarm.warning_days,
        }


def sent_coverage(record: PartnerRecord, privacy: Privacy) -> Iterator[Row]:
    """One row per month in which they answered letters of ours."""
    for month, found in record.coverage.months:
        yield {
            "partner": privacy.partner(record.partner.key),
            "month": month,
            "known": found.known,
            "held": found.held,
            "share": found.share,
            "share_high": _high(found),
        }


def _high(found: Coverage) -> float | None:
    return found.interval[1] if found.interval else None
