"""Real mail: the product and the oracle agree on a year's beginning of a busy list.

The oracle reads only the plain cases, so the letters are brought to what both judge by the same
words: those the product takes for automatic mail are left out; of the fields that tell such mail
only Content-Type is kept; a subject is its base subject with ``Re:`` or ``Fwd:`` where it has such
a prefix; and letters of one second are set a second apart, as the two break ties each in their
own way. Messages of failure name counts and columns only.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from itertools import islice
from pathlib import Path

import agreement
import pytest
from mailboxes import WEEK, ClockArgs, Mailbox
from round_trip import measured

from inbox_agent.addresses import Roster
from inbox_agent.copies import by_partner, verdict_of
from inbox_agent.header_block import kept_fields
from inbox_agent.instants import choose_at
from inbox_agent.mail_files import FiledLetter, read_mbox
from inbox_agent.messages import HEADER_FIELDS, FetchedHeader, Message, parse_message
from inbox_agent.mirror import Checkpoint, Mirror
from inbox_agent.standards import Cuts, Span, Standards
from inbox_agent.subjects import read_subject

pytestmark = pytest.mark.corpora

LETTERS = 1_500
FETCHED = datetime(2026, 1, 1, tzinfo=UTC)
ROSTER = Roster(
    team_domains=frozenset({"microsoft.com", "linux.microsoft.com"}),
    lists=frozenset({"linux-hyperv@vger.kernel.org"}),
)
SEATTLE: ClockArgs = {
    "timezone": "America/Los_Angeles",
    "days": WEEK,
    "hours": ((time(9), time(17)),),
    "holiday_dates": frozenset(),
}
STANDARDS = Standards(
    we_answer_within=Span.parse("1 business day"),
    they_answer_within=Span.parse("2 business days"),
    contact_every=Span.parse("14 days"),
)


@pytest.fixture(scope="module")
def letters(corpora: Path, tmp_path_factory: pytest.TempPathFactory) -> list[Message]:
    """The letters as they come out of the mirror, brought to what both judge alike."""
    filed = islice(read_mbox(corpora / "lists" / "linux-hyperv" / "2022.mbox.gz"), LETTERS)
    headers = [_header(letter, uid) for uid, letter in enumerate(filed, start=1)]
    with Mirror(tmp_path_factory.mktemp("mirror") / "mirror.db") as mirror:
        mirror.begin_folder("list", "INBOX", 1, None, is_sent=False)
        mirror.add("list", "INBOX", Checkpoint(1, len(headers)), headers)
        held = list(mirror.messages(marked=False))
    assert len(held) == LETTERS
    return _set_apart([_plain(m) for m in held if verdict_of(m, ROSTER).kind == "human"])


def _header(letter: FiledLetter, uid: int) -> FetchedHeader:
    header = FetchedHeader(
        mailbox="list",
        folder="INBOX",
        uidvalidity=1,
        uid=uid,
        received_at=None,
        size_octets=letter.size_octets,
        block=kept_fields(letter.block, (), False, HEADER_FIELDS),
        fetched_at=FETCHED,
    )
    received = parse_message(header).received
    return replace(header, received_at=received[0][1] if received else None)


def _plain(message: Message) -> Message:
    subject = read_subject(message.subject)
    prefix = "Re: " if subject.is_reply else "Fwd: " if subject.is_forward else ""
    marks = tuple(mark for mark in message.marks if mark[0] == "content-type")
    return replace(message, subject=prefix + subject.base, marks=marks, received=())


def _set_apart(messages: Sequence[Message]) -> list[Message]:
    taken: set[datetime] = set()
    return [_at_a_time_of_its_own(message, taken) for message in messages]


def _at_a_time_of_its_own(message: Message, taken: set[datetime]) -> Message:
    at, _ = choose_at(message, ROSTER.received_by)
    if at is None:
        return message
    while at in taken:
        at += timedelta(seconds=1)
    taken.add(at)
    return replace(message, received_at=at)


@pytest.fixture(scope="module")
def boxes(letters: list[Message]) -> list[Mailbox]:
    """The mail of the ten partners with the most letters."""
    found = sorted(by_partner(letters, ROSTER).items(), key=lambda item: (-len(item[1]), item[0]))
    as_of = max(at for m in letters if (at := choose_at(m, ROSTER.received_by)[0]))
    return [
        Mailbox(
            copies=tuple(copies),
            roster=ROSTER,
            partner_key=key,
            standards=STANDARDS,
            us=SEATTLE,
            them=SEATTLE,
            cuts=Cuts(),
            as_of=as_of + timedelta(hours=1),
        )
        for key, copies in found[:10]
    ]


def test_the_ten_largest_partners_are_large_enough_to_tell(boxes: list[Mailbox]) -> None:
    asks = [len(measured(box).asks) for box in boxes]
    assert len(boxes) == 10
    assert sum(asks) >= 200, asks


@pytest.mark.parametrize("place", range(10))
def test_asks_and_figures_of_real_mail_agree_with_the_oracle(
    boxes: list[Mailbox], place: int
) -> None:
    record = agreement.measured(boxes[place])
    expected = agreement.reckoned(boxes[place])
    asks, other = agreement.product_asks(record), agreement.oracle_asks(expected)
    assert len(asks) == len(other)
    differing = Counter(
        name for a, b in zip(asks, other, strict=True) for name in a if a[name] != b[name]
    )
    assert not differing, f"{dict(differing)} of {len(asks)} asks"
    window = agreement.product_window(record, boxes[place])
    expected_window = {s: agreement.plain(row) for s, row in expected.window_figures.items()}
    figures = {
        f"{side}.{name}"
        for side, row in window.items()
        for name, value in row.items()
        if value != expected_window[side][name]
    }
    assert figures == set()
    assert len(record.rhythm.gaps) >= len(record.gaps) == len(expected.silence_gaps)
