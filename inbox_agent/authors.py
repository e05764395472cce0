"""Who wrote a copy, also where a mailing list put its own address into From.

Lists do so since receivers refuse letters whose From their own DKIM and SPF don't cover (RFC 7960
§4.1.3): they write ``Ann via List <list@…>`` and say elsewhere whom they mean. A function of the
copy and the roster alone.

| who writes so | what is left of the author |
|---|---|
| Google Groups | X-Original-From, X-Original-Sender |
| Sympa | X-Original-From, Reply-To |
| Mailman, with the option to answer to the author | Reply-To |
| IETF, ``ann=40globex.com@dmarc.ietf.org`` | the local part |
| groups.io, ``ann=globex.com@groups.io`` | the local part |
| Mailman, with the option to answer to the list; LISTSERV | nothing: From stays |
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from urllib.parse import unquote

from inbox_agent.addresses import Address, Roster
from inbox_agent.authentication import is_unverified
from inbox_agent.domain_names import mixes_scripts, registrable_domain
from inbox_agent.messages import Message

_MAILTO = re.compile(r"mailto:([^?<>,\s]+)")
_ESCAPED = re.compile(r"=([0-9A-F]{2})")
_AROUND_ADDRESSES = re.compile("[\\s<>()\\[\\],;:\"'\u2018-\u201f]+")
_VIA = " via "
_LIST_MARKS = frozenset({"list-id", "list-post"})


def author_of(message: Message, roster: Roster) -> Address | None:
    """Who wrote a letter: the address in From.

    Reply-To and Sender are not looked at, unless a mailing list put itself into From: then the
    first that names somebody else of X-Original-From, X-Original-Sender, the address as the list
    encoded it, Reply-To. For that the letter must show the signs of a list, since X-Original-…
    alone can be anybody's writing. Empty where From can't be read.
    """
    return _original(message, roster) or message.from_


def list_names(message: Message) -> frozenset[str]:
    """The mailing list a copy came through, by List-Id and List-Post; ``@`` as a dot."""
    return _through(message).names


def identity_flags(message: Message, roster: Roster) -> set[str]:
    """What is noteworthy about who wrote a copy.

    ``via_list``: From was a list's, the author is named elsewhere. ``on_behalf``: Sender is
    somebody else than From (RFC 5322 §3.6.2). ``name_shows_other_address``: the display name holds
    an address elsewhere. ``mixed_script_domain``: the domain may look like another.
    ``unverified``: our mail server could not confirm where it comes from.
    """
    original, found = _original(message, roster), set[str]()
    author = original or message.from_
    if author is None:
        return found
    if original is not None:
        found.add("via_list")
    if _is_on_behalf(message, roster):
        found.add("on_behalf")
    if _shows_other_address(author, roster):
        found.add("name_shows_other_address")
    if mixes_scripts(author.domain):
        found.add("mixed_script_domain")
    if is_unverified(message.authentication, roster.authserv_ids):
        found.add("unverified")
    return found


# -- lists that take From -------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _List:
    """The mailing list a copy came through, by its List-Id and List-Post; ``@`` as a dot.

    A List-Id is most often the list's address with a dot for the ``@`` (RFC 2919 §3).
    """

    names: frozenset[str]

    def is_it(self, address: Address) -> bool:
        return address.key.replace("@", ".") in self.names

    def is_at(self, domain: str) -> bool:
        return any(name.endswith(f".{domain}") for name in self.names)


@lru_cache(maxsize=4096)
def _list_of(list_id: str, list_post: str) -> _List:
    posts = (unquote(name) for name in _MAILTO.findall(list_post.lower()))
    addresses = (Address.parse(name) for name in posts)
    bare_id = list_id.lower().rpartition("<")[2].strip("> \t")
    names = {bare_id, *(address.key.replace("@", ".") for address in addresses if address)}
    return _List(frozenset(names - {""}))


_NO_LIST = _list_of("", "")


def _through(message: Message) -> _List:
    fields = {name: value for name, value in message.marks if name in _LIST_MARKS}
    return _list_of(fields.get("list-id", ""), fields.get("list-post", "")) if fields else _NO_LIST


def _original(message: Message, roster: Roster) -> Address | None:
    """Whose letter it is where a list took From; None where From is the author's own.

    Nothing took From of what lies in a Sent folder: the group's address there is how we wrote.
    """
    shown = message.from_
    if shown is None or message.is_sent_copy or _is_ordinary(message, shown, roster):
        return None
    through = _through(message)
    decoded = _decoded(shown, through)
    is_list = roster.is_our_list(shown) or through.is_it(shown) or _is_via_group(message, shown)
    if not is_list and decoded is None:
        return None
    for found in _named(message, decoded):
        is_other = not (roster.is_our_list(found) or through.is_it(found))
        if is_other and found.key != shown.key:
            return found if found.name else replace(found, name=_name_before_via(shown.name))
    return None


def _is_ordinary(message: Message, shown: Address, roster: Roster) -> bool:
    """Whether no list can have taken From: nothing of the letter is a list's, as with most."""
    if message.originals or "=" in shown.local or roster.is_our_list(shown):
        return False
    for name, _ in message.marks:  # noqa: SIM110 - asked of every copy, and twice as quick so
        if name in _LIST_MARKS:
            return False
    return True


def _named(message: Message, decoded: Address | None) -> Iterator[Address]:
    yield from message.originals
    if decoded is not None:
        yield decoded
    yield from message.reply_to


def _decoded(shown: Address, through: _List) -> Address | None:
    """Whom a local part names: ``ann=40globex.com@dmarc.ietf.org``, ``ann=globex.com@groups.io``.

    The first by its host's name, the second only at the very host of the list it came through.
    """
    if "=" not in shown.local:
        return None
    if shown.domain.startswith("dmarc."):
        written = _ESCAPED.sub(lambda match: chr(int(match[1], 16)), shown.local)
    elif through.is_at(shown.domain):
        written = "@".join(shown.local.rsplit("=", 1))
    else:
        return None
    found = Address.parse(written)
    return found if found and registrable_domain(found.domain) else None


def _is_via_group(message: Message, shown: Address) -> bool:
    """Google Groups: ``'Ann' via Group <group@…>`` on list mail that names the original."""
    if not message.originals or f"'{_VIA}" not in shown.name:
        return False
    return any(name == "precedence" and value.lower() == "list" for name, value in message.marks)


def _name_before_via(name: str) -> str:
    return name.partition(_VIA)[0].strip("' ") if _VIA in name else name


# -- what is noteworthy ---------------------------------------------------------------------


def _is_on_behalf(message: Message, roster: Roster) -> bool:
    """Whether somebody sent it for the author; a list's own address in Sender is nobody."""
    sender, shown = message.sender, message.from_
    if sender is None or shown is None or sender.key == shown.key or roster.is_our_list(sender):
        return False
    return not _through(message).is_at(sender.domain)


def _shows_other_address(author: Address, roster: Roster) -> bool:
    """``"ceo@acme.com" <x@evil.example>``: the name holds an address of somebody elsewhere."""
    if "@" not in author.name:
        return False
    found = map(Address.parse, _AROUND_ADDRESSES.split(author.name))
    return any(_is_elsewhere(other, author, roster) for other in found if other)


def _is_elsewhere(one: Address, other: Address, roster: Roster) -> bool:
    domain = registrable_domain(one.domain)
    if domain is None or domain == registrable_domain(other.domain):
        return False
    if roster.is_us(one) and roster.is_us(other):
        return False
    partner = roster.partner_of(one)
    return partner is None or partner != roster.partner_of(other)
