"""How near the chosen instants are to the truth: floors on real mail and on the sample mailbox."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from accuracy.corpus import corpora
from accuracy.dates import (
    MOVED_AT,
    TENTHS,
    Copy,
    conflicts_by,
    measure,
    moved_tenth,
    near_by_date,
    where_held_up,
)
from accuracy.section import Section

from inbox_agent.demo.sample import sample_letters
from inbox_agent.messages import FetchedHeader, parse_message

AS_OF = datetime(2025, 3, 3, 12, 0, tzinfo=UTC)
MAIL = corpora()


@pytest.fixture(scope="module")
def on_real_mail() -> Section:
    if MAIL is None:
        pytest.skip("INBOX_AGENT_CORPORA names no folder of real mail")
    return measure(MAIL)


@pytest.mark.corpora
@pytest.mark.slow
@pytest.mark.parametrize(
    ("figure", "floor"),
    [
        # queues at the list and behind it, not clocks: what Date can do is in the next two
        ("date_near_arrival", 0.91),
        ("date_near_list", 0.97),
        ("date_near_first_host", 0.99),
        ("moved_near_arrival", 0.97),
        ("moved_found", 1.0),
        ("letters", 7_501),
    ],
)
def test_on_real_mail_the_instants_are_as_near_as_that(
    on_real_mail: Section, figure: str, floor: float
) -> None:
    assert on_real_mail.figures[figure] >= floor


@pytest.mark.corpora
@pytest.mark.slow
def test_on_real_mail_nearly_nothing_is_taken_for_moved_that_was_not(on_real_mail: Section) -> None:
    assert on_real_mail.figures["marked_wrongly"] <= 0.01 * on_real_mail.figures["letters"]


@pytest.fixture(scope="module")
def sample() -> list[Copy]:
    """The demo's mailbox as one folder; the truth is when its server had each letter."""
    letters = sample_letters(AS_OF)
    return [
        Copy(
            parse_message(FetchedHeader("m", "f", 1, uid, None, None, one.raw, MOVED_AT)),
            one.arrived_at,
        )
        for uid, one in enumerate(letters, 1)
    ]


def test_in_the_sample_mailbox_date_alone_is_near(sample: list[Copy]) -> None:
    assert near_by_date(sample) >= 0.98


@pytest.mark.parametrize("tenth", TENTHS)
def test_in_the_sample_mailbox_a_moved_tenth_is_found(sample: list[Copy], tenth: int) -> None:
    move = moved_tenth(sample, tenth)
    assert move.near >= 0.97
    assert move.found == 1
    assert move.marked_wrongly == 0


def test_a_date_that_is_further_off_is_not_near(sample: list[Copy]) -> None:
    later = [Copy(copy.message, copy.truth + timedelta(days=1)) for copy in sample]
    assert near_by_date(later) == 0
    assert near_by_date([*sample, *later]) == near_by_date(sample) / 2


def copy_of(block: str, truth: datetime) -> Copy:
    return Copy(
        parse_message(FetchedHeader("m", "f", 1, 1, None, None, block.encode(), AS_OF)), truth
    )


@pytest.mark.parametrize(
    ("clocks", "expected"),
    [
        ("09:34 09:33 09:32 09:31 09:30", "before its first host"),
        ("09:33 09:32 09:31 09:30 09:01", "on the way to the list"),
        ("09:32 09:31 09:30 09:02 09:01", "inside the list's host"),
        ("09:30 09:04 09:03 09:02 09:01", "from the list to the archive"),
    ],
)
def test_a_letter_was_held_up_where_most_of_the_time_went(clocks: str, expected: str) -> None:
    names = ["archive.example", "vger.kernel.org", "vger.kernel.org"]
    names += ["lindbergh.monkeyblade.net", "mail.globex.example"]
    hosts = list(zip(names, clocks.split(), strict=True))
    lines = [f"Received: by {host}; 3 Mar 2025 {at}:00 +0000\n" for host, at in hosts]
    block = "Date: 3 Mar 2025 09:00:00 +0000\n" + "".join(lines)
    assert where_held_up(copy_of(block, AS_OF).message) == expected


@pytest.mark.parametrize(("minute", "expected"), [(55, 0), (54, 1)])
def test_a_reply_more_than_five_minutes_before_its_parent_is_a_conflict(
    minute: int, expected: int
) -> None:
    parent = copy_of("Message-ID: <a@x>\n", datetime(2025, 3, 3, 10, 0, tzinfo=UTC))
    reply = copy_of(
        "Message-ID: <b@x>\nIn-Reply-To: <a@x>\n", datetime(2025, 3, 3, 9, minute, tzinfo=UTC)
    )
    other = copy_of("Message-ID: <c@x>\nIn-Reply-To: <gone@x>\n", AS_OF.replace(year=2020))
    assert conflicts_by([reply, parent, other]) == expected
