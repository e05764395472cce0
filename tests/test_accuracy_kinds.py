"""How right the kinds are on real mail, and on the sample's own."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

import pytest
from accuracy import kinds
from accuracy.kinds_mail import (
    LABELLED_KINDS,
    PEOPLE_LABELS,
    UPSTREAM,
    Sample,
    bare,
    block_of,
    corrections,
    digest_of,
    kind_of,
    lists_of,
    people,
)
from accuracy.kinds_people import Person, people_read
from accuracy.kinds_reports import recipient_groups, status_parts

from inbox_agent.addresses import Roster
from inbox_agent.copies import verdict_of
from inbox_agent.demo.cast import TEAM_DOMAIN
from inbox_agent.demo.sample import sample_letters
from inbox_agent.messages import FetchedHeader, parse_message

BOUNCE_RECALL, BOUNCE_PRECISION = 0.97, 0.98
AUTO_REPLY_RECALL, ABSENCE_NOTICES_TAKEN = 0.90, 0.02
PEOPLE_CALLED_AUTOMATIC = 0.01
REPORTS_WITH_ADDRESS = 0.98


@pytest.fixture(scope="module")
def letters(corpora: Path) -> list[kinds.Judged]:
    return kinds.judged(corpora)


@pytest.fixture(scope="module")
def read(corpora: Path) -> list[Person]:
    return people_read(corpora)


@pytest.fixture(scope="module")
def figures(letters: list[kinds.Judged], read: list[Person]) -> Mapping[str, float]:
    return kinds.section_of(letters, read).figures


# -- real mail ------------------------------------------------------------------------------


@pytest.mark.corpora
def test_97_of_100_bounces_are_found_and_98_of_100_found_ones_are_bounces(
    figures: Mapping[str, float],
) -> None:
    assert figures["bounce_recall"] >= BOUNCE_RECALL
    assert figures["bounce_precision"] >= BOUNCE_PRECISION


@pytest.mark.corpora
def test_90_of_100_automatic_replies_are_found(figures: Mapping[str, float]) -> None:
    assert figures["auto_reply_recall"] >= AUTO_REPLY_RECALL


@pytest.mark.corpora
def test_people_who_announce_an_absence_are_people(figures: Mapping[str, float]) -> None:
    assert figures["absence_notices_taken"] <= ABSENCE_NOTICES_TAKEN


@pytest.mark.corpora
def test_at_most_one_of_100_letters_by_people_is_called_automatic(
    figures: Mapping[str, float],
) -> None:
    assert figures["people_called_automatic"] <= PEOPLE_CALLED_AUTOMATIC
    assert figures["personal_letters_called_automatic"] <= PEOPLE_CALLED_AUTOMATIC


@pytest.mark.corpora
def test_98_of_100_delivery_reports_give_the_address_that_failed(
    figures: Mapping[str, float],
) -> None:
    assert figures["reports_with_address"] >= REPORTS_WITH_ADDRESS
    assert figures["reports_with_other_addresses"] == 0


@pytest.mark.corpora
def test_every_letter_taken_for_a_rare_kind_has_been_read(letters: list[kinds.Judged]) -> None:
    assert len(letters) > 4000
    assert not kinds.unlabelled(letters), "read them and label them in kinds_corrections.tsv"


@pytest.mark.corpora
def test_every_label_is_about_a_letter_that_is_there(
    letters: list[kinds.Judged], read: list[Person]
) -> None:
    there = {letter.sample.name for letter in letters}
    assert not set(corrections()) - there
    assert not set(bare()) - there
    found = Counter((x.name.partition("#")[0], x.label) for x in read)
    assert Counter((file, label) for (file, _), (_, label) in people().items()) == found


# -- the labels themselves ------------------------------------------------------------------


def test_300_letters_were_read_for_who_wrote_them() -> None:
    labels = Counter(label for _, label in people().values())
    assert labels.total() == 300
    assert set(labels) <= PEOPLE_LABELS
    assert labels["person"] + labels["list_post"] >= 200


def test_a_correction_says_something_else_than_the_folder() -> None:
    for name, found in corrections().items():
        folder = next(f for f in UPSTREAM if name.startswith(f + "/"))
        assert found.upstream == UPSTREAM[folder], name
        assert found.kind in LABELLED_KINDS - {found.upstream}, name
        assert found.reason, name


# -- the judge ------------------------------------------------------------------------------

REPORT = b"""\
Content-Type: multipart/report; report-type=delivery-status; boundary=x

--x
Content-Type: text/plain

Final-Recipient: rfc822; not@this.example

--x
Content-Type: message/delivery-status
Content-Transfer-Encoding: 7bit

Reporting-MTA: dns; mx.acme.example

Original-Recipient: rfc822;Bob@globex.example
Final-Recipient: rfc822; <robert@globex.example>
Action: failed

Final-Recipient: x400; /s=nobody/

--x
Content-Type: message/rfc822

Content-Type: message/delivery-status

Final-Recipient: rfc822; older@globex.example
--x--
"""


def test_the_judge_reads_the_delivery_status_part_and_no_other() -> None:
    (part,) = status_parts(REPORT)
    assert recipient_groups(part) == (frozenset({"bob@globex.example", "robert@globex.example"}),)


def test_the_judge_finds_no_part_in_a_letter_without_one() -> None:
    assert status_parts(b"Subject: Hello\n\nFinal-Recipient: rfc822; bob@globex.example\n") == []


def test_a_post_to_a_list_names_the_list() -> None:
    assert lists_of(
        b"List-Id: Talk <talk.lists.example>\nList-Post: <mailto:talk@lists.example>"
    ) == {
        "talk.lists.example",
        "talk@lists.example",
    }
    assert lists_of(b"Sender: owner-talk@lists.example") == {"talk@lists.example"}
    assert lists_of(b"Subject: Hello") == frozenset()


def test_a_score_counts_what_is_taken_and_what_is_missed() -> None:
    letters = [
        kinds.Judged(Sample(str(n), b""), upstream, label, kind)
        for n, (upstream, label, kind) in enumerate(
            [
                ("bounce", "bounce", "bounce"),
                ("bounce", "bounce", "human"),
                ("bounce", "spam", "bounce"),
                ("bounce", "spam", "human"),
                ("-", "-", "list"),
                ("-", "-", "bounce"),
            ]
        )
    ]
    by_eye = kinds.scores(letters, by_eye=True)
    by_folder = kinds.scores(letters, by_eye=False)
    assert by_eye["bounce"] == kinds.Score(labelled=2, taken=3, both=1)
    assert by_eye["human"].taken == 1
    assert by_folder["bounce"] == kinds.Score(labelled=4, taken=2, both=2)
    assert kinds.unlabelled(letters) == ["5"]


# -- generated mail -------------------------------------------------------------------------

#: Words that only one sort of the sample's automatic letters has in its body.
BODY_OF: Mapping[str, bytes] = {
    "auto_reply": rb"I am out of the office and read my mail from Monday on\.",
    "bounce": rb"550 5\.1\.1 User unknown \(in reply to RCPT TO command\)",
    "receipt": rb"^Your message was displayed by ",
    "calendar": rb"^BEGIN:VCALENDAR",
}


def sample_kind(raw: bytes) -> tuple[str, str]:
    """What the body says one letter of the sample is, and what its header block makes of it."""
    block, _, body = raw.partition(b"\r\n\r\n")
    by_body = [kind for kind, words in BODY_OF.items() if re.search(words, body, re.MULTILINE)]
    header = FetchedHeader(
        mailbox="sample",
        folder="INBOX",
        uidvalidity=1,
        uid=1,
        received_at=None,
        size_octets=len(raw),
        block=block + b"\r\n\r\n",
        fetched_at=datetime(2026, 3, 2, tzinfo=UTC),
    )
    verdict = verdict_of(parse_message(header), Roster(team_domains=frozenset({TEAM_DOMAIN})))
    if by_body:
        return by_body[0], verdict.kind
    sender = re.search(rb"^From: .*<([^>]+)>", block, re.MULTILINE)
    return _SENDERS.get(sender[1] if sender else b"", "human"), verdict.kind


_SENDERS: Mapping[bytes, str] = {
    b"editor@news.channel-weekly.example": "list",
    b"news@mailing.kestrel-optics.example": "list",
    b"no-reply@signsafe.example": "system",
}


def test_every_generated_letter_is_of_the_kind_it_was_made_as() -> None:
    letters = sample_letters(datetime(2026, 3, 2, tzinfo=UTC))
    found = Counter(sample_kind(letter.raw) for letter in letters)
    assert {made for made, _ in found} == {*BODY_OF, "list", "system", "human"}
    assert {pair: n for pair, n in found.items() if pair[0] != pair[1]} == {}


def test_a_letter_is_known_by_the_digest_of_its_header_block() -> None:
    letter = Sample("a", b"\nFrom: bob@globex.example\r\nSubject: Hello\r\n\r\nBob\r\n")
    assert letter.block == b"From: bob@globex.example\r\nSubject: Hello"
    assert block_of(b"Subject: Hello") == b"Subject: Hello"
    assert letter.digest == digest_of(letter.block)
    assert letter.digest != digest_of(letter.block + b" again")
    assert kind_of(letter) == "human"
