"""What pages count for a busy partner is answered from an index alone, row by row of no table."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing

import pytest

from inbox_agent import catalogue
from inbox_agent.catalogue import OF_A_PARTNER
from inbox_agent.catalogue.queries import MOST_ROWS, QUERIES
from inbox_agent.datasette_plugin.charts.months import IN_FIGURES
from inbox_agent.datasette_plugin.why.cuts import Cut

ASKS = Cut("response_times", "globex.example").and_(responder="us")
WINDOW = ASKS.between("asked_at", "2026-08-24", "2026-11-22")
#: Where a partner's rows are not next to each other.
LOOKED_UP = ("response_times", "conversations", "silence_gaps", "contact_gaps", "alerts")
LETTERS = Cut("messages", "globex.example").between("at", "2026-08-24", "2026-11-22")


@pytest.fixture(scope="module")
def db() -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(":memory:")) as found:
        for statement in catalogue.create_statements():
            found.execute(statement)
        yield found


def plan(db: sqlite3.Connection, sql: str, **arguments: object) -> str:
    return " | ".join(row[3] for row in db.execute(f"explain query plan {sql}", arguments))


@pytest.mark.parametrize(
    ("columns", "cut", "index"),
    [
        ("count(*)", ASKS.and_(asked_at__lt="2026-08-24"), "asks_of_partner"),
        ("sum(outcome = 'open'), sum(met_standard), sum(basis = 'inferred')",
         WINDOW.and_(counts=1), "asks_of_partner"),
        ("why_not, count(*)", WINDOW.and_(counts=0), "asks_of_partner"),
        ("sum(nudges)", WINDOW, "asks_of_partner"),
        ("count(*)", WINDOW.and_(counts=1, due_at__notnull=1, met_standard=0), "asks_of_partner"),
        ("count(*)", WINDOW.and_(counts=1, first_nudge_at__notnull=1), "asks_of_partner"),
        ("count(*)", Cut("conversations", "globex.example").and_(opened_by="us"),
         "latest_conversations"),
        ("from_address, count(*)", LETTERS.and_(side="them", counts=1), "letters_by_time"),
        ("count(*)", LETTERS.and_(proves="held"), "letters_by_time"),
        ("why_not, rule, count(*)", LETTERS.and_(counts=0), "letters_left_out"),
    ],
)  # fmt: skip
def test_figures_are_counted_from_an_index_alone(
    db: sqlite3.Connection, columns: str, cut: Cut, index: str
) -> None:
    source, arguments = cut.sql
    assert f"COVERING INDEX {index} " in plan(db, f"select {columns} {source}", **arguments)


def test_curves_are_counted_from_an_index_alone(db: sqlite3.Connection) -> None:
    asked = f"from response_times where partner = 'x' and {OF_A_PARTNER} and asked_at > '2026'"
    sql = f"select responder, outcome, response_seconds, count(*) {asked} and {IN_FIGURES}"
    assert "COVERING INDEX asks_of_partner " in plan(db, f"{sql} group by 1, 2, 3")


def test_every_index_is_there_for_a_query_of_ours(db: sqlite3.Connection) -> None:
    """One that none goes by is written with every row, and makes the database larger."""
    looked_up = (Cut(table, "globex.example") for table in LOOKED_UP)
    asked = [
        *("select * from waiting_on_us", "select * from silent_now"),
        *(f"select * {cut.sql[0]}" for cut in (*looked_up, LETTERS, LETTERS.and_(counts=0))),
    ]
    arguments = {"partner": "globex.example", "v0": "2026-08-24", "v1": "2026-11-22"}
    plans = " ".join(plan(db, sql, **arguments) for sql in asked)
    made = db.execute("select name from sqlite_master where type = 'index' and sql is not null")
    assert [name for (name,) in made if f"INDEX {name} " not in f"{plans} "] == []


def test_who_waits_is_counted_from_an_index_alone(db: sqlite3.Connection) -> None:
    found = plan(db, "select waiting_on_us, waiting_on_them from partner_health")
    assert found.count("USING COVERING INDEX unanswered_asks_of_partner") == 2
    assert "conversations" not in found  # subjects are of no use there
    some = "select partner, count(*) from waiting_on_us where partner = 'x' group by partner"
    assert "COVERING INDEX unanswered_asks_of_partner " in plan(db, some)


def test_named_queries_give_as_many_rows_as_their_description_says() -> None:
    queries = catalogue.datasette_metadata()["databases"]["partners"]["queries"]
    for query in QUERIES:
        assert query.sql.endswith(f"\nLIMIT {MOST_ROWS}")
        assert queries[query.name]["description"].endswith(f" The first {MOST_ROWS} at most.")
