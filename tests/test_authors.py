"""Who wrote a letter, where a mailing list put itself into From, and what is noteworthy of it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from mailboxes import ROSTER, addresses, message

from inbox_agent.addresses import Address, Partner, Roster
from inbox_agent.authentication import is_unverified
from inbox_agent.authors import author_of, identity_flags
from inbox_agent.copies import by_partner, is_from_us, same_letters
from inbox_agent.letters import letters_of
from inbox_agent.messages import FetchedHeader, Message, parse_message

AT = datetime(2024, 3, 4, 9, 0, tzinfo=UTC)
LATER = AT + timedelta(days=1)
LIST = "talk@lists.example"
LIST_POST = f"List-Post: <mailto:{LIST}>"
LIST_ID = "List-Id: Talk of the town <talk.lists.example>"
VIA_LIST = f'From: "Bob Lee via Talk" <{LIST}>'


def read(*fields: str, is_sent_copy: bool = False) -> Message:
    """A copy with these header fields, as it is read from a server."""
    block = "\r\n".join((*fields, "Subject: Quote", "Message-ID: <1@x.example>", "", ""))
    header = FetchedHeader("partners", "INBOX", 1, 1, AT, 100, block.encode(), LATER)
    return parse_message(header, is_sent_copy=is_sent_copy)


def author(*fields: str) -> str | None:
    found = author_of(read(*fields), ROSTER)
    return found.key if found else None


# -- lists that take From -------------------------------------------------------------------

GROUP = "team@acme-groups.example"


@pytest.mark.parametrize(
    "fields",
    [
        # Google Groups
        (
            f"From: \"'Bob Lee' via Team\" <{GROUP}>",
            "X-Original-From: Bob Lee <bob@globex.com>",
            "X-Original-Sender: relay@elsewhere.example",
            f"Reply-To: {GROUP}",
            "List-Id: <team.acme-groups.example>",
        ),
        (
            f"From: \"'Bob Lee' via Team\" <{GROUP}>",
            "X-Original-Sender: bob@globex.com",
            f"List-Post: <https://groups.example/team/post>, <mailto:{GROUP}>",
        ),
        # … by an alias of the group, which the list's own fields don't name
        (
            "From: \"'Bob Lee' via Team\" <alias@acme-groups.example>",
            "X-Original-Sender: bob@globex.com",
            f"List-Post: <mailto:{GROUP}>",
            "Precedence: list",
        ),
        # Sympa, then Mailman: the option to answer to the author
        (VIA_LIST, "X-Original-From: bob@globex.com", LIST_ID),
        (VIA_LIST, f"Reply-To: {LIST}, Bob Lee <bob@globex.com>, x@y.example", LIST_POST),
        ('From: "Bob Lee via Talk" <Talk@Lists.Example>', "Reply-To: bob@globex.com", LIST_ID),
        (VIA_LIST, "Reply-To: partners@acme.com, bob@globex.com", LIST_POST),
        (
            "From: \"'Bob Lee' via Team\" <alias@acme-groups.example>",
            f"X-Original-From: {GROUP}",
            "X-Original-Sender: bob@globex.com",
            f"List-Post: <mailto:{GROUP}>",
            "Precedence: list",
        ),
        # the local part of IETF and groups.io
        ("From: Bob Lee <bob=40globex.com@dmarc.ietf.org>", f"Reply-To: {LIST}"),
        (
            "From: Bob via groups.io <bob=globex.com@groups.io>",
            "List-Post: <mailto:talk@groups.io>",
            "Reply-To: talk@groups.io",
        ),
        # one of our own lists, though no other field says that it is one
        ('From: "Bob via Partners" <partners@acme.com>', "Reply-To: bob@globex.com"),
    ],
)
def test_where_a_list_took_from_the_author_is_found_elsewhere(fields: tuple[str, ...]) -> None:
    copy = read(*fields)
    found = author_of(copy, ROSTER)
    assert found is not None
    assert found.key == "bob@globex.com"
    assert "via_list" in identity_flags(copy, ROSTER)
    assert "via_list" in identity_flags(copy, ROSTER)


def test_x_original_from_goes_before_the_local_part_and_that_before_reply_to() -> None:
    shown = "From: Bob <bob=40globex.com@dmarc.ietf.org>"
    assert author(shown, "Reply-To: carl@globex.com") == "bob@globex.com"
    assert author(shown, "X-Original-From: dora@globex.com") == "dora@globex.com"


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        # no sign of a list: anybody can write X-Original-…, and Reply-To is nobody
        (("From: eve@evil.example", "X-Original-From: ana@acme.com"), "eve@evil.example"),
        (("From: eve@evil.example", "X-Original-Sender: bob@globex.com"), "eve@evil.example"),
        (("From: bob@globex.com", "Reply-To: sales@globex.com"), "bob@globex.com"),
        (("From: \"'Bob' via Team\" <t@x.example>", "Reply-To: c@globex.com"), "t@x.example"),
        (("From: bob=40globex.com@mail.example", "Reply-To: c@globex.com"), "bob=40globex.com@"),
        (("From: bob=globex.com@groups.io", LIST_POST), "bob=globex.com@groups.io"),
        (
            ("From: \"'Bob' via Team\" <t@x.example>", "X-Original-Sender: bob@globex.com"),
            "t@x.example",
        ),
        # list mail whose From is the author's own
        (
            ("From: bob@globex.com", LIST_POST, LIST_ID, f"Reply-To: {LIST}, x@y.example"),
            "bob@globex.com",
        ),
        (
            ("From: bob@globex.com", LIST_POST, "X-Original-From: ana@acme.com"),
            "bob@globex.com",
        ),
        # taken, but nothing says from whom
        ((VIA_LIST, LIST_POST, f"Reply-To: {LIST}"), LIST),
        ((VIA_LIST, LIST_POST, f"X-Original-From: {LIST}"), LIST),
        (("From: x=40nowhere@dmarc.ietf.org",), "x=40nowhere@dmarc.ietf.org"),
    ],
)
def test_otherwise_the_author_is_from(fields: tuple[str, ...], expected: str) -> None:
    found = author(*fields)
    assert found is not None
    assert found.startswith(expected)
    assert "via_list" not in identity_flags(read(*fields), ROSTER)


def test_a_letter_without_a_readable_from_has_no_author() -> None:
    assert author("To: ana@acme.com", LIST_POST, "X-Original-From: bob@globex.com") is None


def test_in_sent_our_group_s_address_is_how_we_wrote() -> None:
    fields = ("From: Partners <partners@acme.com>", "Reply-To: bob@globex.com")
    assert "via_list" not in identity_flags(read(*fields, is_sent_copy=True), ROSTER)
    assert "via_list" in identity_flags(read(*fields), ROSTER)


def test_the_author_keeps_the_name_that_the_list_shows() -> None:
    named = read(VIA_LIST, LIST_POST, "Reply-To: bob@globex.com")
    quoted = read(
        f"From: \"'Bob Lee' via Team\" <{LIST}>", LIST_POST, "X-Original-Sender: bob@globex.com"
    )
    assert author_of(named, ROSTER) == Address("Bob Lee", "bob", "globex.com")
    assert author_of(quoted, ROSTER) == Address("Bob Lee", "bob", "globex.com")


def test_our_own_letter_that_a_list_sends_back_is_one_with_ours_in_sent() -> None:
    fields = ("To: talk@lists.example", "Date: Mon, 04 Mar 2024 09:00:00 +0000")
    sent = read("From: Ana <ana@acme.com>", *fields, is_sent_copy=True)
    back = read(f'From: "Ana via Talk" <{LIST}>', "X-Original-From: ana@acme.com", LIST_ID, *fields)
    other = read(f'From: "Bob via Talk" <{LIST}>', "X-Original-From: b@x.example", LIST_ID, *fields)
    assert is_from_us(back, ROSTER)
    assert same_letters([sent, back], ROSTER) == [[sent, back]]
    assert same_letters([sent, other], ROSTER) == [[sent], [other]]


def test_a_partner_s_letter_through_our_list_is_in_the_partner_s_record() -> None:
    copy = message(
        "1@x",
        AT,
        author="partners@acme.com",
        originals=addresses("bob@globex.com"),
        is_sent_copy=False,
    )
    assert set(by_partner([copy], ROSTER)) == {"globex.com"}
    (letter,) = letters_of(ROSTER.partner("globex.com"), [copy], ROSTER, LATER)
    assert (letter.side, letter.author) == ("them", addresses("bob@globex.com")[0])


# -- what is noteworthy ---------------------------------------------------------------------


def test_who_sends_for_another_is_noted_and_the_partner_is_by_from() -> None:
    copy = read("From: bob@globex.com", "Sender: eve@initech.com")
    assert identity_flags(copy, ROSTER) == {"on_behalf"}
    assert set(by_partner([copy], ROSTER)) == {"globex.com"}


@pytest.mark.parametrize(
    "fields",
    [
        ("From: bob@globex.com", "Sender: Bob@Globex.com"),
        ("From: bob@globex.com", "Sender: talk-bounces@lists.example", LIST_POST),
        ("From: bob@globex.com", "Sender: partners@acme.com"),
        ("From: bob@globex.com",),
    ],
)
def test_nobody_sends_for_another_when_it_is_the_author_or_a_list(fields: tuple[str, ...]) -> None:
    assert identity_flags(read(*fields), ROSTER) == set()


@pytest.mark.parametrize(
    ("shown", "is_flagged"),
    [
        ('"ana@acme.com" <x@evil.example>', True),
        ('"Ana Lee (ana@acme.com)" <x@evil.example>', True),
        ("=?utf-8?q?=E2=80=9Cana=40acme=2Ecom=E2=80=9D?= <x@evil.example>", True),
        ('"x@mail.evil.example" <x@evil.example>', False),
        ('"other@evil.example" <x@evil.example>', False),
        ('"ana @ acme" <x@evil.example>', False),
        ("Ana Lee <x@evil.example>", False),
        ('"bob@gmail.com" <robert@gmail.com>', False),
        # another domain of the same partner
        ('"bob@globex.com" <bob@globex.de>', False),
        ('"bob@initech.com" <bob@globex.de>', True),
    ],
)
def test_a_name_that_holds_somebody_else_s_address_is_noted(shown: str, is_flagged: bool) -> None:
    found = identity_flags(read(f"From: {shown}"), ROSTER)
    assert found == ({"name_shows_other_address"} if is_flagged else set())


def test_a_colleague_s_other_address_in_the_name_is_ours_too() -> None:
    roster = replace(ROSTER, team_domains=frozenset({"acme.com", "acme.de"}))
    copy = read('From: "ana@acme.com" <ana@acme.de>')
    assert identity_flags(copy, roster) == set()
    assert identity_flags(copy, ROSTER) == {"name_shows_other_address"}


@pytest.mark.parametrize(
    ("domain", "is_flagged"),
    [
        ("xn--a-uwf.example", True),  # Latin and Thai letters in one label
        ("xn--cme-5cd.com", True),  # a Cyrillic first letter before "cme"
        ("xn--80ak6aa92e.com", True),  # "apple", all of it Cyrillic
        ("xn--bcher-kva.example", False),  # "bücher"
        ("xn--fsqu00a.com", False),  # Han
        ("xn--e1afmkfd.xn--p1ai", False),  # Cyrillic, its end too
        ("acme.com", False),
    ],
)
def test_a_domain_that_may_look_like_another_is_noted(domain: str, is_flagged: bool) -> None:
    found = identity_flags(read(f"From: eve@{domain}"), ROSTER)
    assert found == ({"mixed_script_domain"} if is_flagged else set())


# -- what our mail server found out ---------------------------------------------------------

OUR_SERVER = {"mx.acme.com"}


@pytest.mark.parametrize(
    ("results", "expected"),
    [
        ("mx.acme.com; dmarc=fail header.from=globex.com", True),
        ("mx.acme.com; spf=pass smtp.mailfrom=x.example; dmarc=fail (p=none)", True),
        ("mx.acme.com; spf=softfail; dkim=none", True),
        ("mx.acme.com; none", True),
        ("mx.acme.com 1; spf=fail; dkim=neutral (a; dkim=pass)", True),
        ('MX.Acme.com; SPF=FAIL reason="a; dkim=pass b"', True),
        ("mx.acme.com; auth=pass; iprev=pass", True),
        ("mx.acme.com; dkim=fail; spf=pass smtp.mailfrom=globex.com", False),
        ("mx.acme.com (ours); dkim = pass header.d=globex.com; dmarc=none", False),
        ("mx.acme.com; dkim/1=pass", False),
        # not ours, so not believed, whatever it says
        ("mx.evil.example; dmarc=fail", False),
        ("mx.acme.com.evil.example; dmarc=fail", False),
        ("spf=fail smtp.mailfrom=x.example; dmarc=fail", False),
        ("", False),
    ],
)
def test_only_what_our_own_server_could_not_confirm_is_unverified(
    results: str, expected: bool
) -> None:
    assert is_unverified(results, OUR_SERVER) is expected


def test_without_a_configured_server_nobody_is_believed() -> None:
    assert not is_unverified("mx.acme.com; dmarc=fail", set())


def test_only_the_topmost_authentication_results_are_looked_at() -> None:
    """A sender may write one in our server's name; what stands above is our server's own."""
    roster = replace(ROSTER, authserv_ids=frozenset(OUR_SERVER))
    ours = "Authentication-Results: mx.acme.com; dmarc=fail"
    forged = "Authentication-Results: mx.acme.com; dmarc=pass"
    other = "Authentication-Results: mx.evil.example; dmarc=pass"
    sender = "From: bob@globex.com"
    assert identity_flags(read(ours, forged, sender), roster) == {"unverified"}
    assert identity_flags(read(forged, ours, sender), roster) == set()
    assert identity_flags(read(other, ours, sender), roster) == set()
    assert identity_flags(read(ours, sender), ROSTER) == set()


def test_an_unverified_letter_counts() -> None:
    roster = replace(ROSTER, authserv_ids=frozenset(OUR_SERVER))
    copy = message("1@x", AT, to=("ana@acme.com",), authentication="mx.acme.com; dmarc=fail")
    (letter,) = letters_of(roster.partner("globex.com"), [copy], roster, LATER)
    assert letter.counts


# -- Exchange's inner addresses -------------------------------------------------------------


def test_an_address_made_of_an_x500_name_is_inside_its_domain() -> None:
    inner = "IMCEAEX-_O=ACME_OU=EXCHANGE+20ADMIN_CN=RECIPIENTS_CN=ANA@acme.com"
    theirs = "IMCEAEX-_o=Globex_ou=First+20Group_cn=Recipients_cn=bob@globex.com"
    roster = Roster(
        frozenset({"acme.com"}), partners=(Partner("globex.com", domains=("globex.com",)),)
    )
    (ana, bob) = addresses(inner, theirs)
    assert roster.is_us(ana)
    assert roster.partner_of(bob) == "globex.com"
    assert Address.parse("/O=ACME/OU=EXCHANGE/CN=RECIPIENTS/CN=ANA") is None
