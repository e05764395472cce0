"""The config files of the sample team, as text in the form people write themselves."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from inbox_agent.demo.cast import (
    ALPENWERK,
    HARBOURLINE,
    KESTREL,
    MERIDIAN,
    NORDLICHT,
    PINECREST,
    SAKURA,
    TEAM_DOMAIN,
    TEAM_MX,
    TERNWELL,
)

if TYPE_CHECKING:
    from inbox_agent.demo.cast import CastPartner

PASSWORD_VARIABLE = "INBOX_AGENT_DEMO_PASSWORD"  # noqa: S105 (a name, no password)

_CONFIG = """\
# The config of the demo: a team that never was, its mailbox on an IMAP server in this process.

[team]
domains = [{team_domain}]

[data]
directory = {directory}

[poll]
every = "1 minute"

[[mailboxes]]
name = "partners"
host = {host}
port = {port}
tls = "none"                                  # loopback only
user = {user}
password = {{ env = "{password_variable}" }}
sent = ["Sent"]
received_by = [{team_mx}]

[clock]
timezone = "Europe/Berlin"
days = ["mon", "tue", "wed", "thu", "fri"]
hours = [["09:00", "12:30"], ["13:30", "18:00"]]
holidays = "DE-BY"

[standards]
we_answer_within = "1 business day"
they_answer_within = "2 business days"

[tiers.gold]
we_answer_within = "4 business hours"
they_answer_within = "1 business day"
contact_every = "14 days"
contact_at_least_every = "42 days"

[tiers.silver]
contact_every = "30 days"
contact_at_least_every = "90 days"

[measures]
window = "90 days"
reopen_after = "30 days"
give_up_after = "30 days"
no_reply_needed = {{ keyword = "NoReplyNeeded" }}

[publish]
subjects = true
people = "full"
our_people = false
"""

_PARTNER = """
[[partners]]
name = {name}
domains = {domains}
owner = {owner}
tier = {tier}
timezone = {timezone}
holidays = {holidays}
fields = {{ programme = {programme}, region = {region}, annual_revenue_eur = {revenue} }}
"""

#: Partner, tier, holidays, programme, region, revenue in EUR; the other five are found by mail.
_KNOWN: tuple[tuple[CastPartner, str, str, str, str, int], ...] = (
    (KESTREL, "gold", "GB-ENG", "co-sell", "UK", 410_000),
    (NORDLICHT, "gold", "DE-HH", "reseller", "DACH", 380_000),
    (TERNWELL, "gold", "GB-ENG", "technology", "UK", 265_000),
    (HARBOURLINE, "gold", "AU-NSW", "reseller", "APAC", 320_000),
    (PINECREST, "silver", "US-NY", "technology", "Americas", 150_000),
    (SAKURA, "silver", "JP", "distributor", "APAC", 190_000),
    (ALPENWERK, "silver", "AT", "reseller", "DACH", 95_000),
    (MERIDIAN, "silver", "US-NY", "referral", "Americas", 60_000),
)


def sample_config_toml(
    port: int, *, host: str = "127.0.0.1", user: str = "demo", directory: str = "data"
) -> str:
    """The text of ``inbox-agent.toml`` for the sample mailbox at that port.

    `directory` is where the two databases go, relative to the file. The password is read from
    the environment variable ``INBOX_AGENT_DEMO_PASSWORD``.
    """
    return _CONFIG.format(
        team_domain=_quoted(TEAM_DOMAIN),
        team_mx=_quoted(TEAM_MX),
        directory=_quoted(directory),
        host=_quoted(host),
        port=port,
        user=_quoted(user),
        password_variable=PASSWORD_VARIABLE,
    )


def sample_partners_toml() -> str:
    """The text of ``partners.toml``: what the sample team says of eight of its twelve partners."""
    entries = (
        _PARTNER.format(
            name=_quoted(partner.name),
            domains=json.dumps(sorted({person.domain for person in partner.people})),
            owner=_quoted(partner.owner.address),
            tier=_quoted(tier),
            timezone=_quoted(partner.people[0].zone),
            holidays=_quoted(holidays),
            programme=_quoted(programme),
            region=_quoted(region),
            revenue=revenue,
        )
        for partner, tier, holidays, programme, region, revenue in _KNOWN
    )
    head = "# What the team knows of its partners; the others are found by their letters.\n"
    return head + "".join(entries)


def _quoted(text: str) -> str:
    """A TOML basic string; JSON's writing of one is the same for what stands here."""
    return json.dumps(text)
