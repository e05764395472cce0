"""Every published table, view and column: one home, one meaning, one order."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
import yaml
from sample_database import make_database

from inbox_agent import catalogue
from inbox_agent.catalogue import (
    TABLES,
    VIEWS,
    Column,
    Index,
    PartnerIndex,
    Table,
    View,
)

RELATIONS: tuple[Table | View, ...] = (*TABLES, *VIEWS)
COLUMNS = [(item, column) for item in RELATIONS for column in item.columns]


def words(text: str) -> list[str]:
    return text.split()


FIGURES = words("""asks answered open lapsed response_rate rate_so_far followed_seconds p50_seconds
    p50_reached p90_seconds p50_business_seconds p90_business_seconds answered_p50_seconds
    naive_p50_seconds naive_mean_seconds met_standard_share""")

#: The contract with everybody who has a query, a spreadsheet or a bookmark: these names stay.
CONTRACT: dict[str, tuple[list[str], list[str]]] = {
    "partners": (
        ["partner"],
        words("""partner name owner tier domains as_of first_contact_at last_inbound_at
        last_outbound_at messages_in messages_out conversations contacts their_timezone
        their_timezone_from their_timezone_evidence their_days their_hours their_hours_from
        their_hours_evidence"""),
    ),
    "response_times": (
        ["response"],
        words("""response partner conversation episode responder is_first asked_at asked_by
        answered_at answered_by outcome response_seconds business_seconds absent_seconds nudges
        first_nudge_at last_nudge_at due_at met_standard needs_reply needs_reply_because
        reply_likelihood counts why_not answered_elsewhere_at basis"""),
    ),
    "response_times_by_period": (
        ["partner", "responder", "period"],
        ["partner", "responder", "period", "period_kind", *FIGURES],
    ),
    "team_by_period": (
        ["scope", "responder", "period"],
        ["scope", "responder", "period", "period_kind", "partners", *FIGURES],
    ),
    "silence_gaps": (
        ["gap"],
        words("""gap partner began_at ended_at gap_seconds gap_working_days usual_gap_working_days
        times_usual chance last_from broken_by is_open"""),
    ),
    "conversations": (
        ["conversation"],
        words("""conversation partner subject opened_at started_at last_at opened_by messages turns
        episodes waiting_on waiting_since_at search_row"""),
    ),
    "contacts": (
        ["partner", "address"],
        words("""partner address name side first_seen_at last_seen_at messages addressed
        last_addressed_at usual_gap_working_days state gone_at successor introduced_by
        share_12_months"""),
    ),
    "introductions": (
        ["partner", "newcomer"],
        words("""partner newcomer introduced_by introduced_at received answered_at
        alive_after_90_days"""),
    ),
    "absences": (
        ["partner", "address", "began_at"],
        words("partner address began_at ended_at is_open"),
    ),
    "partner_standing": (
        ["partner"],
        [
            *words("partner as_of state because cause cause_since_at urgency next_change_at"),
            *(f"ours_{name}" for name in FIGURES),
            *(f"theirs_{name}" for name in FIGURES),
            *words("""fairness fairness_low fairness_high fairness_basis opened_by_us opened_by_them
            nudges_by_us nudges_by_them nudged_by_us_after_p50_seconds
            nudged_by_them_after_p50_seconds two_way_weeks longest_two_way_weeks
            two_way_weeks_share last_contact_at last_from usual_gap_working_days
            longest_gap_working_days watch_at act_at alarms_12_months alarms_came_back
            ours_trend ours_trend_p theirs_trend theirs_trend_p ours_arrow theirs_arrow
            their_people their_people_80 our_people our_people_80
            introductions_received introductions_given sent_coverage sent_coverage_high"""),
        ],
    ),
    "standards": (
        ["partner", "standard"],
        words("""partner standard target actual unit state misses_left breaks_at share asks misses
        suggested evidence"""),
    ),
    "alarm_record": (
        ["partner", "alarm"],
        words("""partner alarm level gap began_at raised_at ended_at broken_by they_wrote_at
        came_back_within_30_days days_until_contact warning_days"""),
    ),
    "drift": (
        ["partner", "measure"],
        words("""partner measure before after unit direction p p_adjusted is_shown letters_before
        letters_after before_from_at after_from_at until_at figures_of evidence"""),
    ),
    "sent_coverage": (
        ["partner", "month"],
        words("partner month known held share share_high"),
    ),
    "messages": (
        ["partner", "message"],
        words("""partner message conversation at at_source side kind rule counts why_not
        from_address subject flags parent link split_from proves"""),
    ),
    "alerts": (
        ["alert"],
        words("""alert partner kind level because since_at raised_at act_raised_at cleared_at
        evidence"""),
    ),
    "notices": (
        ["notice"],
        words("notice recipient kind state tried_at sent_at tries error alerts"),
    ),
    "reviews": (
        ["quarter", "partner", "measure"],
        words("quarter partner measure value words unit frozen_at version config_digest"),
    ),
    "polls": (
        ["poll"],
        words("""poll mailbox started_at ended_at ok error folders new_messages unreadable
        seconds"""),
    ),
    "folders": (
        ["mailbox", "folder"],
        words("""mailbox folder special_use state uidvalidity last_uid messages gone
        last_complete_at error note"""),
    ),
    "about": (
        ["generation"],
        words("""as_of generation published_at version config_digest window_seconds
        give_up_after_seconds reopen_after_seconds timezone messages left_out
        clock_conflicts needs_reply_counts clock_sources plain_headers_share parser_version
        rules_version
        subjects_version poll_every_seconds"""),
    ),
    "definitions": (["name"], ["name", "title", "chapter", "unit", "definition", "source"]),
    "working_days": (["day"], words("day begins_at ends_at is_working working_days")),
    "contact_gaps": (
        ["gap"],
        words("gap partner began_at ended_at gap_working_days last_from broken_by"),
    ),
    "gap_lengths": (["partner", "gap_working_days"], words("partner gap_working_days gaps")),
}


def read(path: Path, sql: str) -> list[dict[str, Any]]:
    db = sqlite3.connect(path)
    db.row_factory = sqlite3.Row
    try:
        return [dict(row) for row in db.execute(sql)]
    finally:
        db.close()


def test_the_tables_have_the_names_keys_and_columns_of_the_contract() -> None:
    ours = {t.name: (list(t.primary_key), [c.name for c in t.columns]) for t in TABLES}
    assert ours == CONTRACT


@pytest.mark.parametrize("item", RELATIONS, ids=lambda item: item.name)
def test_the_database_has_exactly_the_columns_of_the_catalogue(
    item: Table | View, tmp_path: Path
) -> None:
    path = make_database(tmp_path / "partners.db", {})
    found = read(path, f'pragma table_info("{item.name}")')
    assert [row["name"] for row in found] == [c.name for c in item.columns]
    if isinstance(item, Table):
        assert [row["type"] for row in found] == [c.type for c in item.columns]
        keyed = sorted((row["pk"], row["name"]) for row in found if row["pk"])
        assert [name for _, name in keyed] == list(item.primary_key)


@pytest.mark.parametrize(
    ("item", "column"), COLUMNS, ids=[f"{i.name}-{c.name}" for i, c in COLUMNS]
)
def test_a_columns_name_type_and_unit_agree(item: Table | View, column: Column) -> None:
    name, unit = column.name, column.unit
    assert name.endswith("_at") <= (unit == "UTC instant")
    assert name.endswith("_seconds") <= (unit in ("seconds", "working seconds"))
    says_so = "business" in name or name == "absent_seconds"
    assert says_so == (unit == "working seconds")
    assert name.endswith("_working_days") <= (unit == "working days")
    assert name.endswith(("_share", "_rate", "_p")) <= (unit == "share")
    assert name.startswith("is_") <= (unit == "flag")
    types = {
        "UTC instant": "TEXT",
        "local date": "TEXT",
        "state": "TEXT",
        "share": "REAL",
        "times": "REAL",
        "log ratio": "REAL",
        None: column.type,
    }
    assert column.type == types.get(unit, "INTEGER")
    assert column.description.endswith("."), item.name


def test_one_name_means_one_unit_wherever_it_stands() -> None:
    units: dict[str, set[Any]] = {}
    for _, column in COLUMNS:
        units.setdefault(column.name, set()).add(column.unit)
    # `folders` and `contacts` have states of their own, in other words than a partner's; the
    # scope's `partners` and `contacts` are counts everywhere.
    assert {name for name, found in units.items() if len(found) > 1} == {"state"}


def test_what_is_named_in_a_relation_is_a_column_of_it() -> None:
    item: Table | View
    for item in RELATIONS:
        names = {column.name for column in item.columns}
        assert {*item.facets, *filter(None, [item.sort, item.sort_desc])} <= names
        assert "partner" not in item.facets
        if isinstance(item, Table):
            assert {*item.primary_key, *filter(None, [item.label_column])} <= names
            assert {index.column for index in item.indexes} <= names


def test_no_index_but_the_key_can_order_rows_with_equal_values() -> None:
    """Datasette's pages lose rows otherwise: see `Table`."""
    unique = {"working_days": {"begins_at"}}
    for table in TABLES:
        keys = set(table.primary_key) if len(table.primary_key) == 1 else set()
        by_key = {index.column for index in table.indexes if isinstance(index, Index)}
        assert by_key <= keys | unique.get(table.name, set())
        assert not set(table.sortable_columns) & set(table.primary_key[:-1])


def test_an_index_by_partner_serves_pages_of_ours_and_no_query_of_datasette_s() -> None:
    db = sqlite3.connect(":memory:")
    for statement in catalogue.create_statements():
        db.execute(statement)

    def plan(sql: str) -> str:
        return " ".join(row[3] for row in db.execute(f"explain query plan {sql}"))

    for table in TABLES:
        names = [i.name for i in table.indexes if isinstance(i, PartnerIndex)]
        for column in ("partner", *table.sortable_columns) if names else ():
            for which in ("", "where partner = 'x'", f"where {column} > 'x'"):
                rest = f'from {table.name} {which} order by "{column}" desc limit 101'
                for asked in ("*", f'{table.primary_key[-1]}, partner, "{column}"'):
                    assert not any(name in plan(f"select {asked} {rest}") for name in names)
        for index in table.indexes:
            if isinstance(index, PartnerIndex):
                where = " and ".join(filter(None, [index.said, index.where]))
                ours = f"from {table.name} where partner = 'x' and {where} order by {index.column}"
                assert index.name in plan(f"select * {ours} limit 20")
    db.close()


def test_the_metadata_covers_every_column_and_nothing_else() -> None:
    entries = catalogue.datasette_metadata()["databases"]["partners"]["tables"]
    assert list(entries) == [*(view.name for view in VIEWS), *(table.name for table in TABLES)]
    for item in RELATIONS:
        entry = entries[item.name]
        assert list(entry["columns"]) == [column.name for column in item.columns]
        assert entry["title"]
        assert entry["description"]
        assert entry["source"]
        for column in item.columns:
            unit = catalogue.UNIT_WORDS[column.unit] if column.unit else ""
            assert entry["columns"][column.name].endswith(unit)


def test_the_metadata_closes_free_sql() -> None:
    assert catalogue.datasette_metadata()["databases"]["partners"]["allow_sql"] is False


def test_the_shipped_metadata_is_what_the_catalogue_says() -> None:
    text = catalogue.metadata_path().read_text(encoding="utf-8")
    assert text == catalogue.metadata_yaml(), "stale: run `python -m inbox_agent.catalogue`"
    assert yaml.safe_load(text) == catalogue.datasette_metadata()


def test_the_teams_own_facts_become_columns_of_partners() -> None:
    fact = Column("revenue_2026", "INTEGER", None, "A fact.")
    db = sqlite3.connect(":memory:")
    for statement in catalogue.create_statements([fact]):
        db.execute(statement)
    names = [row[1] for row in db.execute("pragma table_info(partners)")]
    assert names[-1] == "revenue_2026"
    assert names[:-1] == CONTRACT["partners"][1]
    db.close()


# -- the views, worked by hand ----------------------------------------------------------------

AS_OF = "2026-11-23T09:00:00Z"  # a Monday, 10 o'clock in Berlin
GIVE_UP = 30 * 86_400


def database(tmp_path: Path, **rows: Sequence[Mapping[str, Any]]) -> Path:
    about = [{"generation": 7, "give_up_after_seconds": GIVE_UP}]
    partners = [{"partner": "globex.com", "name": "Globex", "owner": "ana", "as_of": AS_OF}]
    return make_database(tmp_path / "partners.db", {"about": about, "partners": partners, **rows})


def ask(response: str, asked_at: str, **more: Any) -> dict[str, Any]:
    return {
        "response": response,
        "partner": "globex.com",
        "conversation": "c1",
        "responder": "us",
        "asked_at": asked_at,
        "outcome": "open",
        "needs_reply": "yes",
        "nudges": 0,
        **more,
    }


def test_what_waits_on_us_is_listed_oldest_first_with_its_age(tmp_path: Path) -> None:
    path = database(
        tmp_path,
        conversations=[{"conversation": "c1", "subject": "Renewal"}],
        response_times=[
            ask("young", "2026-11-23T08:59:00Z", asked_by="bo@globex.com"),
            ask("old", "2026-11-20T10:00:00Z", nudges=2),
        ],
    )
    rows = read(path, "select * from waiting_on_us")
    assert [(row["response"], row["waiting_seconds"]) for row in rows] == [
        ("old", 3 * 86_400 - 3_600),  # Friday 10:00 to Monday 09:00
        ("young", 60),
    ]
    assert rows[0]["name"] == "Globex"
    assert rows[0]["owner"] == "ana"
    assert rows[0]["subject"] == "Renewal"
    assert rows[0]["nudges"] == 2
    assert read(path, "select * from waiting_on_them") == []


def test_an_age_is_reckoned_at_the_partners_own_last_complete_poll(tmp_path: Path) -> None:
    path = database(
        tmp_path,
        partners=[
            {"partner": "globex.com", "as_of": AS_OF},
            {"partner": "initech.com", "as_of": "2026-11-20T10:00:30Z"},
        ],
        response_times=[ask("a", "2026-11-20T10:00:00Z", partner="initech.com", responder="them")],
    )
    (row,) = read(path, "select * from waiting_on_them")
    assert row["waiting_seconds"] == 30
    assert row["subject"] is None


@pytest.mark.parametrize(
    ("due_at", "overdue"),
    [("2026-11-23T08:59:59Z", 1), ("2026-11-23T09:00:00Z", 0), (None, None)],
    ids=["a second ago", "this very second", "no standard"],
)
def test_an_ask_is_overdue_once_its_deadline_has_passed(
    due_at: str | None, overdue: int | None, tmp_path: Path
) -> None:
    path = database(tmp_path, response_times=[ask("a", "2026-11-20T10:00:00Z", due_at=due_at)])
    assert read(path, "select overdue from waiting_on_us") == [{"overdue": overdue}]


@pytest.mark.parametrize(
    ("given", "waits"),
    [
        # 30 days before as_of is 24 October, 09:00:00 UTC
        ({"asked_at": "2026-10-24T09:00:01Z"}, True),
        ({"asked_at": "2026-10-24T09:00:00Z", "outcome": "lapsed"}, False),
        (
            {
                "asked_at": "2026-09-01T09:00:00Z",
                "outcome": "lapsed",
                "last_nudge_at": "2026-10-24T09:00:01Z",
            },
            True,
        ),
        (
            {
                "asked_at": "2026-09-01T09:00:00Z",
                "outcome": "lapsed",
                "last_nudge_at": "2026-10-24T09:00:00Z",
            },
            False,
        ),
        ({"needs_reply": "unlikely"}, False),
        ({"needs_reply": "no"}, False),
        ({"answered_elsewhere_at": "2026-11-22T08:00:00Z"}, False),
        ({"outcome": "void"}, False),
        ({"outcome": "answered", "answered_at": "2026-11-21T10:00:00Z"}, False),
        ({"outcome": "lapsed", "answered_at": "2026-11-21T10:00:00Z"}, False),
    ],
    ids=[
        "a second before it is given up",
        "given up",
        "given up on, but they wrote again",
        "and then not for long",
        "thanks and the like",
        "settled by a person",
        "answered elsewhere",
        "bounced",
        "answered",
        "answered late",
    ],
)
def test_waiting_ends(given: dict[str, Any], waits: bool, tmp_path: Path) -> None:
    row = ask("a", "2026-11-20T10:00:00Z") | given
    path = database(tmp_path, response_times=[row])
    assert len(read(path, "select * from waiting_on_us")) == waits


def working_days() -> list[dict[str, Any]]:
    """Thursday 12 to Monday 23 November 2026 in Berlin; Wednesday the 18th is a holiday."""
    numbers = {12: 1, 13: 2, 14: 2, 15: 2, 16: 3, 17: 4, 18: 4, 19: 5, 20: 6, 21: 6, 22: 6, 23: 7}
    return [
        {
            "day": f"2026-11-{day}",
            "begins_at": f"2026-11-{day - 1}T23:00:00Z",
            "ends_at": f"2026-11-{day}T23:00:00Z",
            "is_working": int(number != numbers.get(day - 1, 0)),
            "working_days": number,
        }
        for day, number in numbers.items()
    ]


def silent(
    tmp_path: Path, gap: dict[str, Any], **rows: Sequence[Mapping[str, Any]]
) -> dict[str, Any]:
    open_gap = {"gap": "g", "partner": "globex.com", "is_open": 1, "last_from": "us", **gap}
    path = database(tmp_path, silence_gaps=[open_gap], working_days=working_days(), **rows)
    (row,) = read(path, "select * from silent_now")
    return row


def test_weekends_and_holidays_are_no_silence(tmp_path: Path) -> None:
    row = silent(
        tmp_path,
        {"began_at": "2026-11-13T15:00:00Z", "usual_gap_working_days": 2},  # a Friday
        gap_lengths=[
            {"partner": "globex.com", "gap_working_days": days, "gaps": gaps}
            for days, gaps in ((1, 5), (2, 3), (5, 1), (8, 1))
        ],
    )
    assert row["silent_seconds"] == 9 * 86_400 + 18 * 3_600
    assert row["gap_working_days"] == 5  # Mon, Tue, Thu, Fri, and Monday again
    assert row["times_usual"] == 2.5
    assert row["chance"] == pytest.approx((2 + 1) / (10 + 2))  # the gaps of 5 and of 8 days
    assert row["last_from"] == "us"


@pytest.mark.parametrize(
    ("as_of", "days"),
    [("2026-11-19T22:59:59Z", 3), ("2026-11-19T23:00:00Z", 4), ("2026-11-23T23:00:00Z", None)],
    ids=["Thursday, its last second", "Friday, its first", "off the calendar"],
)
def test_a_day_begins_at_the_teams_midnight(as_of: str, days: int | None, tmp_path: Path) -> None:
    row = silent(
        tmp_path,
        {"began_at": "2026-11-14T23:30:00Z"},  # Sunday half past midnight in Berlin
        partners=[{"partner": "globex.com", "as_of": as_of}],
    )
    assert row["gap_working_days"] == days
    assert (row["chance"] is None) == (days is None)


@pytest.mark.parametrize("usual", [None, 0])
def test_a_silence_has_no_multiple_of_an_unknown_or_empty_usual_gap(
    usual: int | None, tmp_path: Path
) -> None:
    gap = {"began_at": "2026-11-13T15:00:00Z", "usual_gap_working_days": usual}
    assert silent(tmp_path, gap)["times_usual"] is None


@pytest.mark.parametrize(
    ("watch_at", "act_at", "passed"),
    [
        ("2026-11-23T09:00:01Z", "2026-12-01T00:00:00Z", None),
        (AS_OF, "2026-12-01T00:00:00Z", "watch"),
        ("2026-11-20T00:00:00Z", AS_OF, "act"),
        (None, None, None),
    ],
)
def test_a_silence_passes_its_lines_at_their_instants(
    watch_at: str | None, act_at: str | None, passed: str | None, tmp_path: Path
) -> None:
    standing = {"partner": "globex.com", "watch_at": watch_at, "act_at": act_at}
    row = silent(tmp_path, {"began_at": "2026-11-13T15:00:00Z"}, partner_standing=[standing])
    assert row["passed"] == passed
    assert row["watch_at"] == watch_at


def test_an_ended_gap_is_no_silence(tmp_path: Path) -> None:
    gap = {"gap": "g", "partner": "globex.com", "began_at": AS_OF, "is_open": 0}
    path = database(tmp_path, silence_gaps=[gap], working_days=working_days())
    assert read(path, "select * from silent_now") == []


def test_partner_health_puts_the_most_urgent_first(tmp_path: Path) -> None:
    """By urgency, then by how long the cause holds, or by how long nobody wrote."""
    standing: list[tuple[str, int, str | None, str | None]] = [
        ("calm.example", 18, None, "2026-11-20T09:00:00Z"),
        ("quiet.example", 18, None, "2026-11-10T09:00:00Z"),
        ("waits.example", 18, None, "2026-11-22T09:00:00Z"),
        ("new.example", 19, None, None),
        ("eyed.example", 10, "2026-11-22T09:00:00Z", "2026-11-01T09:00:00Z"),
        ("eyed-first.example", 10, "2026-11-21T09:00:00Z", "2026-11-21T09:00:00Z"),
        ("urgent.example", 0, "2026-11-22T09:00:00Z", "2026-11-22T09:00:00Z"),
    ]
    path = database(
        tmp_path,
        partners=[{"partner": partner, "as_of": AS_OF} for partner, *_ in standing],
        partner_standing=[
            {"partner": partner, "urgency": urgency, "cause_since_at": since, "last_contact_at": at}
            for partner, urgency, since, at in standing
        ],
        response_times=[
            ask("a", "2026-11-22T09:00:00Z", partner="waits.example"),
            ask("b", "2026-11-21T09:00:00Z", partner="waits.example"),
            ask("c", "2026-11-23T08:59:00Z", partner="calm.example", responder="them"),
        ],
    )
    rows = read(path, "select * from partner_health")
    assert [row["partner"].removesuffix(".example") for row in rows] == [
        *("urgent", "eyed-first", "eyed", "quiet", "calm", "waits", "new"),
    ]
    calm, waits, new = rows[4:]
    assert (waits["waiting_on_us"], waits["oldest_waiting_on_us_seconds"]) == (2, 2 * 86_400)
    assert (calm["waiting_on_us"], calm["oldest_waiting_on_us_seconds"]) == (0, None)
    assert (calm["waiting_on_them"], calm["oldest_waiting_on_them_seconds"]) == (1, 60)
    assert calm["silent_seconds"] == 3 * 86_400
    assert new["silent_seconds"] is None


def test_the_waiting_views_look_at_unanswered_asks_alone(tmp_path: Path) -> None:
    """A page a manager opens every morning must not read years of answered mail."""
    path = database(tmp_path)
    plan = read(path, "explain query plan select * from waiting_on_us")
    assert any("unanswered_asks" in row["detail"] for row in plan), plan
    plan = read(path, "explain query plan select * from silent_now")
    assert any("open_gaps" in row["detail"] for row in plan), plan
