"""Which partner somebody means who types a name, a domain or an address of it."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

from inbox_agent.addresses import Address, Partner, Roster
from inbox_agent.config_values import shown
from inbox_agent.errors import ConfigError

_NEAR = 3


def partner_meant(written: str, roster: Roster, keys: Iterable[str]) -> str:
    """The key of a partner among `keys`; raises ConfigError with those that are written alike.

    Capitals make no difference. An address means the partner it belongs to.
    """
    partners = [roster.partner(key) for key in sorted(set(keys))]
    known = {partner.key for partner in partners}
    text = " ".join(written.split()).lower()
    for name, key in _names(partners):
        if name.lower() == text:
            return key
    address = Address.parse(text if "@" in text else f"postmaster@{text}")
    owner = roster.partner_of(address) if address else None
    if owner in known and owner is not None:
        return owner
    raise ConfigError(_unknown(written, text, _names(partners)))


def _names(partners: Iterable[Partner]) -> list[tuple[str, str]]:
    """Everything a partner is called, with its key; keys and domains before names."""
    found = [
        (name, partner.key)
        for partner in partners
        for name in (
            *(partner.key, *partner.domains, *partner.addresses),
            *(merger.domain for merger in partner.merged),
        )
    ]
    return [*found, *((partner.name, partner.key) for partner in partners if partner.name)]


def _unknown(written: str, text: str, names: list[tuple[str, str]]) -> str:
    # nobody's address is given away to who does not know it
    by_lower = {name.lower(): name for name, _ in names if "@" not in name}
    near = [by_lower[each] for each in difflib.get_close_matches(text, by_lower, n=_NEAR)]
    inside = [name for lower, name in by_lower.items() if text and text in lower]
    alike = list(dict.fromkeys([*near, *inside]))[:_NEAR]
    if not alike:
        return f"no partner is called {shown(written)}; `inbox-agent partners` lists who is there"
    return f"no partner is called {shown(written)}; did you mean {', '.join(map(shown, alike))}?"
