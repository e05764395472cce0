"""Tables with a row for each partner, or for each partner and period."""

from __future__ import annotations

from inbox_agent.catalogue.figures import FIGURES, figures
from inbox_agent.catalogue.model import Column, Table
from inbox_agent.catalogue.their_calendar import THEIR_CALENDAR

KAPLAN_MEIER = "Kaplan-Meier 1958, nearest rank, over all asks"
MAIL_TIMES = "Received, INTERNALDATE (RFC 3501) and Date (RFC 5322) of the letters"


PARTNER = Column(
    "partner",
    "TEXT",
    None,
    "The partner: its first domain or address.",
    references="partners",
)
RESPONDER = Column("responder", "TEXT", None, "Who was asked: us or them.")
PERIOD = Column(
    "period", "TEXT", None, "Week (2026-W47, ISO 8601), month (2026-11) or quarter (2026-Q4)."
)
PERIOD_KIND = Column("period_kind", "TEXT", None, "week, month or quarter.")
AS_OF = Column(
    "as_of",
    "TEXT",
    "UTC instant",
    "The moment the figures are for: the last complete poll of every mailbox the partner is in.",
)
LAST_FROM = Column(
    "last_from", "TEXT", None, "Who wrote last, us or them: the other side's turn to write."
)
USUAL_GAP = Column(
    "usual_gap_working_days",
    "INTEGER",
    "working days",
    "The partner's usual time between two days with contact: the median of the 12 months before. "
    "Empty without a finished gap.",
)
LONGEST_GAP = Column(
    "longest_gap_working_days",
    "INTEGER",
    "working days",
    "The longest time between two days with contact in the 12 months before. "
    "Empty without a finished gap.",
)
WATCH_AT = Column(
    "watch_at",
    "TEXT",
    "UTC instant",
    "When the present silence becomes one to watch: longer than any of the 12 months before it, "
    "or than the contact standard. Empty with fewer than 8 gaps and no standard.",
)
ACT_AT = Column(
    "act_at",
    "TEXT",
    "UTC instant",
    "When the present silence becomes one to act on: longer than twice the longest of the "
    "12 months before it and than a working week, or past the contact standard. Empty with fewer "
    "than 8 gaps and no standard.",
)

PARTNERS = Table(
    name="partners",
    title="Partners",
    description="Every partner the team writes with, and how much. Start from a row to find its "
    "conversations, asks, silences and people.",
    source="config/partners.toml and the letters' address fields (RFC 5322)",
    columns=(
        Column("partner", "TEXT", None, "The partner: its first domain or address."),
        Column("name", "TEXT", None, "What the team calls it. Empty when found by itself."),
        Column("owner", "TEXT", None, "Who looks after the partnership. Empty when nobody is set."),
        Column("tier", "TEXT", None, "The tier its standards come from. Empty when none is set."),
        Column("domains", "TEXT", None, "The domains and addresses that are the partner."),
        AS_OF,
        Column(
            "first_contact_at",
            "TEXT",
            "UTC instant",
            "The first letter a person wrote, either way. Empty without one.",
        ),
        Column(
            "last_inbound_at",
            "TEXT",
            "UTC instant",
            "The last letter a person of theirs wrote. Empty without one.",
        ),
        Column(
            "last_outbound_at",
            "TEXT",
            "UTC instant",
            "The last letter one of us wrote to them. Empty without one.",
        ),
        Column("messages_in", "INTEGER", "count", "Letters written by people of theirs."),
        Column("messages_out", "INTEGER", "count", "Letters written by us to them."),
        Column("conversations", "INTEGER", "count", "Conversations held."),
        Column("contacts", "INTEGER", "count", "Addresses of theirs that wrote."),
        *THEIR_CALENDAR,
    ),
    primary_key=("partner",),
    facets=("owner", "tier"),
    label_column="name",
)

PARTNER_STANDING = Table(
    name="partner_standing",
    title="Partner standing",
    description="Where each partnership stands and why, with the figures of the last window. "
    "Nothing here grows older by itself; partner_health adds today's ages.",
    source=f"{KAPLAN_MEIER}; rhythm of 12 months; Theil-Sen and Mann-Kendall for trends",
    columns=(
        PARTNER,
        AS_OF,
        Column("state", "TEXT", "state", "How the partnership stands."),
        Column("because", "TEXT", None, "The reason for the state, in words."),
        Column(
            "cause",
            "TEXT",
            None,
            "The kind of the most urgent thing to look at, as in alerts: our_answer_overdue, "
            "silence, our_answer_due, … Empty when there is nothing.",
        ),
        Column(
            "cause_since_at", "TEXT", "UTC instant", "Since when that holds. Empty without one."
        ),
        Column(
            "urgency",
            "INTEGER",
            None,
            "The order in which partners are to be looked at: 0 first; those of one number by "
            "cause_since_at.",
        ),
        Column(
            "next_change_at",
            "TEXT",
            "UTC instant",
            "The first moment at which a figure changes without new mail.",
        ),
        *figures("ours_", "Asks to us in the window."),
        *figures("theirs_", "Asks to them in the window."),
        Column(
            "fairness",
            "REAL",
            "log ratio",
            "How their typical response time compares with ours: above 0 they are slower, below 0 "
            "we are; 0.69 means that they take twice as long. Empty with fewer than 5 asks or 5 "
            "answers on either side, and when ours is unknown.",
        ),
        Column(
            "fairness_low",
            "REAL",
            "log ratio",
            "Lower end of the 95 % interval; where it holds 0 the two may be alike. Empty as "
            "fairness.",
        ),
        Column(
            "fairness_high",
            "REAL",
            "log ratio",
            "Upper end of the 95 % interval. Empty as fairness.",
        ),
        Column(
            "fairness_basis",
            "TEXT",
            None,
            "What fairness compares: all (the times over all asks), or answered (over answered "
            "ones, where either side answered fewer than half). Empty as fairness.",
        ),
        Column("opened_by_us", "REAL", "share", "Conversations we opened. Empty without any."),
        Column("opened_by_them", "REAL", "share", "Conversations they opened. Empty without any."),
        Column("nudges_by_us", "INTEGER", "count", "Reminders we sent while waiting for them."),
        Column("nudges_by_them", "INTEGER", "count", "Reminders they sent while waiting for us."),
        Column(
            "nudged_by_us_after_p50_seconds",
            "INTEGER",
            "seconds",
            "After how long we remind: half of our asks that were still waiting had a reminder by "
            "then. Empty with fewer than 5 asks, or when fewer than half had.",
        ),
        Column(
            "nudged_by_them_after_p50_seconds",
            "INTEGER",
            "seconds",
            "After how long they remind: half of their asks that were still waiting had a "
            "reminder by then. Empty with fewer than 5 asks, when fewer than half had, or when "
            "our answers are unknown.",
        ),
        Column(
            "two_way_weeks",
            "INTEGER",
            "count",
            "Weeks in a row, up to now, in which both sides wrote.",
        ),
        Column(
            "longest_two_way_weeks",
            "INTEGER",
            "count",
            "The most weeks in a row in which both sides wrote, of the last 12 months.",
        ),
        Column(
            "two_way_weeks_share",
            "REAL",
            "share",
            "Of the last 52 complete weeks, or those since the first letter, the share in which "
            "both sides wrote. Empty in the first week.",
        ),
        Column(
            "last_contact_at",
            "TEXT",
            "UTC instant",
            "The last contact either way, meetings included. Empty without one.",
        ),
        LAST_FROM,
        USUAL_GAP,
        LONGEST_GAP,
        WATCH_AT,
        ACT_AT,
        Column(
            "alarms_12_months",
            "INTEGER",
            "count",
            "Silences of the last 12 months that raised an alarm by the partner's own rhythm.",
        ),
        Column(
            "alarms_came_back",
            "INTEGER",
            "count",
            "Of these, those after whose alarm they wrote within 30 days.",
        ),
        Column(
            "ours_trend",
            "REAL",
            "log ratio",
            "How our typical response time goes from month to month over the last 12: above 0 "
            "slower, below 0 faster; 0.1 is about 10 % a month. Empty with fewer than 6 months of "
            "5 asks.",
        ),
        Column(
            "ours_trend_p",
            "REAL",
            "share",
            "How easily chance alone makes such a trend of ours, adjusted for the number of "
            "partners. Empty as ours_trend.",
        ),
        Column(
            "theirs_trend",
            "REAL",
            "log ratio",
            "How their typical response time goes from month to month over the last 12: above 0 "
            "slower, below 0 faster; 0.1 is about 10 % a month. Empty with fewer than 6 months of "
            "5 asks.",
        ),
        Column(
            "theirs_trend_p",
            "REAL",
            "share",
            "How easily chance alone makes such a trend of theirs, adjusted for the number of "
            "partners. Empty as theirs_trend.",
        ),
        Column(
            "ours_arrow",
            "TEXT",
            None,
            "How our response time changed from one window to the next: slower, faster or steady "
            "(a small change, or one that chance may have made). Empty with too little mail.",
        ),
        Column(
            "theirs_arrow",
            "TEXT",
            None,
            "How their response time changed from one window to the next: slower, faster or "
            "steady. Empty with too little mail.",
        ),
        Column("their_people", "INTEGER", "count", "People of theirs who wrote in the window."),
        Column(
            "their_people_80",
            "INTEGER",
            "count",
            "The least number of them who wrote 80 % of their letters: how few it hangs on. "
            "Empty when none wrote.",
        ),
        Column("our_people", "INTEGER", "count", "People of ours who wrote in the window."),
        Column(
            "our_people_80",
            "INTEGER",
            "count",
            "The least number of them who wrote 80 % of our letters. Empty when none wrote.",
        ),
        Column(
            "introductions_received",
            "INTEGER",
            "count",
            "Organisations they introduced to us in the 12 months before.",
        ),
        Column(
            "introductions_given",
            "INTEGER",
            "count",
            "Organisations we introduced to them in the 12 months before.",
        ),
        Column(
            "sent_coverage",
            "REAL",
            "share",
            "Of the letters of ours that they answered in the 12 months before, those that the "
            "mailbox holds. Low means that we don't see all we send. Empty with fewer than 10.",
        ),
        Column(
            "sent_coverage_high",
            "REAL",
            "share",
            "Upper end of the interval of sent_coverage; below 0.9 our own response times are "
            "unknown. Empty as sent_coverage.",
        ),
    ),
    primary_key=("partner",),
    facets=("state", "last_from"),
)

RESPONSE_TIMES_BY_PERIOD = Table(
    name="response_times_by_period",
    title="Response times by period",
    description="How fast each side of a partnership answered, week by week, month by month and "
    "quarter by quarter, by the time of asking.",
    source=KAPLAN_MEIER,
    columns=(PARTNER, RESPONDER, PERIOD, PERIOD_KIND, *FIGURES),
    primary_key=("partner", "responder", "period"),
    facets=("period_kind", "responder"),
    sort_desc="period",
)

TEAM_BY_PERIOD = Table(
    name="team_by_period",
    title="Team by period",
    description="The same figures over all partners together, over one owner's, and over one "
    "tier's. All asks are pooled; it is no mean of partners. What partners asked us is left out "
    "where too little of what we sent is in the mailbox to tell how fast we answered.",
    source=KAPLAN_MEIER,
    columns=(
        Column("scope", "TEXT", None, "team, owner:… or tier:…, over whose partners it is."),
        RESPONDER,
        PERIOD,
        PERIOD_KIND,
        Column("partners", "INTEGER", "count", "Partners with an ask in the period."),
        *FIGURES,
    ),
    primary_key=("scope", "responder", "period"),
    facets=("scope", "period_kind", "responder"),
    sort_desc="period",
)
