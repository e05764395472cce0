"""How many replies without references find their parent: floors on real mailboxes."""

from __future__ import annotations

import gzip
from datetime import datetime
from pathlib import Path

import pytest
from accuracy.corpus import corpora, read_file
from accuracy.enron import Found, by_company, by_owner, found_in, subject_verdict, why_missed
from accuracy.enron_replies import Box, Reply, boxes, read_box, replies
from accuracy.hints import change_by
from accuracy.quotes import Quotation, quoted_parent

MAIL = corpora()
real_mail = pytest.mark.skipif(MAIL is None, reason="INBOX_AGENT_CORPORA names no folder of mail")


# -- what a reply quotes --------------------------------------------------------------------

OUTLOOK = """\
Friday suits me.

 -----Original Message-----
From: \tLee, Ann  [mailto:ann@acme.example]
Sent:\tTuesday, May 12, 2001 2:05 PM
To:\tBen Hart;
\tCat Ives
Subject:\tRE: Samples

When do you come?
"""
NOTES = """\
Friday suits me.




Ann Lee@ACME
05/12/2001 09:14 AM
To: Ben Hart/HOU/ACME@ACME
cc:
Subject: Samples
"""
NOTES_ON = """\
Friday suits me.

"Lee, Ann" <ann@acme.example> on 05/12/2001 09:14:22 AM
To: "'Ben Hart'" <ben@globex.example>
cc:

Subject: Samples
"""


# wall clocks, without a zone
AT_14_05, AT_09_14 = map(datetime.fromisoformat, ("2001-05-12T14:05", "2001-05-12T09:14"))


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (
            OUTLOOK,
            Quotation("Lee, Ann  [mailto:ann@acme.example]", AT_14_05, "RE: Samples"),
        ),
        (NOTES, Quotation("Ann Lee@ACME", AT_09_14, "Samples")),
        (
            NOTES_ON,
            Quotation('"Lee, Ann" <ann@acme.example>', AT_09_14, "Samples"),
        ),
    ],
    ids=["Outlook", "Notes", "Notes, one line"],
)
def test_a_reply_names_author_minute_and_subject_of_its_parent(
    body: str, expected: Quotation
) -> None:
    assert quoted_parent(body) == expected


@pytest.mark.parametrize(
    "above",
    [
        "---------------------- Forwarded by Ben Hart on 05/12/2001 10:15 AM -------------------\n",
        "Ann Lee wrote:\n> When do you come?\n",
    ],
    ids=["a forward", "another quotation"],
)
def test_what_stands_under_something_else_is_not_what_is_answered(above: str) -> None:
    assert quoted_parent(above + OUTLOOK) is None


def test_an_unreadable_date_is_none() -> None:
    quotation = quoted_parent(OUTLOOK.replace("Tuesday, May 12, 2001 2:05 PM", "a while ago"))
    assert quotation == Quotation("Lee, Ann  [mailto:ann@acme.example]", None, "RE: Samples")


# -- a mailbox of eight letters -------------------------------------------------------------


def letter(number: int, way: tuple[str, str], date: str, subject: str, body: str) -> str:
    author, to = way
    name = author.partition("@")[0].replace(".", " ").title()
    return (
        f"From MAILER-DAEMON Mon Apr 18 14:26:35 2022\nMessage-ID: <{number}@acme.example>\n"
        f"Date: {date}\nFrom: {author}\nTo: {to}\nSubject: {subject}\nX-From: {name}\n\n{body}\n\n"
    )


ANN, BEN = "ann.lee@acme.example", "ben@globex.example"
TO_ANN, TO_BEN = (BEN, ANN), (ANN, BEN)


def _at(clock: str) -> str:
    return f"Mon, 7 May 2001 {clock}:00 -0700 (PDT)"


def quoting(author: str, sent: str, subject: str) -> str:
    return f"Yes.\n\n-----Original Message-----\nFrom: {author}\nSent: {sent}\nSubject: {subject}\n"


@pytest.fixture
def box(tmp_path: Path) -> Box:
    """The quoter's clock is that of Houston, two hours ahead of the Pacific one of Date."""
    may, nine = "Samples for May", "Monday, May 07, 2001 11:00 AM"
    inbox = (
        letter(1, TO_ANN, _at("09:00"), may, "When?"),
        letter(2, TO_ANN, _at("10:00"), "", "Lunch?"),
    )
    sent = (
        letter(3, TO_BEN, _at("11:00"), f"RE: {may}", quoting("Ben", nine, may)),
        letter(
            4, TO_BEN, _at("12:00"), "Day", quoting("Al [mailto:ben@globex.example]", nine, may)
        ),
        letter(5, TO_BEN, _at("12:30"), f"FW: {may}", quoting("Ben", nine, may)),
        # another author, another minute, another subject
        letter(6, TO_BEN, _at("13:00"), f"RE: {may}", quoting("Cat", nine, may)),
        letter(
            7, TO_BEN, _at("13:10"), f"RE: {may}", quoting("Ben", nine.replace(":00", ":20"), may)
        ),
        letter(8, TO_BEN, _at("13:20"), f"RE: {may}", quoting("Ben", nine, "Samples for June")),
    )
    for name, letters in (("inbox", inbox), ("sent_items", sent)):
        (tmp_path / f"{name}.mbox.gz").write_bytes(gzip.compress("".join(letters).encode()))
    return read_box(tmp_path)


def _ids(reply: Reply) -> tuple[str, str]:
    return min(reply.letter.message_ids)[0], min(reply.parent.message_ids)[0]


def test_the_quoted_letter_is_found_by_author_subject_and_minute(box: Box) -> None:
    known, fates = replies(box)
    assert [_ids(reply) for reply in known] == [("3", "1"), ("4", "1")]
    assert fates == {
        "parent held": 2,
        "parent not held": 3,
        "no reply, or quotes nothing": 3,
    }


def test_a_reply_with_another_subject_is_counted_as_missed(box: Box) -> None:
    known, _ = replies(box)
    found = found_in(by_owner(box, known))
    assert (found.replies, found.together, found.by_subject) == (2, 1, 1)
    assert found.missed == {"changed subject": 1}
    assert why_missed(known[0], is_joined=True) == "joined to another thread of the same subject"


def test_a_from_line_inside_a_body_begins_no_letter(tmp_path: Path) -> None:
    body = "See below.\n\nFrom here on it is easy.\n"
    text = letter(1, TO_ANN, "Mon, 7 May 2001 09:00:00 -0700", "Samples for May", body)
    path = tmp_path / "inbox.mbox.gz"
    path.write_bytes(gzip.compress(text.encode()))
    assert len(list(read_file(path))) == 1


# -- real mailboxes -------------------------------------------------------------------------


@pytest.fixture(scope="module")
def read() -> list[tuple[Box, list[Reply]]]:
    assert MAIL is not None
    return [(box, replies(box)[0]) for box in boxes(MAIL)]


@pytest.mark.corpora
@pytest.mark.slow
@real_mail
@pytest.mark.parametrize("record", [by_owner, by_company], ids=["one partner", "companies"])
def test_nine_in_ten_replies_without_references_are_with_their_parent(
    read: list[tuple[Box, list[Reply]]], record: object
) -> None:
    assert callable(record)
    found: Found = found_in(pair for box, known in read for pair in record(box, known))
    assert found.replies >= 200
    assert found.share >= 0.9, dict(found.missed)


@pytest.mark.corpora
@pytest.mark.slow
@real_mail
def test_at_most_one_in_twenty_links_by_subject_is_wrong(
    read: list[tuple[Box, list[Reply]]],
) -> None:
    verdict = subject_verdict(change_by(box.letters, "subject") for box, _ in read)
    assert verdict.read >= 160, f"{verdict.unlabelled} of those drawn are not read"
    assert verdict.wrong_share <= 0.05
