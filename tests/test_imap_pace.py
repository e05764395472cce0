"""Going slower for a server that goes slower: when, and for how long."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import chain, repeat

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scripted_mailbox import NOW, SECRET, expanded, fetched, settings
from scripted_socket import scripted

from inbox_agent.imap_pace import LONGEST_PAUSE_SECONDS, Pace, pause_after
from inbox_agent.mailbox import Mailbox

SECONDS = st.floats(0, 300)


@pytest.mark.parametrize(
    ("seconds", "earlier", "pause"),
    [
        (100.0, [], 0.0),  # nobody knows yet what is usual
        (100.0, [1.0, 1.0], 0.0),
        (3.2, [0.5, 0.5, 0.5], 2.7),  # so much beyond the usual
        (5.0, [1.0, 1.0, 1.0], 0.0),  # five times, and no more
        (5.1, [1.0, 1.0, 1.0], 3.0),  # never longer
        (2.9, [0.1, 0.1, 0.1], 0.0),  # 29 times as long, but soon over
        (3.25, [0.5, 0.1, 0.5, 60.0], 2.75),  # one slow batch moves no median
        (30.0, [10.0, 10.0, 10.0], 0.0),  # always slow
    ],
)
def test_a_batch_that_takes_five_times_the_usual_and_some_seconds_is_followed_by_a_pause(
    seconds: float, earlier: Sequence[float], pause: float
) -> None:
    assert pause_after(seconds, earlier) == pytest.approx(pause)


@given(SECONDS, st.lists(SECONDS))
def test_a_pause_is_bounded_whatever_was_measured(seconds: float, earlier: list[float]) -> None:
    assert 0 <= pause_after(seconds, earlier) <= min(seconds, LONGEST_PAUSE_SECONDS)


def times(*seconds: float) -> Callable[[], float]:
    """A timer by which the batches take so long, and all after them one second."""

    def readings() -> Iterator[float]:
        at = 0.0
        for each in chain(seconds, repeat(1.0)):
            yield at
            at += each
            yield at

    return readings().__next__


def test_between_batches_a_throttling_server_is_left_in_peace() -> None:
    pauses: list[tuple[float, int]] = []

    def answer(command: bytes) -> bytes:
        return b"".join(map(fetched, expanded(command))) + b"{tag} OK [THROTTLED] done"

    with scripted({"UID FETCH": answer}) as server:
        pace = Pace(
            times(1.0, 2.0, 1.0, 9.0, 1.0),
            lambda seconds: pauses.append((seconds, len(server.commands))),
        )
        where = settings(server.port)
        with Mailbox.connect(where, SECRET, clock=lambda: NOW, pace=pace) as mailbox:
            inbox = mailbox.folders()[0]
            mailbox.examine(inbox)
            before = len(server.commands)
            read = [
                header.uid
                for headers, _ in mailbox.fetch(inbox, range(1, 11), batch=2)
                for header in headers
            ]
    assert read == list(range(1, 11))
    # after the fourth of five batches: 9 s, 8 more than the usual one, and 3 at most
    assert pauses == [(3.0, before + 4)]
