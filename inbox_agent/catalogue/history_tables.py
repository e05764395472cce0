"""Tables that outlive every rebuild: what was raised and when it was over, and frozen reviews."""

from __future__ import annotations

from inbox_agent.catalogue.model import Column, PartnerIndex, Table
from inbox_agent.catalogue.partner_tables import PARTNER

ALERTS = Table(
    name="alerts",
    title="Alerts",
    description="Everything that was ever a reason to look at a partnership: since when, and when "
    "it was over. Each reason is here once; one that comes back is open again. Nothing is raised "
    "or cleared while the mailbox can't be read, or before it was read to its end once.",
    source="The reasons behind the state of each partner, as of each complete poll",
    columns=(
        Column("alert", "TEXT", None, "Key of the alert; the same reason has the same key always."),
        PARTNER,
        Column(
            "kind",
            "TEXT",
            None,
            "What it is about: our_answer_overdue, our_answer_due, our_answer_late, "
            "their_answer_overdue, silence, standard_broken, standard_at_risk, person_gone, "
            "person_quiet, and the like.",
        ),
        Column("level", "TEXT", None, "act or watch: the graver of what it ever was."),
        Column("because", "TEXT", None, "Why, as it was when it was raised or became graver."),
        Column("since_at", "TEXT", "UTC instant", "Since when it held when it was raised."),
        Column(
            "raised_at",
            "TEXT",
            "UTC instant",
            "The moment the figures were for in which it was first found.",
        ),
        Column(
            "act_raised_at",
            "TEXT",
            "UTC instant",
            "Likewise for act. Empty while it was never more than watch.",
        ),
        Column(
            "cleared_at",
            "TEXT",
            "UTC instant",
            "The moment of the first figures without it. Empty while it holds.",
        ),
        Column(
            "evidence",
            "TEXT",
            None,
            "The table that holds the rows behind it, and their keys (JSON).",
        ),
    ),
    primary_key=("alert",),
    indexes=(PartnerIndex("alerts_of_partner", "raised_at"),),
    facets=("kind", "level"),
    sort_desc="raised_at",
)

NOTICES = Table(
    name="notices",
    title="Notices",
    description="Every digest and every alert that was sent to somebody, or could not be. Where "
    "it went is kept nowhere: addresses of services are secrets.",
    source="inbox_agent's own record",
    columns=(
        Column("notice", "TEXT", None, "Key of one message to one address."),
        Column("recipient", "TEXT", None, "Who is told, as the config names them: often an owner."),
        Column("kind", "TEXT", None, "alert (at once) or digest (in the morning)."),
        Column(
            "state",
            "TEXT",
            None,
            "sent; due (it failed and is tried again); dropped (it was over before it could be "
            "sent, or was given up).",
        ),
        Column("tried_at", "TEXT", "UTC instant", "When it was tried last."),
        Column("sent_at", "TEXT", "UTC instant", "When it was taken. Empty when it was not."),
        Column("tries", "INTEGER", "count", "How often it was tried."),
        Column("error", "TEXT", None, "What went wrong last. Empty when nothing did."),
        Column("alerts", "TEXT", None, "The keys of the alerts that held then (JSON)."),
    ),
    primary_key=("notice",),
    facets=("recipient", "kind", "state"),
    sort_desc="tried_at",
)

REVIEWS = Table(
    name="reviews",
    title="Reviews",
    description="Quarters as they were frozen with `inbox-agent review`: figures of both sides, "
    "standards, waits, people, and what changed. What is frozen stays, whatever comes later.",
    source="The figures of the quarter, measured as of its end from the letters up to then",
    columns=(
        Column("quarter", "TEXT", None, "The quarter, like 2026-Q3."),
        Column("partner", "TEXT", None, "The partner's key, or team for all partners together."),
        Column(
            "measure",
            "TEXT",
            None,
            "The figure by its name in definitions; ours_ or theirs_ before it says who answers.",
        ),
        Column("value", "NUMERIC", None, "The figure. Empty when it is unknown, or words."),
        Column("words", "TEXT", None, "What is no number: a state, an instant, a subject."),
        Column("unit", "TEXT", None, "The figure's unit. Empty for words."),
        Column("frozen_at", "TEXT", "UTC instant", "When the review was frozen."),
        Column("version", "TEXT", None, "The version of inbox_agent that froze it."),
        Column("config_digest", "TEXT", None, "Fingerprint of the settings it was made with."),
    ),
    primary_key=("quarter", "partner", "measure"),
    facets=("quarter", "measure"),
)
