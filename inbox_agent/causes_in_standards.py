"""Standards that are broken, and people who are lost: causes that lie in standards and contacts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from inbox_agent.causes import Cause, CauseKind, Dates, evidence_of
from inbox_agent.contacts import Contact
from inbox_agent.kept_standards import KeptStandard, StandardName
from inbox_agent.words import percent

#: Somebody who wrote less of their letters than this is no cause when silent.
MATTERS = 0.2
_ENOUGH_ASKS = 10
_SAID: dict[StandardName, tuple[str, str]] = {
    "we_answer_within": (
        "We answer too late too often",
        "We may soon have answered late too often",
    ),
    "they_answer_within": (
        "They answer too late too often",
        "They may soon have answered late too often",
    ),
    "min_contacts": (
        "Too few people of theirs write to us",
        "Soon too few people of theirs will have written to us",
    ),
}


def causes_in_standards(kept: Iterable[KeptStandard], dates: Dates) -> Iterator[Cause]:
    """A standard that is broken, or breaks within days if nobody writes.

    Of those for contact the silence itself is the cause. One that is judged by fewer than 10 asks,
    of which nine in ten leave none to be missed, says too much about chance, and is none.
    """
    for each in kept:
        if each.asks is not None and each.asks < _ENOUGH_ASKS:
            continue
        if each.standard not in _SAID or each.state not in ("broken", "at risk"):
            continue
        is_broken = each.state == "broken"
        said = f"{_SAID[each.standard][0 if is_broken else 1]}: {_how_kept(each, dates)}."
        since = each.since_at or dates.midnight
        proof = evidence_of("standards", each.standard)
        kind: CauseKind = "standard_broken" if is_broken else "standard_at_risk"
        key = f"{each.standard} {each.target} {_tipped(each, dates)}"
        yield Cause(kind, "watch", key, since, said, proof)


def _tipped(kept: KeptStandard, dates: Dates) -> str:
    """What made it so, in words that stay for as long as it is the same trouble.

    The ask that was missed last when it broke, or last of all where it is at risk: calendars and
    absences move due times by hours, other asks come and go. Where none was missed, the day on
    which it broke, or the quarter in which it would.
    """
    local = dates.clock.local_date
    if kept.state == "broken":
        return kept.broken_by or (f"{local(kept.since_at)}" if kept.since_at else "ever")
    if kept.missed:
        return kept.missed[-1]
    day = local(kept.breaks_at or dates.midnight)
    return f"{day.year}-Q{(day.month + 2) // 3}"


def _how_kept(each: KeptStandard, dates: Dates) -> str:
    if each.asks is None:
        said = f"{each.actual:.0f}, where {each.target} should"
    else:
        said = f"{each.misses} of {each.asks} asks missed the standard ({each.target})"
    if each.state == "at risk" and each.misses_left == 0:
        said += "; not one more may be missed"
    return said if each.breaks_at is None else f"{said}; it breaks on {dates.day(each.breaks_at)}"


def causes_in_people(contacts: Iterable[Contact], dates: Dates) -> Iterator[Cause]:
    """Somebody of theirs who wrote a fifth of their letters, and can't be reached or is quiet."""
    for each in contacts:
        share = each.share_12_months or 0.0
        if share < MATTERS or each.state not in ("quiet", "gone") or each.last_seen_at is None:
            continue
        is_gone = each.state == "gone"
        since = each.gone_at or each.last_seen_at
        said = (
            f"Letters to {{0}} come back since {dates.day(since)}"
            if is_gone
            else f"{{0}} last wrote {dates.ago(since)}"
        )
        said += f"; that is who wrote {percent(share)} of their letters"
        said += "; {1} may have taken over." if each.successor else "."
        people = (each.address, each.successor) if each.successor else (each.address,)
        key = f"{each.address} {since:%Y-%m-%dT%H:%M:%SZ}"
        kind: CauseKind = "person_gone" if is_gone else "person_quiet"
        yield Cause(kind, "watch", key, since, said, evidence_of("contacts"), people)
