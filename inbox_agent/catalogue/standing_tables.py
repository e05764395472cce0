"""Tables that explain how a partnership stands: its standards, what changed, what is unseen."""

from __future__ import annotations

from inbox_agent.catalogue.model import Column, Table
from inbox_agent.catalogue.partner_tables import MAIL_TIMES, PARTNER

SENT_COVERAGE = Table(
    name="sent_coverage",
    title="What we sent and hold",
    description="Month by month: of the letters of ours that a partner answered, how many lie in "
    "the mailbox. Where answers go out by another way, our response times look worse than they "
    "are.",
    source="In-Reply-To and References (RFC 5322 §3.6.4) of their letters; interval after Clopper "
    "and Pearson 1934",
    columns=(
        PARTNER,
        Column("month", "TEXT", None, "The month of their answer, like 2026-11."),
        Column("known", "INTEGER", "count", "Letters of ours that they answered."),
        Column("held", "INTEGER", "count", "Of these, those that are in the mailbox."),
        Column("share", "REAL", "share", "Held of known. Empty with fewer than 10 known letters."),
        Column(
            "share_high",
            "REAL",
            "share",
            "Upper end of the share's 95 % interval; below 0.9 answers of ours are missing for "
            "sure. Empty as share.",
        ),
    ),
    primary_key=("partner", "month"),
)

STANDARDS = Table(
    name="standards",
    title="Standards",
    description="What each partnership is held to, and whether it is kept: met, at risk or broken. "
    "A suggested time to answer in stands here, too, where they have reminded us often enough to "
    "tell.",
    source="[standards], tiers and partners of the config; Kaplan-Meier 1958 for the suggestion",
    columns=(
        PARTNER,
        Column(
            "standard",
            "TEXT",
            None,
            "Its key in the config: we_answer_within, they_answer_within, contact_every, "
            "contact_at_least_every or min_contacts.",
        ),
        Column(
            "target",
            "TEXT",
            None,
            "What is asked for, like 1 business day, 9 of 10. Empty where there is only a "
            "suggestion.",
        ),
        Column(
            "actual",
            "REAL",
            None,
            "How it is, in the unit beside it: the share of the asks not missed so far, the "
            "longest silence, or the people of theirs who wrote. Empty with nothing to judge by.",
        ),
        Column("unit", "TEXT", None, "Of actual: share, days, working days, hours or people."),
        Column(
            "state",
            "TEXT",
            None,
            "met, at risk (it breaks soon if nobody writes, or nothing more may be missed) or "
            "broken. Empty with nothing to judge by, or where too many answers of ours are "
            "missing from the mailbox.",
        ),
        Column(
            "misses_left",
            "INTEGER",
            None,  # a count, and below 0 as well
            "How many more may be missed before it breaks: answers that come late, or people who "
            "fall silent. Below 0: broken by so many. Empty for silences.",
        ),
        Column(
            "breaks_at",
            "TEXT",
            "UTC instant",
            "When it breaks if nobody writes, other things staying as they are. Empty when it is "
            "broken already, or won't be soon.",
        ),
        Column(
            "share",
            "REAL",
            "share",
            "How many of the asks are to be answered in time. Empty for the other standards.",
        ),
        Column(
            "asks",
            "INTEGER",
            "count",
            "Asks of the window that have a due time. Empty for the other standards.",
        ),
        Column(
            "misses",
            "INTEGER",
            "count",
            "Asks answered late or still waiting past their due time, or silences that were too "
            "long. Empty for people.",
        ),
        Column(
            "suggested",
            "TEXT",
            None,
            "The time to answer in so that nine of ten of their asks are answered before they "
            "would remind us, like 4 business hours. Empty with fewer than 5 asks of 12 months "
            "that they reminded us of.",
        ),
        Column(
            "evidence",
            "TEXT",
            None,
            "What counts against it, as JSON: the table that holds the asks or silences, and "
            "their keys. Empty where nothing does, and for people.",
        ),
    ),
    primary_key=("partner", "standard"),
    facets=("standard", "state"),
)

ALARM_RECORD = Table(
    name="alarm_record",
    title="Alarms of silence, looked back at",
    description="Every alarm that a partner's own rhythm raised, or would have raised, and what "
    "came of it: whether they wrote again, and how long there was to do something.",
    source=MAIL_TIMES,
    columns=(
        PARTNER,
        Column("alarm", "TEXT", None, "Key of the alarm."),
        Column(
            "level",
            "TEXT",
            None,
            "watch (longer silent than ever in the 12 months before) or act (twice that, and more "
            "than a working week).",
        ),
        Column(
            "gap",
            "TEXT",
            None,
            "Key of the silence; in silence_gaps when it is long enough to be shown there.",
        ),
        Column("began_at", "TEXT", "UTC instant", "The last contact before the silence."),
        Column(
            "raised_at",
            "TEXT",
            "UTC instant",
            "The midnight at which the silence became too long, by what was known then.",
        ),
        Column(
            "ended_at",
            "TEXT",
            "UTC instant",
            "The contact that ended the silence. Empty while it lasts.",
        ),
        Column(
            "broken_by",
            "TEXT",
            None,
            "Who ended the silence: us or them. Empty while it lasts.",
        ),
        Column(
            "they_wrote_at",
            "TEXT",
            "UTC instant",
            "Their first contact after the alarm. Empty without one.",
        ),
        Column(
            "came_back_within_30_days",
            "INTEGER",
            "flag",
            "Whether they wrote within 30 days of the alarm, whoever ended the silence. Empty "
            "while those have not passed and they have not written.",
        ),
        Column(
            "days_until_contact",
            "INTEGER",
            None,
            "Whole days from the alarm to the end of the silence, by the calendar. Empty while it "
            "lasts.",
        ),
        Column(
            "warning_days",
            "INTEGER",
            None,
            "Of a watch: days there were before the silence became one to act on, or would have. "
            "Empty for act.",
        ),
    ),
    primary_key=("partner", "alarm"),
    facets=("level", "came_back_within_30_days"),
    sort_desc="raised_at",
)

DRIFT = Table(
    name="drift",
    title="What changes slowly",
    description="Month by month, the window before the month against the window before that: "
    "small arrows, each with the chance that it is none and with the letters behind it. Nothing "
    "is added up into one score. A measure with too little mail to compare has no row.",
    source="Generalised Wilcoxon test (Peto and Peto 1972), permutation tests, Fisher's exact "
    "test; adjusted over partners after Benjamini and Hochberg 1995",
    columns=(
        PARTNER,
        Column(
            "measure",
            "TEXT",
            None,
            "our_response_time, their_response_time (working time of the side that answers, by "
            "which half of the asks were answered); to_us (letters of theirs that put us in To); "
            "opened_by_them (conversations); letter_size; turns (per stretch of conversation); "
            "people (of theirs who wrote).",
        ),
        Column(
            "before",
            "REAL",
            None,
            "The figure in the window before, in the unit of the row. Empty for a response time "
            "when fewer than half were answered.",
        ),
        Column(
            "after",
            "REAL",
            None,
            "The figure in the window up to this month, in the unit of the row. Empty as before.",
        ),
        Column("unit", "TEXT", None, "working seconds, share, octets, turns or people."),
        Column(
            "direction",
            "TEXT",
            None,
            "slower or faster for response times; up or down else. Empty when nothing changed, or "
            "when the typical time and all times together point different ways.",
        ),
        Column("p", "REAL", "share", "How easily chance alone makes a change like this one."),
        Column(
            "p_adjusted",
            "REAL",
            "share",
            "The same, adjusted for the number of partners looked at: of the arrows shown, at "
            "most 5 in 100 are expected to be chance.",
        ),
        Column(
            "is_shown",
            "INTEGER",
            "flag",
            "Whether an arrow is shown: p_adjusted at most 0.05, and the change large enough to "
            "matter.",
        ),
        Column(
            "letters_before",
            "INTEGER",
            "count",
            "How many asks, letters, conversations, stretches or weeks the figure before is of.",
        ),
        Column("letters_after", "INTEGER", "count", "The same of the figure after."),
        Column("before_from_at", "TEXT", "UTC instant", "Where the window before begins."),
        Column(
            "after_from_at", "TEXT", "UTC instant", "Where it ends, and the window after begins."
        ),
        Column("until_at", "TEXT", "UTC instant", "Where that one ends: the month's beginning."),
        Column(
            "figures_of",
            "TEXT",
            None,
            "Of response times: all (over all asks), or answered (over the answered ones, where "
            "fewer than half were answered in both windows). Empty of other measures.",
        ),
        Column(
            "evidence",
            "TEXT",
            None,
            "The rows behind it, as JSON: the table, what to filter besides the partner, and the "
            "column whose instants lie in the two windows.",
        ),
    ),
    primary_key=("partner", "measure"),
    facets=("measure", "direction", "is_shown"),
)
