"""Header blocks cut down to what may be kept."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from inbox_agent.header_block import kept_fields, raw_fields, usual_fields
from inbox_agent.header_cleaning import clean_header
from inbox_agent.messages import HEADER_FIELDS

END = b"\r\n\r\n"
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
    block = BLOCK.replace(b"(by liar.example)", b"(helo by liar.example )")
    assert b"liar" not in kept_fields(block, ["liar.example"], keep_bcc=False)


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
    block = b"From: a@x.example\r\nSubject: q\rBcc: forged@x.example\r\n\r\n"
    assert kept_fields(block, [], keep_bcc=False) == block


@pytest.mark.parametrize("end", [b"", b"\r\n", b"\r\n\r\n"])  # servers add what is missing
def test_where_cr_alone_ends_the_lines_the_body_is_not_kept(end: bytes) -> None:
    block = b"To: x@y.example\rBcc: quiet@x.example\r and@x.example\r\rDear all,\rBcc: body\r"
    assert kept_fields(block + end, [], keep_bcc=False) == b"To: x@y.example\r\n\r\n"


def test_one_field_left_over_of_many_forges_no_other() -> None:
    block = b"X-Own: 1\r\nSubject: q\rBcc: forged@x.example\r\n\r\n"
    kept = kept_fields(block, [], keep_bcc=True, names=HEADER_FIELDS)
    assert [name for name, _ in clean_header(kept).fields] == ["subject"]


def test_a_host_that_greets_as_by_hides_no_received_line_of_ours() -> None:
    block = (
        b"Received: by store.example; date\r\n"
        b"Received: from by (by [192.0.2.1]) by mx.acme.example; date\r\n"
    )
    assert kept_fields(block, ["mx.acme.example"], keep_bcc=False) == block


def test_a_from_line_and_empty_lines_above_the_first_field_go() -> None:
    block = b"\r\n>From ann Mon Jan  5 10:00:00 2026\nTo: x@y.example\n\nBcc: body@x.example\n"
    assert kept_fields(block, [], keep_bcc=True) == b"To: x@y.example\n\n"


def test_no_more_than_64_kib_are_kept_in_whole_lines_and_it_is_said() -> None:
    folds = b"To: a@x.example,\r\n" + b" b@x.example,\r\n" * 6_000
    kept = kept_fields(folds + b"Subject: late\r\n\r\n", [], keep_bcc=False)
    assert len(kept) <= 65_536
    assert kept.endswith(b" b@x.example,\r\n(cut)")
    assert clean_header(kept).problems >= {"header_cut"}
    assert "bad_line" not in clean_header(kept).problems


def test_a_block_the_server_cut_in_the_middle_of_a_line_ends_before_that_line() -> None:
    whole = b"To: x@y.example\r\n" + b"X-Own: 1\r\n" * 6_551 + b"Cc: ann@x.example.org"
    block = (whole + b"!" * 65_536)[:65_536]
    kept = kept_fields(block, [], keep_bcc=False, names=HEADER_FIELDS)
    assert kept == b"To: x@y.example\r\n(cut)"
    assert clean_header(kept).fields == (("to", "x@y.example"),)
    assert clean_header(kept).problems == {"header_cut"}


@given(st.binary(max_size=300), st.booleans())
def test_any_octets_give_pieces_of_themselves_and_cutting_twice_is_cutting_once(
    block: bytes, keep_bcc: bool
) -> None:
    once = kept_fields(block, ["a"], keep_bcc)
    assert kept_fields(once, ["a"], keep_bcc) == once
    remaining = iter(block if b"\n" in block.rstrip() else block.replace(b"\r", b"\r\n") + END)
    assert all(octet in remaining for octet in once)  # in their order


PIECES = (
    *(b"Received: by a; now\r\n", b"From: a@b.example\r\n", b"Subject : x\r\n", b"\r\n"),
    *(b" folded: not a field\r\n", b"\tso\r\n", b"neither\r\n", b"\n", b"\r", b" \r\n", b":\r\n"),
    *(b"From x@y Mon\r\n", b">From x\r\n", b"\xe9: x\r\n", b"no end", b"\r\r\n", b"\x00\r\n"),
)


@given(st.lists(st.sampled_from(PIECES), max_size=8).map(b"".join), st.booleans())
@example(block=b"neither\r\nFrom: a@b.example\r\n", is_ended=True)
@example(block=b"From x@y Mon\r\nFrom: a@b.example\r\n", is_ended=True)
@example(block=b"From: a@b.example\r\n\r\nSubject: x\r\n", is_ended=True)
def test_the_quick_way_through_a_block_finds_the_same_fields(block: bytes, is_ended: bool) -> None:
    block = block + END if is_ended else block
    quick = usual_fields(block)
    assert quick in (None, list(raw_fields(block)))


def test_the_blocks_that_servers_give_go_the_quick_way() -> None:
    block = b"Received: by a; now\r\n\tso\r\nFrom: a@b.example\r\n\r\n"
    assert usual_fields(block) == [
        ("received", b"Received: by a; now\r\n\tso\r\n"),
        ("from", b"From: a@b.example\r\n"),
        ("\n", b"\r\n"),
    ]
