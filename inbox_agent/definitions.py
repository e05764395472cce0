"""What every measure means, read from the docstring of the one place that makes it."""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from inbox_agent import (
    absences,
    alarm_record,
    alert_log,
    answered_elsewhere,
    authors,
    automatic,
    blind_spot,
    bounces,
    business_clock,
    comparisons,
    contacts,
    conversations,
    copies,
    drift,
    drift_measures,
    fairness,
    false_discoveries,
    import_blocks,
    instants,
    introductions,
    kept_answers,
    kept_contact,
    learned_clock,
    measure,
    needs_reply,
    next_changes,
    outcomes,
    people,
    permutation_tests,
    response_times,
    review_measures,
    reviews,
    sent_coverage,
    silence_gaps,
    standing,
    successors,
    suggested_standards,
    survival,
    threads,
    ticket_numbers,
    trends,
    two_way_street,
)
from inbox_agent.methodology import chapter_of

_KAPLAN_MEIER = "Kaplan and Meier 1958, Journal of the American Statistical Association 53"
_EFRON = f"{_KAPLAN_MEIER}; bootstrap: Efron 1979, Annals of Statistics 7"
_BROWN = "Brown et al. 2005, Journal of the American Statistical Association 100"
_PETO = (
    "generalised Wilcoxon test: Gehan 1965, Biometrika 52; Peto and Peto 1972, Journal of the "
    "Royal Statistical Society A 135"
)
_FISHER = "exact test: Fisher 1935, Journal of the Royal Statistical Society 98"
_RANKS = "Mann and Whitney 1947, Annals of Mathematical Statistics 18"
_DEALING = (
    "permutation test: Pitman 1937, Supplement to the Journal of the Royal Statistical Society 4; "
    "Phipson and Smyth 2010, Statistical Applications in Genetics and Molecular Biology 9"
)
_TREND = (
    "Theil 1950, Indagationes Mathematicae 12; Sen 1968, Journal of the American Statistical "
    "Association 63; Kendall 1938, Biometrika 30; Mann 1945, Econometrica 13"
)
_BENJAMINI_HOCHBERG = "Benjamini and Hochberg 1995, Journal of the Royal Statistical Society B 57"


@dataclass(frozen=True, slots=True)
class Measure:
    """A measure's name, its unit, where it is made, and the text or method it follows."""

    name: str
    unit: str | None
    made_by: object
    source: str | None = None

    @property
    def paragraphs(self) -> tuple[str, ...]:
        """The docstring of the place that makes it: what it is, then how and in which cases."""
        text = (inspect.getdoc(self.made_by) or "").replace("`", "")
        return tuple(" ".join(part.split()) for part in text.split("\n\n") if part.strip())

    @property
    def definition(self) -> str:
        """The docstring of the place that makes it, as one paragraph."""
        return " ".join(self.paragraphs)


MEASURES: tuple[Measure, ...] = (
    Measure("at", "UTC instant", instants.choose_at, "RFC 3501 §2.3.3, RFC 5322 §3.6.1"),
    Measure("clock_sources", None, instants.clock_sources, "RFC 3501 §2.3.3, RFC 5322 §3.6.7"),
    Measure("import_block", None, import_blocks.import_blocks, "RFC 3501 §2.3.3"),
    Measure("author", None, authors.author_of, "RFC 5322 §3.6.2, RFC 7960 §4.1.3"),
    Measure("kind", None, automatic.judge, "RFC 3834, RFC 3464, RFC 8098, RFC 2919"),
    Measure("record", None, copies.belonging),
    Measure("letter", None, copies.same_letters, "RFC 5322 §3.6.4"),
    Measure("conversation", None, conversations.conversations_of, "RFC 5322 §3.6.4, RFC 5256 §2.1"),
    Measure("parent, link, split_from", None, threads.Link),
    Measure("ticket_number", None, ticket_numbers.ticket_numbers),
    Measure("episode", None, conversations.Episode, "Front, conversation segments"),
    Measure("turn", None, conversations.turns_of),
    Measure("ask", None, outcomes.asking_letter, "Zendesk SLA policies, next reply time"),
    Measure("nudges, nudges_by_us, nudges_by_them", "count", outcomes.nudges_of),
    Measure(
        "response_seconds",
        "seconds",
        outcomes.response_seconds,
        "as Zendesk, next reply time, and SendSquared, email response duration",
    ),
    Measure(
        "business_seconds",
        "working seconds",
        business_clock.BusinessClock.working_seconds,
        "as Front, business hours, and Longstreet, methodology",
    ),
    Measure("due_at", "UTC instant", business_clock.BusinessClock.deadline),
    Measure("due_at around absences", "UTC instant", absences.ClockAround.deadline),
    Measure("absences", None, absences.Absence, "RFC 3834"),
    Measure("absent_seconds", "working seconds", absences.away_at),
    Measure("their_calendar", None, learned_clock.their_calendar),
    Measure("their_timezone", None, learned_clock.learned_zone, "RFC 5322 §3.3, RFC 6557"),
    Measure("their_days, their_hours", None, learned_clock.learned_hours),
    Measure("outcome", None, outcomes.outcome_of),
    Measure("needs_reply, needs_reply_because", None, needs_reply.judged),
    Measure(
        "reply_likelihood",
        "share",
        needs_reply.likelihood_of,
        "compare Yang et al. 2017, SIGIR, Enterprise Email Reply Behavior",
    ),
    Measure("answered_elsewhere_at", "UTC instant", answered_elsewhere.Elsewhere.answered_at),
    Measure("waiting_on, waiting_since_at", None, response_times.Ask.is_waiting),
    Measure("late_reply", None, outcomes.late_reply),
    Measure("bounced", None, bounces.bounced_letters, "RFC 3464"),
    Measure("met_standard", "flag", outcomes.met_standard),
    Measure("asks, answered, open, lapsed", "count", survival.figures),
    Measure("response_rate", "share", survival.response_rate, _KAPLAN_MEIER),
    Measure("rate_so_far", "share", survival.rate_so_far, _KAPLAN_MEIER),
    Measure("followed_seconds", "seconds", survival.followed_seconds),
    Measure("p50_seconds, p90_seconds", "seconds", survival.time_to_share, _KAPLAN_MEIER),
    Measure("p50_reached", "flag", survival.half_was_answered, _KAPLAN_MEIER),
    Measure(
        "p50_business_seconds, p90_business_seconds",
        "working seconds",
        survival.business_curve,
        _KAPLAN_MEIER,
    ),
    Measure("share_answered_within", "share", survival.calendar_curve, _KAPLAN_MEIER),
    Measure("answered_p50_seconds", "seconds", survival.answered_p50, _KAPLAN_MEIER),
    Measure("naive_p50_seconds", "seconds", survival.naive_p50, "Plain, first response time"),
    Measure(
        "naive_mean_seconds",
        "seconds",
        survival.naive_mean,
        "Front and EmailAnalytics, average response time",
    ),
    Measure("met_standard_share", "share", survival.met_standard_share),
    Measure("window", None, standing.window),
    Measure(
        "sent_coverage, sent_coverage_high",
        "share",
        blind_spot.partner_coverage,
        "Clopper and Pearson 1934, Biometrika 26",
    ),
    Measure("proof", None, sent_coverage.sent_proofs, "RFC 5322 §3.6.4"),
    Measure("ours_ figures where coverage is too low", None, standing.window_figures),
    Measure("basis", None, response_times.Ask.basis),
    Measure("turn cut at a proof", None, blind_spot.parts_of),
    Measure("silence_gap", None, silence_gaps.Gap),
    Measure("gap_seconds, gap_working_days", None, silence_gaps.gap_length),
    Measure("usual_gap_working_days", "working days", silence_gaps.usual_gap),
    Measure("longest_gap_working_days", "working days", silence_gaps.longest_gap),
    Measure("times_usual", "times", silence_gaps.Rhythm.times_usual),
    Measure("published_gaps", None, silence_gaps.notable_gaps),
    Measure("chance", "share", silence_gaps.Rhythm.chance, "rule of succession: Laplace 1814"),
    Measure("watch_at, act_at", "UTC instant", silence_gaps.limits),
    Measure("alarm_record", None, alarm_record.PastAlarm),
    Measure("alarms_12_months, alarms_came_back", "count", alarm_record.AlarmCounts),
    Measure("standards", None, kept_answers.KeptStandard),
    Measure("we_answer_within, they_answer_within", None, kept_answers.answers_kept),
    Measure("contact_every, contact_at_least_every", None, kept_contact.contact_kept),
    Measure("min_contacts", None, kept_contact.people_kept),
    Measure("suggested", None, suggested_standards.suggested_standard, _KAPLAN_MEIER),
    Measure("contacts", None, contacts.contacts_of),
    Measure("state of a person", None, people.state_of_person),
    Measure("gone_at", "UTC instant", people.gone_at, "RFC 3464, RFC 3463 §3"),
    Measure("successor", None, successors.successors),
    Measure("introduced_by", None, people.introducer),
    Measure("share_12_months", "share", contacts.shares_12_months),
    Measure(
        "their_people, their_people_80, our_people, our_people_80", "count", people.Concentration
    ),
    Measure("introductions", None, introductions.introductions),
    Measure("introductions_received, introductions_given", "count", introductions.Introductions),
    Measure("fairness, fairness_low, fairness_high", "log ratio", fairness.fairness, _EFRON),
    Measure("opened_by_us, opened_by_them", "share", two_way_street.share_opened_by_us),
    Measure(
        "nudged_by_us_after_p50_seconds, nudged_by_them_after_p50_seconds",
        "seconds",
        two_way_street.nudged_after_p50,
        f"{_BROWN}; {_KAPLAN_MEIER}",
    ),
    Measure(
        "two_way_weeks, longest_two_way_weeks, two_way_weeks_share",
        None,
        two_way_street.two_way_weeks,
        "ISO 8601",
    ),
    Measure("trend", "log ratio", trends.response_trend),
    Measure("trend_p", "share", trends.trend, _TREND),
    Measure("drift", None, drift.drift_of),
    Measure("drift of response times", None, drift_measures.response_time, _KAPLAN_MEIER),
    Measure("comparison of response times", None, comparisons.compare_waits, _PETO),
    Measure("drift of to_us", "share", drift_measures.letter_share, _DEALING),
    Measure("drift of opened_by_them", "share", drift_measures.opener_share, _FISHER),
    Measure("drift of letter_size", None, drift_measures.letter_size, _RANKS),
    Measure("drift of turns", None, drift_measures.turns, _RANKS),
    Measure("drift of people", None, drift_measures.people, _DEALING),
    Measure("p", "share", permutation_tests.score_p, _DEALING),
    Measure("p_adjusted", "share", false_discoveries.adjusted, _BENJAMINI_HOCHBERG),
    Measure("is_shown", "flag", drift.is_shown),
    Measure("ours_arrow, theirs_arrow", None, drift.arrow),
    Measure("as known at an earlier instant", None, comparisons.known_at),
    Measure("state", None, standing.state_of),
    Measure("next_change_at", "UTC instant", next_changes.next_change),
    Measure("alerts", None, alert_log.Alert),
    Measure("reviews", None, reviews.Frozen),
    Measure("letters_in, letters_out", "count", review_measures.letters),
    Measure("longest_wait, quickest_answer", "seconds", review_measures.waits),
    Measure(
        "before_p50_seconds, change, change_p",
        None,
        review_measures.changes,
        f"{_KAPLAN_MEIER}; {_PETO}",
    ),
    Measure("standards in a review", None, review_measures.standards_kept),
    Measure(
        "standards_met, standards_at_risk, standards_broken",
        "count",
        review_measures.standards_counted,
    ),
    Measure("silences, longest_silence_working_days", None, review_measures.silences),
    Measure(
        "people_wrote, people_new, people_quiet, people_gone",
        "count",
        review_measures.people_counted,
    ),
    Measure(
        "introductions_received_in_quarter, introductions_given_in_quarter",
        "count",
        review_measures.introductions_made,
    ),
    Measure("partner", None, measure.PartnerRecord.is_two_way),
)


def definitions() -> Iterator[Mapping[str, str | None]]:
    """The rows of the table `definitions`."""
    for each in MEASURES:
        yield {
            "name": each.name,
            "title": chapter_of(each.name).headings[each.name],
            "chapter": chapter_of(each.name).title,
            "unit": each.unit,
            "definition": each.definition,
            "source": each.source,
        }
