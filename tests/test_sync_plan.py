"""What a poll asks of a folder, for every way in which its numbers can stand to those known."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import product
from typing import NamedTuple

import pytest

from inbox_agent.sync_plan import (
    Found,
    Known,
    Plan,
    Unlisted,
    adds_up,
    formerly,
    generation,
    is_unchanged,
    plan,
    spread,
)

NOW = datetime(2024, 6, 28, 12, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)

# A number now, compared with the number known: what is known, what is found.
NUMBERS = {
    "neither": (None, None),
    "only known": (1_000, None),
    "only found": (None, 1_000),
    "less": (1_000, 999),
    "equal": (1_000, 1_000),
    "greater": (1_000, 1_001),
}
COUNTS = {"unknown": None, "less": 8, "equal": 7, "greater": 6}  # 7 letters are found
GENERATIONS = {"new folder": None, "equal": 5, "less": 6, "greater": 4}  # 5 is found
COMPARED = {
    "never": None,
    "just now": NOW,
    "23 hours ago": NOW - 23 * HOUR,
    "24 hours ago": NOW - 24 * HOUR,
    "tomorrow": NOW + 24 * HOUR,
}
KEYWORDS = {
    "no mark": (None, None),
    "mark given up": ("Done", None),
    "mark new": (None, "Done"),
    "mark changed": ("Settled", "Done"),
    "same mark": ("Done", "Done"),
}
LAST_UID = {"as far as uidnext": 0, "up to the letter before uidnext": -1}

#: Where these pairs (MODSEQ, UIDNEXT) are found, and as many letters, nothing has changed.
SAME = {
    ("equal", "equal"),
    ("equal", "neither"),
    ("equal", "only known"),
    ("equal", "only found"),
    ("neither", "equal"),
    ("only known", "equal"),
    ("only found", "equal"),
}


class Case(NamedTuple):
    """How each number of a folder stands to the one known."""

    generation: str
    modseq: str
    uidnext: str
    count: str
    compared: str
    mark: str
    last_uid: str
    ended_well: bool
    has_qresync: bool


def test_the_plan_for_every_relation_of_every_number() -> None:
    flags = (True, False)
    names = (GENERATIONS, NUMBERS, NUMBERS, COUNTS, COMPARED, KEYWORDS, LAST_UID, flags, flags)
    cases = [Case(*values) for values in product(*names)]  # type: ignore[arg-type]
    assert len(cases) == 4 * 6 * 6 * 4 * 5 * 5 * 2 * 2 * 2
    assert [case for case in cases if _planned(case) != _expected(case)] == []


def _planned(case: Case) -> Plan:
    was_modseq, modseq = NUMBERS[case.modseq]
    was_uidnext, uidnext = NUMBERS[case.uidnext]
    was_keyword, keyword = KEYWORDS[case.mark]
    known = Known(
        uidvalidity=GENERATIONS[case.generation],
        last_uid=(uidnext or 1_000) + LAST_UID[case.last_uid],
        uidnext=was_uidnext,
        exists=COUNTS[case.count],
        modseq=was_modseq,
        compared_at=COMPARED[case.compared],
        keyword=was_keyword,
        ended_well=case.ended_well,
    )
    return plan(known, Found(5, uidnext, 7, modseq, case.has_qresync), NOW, keyword)


def _expected(case: Case) -> Plan:
    """By the names of the relations alone; the numbers are not looked at."""
    has_mark = case.mark not in {"no mark", "mark given up"}
    if case.generation != "equal":
        return Plan(1, "by_count", has_mark)
    is_asked = case.mark == "same mark" and case.modseq == "equal" and case.ended_well
    marks = has_mark and not is_asked
    same = case.ended_well and case.count == "equal" and (case.modseq, case.uidnext) in SAME
    tells_uidnext = case.uidnext not in {"neither", "only known"}
    is_beyond = tells_uidnext and case.last_uid == "as far as uidnext"
    odd = case.modseq == "less" or case.uidnext == "less" or is_beyond
    due = case.compared in {"never", "24 hours ago", "tomorrow"} or case.count == "unknown"
    top = {"less": 999, "greater": 1_001}.get(case.uidnext, 1_000)
    first = top - (499 if case.last_uid == "as far as uidnext" else 500)
    if odd or due:
        return Plan(None if same else first, "full", marks)
    if same:
        return Plan(None, "no", marks)
    asks = case.has_qresync and case.modseq in {"equal", "greater"}  # "less" is odd
    return Plan(first, "vanished" if asks else "by_count", marks)


READ = Known(5, 41, 42, 7, 90, NOW - HOUR, "Done", ended_well=True)


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (Found(5, 42, 7, 90, True), Plan(None, "no", False)),  # nothing happened
        (Found(5, 42, 7, 91, True), Plan(1, "vanished", True)),  # a flag was set
        (Found(5, 43, 8, 91, True), Plan(1, "vanished", True)),  # a letter came
        (Found(5, 43, 8, 91, False), Plan(1, "by_count", True)),  # without QRESYNC
        (Found(5, 42, 6, 91, True), Plan(1, "vanished", True)),  # a letter went
        (Found(5, 43, 7, 91, False), Plan(1, "by_count", True)),  # one went and one came
        (Found(5, 42, 7, 89, True), Plan(1, "full", True)),  # an old copy was put back
        (Found(5, 41, 7, 90, True), Plan(1, "full", False)),  # a letter we hold is to come yet
        (Found(5, None, 7, None), Plan(1, "by_count", True)),  # a server that says little
        (Found(4, 42, 7, 90, True), Plan(1, "by_count", True)),  # all uids are others
        (Found(6, 2, 1, 1, True), Plan(1, "by_count", True)),
    ],
)
def test_what_is_asked_after_some_things_that_happen(found: Found, expected: Plan) -> None:
    assert plan(READ, found, NOW, "Done") == expected


def test_a_pass_that_was_cut_short_is_never_followed_by_one_that_asks_nothing() -> None:
    cut_short = Known(5, 41, 42, 7, 90, NOW - HOUR, "Done", ended_well=False)
    assert not is_unchanged(cut_short, Found(5, 42, 7, 90, True))
    assert plan(cut_short, Found(5, 42, 7, 90, True), NOW, "Done") == Plan(1, "vanished", True)


def test_the_search_begins_500_uids_below_the_last_one_read() -> None:
    known = Known(5, 5_000, 5_001, 7, None, NOW, None, ended_well=True)
    assert plan(known, Found(5, 5_002, 8), NOW, None).search_from == 4_501


@pytest.mark.parametrize(
    ("exists", "listed", "gone", "expected"),
    [
        (7, [40, 41], 0, True),  # held before
        (8, [41, 42], 0, True),  # one came
        (8, [41, 42, 44], 0, True),  # another came since EXAMINE: UIDNEXT was 44
        (7, [41, 42], 1, True),  # one came, one went
        (7, [41, 42], 0, False),
        (6, [41], 0, False),
        (9, [41, 42], 0, False),  # two came, one is listed
    ],
)
def test_the_letters_are_those_before_and_those_that_came_without_those_gone(
    exists: int, listed: list[int], gone: int, expected: bool
) -> None:
    assert adds_up(READ, Found(5, 44, exists), listed, gone) is expected


def test_what_came_during_the_last_pass_is_held_and_counts_as_new() -> None:
    known = Known(5, 43, 42, 7, None, NOW, None, ended_well=True)
    assert adds_up(known, Found(5, 44, 9), [42, 43], 0)


def test_without_uidnext_what_lies_above_the_last_uid_came() -> None:
    known = Known(5, 41, None, 7, None, NOW, None, ended_well=True)
    assert adds_up(known, Found(5, None, 8), [41, 42], 0)


def test_of_a_new_generation_no_letter_is_known() -> None:
    known = generation(READ, Found(6, 3, 2), NOW)
    assert known == Known(6, exists=0, compared_at=NOW)
    assert adds_up(known, Found(6, 3, 2), [1, 2], 0)
    assert not adds_up(known, Found(6, 3, 2), [2], 0)
    assert generation(READ, Found(5, 42, 7), NOW) is READ


# -- renames --------------------------------------------------------------------------------

OLD, OTHER = Unlisted("Old", 5, 41, "m1"), Unlisted("Other", 5, 20, "m2")
PLAIN, PLAINER = Unlisted("Plain", 5, 41), Unlisted("Plainer", 5, 20)


@pytest.mark.parametrize(
    ("unlisted", "found", "expected"),
    [
        ([OLD, OTHER], Found(5, 42, 7, mailbox_id="m2"), (OTHER, True)),
        ([OLD], Found(9, 42, 7, mailbox_id="m1"), (OLD, True)),  # whatever UIDVALIDITY is
        ([OLD], Found(5, 42, 7, mailbox_id="m3"), (None, False)),  # the server says it is not
        ([PLAIN], Found(5, 42, 7), (PLAIN, False)),
        ([PLAIN], Found(5, None, 7), (PLAIN, False)),
        ([PLAIN], Found(5, 41, 7), (None, False)),  # the letter 41 is to come yet
        ([PLAIN], Found(6, 42, 7), (None, False)),
        ([PLAIN, PLAINER], Found(5, 42, 7), (None, False)),  # it could be either
        ([PLAIN, PLAINER], Found(5, 30, 7), (PLAINER, False)),
        ([PLAIN], Found(5, 42, 7, mailbox_id="m1"), (PLAIN, False)),  # no id was known then
        ([], Found(5, 42, 7, mailbox_id="m1"), (None, False)),
    ],
)
def test_which_folder_a_new_one_may_have_been(
    unlisted: list[Unlisted], found: Found, expected: tuple[Unlisted | None, bool]
) -> None:
    assert formerly(unlisted, found) == expected


def test_a_folder_is_looked_at_from_its_first_letter_to_its_last() -> None:
    assert spread([3, 4, 9]) == [3, 4, 9]
    assert spread(list(range(100, 200))) == [100, 111, 122, 133, 144, 155, 166, 177, 188, 199]
    assert spread([]) == []
