"""The table "Faults, one by one" of docs/reliability.md: each fault has a test, and it exists."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pytest

TESTS = Path(__file__).parent
PAGE = TESTS.parent / "docs" / "reliability.md"
#: So many faults there are. One that is taken out of the table needs a reason.
FAULTS = 80

_ROW = re.compile(r"\| (F\d+) \| ([^|]+) \| ([^|]+) \| ([^|]+) \|")
_PROOF = re.compile(r"`(tests/test_\w+\.py)::(test_\w+)`")


class Fault(NamedTuple):
    """A row of the table."""

    number: str
    fault: str
    outcome: str
    proofs: list[tuple[str, str]]


def faults(page: str) -> list[Fault]:
    """The rows of the table that begin with a number."""
    _, _, section = page.partition("\n## Faults, one by one\n")
    section = section.partition("\n## ")[0]
    return [
        Fault(number, fault, outcome, _PROOF.findall(proofs))
        for number, fault, outcome, proofs in _ROW.findall(section)
    ]


@cache
def collected(path: Path) -> frozenset[str]:
    """The tests a file has that pytest would collect, by reading it."""
    if not path.is_file():
        return frozenset()
    tree = ast.parse(path.read_text("utf-8"))
    return frozenset(
        node.name
        for node in tree.body
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")
    )


def without_proof(table: list[Fault]) -> list[str]:
    """The numbers of faults that name no test, and the tests named that do not exist."""
    bare = [fault.number for fault in table if not fault.proofs]
    gone = [
        f"{fault.number}: {path}::{test}"
        for fault in table
        for path, test in fault.proofs
        if test not in collected(TESTS.parent / path)
    ]
    return bare + gone


def test_every_fault_has_a_number_of_its_own_and_none_is_left_out() -> None:
    numbers = [fault.number for fault in faults(PAGE.read_text("utf-8"))]
    assert numbers == [f"F{number}" for number in range(1, FAULTS + 1)]


def test_every_fault_is_proved_by_tests_that_exist() -> None:
    assert without_proof(faults(PAGE.read_text("utf-8"))) == []


def test_a_proof_with_a_slip_of_the_pen_is_not_passed_over() -> None:
    page = PAGE.read_text("utf-8")
    rows = [line for line in page.splitlines() if re.match(r"\| F\d+ \|", line)]
    assert [row.count("::") for row in rows] == [len(fault.proofs) for fault in faults(page)]


HERE = "tests/test_fault_table.py"


@pytest.mark.parametrize(
    ("proofs", "missing"),
    [
        (f"`{HERE}::test_every_fault_is_proved_by_tests_that_exist`", []),
        (f"`{HERE}::test_no_such`", [f"F1: {HERE}::test_no_such"]),
        (f"`{HERE}::collected`", ["F1"]),
        ("`tests/test_no_such.py::test_x`", ["F1: tests/test_no_such.py::test_x"]),
        ("by itself", ["F1"]),
    ],
)
def test_a_fault_without_a_test_is_named(proofs: str, missing: list[str]) -> None:
    table = f"## Faults, one by one\n\n| F1 | a | b | {proofs} |\n"
    page = f"# What\n\n{table}\n## Next\n\n| F9 | a | b | none |\n"
    assert without_proof(faults(page)) == missing
