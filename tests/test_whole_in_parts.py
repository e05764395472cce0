"""A generation that is made in parts, by several processes, is the one that is made at once."""

from __future__ import annotations

import os
import select
import signal
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import chain
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from mailboxes import Mailbox, mailboxes, message
from test_news_generation import Place

from inbox_agent.copy_entries import Part, part_of
from inbox_agent.measured_rows import Slip, Values
from inbox_agent.measuring_process import SortingTools, Tools
from inbox_agent.measuring_processes import Named, Team
from inbox_agent.messages import Message
from inbox_agent.mirror_news import Reader
from inbox_agent.published import OF_RECORD
from inbox_agent.sorted_mail import SORTED
from inbox_agent.whole_in_parts import publish_in_parts

Rows = dict[str, list[Values]]

_TABLES = ("partners", "partner_standing", *OF_RECORD)


def _halves(box: Mailbox) -> Iterator[tuple[list[Message], dict[str, datetime]]]:
    """What came, in two batches, each with the instant up to which both mailboxes are known."""
    copies, at = list(box.copies), datetime(2020, 1, 1, tzinfo=UTC)
    for some in (copies[: len(copies) // 2], copies[len(copies) // 2 :]):
        at = max([at, *(t for c in some if (t := c.received_at or c.sent_at))])
        yield some, {"partners": at, "second": at + timedelta(hours=4)}


def _publish_in_parts(place: Place, processes: int) -> None:
    with place.job() as job:
        publish_in_parts(job, processes, keeps=True)


@pytest.mark.simulation
@given(mailboxes())
@settings(
    max_examples=20,
    deadline=None,
    phases=(Phase.explicit, Phase.reuse, Phase.generate),
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)
def test_what_is_made_in_parts_is_what_is_made_at_once_and_is_gone_on_from(box: Mailbox) -> None:
    with tempfile.TemporaryDirectory() as folder:
        places = [Place(Path(folder) / name) for name in ("parts", "news", "all")]
        parts, news, at_once = places
        for number, (copies, as_of) in enumerate(_halves(box)):
            for place in places:
                place.read(copies, as_of)
                place.now = max(as_of.values())
            at_once.agent.rebuild()
            _publish_in_parts(parts, 0)
            assert parts.tables() == at_once.tables()
            if number:
                news.publish()
            else:
                _publish_in_parts(news, 0)
            assert news.tables() == at_once.tables()


@pytest.fixture(name="filled")
def _filled(tmp_path: Path) -> Place:
    """Two partners and somebody who never answered."""
    place, at = Place(tmp_path / "place"), datetime(2024, 5, 6, 9, tzinfo=UTC)
    copies = [copy for n in range(12) for copy in _exchange(n, at + timedelta(days=2 * n))]
    until = at + timedelta(days=30)
    place.now = until
    place.read(copies, {"partners": until, "second": until})
    return place


def _exchange(number: int, at: datetime) -> Iterator[Message]:
    """They ask; two of three are answered. Of one our answer goes through our list alone."""
    who = ("kim@globex.com", "lee@initech.com", "max@hooli.example")[number % 3]
    listed, name = "partners@acme.com", f"{number}@mail.example"
    to = ("ana@acme.com",) if number % 3 else (listed,)
    yield message(name, at, author=who, to=to)
    if number % 3 < 2:
        answered_at, to = at + timedelta(hours=1 + number), (who,) if number % 3 else (listed,)
        yield message(f"re-{name}", answered_at, author="ana@acme.com", to=to, in_reply_to=name)


def _tools(place: Place) -> tuple[Tools, list[Named]]:
    with place.job() as job:
        sorted_mail = job.path.with_name(SORTED)
        with closing(sqlite3.connect(job.path)) as db:
            columns = {
                table: [row[1] for row in db.execute(f'pragma table_info("{table}")')]
                for table in _TABLES
            }
        with closing(sqlite3.connect(sorted_mail)) as db:
            named = db.execute("select id, key from parties order by key").fetchall()
        mirror = job.mirror.path
        tools = Tools(job.config, mirror, sorted_mail, {}, job.instants, job.privacy, columns)
        return tools, named


def _by_number(found: Iterator[Slip]) -> dict[int, tuple[Slip, Rows]]:
    """Each slip, with its rows as they are: packed they may differ by what was shared."""
    return {
        slip.number: (replace(slip, tables={}), {t: list(rows) for t, rows in slip.tables.items()})
        for slip in found
    }


def _children(process: int) -> list[int]:
    try:
        found = Path(f"/proc/{process}/task/{process}/children").read_text()
    except FileNotFoundError:
        return []
    return [int(pid) for pid in found.split()]


def _descendants() -> set[int]:
    children = _children(os.getpid())
    return {*children, *(pid for child in children for pid in _children(child))}


def _has_ended(process: int) -> bool:
    ended, _, _ = select.select([process], [], [], 10)
    os.close(process)
    return bool(ended)


def _parts(team: Team, place: Place) -> tuple[list[Part], list[range]]:
    """All copies, three at a time; and those that were looked at in this process."""
    looked: list[range] = []
    with place.job() as job:
        reader, roster = Reader(job.mirror, job.config, {}), job.config.roster()

        def here(numbers: range) -> Part:
            looked.append(numbers)
            return part_of(list(reader.load(numbers).items()), roster)

        ranges = [range(low, low + 3) for low in range(1, job.mirror.count() + 1, 3)]
        tools = SortingTools(job.config, job.mirror.path, {})
        return list(team.parts(tools, ranges, here)), looked


def _are_there(team: Team) -> None:
    for worker in team._workers:
        assert select.select([worker.answers], [], [], 30)[0]


def test_copies_are_looked_at_in_order_by_the_processes_that_are_there(filled: Place) -> None:
    (alone, all_looked), before = _parts(Team(0), filled), _descendants()
    numbers = [entry.number for part in alone for entry in part.entries]
    assert numbers == list(range(1, 21))
    assert len(all_looked) == 7
    with Team(2) as team:
        _are_there(team)
        assert _parts(team, filled) == (alone, [])
        processes = [os.pidfd_open(pid) for pid in sorted(_descendants() - before)]
        for process in processes:
            signal.pidfd_send_signal(process, signal.SIGKILL)
        assert all(map(_has_ended, processes))
        assert _parts(team, filled) == (alone, all_looked)


def test_an_answer_through_our_list_is_with_what_it_answers(filled: Place) -> None:
    _publish_in_parts(filled, 0)
    found = filled.tables()
    answered = [row["outcome"] for row in found["response_times"] if row["partner"] == "globex.com"]
    assert answered == ["answered"] * 4
    filled.agent.rebuild()
    assert filled.tables() == found


def test_a_process_that_dies_costs_nobody_and_none_outlives_the_work(filled: Place) -> None:
    _publish_in_parts(filled, 0)
    tools, named = _tools(filled)
    here = _by_number(Team(0).slips(tools, named))
    assert sorted(slip.summary.partner.key for slip, _ in here.values() if slip.summary) == [
        "globex.com",
        "initech.com",
    ]
    before = _descendants()
    assert _by_number(Team(2).slips(tools, named)) == here
    assert _descendants() == before
    found = Team(2).slips(tools, named)
    first = next(found)  # and whoever gave it has the next one in hand
    processes = [os.pidfd_open(pid) for pid in sorted(_descendants() - before)]
    assert len(processes) == 2
    # the one that the other came out of and that is to end it
    signal.pidfd_send_signal(processes[0], signal.SIGKILL)
    assert _by_number(chain([first], found)) == here
    assert all(map(_has_ended, processes))
    assert _descendants() == before
