"""Every measure is defined once, where it is made, and every figure has its definition."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import replace

import pytest

from inbox_agent.catalogue import FIGURES, TABLES, UNIT_WORDS
from inbox_agent.definitions import MEASURES, Measure, definitions
from inbox_agent.methodology import CHAPTERS, chapter_of

COLUMNS = {"name", "title", "chapter", "unit", "definition", "source"}
MEASURED_TABLES = {
    *("response_times", "response_times_by_period", "team_by_period", "silence_gaps", "contacts"),
    *("conversations", "partner_standing", "drift"),
}
UNITS_OF_FIGURES = {"seconds", "working seconds", "working days", "share", "times", "log ratio"}


def names() -> list[str]:
    """Every name that has a definition, also of rows for several."""
    return [name for measure in MEASURES for name in measure.name.split(", ")]


@pytest.mark.parametrize("measure", MEASURES, ids=lambda measure: str(measure.name))
def test_a_definition_is_the_text_of_the_place_that_makes_it(measure: Measure) -> None:
    text = measure.definition
    assert re.fullmatch(r"[A-Z0-9`].{20,}[.)]", text), text
    assert "`" not in text
    assert "\n" not in text


def test_every_definition_is_published_under_its_own_name() -> None:
    rows = list(definitions())
    assert [row["name"] for row in rows] == [measure.name for measure in MEASURES]
    assert [row["definition"] for row in rows] == [measure.definition for measure in MEASURES]
    assert all(set(row) == COLUMNS for row in rows)


def test_every_measure_stands_in_one_chapter_under_a_heading_of_its_own() -> None:
    placed = Counter(name for chapter in CHAPTERS for name in chapter.headings)
    assert placed == Counter(measure.name for measure in MEASURES)
    headings = Counter(each for chapter in CHAPTERS for each in chapter.headings.values())
    assert [each for each, count in headings.items() if count > 1] == []


def test_a_measure_of_no_chapter_is_refused() -> None:
    with pytest.raises(LookupError, match="no chapter"):
        chapter_of("something new")


def test_no_name_is_defined_twice() -> None:
    assert [name for name, count in Counter(names()).items() if count > 1] == []


def test_every_figure_has_a_definition() -> None:
    assert {column.name for column in FIGURES} - set(names()) == set()


def test_every_measured_column_has_a_definition() -> None:
    columns = {
        column.name.removeprefix("ours_").removeprefix("theirs_")
        for table in TABLES
        if table.name in MEASURED_TABLES
        for column in table.columns
        if column.unit in UNITS_OF_FIGURES
    }
    assert columns - set(names()) == set()


def test_what_decides_about_a_letter_or_an_ask_has_a_definition() -> None:
    decisions = {"at", "kind", "outcome", "needs_reply", "met_standard", "waiting_on", "state"}
    assert decisions | {"due_at", "watch_at", "act_at", "next_change_at"} <= set(names())


def test_a_definition_and_its_column_have_one_unit() -> None:
    units: dict[str, set[str | None]] = {}
    for table in TABLES:
        for column in table.columns:
            units.setdefault(column.name, set()).add(column.unit)
    for measure in MEASURES:
        for name in measure.name.split(", "):
            if name in units and measure.unit is not None:
                assert units[name] == {measure.unit}, name


def test_units_are_those_of_the_catalogue() -> None:
    assert {measure.unit for measure in MEASURES} - {None} <= set(UNIT_WORDS)


def test_a_measure_without_a_docstring_would_be_seen() -> None:
    def made_by_nobody() -> None: ...

    assert replace(MEASURES[0], made_by=made_by_nobody).definition == ""
