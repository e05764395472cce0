"""docs/simulations.md is of the simulations as they are now."""

from __future__ import annotations

from accuracy.section import Section
from simulations.bias import FIGURES, REGIMES
from simulations.planted import FALSE_ALARMS, FINDS
from simulations.report import DOCUMENT, drawn_with, page

TEXT = DOCUMENT.read_text("utf-8")


def test_the_page_was_drawn_with_these_seeds() -> None:
    assert TEXT.rstrip().endswith(drawn_with()), "make simulation-tables"


def test_the_page_has_a_row_for_each_regime_plant_and_false_alarm() -> None:
    first_cells = {line.split("|")[1].strip() for line in TEXT.splitlines() if line[:1] == "|"}
    names = {regime.name for regime in REGIMES} | {*FINDS} | {*FALSE_ALARMS}
    assert names - first_cells == set()
    assert all(f" {name} |" in TEXT for name in FIGURES)


def test_a_page_ends_with_what_it_was_drawn_with() -> None:
    assert page([Section("A title", "A text", {})]).endswith(
        f"## A title\n\nA text\n\n{drawn_with()}\n"
    )
