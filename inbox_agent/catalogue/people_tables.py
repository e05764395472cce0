"""Tables about people: who they are, what became of them, and who introduced whom."""

from __future__ import annotations

from inbox_agent.catalogue.model import Column, Table
from inbox_agent.catalogue.partner_tables import MAIL_TIMES, PARTNER

CONTACTS = Table(
    name="contacts",
    title="Contacts",
    description="The people a partner writes through: who is new, who has gone quiet or is gone, "
    "who may have taken over. Of our own people nothing is judged.",
    source="From, To and Cc of the letters (RFC 5322); delivery reports (RFC 3464)",
    columns=(
        PARTNER,
        Column("address", "TEXT", None, "The address, or initials where people aren't published."),
        Column("name", "TEXT", None, "The name its owner goes by. Empty when none was given."),
        Column("side", "TEXT", None, "them, or us where our people are shown."),
        Column(
            "first_seen_at", "TEXT", "UTC instant", "Its first letter. Empty when it never wrote."
        ),
        Column(
            "last_seen_at", "TEXT", "UTC instant", "Its latest letter. Empty when it never wrote."
        ),
        Column("messages", "INTEGER", "count", "Letters written."),
        Column("addressed", "INTEGER", "count", "Letters it was addressed in."),
        Column(
            "last_addressed_at",
            "TEXT",
            "UTC instant",
            "The latest letter it was addressed in. Empty when it never was.",
        ),
        Column(
            "usual_gap_working_days",
            "INTEGER",
            "working days",
            "Its usual time between two days it wrote on. Empty with too few letters.",
        ),
        Column(
            "state",
            "TEXT",
            None,
            "active; new (for 30 days); quiet (silent for more than 8 times as long as usual, and "
            "for 42 days); gone (letters to it come back). Empty for those who were only written "
            "to, and for our people.",
        ),
        Column(
            "gone_at",
            "TEXT",
            "UTC instant",
            "When the first letter to it came back after its own last one. Empty unless gone.",
        ),
        Column(
            "successor",
            "TEXT",
            None,
            "Who seems to have taken over from somebody quiet or gone: the new face that came "
            "within 60 days and shares most conversations. Empty when nobody.",
        ),
        Column(
            "introduced_by",
            "TEXT",
            None,
            "Who brought this person in: the author of the first letter it was a recipient of, "
            "before it wrote itself; us for our side unless our people are shown. Empty when "
            "nobody is known to.",
        ),
        Column(
            "share_12_months",
            "REAL",
            "share",
            "Of the letters their people wrote in the 12 months before, those this person wrote. "
            "Empty when it never wrote, or nobody did in that time, and for our people.",
        ),
    ),
    primary_key=("partner", "address"),
    facets=("side", "state"),
    sort_desc="last_seen_at",
    label_column="name",
)

INTRODUCTIONS = Table(
    name="introductions",
    title="Introductions",
    description="Who brought whom together: people of new organisations whom a partner introduced "
    "to us, and those whom we introduced to a partner, as far as our mail shows it.",
    source=f"From, To and Cc of the letters (RFC 5322); {MAIL_TIMES}",
    columns=(
        PARTNER,
        Column("newcomer", "TEXT", None, "Who was introduced: to us, or to the partner."),
        Column(
            "introduced_by",
            "TEXT",
            None,
            "Who wrote the letter that did it; us for our side unless our people are shown.",
        ),
        Column("introduced_at", "TEXT", "UTC instant", "That letter."),
        Column("received", "INTEGER", "flag", "Whether the partner introduced to us; 0: we to it."),
        Column(
            "answered_at",
            "TEXT",
            "UTC instant",
            "The newcomer's organisation's first letter afterwards to us, or to the partner. "
            "Empty while there is none.",
        ),
        Column(
            "alive_after_90_days",
            "INTEGER",
            "flag",
            "Whether it wrote again more than 90 days later. Empty while they are not over.",
        ),
    ),
    primary_key=("partner", "newcomer"),
    facets=("received", "alive_after_90_days"),
    sort_desc="introduced_at",
)
