"""The people of a letter: from mailboxes as mail-parser reads them to `Address`."""

from __future__ import annotations

from functools import lru_cache

from inbox_agent.addresses import Address
from inbox_agent.header_cleaning import CleanHeader, clean_text
from inbox_agent.header_reading import ADDRESS_FIELDS, Reading, read_mailboxes

NAME_CHARACTERS = 200
ADDRESS_CHARACTERS = 320  # RFC 5321 §4.5.3.1: 64 for the local part, 255 for the domain, the @
RECIPIENTS_KEPT = 1_000
#: The same people write and are written to: so many of them are remembered, none longer than this.
_PEOPLE_KNOWN, _PERSON_CHARACTERS = 8_192, 400


def people(reading: Reading, problems: set[str]) -> list[tuple[Address, ...]]:
    """Authors, To, Cc and Bcc; of the recipients together no more than `RECIPIENTS_KEPT`.

    Adds ``recipients_cut`` and ``address_unreadable`` to the problems.
    """
    room = RECIPIENTS_KEPT
    found_people = []
    for name in ADDRESS_FIELDS:
        pairs = reading.addresses.get(name, [])
        if len(pairs) > room:
            problems.add("recipients_cut")
        found = [_address(shown, written) for shown, written in pairs[:room]]
        if None in found:
            problems.add("address_unreadable")
        found_people.append(tuple(address for address in found if address))
        if name != "from":
            room -= len(found_people[-1])
    return found_people


def other_people(clean: CleanHeader, *names: str) -> tuple[Address, ...]:
    """The addresses of fields that are looked at for identity alone: their names don't matter."""
    values = [value for name in names for value in clean.all(name)]
    if not values:
        return ()
    written = read_mailboxes(values, quickly=clean.is_well_formed)
    found = (_address("", address) for _, address in written[:RECIPIENTS_KEPT])
    return tuple(address for address in found if address)


def _address(name: str, address: str) -> Address | None:
    """An address without the single quotes that some programs put around it."""
    is_short = len(name) + len(address) <= _PERSON_CHARACTERS
    return (_known_person if is_short else _person)(name, address)


def _person(name: str, address: str) -> Address | None:
    if address[:1] == address[-1:] == "'":
        address = address[1:-1]
    if clean_text(address, ADDRESS_CHARACTERS) != address:
        return None
    return Address.parse(address, clean_text(name, NAME_CHARACTERS))


_known_person = lru_cache(maxsize=_PEOPLE_KNOWN)(_person)
