"""Header blocks cut down to what may be kept."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from inbox_agent.header_block import kept_fields
from inbox_agent.messages import HEADER_FIELDS

BLOCK = (
    b"Received: from x by store.acme.example; Fri, 1 Mar 2024 09:00:02 +0000\r\n"
    b"Received: from gateway\r\n\t(by liar.example) by mx.acme.example\r\n with ESMTP; date\r\n"
    b"Received: from old by MX.acme.example; date\r\n"
    b"Authentication-Results: store.acme.example; spf=pass\r\n"
    b"Authentication-Results: forged.example; spf=pass\r\n"
    b"from : Ana <ana@globex.example>\r\n"
    b"Bcc: quiet@globex.example,\r\n other@globex.example\r\n"
    b"Subject: caf\xe9\r\n"
    b"X-Own: 1\r\n"
    b"\r\n"
)


def test_of_received_the_topmost_and_our_topmost_stay() -> None:
    kept = kept_fields(BLOCK, ["mx.acme.example."], keep_bcc=True)
    assert kept == BLOCK.replace(b"Received: from old by MX.acme.example; date\r\n", b"").replace(
        b"Authentication-Results: forged.example; spf=pass\r\n", b""
    )


def test_without_hosts_of_ours_only_the_topmost_received_stays() -> None:
    kept = kept_fields(BLOCK, [], keep_bcc=False)
    assert kept.count(b"Received:") == 1
    assert kept.startswith(b"Received: from x by store.acme.example;")


def test_a_host_named_in_a_comment_is_not_the_one_that_received() -> None:
    assert b"liar" not in kept_fields(BLOCK, ["liar.example"], keep_bcc=False)


def test_bcc_goes_with_its_folded_lines_and_a_broken_line_under_it() -> None:
    block = b"Bcc: a@b.example,\r\n c@d.example\r\ne@f.example\r\nTo: x@y.example\r\n\r\n"
    assert kept_fields(block, [], keep_bcc=False) == b"To: x@y.example\r\n\r\n"


def test_fields_of_other_names_go_when_names_are_given() -> None:
    kept = kept_fields(b"junk\r\n" + BLOCK, [], keep_bcc=False, names=HEADER_FIELDS)
    assert b"X-Own" not in kept
    assert b"junk" not in kept
    assert kept.endswith(b"from : Ana <ana@globex.example>\r\nSubject: caf\xe9\r\n\r\n")


def test_a_body_is_never_kept() -> None:
    assert kept_fields(b"To: a@b.example\n\nBcc: body\n", [], True) == b"To: a@b.example\n\n"


def test_a_bare_cr_makes_no_field() -> None:
    block = b"Subject: q\rBcc: forged@x.example\r\n\r\n"
    assert kept_fields(block, [], keep_bcc=False) == block


@given(st.binary(max_size=300), st.booleans())
def test_any_octets_give_pieces_of_themselves_and_cutting_twice_is_cutting_once(
    block: bytes, keep_bcc: bool
) -> None:
    once = kept_fields(block, ["a"], keep_bcc)
    assert kept_fields(once, ["a"], keep_bcc) == once
    remaining = iter(block)
    assert all(octet in remaining for octet in once)  # in their order
