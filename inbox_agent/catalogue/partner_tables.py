"""Tables with a row for each partner, or for each partner and period."""

from __future__ import annotations

from inbox_agent.catalogue.figures import FIGURES, figures
from inbox_agent.catalogue.model import Column, Table

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
    "When the present silence becomes one to watch: longer than any of 12 months, or than the "
    "contact standard. Empty with fewer than 8 gaps and no standard.",
)
ACT_AT = Column(
    "act_at",
    "TEXT",
    "UTC instant",
    "When the present silence becomes one to act on: half as long again as the longest of "
    "12 months, or past the contact standard. Empty with fewer than 8 gaps and no standard.",
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
            "we are. Empty when either is unknown.",
        ),
        Column(
            "fairness_low",
            "REAL",
            "log ratio",
            "Lower end of the 95 % interval. Empty as fairness.",
        ),
        Column(
            "fairness_high",
            "REAL",
            "log ratio",
            "Upper end of the 95 % interval. Empty as fairness.",
        ),
        Column("opened_by_us", "REAL", "share", "Conversations we opened. Empty without any."),
        Column("opened_by_them", "REAL", "share", "Conversations they opened. Empty without any."),
        Column("nudges_by_us", "INTEGER", "count", "Reminders we sent while waiting for them."),
        Column("nudges_by_them", "INTEGER", "count", "Reminders they sent while waiting for us."),
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
            "ours_trend",
            "REAL",
            None,
            "Slope of our typical response time over the last periods: above 0 slower, below 0 "
            "faster. Empty with too few periods.",
        ),
        Column(
            "ours_trend_p",
            "REAL",
            "share",
            "How easily chance alone makes such a trend of ours. Empty as ours_trend.",
        ),
        Column(
            "theirs_trend",
            "REAL",
            None,
            "Slope of their typical response time over the last periods: above 0 slower, below 0 "
            "faster. Empty with too few periods.",
        ),
        Column(
            "theirs_trend_p",
            "REAL",
            "share",
            "How easily chance alone makes such a trend of theirs. Empty as theirs_trend.",
        ),
        Column(
            "sent_coverage",
            "REAL",
            "share",
            "Of their letters that answer one of ours, those whose letter of ours the mailbox "
            "holds. Low means that we don't see all we send. Empty with fewer than 10.",
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
    "tier's. All asks are pooled; it is no mean of partners.",
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
