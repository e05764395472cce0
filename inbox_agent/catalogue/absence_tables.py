"""The table of who of theirs was away."""

from __future__ import annotations

from inbox_agent.catalogue.model import Column, Table
from inbox_agent.catalogue.partner_tables import PARTNER

ABSENCES = Table(
    name="absences",
    title="Absences",
    description="When people of a partner were away, as far as automatic replies tell. While all "
    "who were asked are away, no time counts against the partner (absent_seconds).",
    source="Automatic replies (RFC 3834) and the letters after them",
    columns=(
        PARTNER,
        Column("address", "TEXT", None, "Who was away; initials where people aren't published."),
        Column(
            "began_at", "TEXT", "UTC instant", "The first automatic reply that tells of an absence."
        ),
        Column(
            "ended_at",
            "TEXT",
            "UTC instant",
            "The next letter that they wrote themselves, or 30 days after the last automatic "
            "reply, whichever came first. Empty while they are away.",
        ),
        Column("is_open", "INTEGER", "flag", "Whether they are still away, as far as we know."),
    ),
    primary_key=("partner", "address", "began_at"),
    facets=("is_open",),
    sort_desc="began_at",
)
