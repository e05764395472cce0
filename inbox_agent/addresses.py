"""Who wrote and for whom: `Address`, and the `Roster` of team, partners and ignored.

A partner found by itself is named by its *organisation*: the registrable domain (Public Suffix
List), the tenant's domain under a host of many, or the whole address at a public mail provider,
where one domain is many people.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Literal

from inbox_agent.domain_names import normal_domain, registrable_domain, shown_domain
from inbox_agent.kinds import Override
from inbox_agent.mail_hosts import (
    ignores_tags,
    is_public_provider,
    names_above,
    tenant_domain,
    untagged,
)

Side = Literal["us", "them"]


@dataclass(frozen=True, slots=True)
class Address:
    """One mail address; `local` keeps its writing, `domain` is the lower-case A-label form.

    `name` is the display name, which the sender chooses: it is shown, never compared.
    """

    name: str
    local: str
    domain: str
    #: The address for comparing: ``local@domain``, lower case. RFC 5321 §2.4 lets a host tell
    #: ``Ann@`` from ``ann@``; no real one does, so neither do we. At providers that deliver
    #: ``ann+shop@`` to ``ann@`` it has no ``+tag``.
    key: str = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        local = untagged(self.local) if ignores_tags(self.domain) else self.local
        object.__setattr__(self, "key", f"{local}@{self.domain}".lower())

    @property
    def untagged_key(self) -> str:
        """`key` without a ``+tag`` at whatever host: for addresses that are known to be ours."""
        return f"{untagged(self.local)}@{self.domain}".lower()

    @classmethod
    def parse(cls, address: str, name: str = "") -> Address | None:
        """Split ``local@domain``; None when it is no address (X.500 names, ``undisclosed``).

        ``IMCEAEX-_O=ACME_…@acme.com``, which Exchange makes of an X.500 name, is an address: it
        is inside the organisation that its domain names, whoever it is.
        """
        local, at, domain = address.strip().rpartition("@")
        if not at or not local or "@" in local or any(c.isspace() for c in local):
            return None
        ascii_domain = normal_domain(domain)
        return cls(name=name, local=local, domain=ascii_domain) if ascii_domain else None


def organisation(address: Address) -> str | None:
    """The partner an address is of when nobody configured one: a domain, or the address itself."""
    if is_public_provider(address.domain):
        return address.key
    return tenant_domain(address.domain) or registrable_domain(address.domain)


@dataclass(frozen=True, slots=True)
class Merger:
    """A domain that came to a partner: its letters are the partner's from `since` on."""

    domain: str
    since: datetime


@dataclass(frozen=True, slots=True)
class Partner:
    """One partner: its key (first domain or address) and what the team says of it.

    `until`: nothing is theirs any more from then on, for all they had went to others.
    """

    key: str
    name: str = ""
    domains: tuple[str, ...] = ()
    addresses: tuple[str, ...] = ()
    merged: tuple[Merger, ...] = ()
    owner: str | None = None
    tier: str | None = None
    fields: tuple[tuple[str, str | int | float | None], ...] = ()
    is_discovered: bool = False
    until: datetime | None = None


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
    authserv_ids: frozenset[str] = frozenset()
    overrides: tuple[Override, ...] = ()
    _owner_of: dict[str, str] = field(init=False, repr=False, compare=False)
    #: Of each domain that was merged, from when on whose it is, the earliest first.
    _mergers: dict[str, list[tuple[datetime, str]]] = field(init=False, repr=False, compare=False)
    # What was found of an address, by its key: the same few thousand are asked for again and again.
    _us: dict[str, bool] = field(init=False, repr=False, compare=False)
    _partners: dict[str, str | None] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        owner_of = {name: p.key for p in self.partners for name in (*p.domains, *p.addresses)}
        mergers: dict[str, list[tuple[datetime, str]]] = {}
        for since, domain, key in sorted(
            (merger.since, merger.domain, p.key) for p in self.partners for merger in p.merged
        ):
            mergers.setdefault(domain, []).append((since, key))
        object.__setattr__(self, "_owner_of", owner_of)
        object.__setattr__(self, "_mergers", mergers)
        object.__setattr__(self, "_us", {})
        object.__setattr__(self, "_partners", {})

    @property
    def has_mergers(self) -> bool:
        """Whether any address may be of one partner today and of another the day after."""
        return bool(self._mergers)

    def is_our_list(self, address: Address) -> bool:
        """Whether it is one of the team's own groups or lists: a letter to it is a letter to us."""
        return address.key in self.lists or (
            "+" in address.local and address.untagged_key in self.lists
        )

    def is_us(self, address: Address) -> bool:
        """Whether somebody of the team has this address; the team's lists are nobody's."""
        known = self._us.get(address.key)
        if known is None:
            known = not self.is_our_list(address) and (
                not self.team_addresses.isdisjoint((address.key, address.untagged_key))
                or not self.team_domains.isdisjoint(names_above(address.domain))
            )
            self._us[address.key] = known
        return known

    def is_list_host(self, domain: str) -> bool:
        """Whether it is the host of one of our lists, and of no partner or team member."""
        if is_public_provider(domain) or not self.team_domains.isdisjoint(names_above(domain)):
            return False
        return any(name.rpartition("@")[2] == domain for name in self.lists)

    def partner_of(self, address: Address, at: datetime | None = None) -> str | None:
        """The key of the partner it belongs to, the longest configured match first; else None.

        `at` is the instant of the letter, for domains that went from one partner to another;
        without it whoever they belong to in the end.
        """
        if self._mergers and not self._mergers.keys().isdisjoint(names_above(address.domain)):
            return self._find_partner(address, at)
        if address.key not in self._partners:
            self._partners[address.key] = self._find_partner(address, at)
        return self._partners[address.key]

    def _find_partner(self, address: Address, at: datetime | None) -> str | None:
        if self.is_us(address) or self.is_our_list(address):
            return None
        for name in (address.key, *names_above(address.domain)):
            if owner := self._merged_into(name, at) or self._owner_of.get(name):
                return owner
            if name in self.ignored:
                return None
        if not self.discover or self.is_list_host(address.domain):
            return None
        found = organisation(address)
        return None if found in self.ignored else found

    def _merged_into(self, name: str, at: datetime | None) -> str | None:
        mergers = reversed(self._mergers.get(name, ()))
        return next((key for since, key in mergers if at is None or since <= at), None)

    def partner(self, key: str) -> Partner:
        """What is configured of a partner, or a bare record of one found by itself."""
        found = next((p for p in self.partners if p.key == key), None) or _discovered(key)
        until = self._until(found)
        return replace(found, until=until) if until else found

    def _until(self, partner: Partner) -> datetime | None:
        """When the last of what a partner had went to another; None while it has anything."""
        had: list[tuple[str, datetime | None]] = [
            *((name, None) for name in (*partner.domains, *partner.addresses)),
            *((merger.domain, merger.since) for merger in partner.merged),
        ]
        ends = [self._went_at(name, since, partner.key) for name, since in had]
        known = [end for end in ends if end]
        return max(known) if known and len(known) == len(ends) else None

    def _went_at(self, name: str, since: datetime | None, key: str) -> datetime | None:
        later = (
            at
            for at, owner in self._mergers.get(name, ())
            if owner != key and (since is None or at > since)
        )
        return next(later, None)


def _discovered(key: str) -> Partner:
    if "@" in key:
        return Partner(key=key, addresses=(key,), is_discovered=True)
    name = shown_domain(key)
    return Partner(key=key, name=name if name != key else "", domains=(key,), is_discovered=True)
