"""Folders that somebody moved: their INTERNALDATE says when, and not when the letters came.

A migration APPENDs thousands of old letters within minutes, and a server that is told no date
takes its own clock (RFC 3501 §6.3.11). Instants here are whole seconds since 1970 (UTC).
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from collections.abc import Iterable, Iterator, Sequence

from inbox_agent.instants import CLOCK_SLACK, EARLIEST

WINDOW_SECONDS = 600
FEWEST_COPIES = 50
SPREAD_SECONDS = 86_400

#: The first and the last INTERNALDATE of a stretch of a folder that was moved.
Block = tuple[int, int]

_EARLIEST_SECONDS = int(EARLIEST.timestamp())
_SLACK_SECONDS = int(CLOCK_SLACK.total_seconds())


def import_blocks(arrivals: Iterable[tuple[int, int | None, int]]) -> tuple[Block, ...]:
    """Stretches in which old letters were moved into a folder, so that its clock is wrong.

    At least 50 copies came within 10 minutes, with Dates that spread over more than a day (between
    the 10th and the 90th hundredth): nobody is written to like that. When they came is then not
    believed (see at). A block goes from its first copy to its last; blocks that overlap are one. A
    few odd Dates in a busy minute make none. Only copies decide whose Date is there, not before
    1995, and not more than 10 minutes after the reading; their order does not matter.
    """
    # an arrival is when a copy came, was sent, and was read
    dated = sorted(
        (received_at, sent_at)
        for received_at, sent_at, fetched_at in arrivals
        if sent_at is not None and _EARLIEST_SECONDS <= sent_at <= fetched_at + _SLACK_SECONDS
    )
    came = [received_at for received_at, _ in dated]
    windows = list(_full_windows(came))
    if not windows:
        return ()
    return _joined(came, _blocks(windows, came, [sent_at for _, sent_at in dated]))


def is_in(received_at: int, blocks: Sequence[Block]) -> bool:
    """Whether a copy that came then lies in one of the blocks, its Date known or not."""
    place = bisect_right(blocks, received_at, key=lambda block: block[0])
    return place > 0 and received_at <= blocks[place - 1][1]


def _full_windows(came: Sequence[int]) -> Iterator[tuple[int, int]]:
    """Each window of 10 minutes with enough copies: the place of its first, and past its last.

    One begins at every second at which a copy came.
    """
    past = 0
    for first, began in enumerate(came):
        if first and came[first - 1] == began:
            continue
        while past < len(came) and came[past] <= began + WINDOW_SECONDS:
            past += 1
        if past - first >= FEWEST_COPIES:
            yield first, past


def _blocks(
    windows: Iterable[tuple[int, int]], came: Sequence[int], sent: Sequence[int]
) -> Iterator[tuple[int, int]]:
    """Of every window the longest part from its beginning that shows a block, if it adds to them.

    Most windows are done with by looking at a few of their Dates in order, which a tree has
    ready while the window moves on: n copies take O(n log n).
    """
    held, past_block = _Window(sent), 0
    for first, past in windows:
        if past <= past_block:
            continue
        held.move(first, past)
        size = held.largest_block()
        end = past if size == past - first else _end_of_part(came, sent, first, size)
        if end > max(first, past_block):
            past_block = end
            yield first, end


def _end_of_part(came: Sequence[int], sent: Sequence[int], first: int, largest: int) -> int:
    """Past the longest run of at most `largest` copies that shows a block; `first` if none does.

    Copies that came in one second are in it together or not at all.
    """
    end, dates = first, list[int]()
    for place in range(first, min(first + largest, len(sent))):
        insort(dates, sent[place])
        is_last = place + 1 == len(came) or came[place + 1] > came[place]
        if is_last and len(dates) >= FEWEST_COPIES:
            low, high = _hundredths(len(dates), len(dates))
            if dates[high - 1] - dates[low - 1] > SPREAD_SECONDS:
                end = place + 1
    return end


def _hundredths(part: int, whole: int) -> tuple[int, int]:
    """The places, from 1, between which the 10th and 90th hundredth of any `part` copies lie.

    Places among the Dates in order of all `whole` of them, so that the bounds are the very
    hundredths when the part is the whole.
    """
    return -(-part // 10), whole - part // 10


def _joined(came: Sequence[int], windows: Iterable[tuple[int, int]]) -> tuple[Block, ...]:
    blocks: list[Block] = []
    for first, past in windows:
        began, ended = came[first], came[past - 1]
        if blocks and began <= blocks[-1][1]:
            began = blocks.pop()[0]
        blocks.append((began, ended))
    return tuple(blocks)


class _Window:
    """The Dates of some neighbouring copies in order, while the window moves on (Fenwick's tree).

    The tree counts which ranks are held: rank is the place of a copy among all of the folder by
    Date.
    """

    def __init__(self, sent: Sequence[int]) -> None:
        ranked = sorted(range(len(sent)), key=sent.__getitem__)
        self._dates = [sent[copy] for copy in ranked]
        self._rank = [0] * len(sent)
        for place, copy in enumerate(ranked, 1):
            self._rank[copy] = place
        self._top = 1 << len(sent).bit_length()
        self._sums = [0] * (self._top + 1)
        self._first = self._past = 0

    def move(self, first: int, past: int) -> None:
        """Hold the copies from `first` to before `past`; neither ever goes back."""
        for copy in range(self._first, min(first, self._past)):
            self._count(self._rank[copy], -1)
        for copy in range(max(first, self._past), past):
            self._count(self._rank[copy], +1)
        self._first, self._past = first, past

    def largest_block(self) -> int:
        """No part of the window with more copies than this can show a block.

        It is the size of the window itself when that shows one, 0 when no part can.
        """
        size = self._past - self._first
        if self._may_spread(size):
            return size
        if not self._may_spread(FEWEST_COPIES):
            return 0
        parts = range(FEWEST_COPIES, size)
        return parts[bisect_left(parts, True, key=lambda part: not self._may_spread(part)) - 1]

    def _may_spread(self, part: int) -> bool:
        low, high = _hundredths(part, self._past - self._first)
        return self._date(high) - self._date(low) > SPREAD_SECONDS

    def _count(self, rank: int, by: int) -> None:
        while rank <= self._top:
            self._sums[rank] += by
            rank += rank & -rank

    def _date(self, number: int) -> int:
        """The `number`-th Date, from 1, in order."""
        place, step = 0, self._top
        while step:
            if place + step <= self._top and self._sums[place + step] < number:
                place += step
                number -= self._sums[place]
            step >>= 1
        return self._dates[place]
