"""Who wrote and for whom: addresses, organisations, and who is which partner."""

from __future__ import annotations

import pytest

from inbox_agent.addresses import (
    Address,
    Partner,
    Roster,
    normal_domain,
    organisation,
    registrable_domain,
)


def address(text: str) -> Address:
    found = Address.parse(text)
    assert found is not None
    return found


# -- one address ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("written", "key"),
    [
        ("Ann@Acme.COM", "ann@acme.com"),
        (" ann@acme.com ", "ann@acme.com"),
        ("ann@acme.com.", "ann@acme.com"),  # the root's dot
        ("ann+quotes@acme.com", "ann+quotes@acme.com"),
        ("o'hara@acme.com", "o'hara@acme.com"),
        ("ann@Bücher.example", "ann@xn--bcher-kva.example"),
        ("ann@XN--BCHER-KVA.example", "ann@xn--bcher-kva.example"),
        ("ann@[192.0.2.1]", "ann@[192.0.2.1]"),
        ("ann@localhost", "ann@localhost"),
        ("jürgen@acme.com", "jürgen@acme.com"),
    ],
)
def test_an_address_compares_by_its_key(written: str, key: str) -> None:
    assert address(written).key == key


def test_the_local_part_keeps_its_writing() -> None:
    assert address("Ann.Lee@Acme.com") == Address(name="", local="Ann.Lee", domain="acme.com")


@pytest.mark.parametrize(
    "written",
    [
        "",
        "undisclosed-recipients:;",
        "@acme.com",
        "ann@",
        "ann@.",
        "ann",
        "/C=DE/O=Acme/CN=Ann/",
        "ann lee@acme.com",
        "ann@acme@com",
        "ann@acme .com",
        "ann@<acme.com>",
        "ann@acme.com>",
    ],
)
def test_what_is_no_address_is_none(written: str) -> None:
    assert Address.parse(written) is None


def test_the_sharp_s_is_no_double_s() -> None:
    assert normal_domain("straße.de") == "xn--strae-oqa.de"
    assert address("ann@straße.de").key != address("ann@strasse.de").key


# -- organisations --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("domain", "registrable"),
    [
        ("acme.com", "acme.com"),
        ("mail.acme.com", "acme.com"),
        ("a.b.c.acme.co.uk", "acme.co.uk"),
        ("acme.com.au", "acme.com.au"),
        ("xn--bcher-kva.example", "xn--bcher-kva.example"),
        ("mail.xn--strae-oqa.de", "xn--strae-oqa.de"),
        # private suffixes are many organisations, too
        ("ann.github.io", "ann.github.io"),
        ("co.uk", None),
        ("192.0.2.1", None),
        ("[192.0.2.1]", None),
        ("[ipv6:2001:db8::1]", None),
    ],
)
def test_the_part_somebody_registered(domain: str, registrable: str | None) -> None:
    assert registrable_domain(domain) == registrable


@pytest.mark.parametrize(
    ("written", "partner"),
    [
        ("bob@globex.com", "globex.com"),
        ("bob@mail.globex.co.uk", "globex.co.uk"),
        ("bob.jones@gmail.com", "bob.jones@gmail.com"),
        ("Bob@GMX.de", "bob@gmx.de"),
        ("bob@[192.0.2.1]", None),
        ("bob@straße.de", "xn--strae-oqa.de"),
    ],
)
def test_an_address_is_of_an_organisation_or_of_one_person(
    written: str, partner: str | None
) -> None:
    assert organisation(address(written)) == partner


# -- the roster -----------------------------------------------------------------------------

ROSTER = Roster(
    team_domains=frozenset({"acme.com"}),
    team_addresses=frozenset({"acme.partners@gmail.com"}),
    lists=frozenset({"partners@acme.com", "deals@lists.example.org", "acme.deals@gmail.com"}),
    partners=(
        Partner(key="globex.com", domains=("globex.com", "globex.de")),
        Partner(key="labs.globex.com", domains=("labs.globex.com",)),
        Partner(
            key="globex.ceo@gmail.com", addresses=("globex.ceo@gmail.com", "boss@labs.globex.com")
        ),
    ),
    ignored=frozenset({"news.example", "bot@globex.com", "spam.globex.com", "pest@gmail.com"}),
)


@pytest.mark.parametrize(
    ("written", "partner"),
    [
        ("bob@globex.com", "globex.com"),
        ("bob@GLOBEX.de", "globex.com"),
        ("bob@berlin.globex.de", "globex.com"),
        # the longest match first: address, then domain, then the domains above it
        ("bob@labs.globex.com", "labs.globex.com"),
        ("bob@deep.labs.globex.com", "labs.globex.com"),
        ("boss@labs.globex.com", "globex.ceo@gmail.com"),
        ("globex.ceo@gmail.com", "globex.ceo@gmail.com"),
        # a name that only ends alike is somebody else
        ("bob@notglobex.com", "notglobex.com"),
        ("bob@globex.com.evil.example", "evil.example"),
        # ignored: an address, a domain below a partner's, a domain, one person
        ("bob@news.example", None),
        ("bob@mail.news.example", None),
        ("bot@globex.com", None),
        ("bob@spam.globex.com", None),
        ("pest@gmail.com", None),
        ("other@gmail.com", "other@gmail.com"),
        # us and our lists are no partner, nor is the host of a list
        ("ana@acme.com", None),
        ("ana@mail.eu.acme.com", None),
        ("acme.partners@gmail.com", None),
        ("partners@acme.com", None),
        ("deals@lists.example.org", None),
        ("deals-bounces@lists.example.org", None),
        ("bob@example.org", "example.org"),
        ("bob@lists.example.com", "example.com"),
        # a list at a public provider makes that no host of ours (other@gmail.com above)
        ("acme.deals@gmail.com", None),
        ("bob@[192.0.2.1]", None),
    ],
)
def test_the_partner_of_an_address(written: str, partner: str | None) -> None:
    assert ROSTER.partner_of(address(written)) == partner


@pytest.mark.parametrize(
    ("written", "is_us"),
    [
        ("ana@acme.com", True),
        ("ana@mail.eu.acme.com", True),
        ("acme.partners@gmail.com", True),
        ("somebody@gmail.com", False),
        ("ana@notacme.com", False),
        ("ana@acme.com.evil.example", False),
        ("partners@acme.com", False),  # a list is nobody
    ],
)
def test_who_is_us(written: str, is_us: bool) -> None:
    assert ROSTER.is_us(address(written)) is is_us


def test_a_list_is_ours_by_its_address() -> None:
    assert ROSTER.is_our_list(address("Partners@ACME.com"))
    assert not ROSTER.is_our_list(address("ana@acme.com"))


def test_a_list_at_our_own_domain_makes_nobody_there_a_stranger() -> None:
    assert not ROSTER.is_list_host("acme.com")
    assert ROSTER.is_list_host("lists.example.org")


def test_without_discovery_only_listed_partners_are_partners() -> None:
    listed = Roster(frozenset({"acme.com"}), partners=ROSTER.partners, discover=False)
    assert listed.partner_of(address("bob@globex.com")) == "globex.com"
    assert listed.partner_of(address("bob@initech.com")) is None


def test_a_discovered_partner_has_its_domain_or_its_address() -> None:
    assert ROSTER.partner("globex.com") is ROSTER.partners[0]
    assert ROSTER.partner("initech.com") == Partner(
        key="initech.com", domains=("initech.com",), is_discovered=True
    )
    assert ROSTER.partner("bob@gmx.de") == Partner(
        key="bob@gmx.de", addresses=("bob@gmx.de",), is_discovered=True
    )
