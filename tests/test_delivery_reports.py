"""Delivery reports: what is kept of one, and what it says."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inbox_agent.delivery_reports import (
    PART_OCTETS,
    Delivery,
    Report,
    decoded_part,
    kept_parts,
    kept_report,
    read_report,
)

STATUS = b"""Reporting-MTA: dns; mx.globex.com
Received-From-MTA: dns; mail.acme.com

Final-Recipient: rfc822; bob@globex.com
Action: failed
Status: 5.1.1
Remote-MTA: dns; mx2.globex.com
Diagnostic-Code: smtp; 550 5.1.1 No Bob since he left

Final-Recipient: rfc822; eve@globex.com
Original-Recipient: rfc822; Eva@Globex.com
Action: delayed
Status: 4.4.1
"""
RETURNED = b"""From: Ana <ana@acme.com>
To: bob@globex.com, eva@globex.com
Subject: The new plant
Message-ID: <1@acme.com>

The offer, in confidence.
"""
BOTH = Report(
    (Delivery("bob@globex.com", "failed", "5.1.1"), Delivery("eva@globex.com", "delayed", "4.4.1")),
    "1@acme.com",
)


def report_letter(*parts: tuple[str, bytes], boundary: str = "=_x") -> bytes:
    """A multipart/report of these parts, each a Content-Type (with more fields) and a body."""
    head = f'From: mailer-daemon@mx\nContent-Type: multipart/report; boundary="{boundary}"\n\n'
    texts = [f"--{boundary}\nContent-Type: {kind}\n\n".encode() + body for kind, body in parts]
    return head.encode() + b"\n".join([*texts, f"--{boundary}--\n".encode()])


HUMAN = ("text/plain", b"Sorry, it did not work out.\n")
PARTS = (HUMAN, ("message/delivery-status", STATUS), ("message/rfc822", RETURNED))


def said(fields: str) -> tuple[Delivery, ...]:
    """The deliveries of one group of fields."""
    found = read_report(kept_parts(fields.encode(), b""))
    return found.deliveries if found else ()


def test_a_report_says_what_became_of_whom_and_of_which_letter() -> None:
    assert read_report(kept_report(report_letter(*PARTS))) == BOTH
    assert BOTH.failed == ("bob@globex.com",)
    assert BOTH.recipients == ("bob@globex.com", "eva@globex.com")


def test_nothing_is_kept_but_recipients_actions_codes_and_the_message_id() -> None:
    assert kept_report(report_letter(*PARTS)).decode() == (
        "final-recipient: rfc822; bob@globex.com\naction: failed\nstatus: 5.1.1\n\n"
        "final-recipient: rfc822; eve@globex.com\noriginal-recipient: rfc822; Eva@Globex.com\n"
        "action: delayed\nstatus: 4.4.1\n\nmessage-id: <1@acme.com>\n"
    )


def test_line_ends_do_not_matter() -> None:
    letter = report_letter(*PARTS)
    assert read_report(kept_report(letter.replace(b"\n", b"\r\n"))) == BOTH
    assert read_report(kept_report(letter.replace(b"\n", b"\r"))) == BOTH


@pytest.mark.parametrize(
    "returned",
    ["text/rfc822-headers", "message/global-headers", "message/global", "Message/RFC822; x=y"],
)
def test_the_returned_letter_may_be_its_header_alone(returned: str) -> None:
    parts = (HUMAN, ("message/global-delivery-status", STATUS), (returned, RETURNED))
    assert read_report(kept_report(report_letter(*parts))) == BOTH


def test_a_report_within_another_letter_is_found() -> None:
    inner = report_letter(*PARTS, boundary="=_y")
    kind = 'multipart/report; boundary="=_y"'
    body = inner.partition(b"\n\n")[2]
    assert read_report(kept_report(report_letter(HUMAN, (kind, body)))) == BOTH


def test_a_report_that_is_the_whole_letter_is_read() -> None:
    letter = b"From: mailer-daemon@mx\nContent-Type: message/delivery-status\n\n" + STATUS
    found = read_report(kept_report(letter))
    assert found == Report(BOTH.deliveries, None)


def test_of_a_returned_report_nothing_is_taken() -> None:
    """A letter that bounced may itself quote a report: about somebody else's letter."""
    quoted = (
        b"\n--=_z\nContent-Type: message/delivery-status\n\nFinal-Recipient: rfc822; kim@x.org\n"
    )
    parts = (*PARTS[:2], ("message/rfc822", RETURNED + quoted))
    assert read_report(kept_report(report_letter(*parts))) == BOTH


def test_boundaries_that_were_never_declared_and_parts_cut_off_cost_nothing() -> None:
    letter = report_letter(*PARTS)
    assert read_report(kept_report(letter.replace(b'boundary="=_x"', b""))) == BOTH
    cut = read_report(kept_report(letter[: letter.index(b"Remote-MTA")]))
    assert cut == Report((Delivery("bob@globex.com", "failed", "5.1.1"),), None)


@pytest.mark.parametrize(
    "letter",
    [
        b"",
        b"From: mailer-daemon@mx\n\nHi. This is the qmail-send program.\n<bob@globex.com>:\n",
        report_letter(HUMAN, ("text/plain", STATUS)),
        report_letter(HUMAN, ("message/delivery-status", b"Reporting-MTA: dns; mx\n")),
    ],
)
def test_of_a_letter_without_a_status_part_nothing_is_kept(letter: bytes) -> None:
    assert kept_report(letter) == b""
    assert read_report(b"") is None


def test_parts_are_read_without_their_transfer_encoding() -> None:
    for encoding, body in (
        ("base64", base64.encodebytes(STATUS)),
        ("Quoted-Printable", STATUS.replace(b"bob@", b"bo=62=40").replace(b"Action", b"Act=\nion")),
        ("8bit", STATUS),
    ):
        kind = f"message/delivery-status\nContent-Transfer-Encoding: {encoding}"
        assert read_report(kept_report(report_letter(HUMAN, (kind, body), PARTS[2]))) == BOTH


def test_base64_that_is_cut_off_is_read_up_to_there() -> None:
    header = b"Content-Type: message/delivery-status\r\nContent-Transfer-Encoding: base64\r\n\r\n"
    coded = base64.b64encode(b"Action: failed")  # four characters stand for three octets
    assert decoded_part(header, coded) == b"Action: failed"
    assert decoded_part(header, coded[:-6]) == b"Action: fa"
    assert decoded_part(header, coded[:-7]) == b"Action: f"
    assert decoded_part(header, b"====") == b""


@pytest.mark.parametrize(
    ("field", "recipient"),
    [
        ("rfc822; Bob@Globex.com", "bob@globex.com"),
        ("RFC822;<bob@globex.com>", "bob@globex.com"),
        ("rfc822; bob@globex.com (Bob)", "bob@globex.com"),
        ("bob@globex.com", "bob@globex.com"),
        ("rfc822; bob+3Dx@globex.com", "bob=x@globex.com"),
        ("rfc822; bob+2Bnews@globex.com", "bob+news@globex.com"),
        ("rfc822; bob+new@globex.com", "bob+new@globex.com"),
        ("utf-8; j\u00f6rg@globex.com", "j\u00f6rg@globex.com"),
        (r"utf-8; j\x{F6}rg@globex.com", "j\u00f6rg@globex.com"),
        (r"utf-8; j\x{110000}rg@globex.com", "jrg@globex.com"),
        ("rfc822; bob@b\u00fccher.example", "bob@xn--bcher-kva.example"),
        ("x400; /C=DE/O=Globex/S=Bob/", None),
        ("rfc822; |/usr/local/bin/sort", None),
        ("rfc822;", None),
        ("", None),
    ],
)
def test_a_recipient_is_an_address_key(field: str, recipient: str | None) -> None:
    found = said(f"Final-Recipient: {field}\nAction: failed\n")
    assert found == ((Delivery(recipient, "failed"),) if recipient else ())


def test_the_address_that_was_written_to_goes_before_the_one_it_led_to() -> None:
    fields = "Final-Recipient: rfc822; u17@host.globex.com\nOriginal-Recipient: {}\n"
    assert said(fields.format("rfc822; bob@globex.com")) == (Delivery("bob@globex.com"),)
    assert said(fields.format("rfc822; unknown")) == (Delivery("u17@host.globex.com"),)


@pytest.mark.parametrize(
    ("fields", "is_failure"),
    [
        ("Action: failed\nStatus: 5.1.1", True),
        ("Action: Failed (expired)\nStatus: 4.4.7", True),
        ("Action: failure", True),
        ("Action: delayed\nStatus: 4.4.1", False),
        ("Action: relayed", False),
        ("Action: delivered\nStatus: 2.1.5", False),
        ("Action: expanded", False),
        ("Action: lost\nStatus: 5.0.0", True),
        ("Status: 5.1.1 (no such user)", True),
        ("Status: 4.4.1", False),
        ("Status: 2.0.0", False),
        ("Status: none", True),
        ("", True),
    ],
)
def test_what_is_given_up_is_a_failure(fields: str, is_failure: bool) -> None:
    (delivery,) = said(f"Final-Recipient: rfc822; bob@globex.com\n{fields}\n")
    assert delivery.is_failure is is_failure


def test_of_each_part_16_kib_are_read_and_not_more() -> None:
    group = b"\nFinal-Recipient: rfc822; p%05d@globex.com\nAction: failed\n"
    status = b"".join(group % number for number in range(1_000))
    report = read_report(kept_parts(status, b"X: " + b"x" * PART_OCTETS + b"\nMessage-ID: <1@a>\n"))
    assert report is not None
    assert report.original_id is None
    # 16,384 / 59 octets is 277.7; of the last group the action is missing
    assert len(report.deliveries) == 277
    assert all(delivery.action == "failed" for delivery in report.deliveries)


@given(st.binary(max_size=400))
def test_no_octets_are_too_odd_to_be_read(noise: bytes) -> None:
    letter = report_letter(HUMAN, ("message/delivery-status", noise), ("message/rfc822", noise))
    for octets in (noise, letter, letter + noise):
        kept = kept_report(octets)
        assert len(kept) < 2 * len(octets) + 100
        read_report(kept)
        read_report(noise)


def test_reading_takes_time_in_proportion_to_the_letter() -> None:
    """Boundaries without end: nothing is looked at twice."""
    assert kept_report(b"--x\nContent-Type: multipart/mixed\n\n" * 100_000) == b""
