"""What each figure is called where people read it, and which stand together."""

from __future__ import annotations

from collections.abc import Mapping

#: Of a set of asks, whoever answers; after "We answer" or "They answer".
OF_ASKS: Mapping[str, str] = {
    "asks": "Asks",
    "answered": "Answered",
    "open": "Still open",
    "lapsed": "Given up on",
    "p50_seconds": "Half of the asks are answered within",
    "p90_seconds": "Nine of ten asks are answered within",
    "p50_reached": "Half of the asks are answered at all",
    "p50_business_seconds": "Half of the asks, in working time",
    "p90_business_seconds": "Nine of ten asks, in working time",
    "answered_p50_seconds": "Half of the answers come within",
    "response_rate": "Share of the asks that is answered",
    "rate_so_far": "Share of the asks answered so far",
    "followed_seconds": "Longest time an ask was followed",
    "met_standard_share": "Share answered in time",
    "naive_p50_seconds": "Median of the answers alone",
    "naive_mean_seconds": "Mean of the answers alone",
}
SIDES: Mapping[str, str] = {"ours_": "We answer", "theirs_": "They answer"}

#: All other columns of partner_standing, by what they are about.
GROUPS: Mapping[str, Mapping[str, str]] = {
    "How it stands": {
        "state": "State",
        "because": "Reason for the state",
        "cause": "Most urgent cause",
        "cause_since_at": "Since when it holds",
        "urgency": "Place in the order of urgency",
        "next_change_at": "When a figure changes by itself",
    },
    "Rhythm and silence": {
        "last_contact_at": "Last contact",
        "last_from": "Who wrote last",
        "usual_gap_working_days": "Usual time between days with contact",
        "longest_gap_working_days": "Longest time between days with contact",
        "watch_at": "From when the silence is to be watched",
        "act_at": "From when the silence is to be acted on",
        "alarms_12_months": "Alarms of silence in 12 months",
        "alarms_came_back": "Alarms after which they wrote again",
    },
    "A two-way street": {
        "fairness": "Who waits longer",
        "fairness_low": "Who waits longer, lower end of the interval",
        "fairness_high": "Who waits longer, upper end of the interval",
        "fairness_basis": "Who waits longer, over which asks",
        "opened_by_us": "Conversations we opened",
        "opened_by_them": "Conversations they opened",
        "nudges_by_us": "Reminders we sent",
        "nudges_by_them": "Reminders they sent",
        "nudged_by_us_after_p50_seconds": "How long we wait before we remind",
        "nudged_by_them_after_p50_seconds": "How long they wait before they remind",
        "two_way_weeks": "Weeks in a row in which both sides wrote",
        "longest_two_way_weeks": "Most such weeks in a row",
        "two_way_weeks_share": "Share of weeks in which both sides wrote",
    },
    "Change": {
        "ours_arrow": "Our answers: slower or faster",
        "theirs_arrow": "Their answers: slower or faster",
        "ours_trend": "Our answers from month to month",
        "ours_trend_p": "Our answers from month to month, by chance",
        "theirs_trend": "Their answers from month to month",
        "theirs_trend_p": "Their answers from month to month, by chance",
    },
    "People": {
        "their_people": "People of theirs who wrote",
        "their_people_80": "People who wrote 80 % of their letters",
        "our_people": "People of ours who wrote",
        "our_people_80": "People who wrote 80 % of our letters",
        "introductions_received": "Organisations they introduced to us",
        "introductions_given": "Organisations we introduced to them",
    },
    "What we see of our own mail": {
        "sent_coverage": "Share of our letters that is in the mailbox",
        "sent_coverage_high": "That share, upper end of the interval",
    },
}

STANDARDS: Mapping[str, str] = {
    "we_answer_within": "We answer in time",
    "they_answer_within": "They answer in time",
    "contact_every": "Contact often enough",
    "contact_at_least_every": "Contact at the very least",
    "min_contacts": "Enough people of theirs",
}
OF_A_STANDARD: Mapping[str, str] = {
    "state": "state",
    "target": "what is asked for",
    "actual": "how it is",
    "misses_left": "misses left",
    "breaks_at": "when it breaks if nobody writes",
    "suggested": "a standard to consider",
}

DRIFTS: Mapping[str, str] = {
    "our_response_time": "Our response time",
    "their_response_time": "Their response time",
    "to_us": "Letters of theirs that are to us, not in copy",
    "opened_by_them": "Conversations they open",
    "letter_size": "Size of their letters",
    "turns": "Turns of a conversation",
    "people": "People of theirs who write",
}

_OTHERS = {name: title for group in GROUPS.values() for name, title in group.items()}


def title_of(figure: str) -> str:
    """What a figure is called, by its name; the name itself where it is none of ours."""
    if figure in _OTHERS:
        return _OTHERS[figure]
    for side, who in SIDES.items():
        base = figure.removeprefix(side)
        if base != figure and base in OF_ASKS:
            return f"{who}: {OF_ASKS[base][0].lower()}{OF_ASKS[base][1:]}"
    for standard, title in STANDARDS.items():
        part = OF_A_STANDARD.get(figure.removeprefix(f"{standard}_"))
        if figure == standard or part:
            return f"{title}: {part}" if part else title
    return _title_of_drift(figure)


def _title_of_drift(figure: str) -> str:
    base = figure.removeprefix("drift_")
    of_chance = base.removesuffix("_p")
    if base in DRIFTS:
        return f"{DRIFTS[base]}, before and now"
    return f"{DRIFTS[of_chance]}, by chance" if of_chance in DRIFTS else figure
