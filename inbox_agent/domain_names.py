"""Domain names: one spelling each, the part somebody registered, and how people are shown them."""

from __future__ import annotations

import ipaddress
import unicodedata
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from publicsuffixlist import PublicSuffixList

_FORBIDDEN = frozenset('<>,;:"()@')

#: Alphabets whose letters pass for Latin ones: together with Latin they are looked at twice.
_LIKE_LATIN = frozenset({"CYRILLIC", "GREEK", "ARMENIAN", "CHEROKEE", "COPTIC"})
#: Scripts that are written together, with Latin too ("highly restrictive", UTS 39 §5.2).
_WRITTEN_TOGETHER = (
    frozenset({"LATIN", "CJK", "HIRAGANA", "KATAKANA"}),
    frozenset({"LATIN", "CJK", "BOPOMOFO"}),
    frozenset({"LATIN", "CJK", "HANGUL"}),
)


@lru_cache(maxsize=65_536)
def normal_domain(domain: str) -> str | None:
    """A domain in lower case as A-labels without a trailing dot; None when it can't be one.

    IDNA 2008 with UTS 46 mapping; the standard library's codec maps ``straße.de`` to another
    domain. IP literals (``[192.0.2.1]``) keep their brackets and belong to nobody.
    """
    domain = domain.strip().rstrip(".").lower()
    if domain.isascii():
        bare = domain.strip("[]")
        ok = bool(domain) and not any(c.isspace() or c in _FORBIDDEN for c in bare)
        return domain if ok else None
    import idna  # noqa: PLC0415 - few domains need it

    try:
        return idna.encode(domain, uts46=True).decode("ascii")
    except idna.IDNAError:
        return None


@lru_cache(maxsize=65_536)
def registrable_domain(domain: str) -> str | None:
    """The part somebody registered: ``mail.acme.co.uk`` → ``acme.co.uk``; None for IP addresses.

    By the Public Suffix List, ICANN and private sections, that lies inside the wheel. IP
    literals are looked at first: the list would make ``2.1`` of ``192.0.2.1``.
    """
    if _is_ip(domain):
        return None
    found = _suffixes().privatesuffix(domain)
    return str(found) if found else None


@lru_cache(maxsize=65_536)
def with_parents(domain: str) -> tuple[str, ...]:
    """The domain and every domain it lies in, the longest first."""
    labels = domain.split(".")
    return tuple(".".join(labels[i:]) for i in range(len(labels)))


@lru_cache(maxsize=4096)
def unicode_domain(domain: str) -> str:
    """The domain as people write it, in U-labels; a label that is none stays as it is."""
    return ".".join(map(_unicode_label, domain.split(".")))


@lru_cache(maxsize=4096)
def mixes_scripts(domain: str) -> bool:
    """Whether it may look like another domain: ``xn--cme-5cd.com``, with a Cyrillic first letter.

    So when one label has letters of scripts that nobody writes together, or when a whole label is
    of an alphabet that looks like Latin (``xn--80ak6aa92e.com``) and another label is Latin.
    """
    if "xn--" not in domain:
        return False
    labels = [_scripts(label) for label in unicode_domain(domain).split(".")]
    if any(len(found) > 1 and not _is_written(found) for found in labels):
        return True
    found = frozenset().union(*labels)
    return "LATIN" in found and bool(found & _LIKE_LATIN)


def shown_domain(domain: str) -> str:
    """The domain for people: in U-labels, with the A-labels beside it where scripts mix."""
    written = unicode_domain(domain)
    return f"{written} ({domain})" if mixes_scripts(domain) else written


@lru_cache(maxsize=1)
def _suffixes() -> PublicSuffixList:
    from publicsuffixlist import PublicSuffixList  # noqa: PLC0415 - it reads a long list

    return PublicSuffixList()


def _is_ip(domain: str) -> bool:
    try:
        ipaddress.ip_address(domain.strip("[]").removeprefix("ipv6:"))
    except ValueError:
        return False
    return True


def _unicode_label(label: str) -> str:
    if not label.startswith("xn--"):
        return label
    import idna  # noqa: PLC0415 - few domains need it

    try:
        return idna.ulabel(label)
    except (idna.IDNAError, UnicodeError):
        return label


def _scripts(label: str) -> frozenset[str]:
    """The scripts of the letters; Python knows a letter's script by the first word of its name."""
    names = (unicodedata.name(c, "") for c in label if c.isalpha())
    return frozenset(name.replace("-", " ").partition(" ")[0] for name in names if name)


def _is_written(scripts: frozenset[str]) -> bool:
    return any(scripts <= together for together in _WRITTEN_TOGETHER)
