"""What every measure means, read from the docstring of the one place that makes it."""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from inbox_agent import (
    authors,
    automatic,
    bounces,
    business_clock,
    contacts,
    conversations,
    copies,
    import_blocks,
    instants,
    measure,
    response_times,
    silence_gaps,
    standing,
    survival,
    threads,
    ticket_numbers,
)

_KAPLAN_MEIER = "Kaplan and Meier 1958, Journal of the American Statistical Association 53"


@dataclass(frozen=True, slots=True)
class Measure:
    """A measure's name, its unit, where it is made, and the text or method it follows."""

    name: str
    unit: str | None
    made_by: object
    source: str | None = None

    @property
    def definition(self) -> str:
        """The docstring of the place that makes it, as one paragraph."""
        return " ".join((inspect.getdoc(self.made_by) or "").replace("`", "").split())


MEASURES: tuple[Measure, ...] = (
    Measure("at", "UTC instant", instants.choose_at, "RFC 3501 §2.3.3, RFC 5322 §3.6.1"),
    Measure("clock_sources", None, instants.clock_sources),
    Measure("import_block", None, import_blocks.import_blocks),
    Measure("author", None, authors.author_of, "RFC 5322 §3.6.2, RFC 7960 §4.1.3"),
    Measure("kind", None, automatic.judge, "RFC 3834, RFC 3464, RFC 8098, RFC 2919"),
    Measure("record", None, copies.belonging),
    Measure("letter", None, copies.same_letters),
    Measure("conversation", None, conversations.conversations_of, "RFC 5256 §3"),
    Measure("parent, link, split_from", None, threads.Link),
    Measure("ticket_number", None, ticket_numbers.ticket_numbers),
    Measure("episode", None, conversations.Episode),
    Measure("turn", None, conversations.turns_of),
    Measure("ask", None, response_times.asking_letter, "Zendesk, next reply time"),
    Measure("nudges, nudges_by_us, nudges_by_them", "count", response_times.asking_letter),
    Measure("response_seconds", "seconds", response_times.Ask),
    Measure("business_seconds", "working seconds", business_clock.BusinessClock.working_seconds),
    Measure("due_at", "UTC instant", business_clock.BusinessClock.deadline),
    Measure("outcome", None, response_times.outcome_of),
    Measure("needs_reply", None, response_times.needs_reply),
    Measure("waiting_on, waiting_since_at", None, response_times.Ask.is_waiting),
    Measure("late_reply", None, response_times.late_reply),
    Measure("bounced", None, bounces.bounced_letters, "RFC 3464"),
    Measure("met_standard", "flag", response_times.met_standard),
    Measure("asks, answered, open, lapsed", "count", survival.figures),
    Measure("response_rate", "share", survival.response_rate, _KAPLAN_MEIER),
    Measure("rate_so_far", "share", survival.rate_so_far, _KAPLAN_MEIER),
    Measure("followed_seconds", "seconds", survival.followed_seconds),
    Measure("p50_seconds, p90_seconds", "seconds", survival.time_to_share, _KAPLAN_MEIER),
    Measure("p50_reached", "flag", survival.time_to_share, _KAPLAN_MEIER),
    Measure(
        "p50_business_seconds, p90_business_seconds",
        "working seconds",
        survival.business_curve,
        _KAPLAN_MEIER,
    ),
    Measure("share_answered_within", "share", survival.calendar_curve, _KAPLAN_MEIER),
    Measure("answered_p50_seconds", "seconds", survival.answered_p50, _KAPLAN_MEIER),
    Measure("naive_p50_seconds", "seconds", survival.naive_p50),
    Measure("naive_mean_seconds", "seconds", survival.naive_mean),
    Measure("met_standard_share", "share", survival.met_standard_share),
    Measure("window", None, standing.window),
    Measure("silence_gap", "working days", silence_gaps.Gap),
    Measure("gap_seconds, gap_working_days", None, silence_gaps.Gap),
    Measure("usual_gap_working_days", "working days", silence_gaps.nearest_rank_median),
    Measure("longest_gap_working_days", "working days", silence_gaps.Rhythm),
    Measure("times_usual", "times", silence_gaps.Rhythm.times_usual),
    Measure("published_gaps", None, silence_gaps.notable_gaps),
    Measure("chance", "share", silence_gaps.Rhythm.chance),
    Measure("watch_at, act_at", "UTC instant", silence_gaps.limits),
    Measure("contacts", None, contacts.contacts_of),
    Measure("state", None, standing.state_of),
    Measure("next_change_at", "UTC instant", standing.next_change),
    Measure("partner", None, measure.PartnerRecord.is_two_way),
)


def definitions() -> Iterator[Mapping[str, str | None]]:
    """The rows of the table `definitions`."""
    for each in MEASURES:
        yield {
            "name": each.name,
            "unit": each.unit,
            "definition": each.definition,
            "source": each.source,
        }
