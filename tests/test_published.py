"""The tables people read: exactly the contract, whole generations, and rows that fit together."""

from __future__ import annotations

import re
import sqlite3
import tempfile
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from dataclasses import asdict, replace
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from mailboxes import BERLIN, PARTNER, ROSTER, Mailbox, mailboxes, message
from round_trip import (
    SAMPLE_AS_OF,
    Tables,
    generation_of,
    measured,
    records_of,
    rows_of,
    sample_generation,
    tables_in,
)

from inbox_agent import published
from inbox_agent.catalogue import DATABASE, FIGURES, TABLES, VIEWS, Table, View, metadata_path
from inbox_agent.errors import StoreError
from inbox_agent.measure import PartnerRecord
from inbox_agent.published import Generation, publish
from inbox_agent.published_rows import text_of
from inbox_agent.published_schema import values_of
from inbox_agent.response_times import Ask
from inbox_agent.standards import Cuts, Standards
from inbox_agent.standing import Period, periods_of
from inbox_agent.survival import figures

HARBOURLINE = "harbourline-group.example"  # the first of its two domains
POLL = {
    "poll": 4,
    "mailbox": "partners",
    "started_at": 1_750_000_000,
    "ended_at": 1_750_000_009,
    "ok": 0,
    "error": "no such folder",
    "folders": 2,
    "new_messages": 3,
    "unreadable": 0,
    "seconds": 8.6,
}
FOLDER = {
    "mailbox": "partners",
    "folder": "Sent",
    "special_use": "\\Sent",
    "state": "read",
    "is_sent": 1,
    "uidvalidity": 7,
    "last_uid": 9,
    "messages": 9,
    "gone": 2,
    "unreadable": 0,
    "last_complete_at": 1_750_000_009,
    "error": None,
    "note": None,
}


@lru_cache(maxsize=1)
def sample() -> Generation:
    """The demo's letters, with the story of a poll and a folder."""
    never = {**FOLDER, "folder": "Old", "last_complete_at": None, "last_uid": None}
    return replace(sample_generation(), polls=(POLL,), folders=(FOLDER, never))


@lru_cache(maxsize=1)
def tables() -> Tables:
    with tempfile.TemporaryDirectory() as folder:
        publish(Path(folder) / "partners.db", sample())
        return tables_in(Path(folder) / "partners.db")


def columns_of(path: Path) -> dict[str, set[str]]:
    with closing(sqlite3.connect(path)) as db:
        named = "select name from sqlite_master where type in ('table', 'view')"
        return {
            name: {row[0] for row in db.execute("select name from pragma_table_info(?)", (name,))}
            for (name,) in db.execute(named).fetchall()
            if "_fts" not in name  # the full-text index is SQLite's own
        }


def small(number: int = 1, **more: Any) -> Generation:
    """The sample with two partners alone."""
    return replace(sample(), records=sample().records[:2], number=number, **more)


BOX = Mailbox(
    copies=(),
    roster=ROSTER,
    partner_key=PARTNER,
    standards=Standards(),
    us=BERLIN,
    them=BERLIN,
    cuts=Cuts(),
    as_of=datetime(2025, 6, 2, tzinfo=UTC),
)


# -- the contract ---------------------------------------------------------------------------


def test_published_columns_are_those_of_the_catalogue_and_the_metadata(tmp_path: Path) -> None:
    publish(tmp_path / "partners.db", replace(small(), records=[]))
    published = columns_of(tmp_path / "partners.db")
    relations: tuple[Table | View, ...] = (*TABLES, *VIEWS)
    catalogue = {item.name: {c.name for c in item.columns} for item in relations}
    metadata = yaml.safe_load(metadata_path().read_text("utf-8"))
    described = {
        name: set(entry["columns"])
        for name, entry in metadata["databases"][DATABASE]["tables"].items()
    }
    assert published == catalogue == described


def test_the_teams_own_facts_are_columns_of_partners_and_of_nothing_else() -> None:
    facts = {"annual_revenue_eur", "programme", "region", "code"}
    for table in TABLES:
        more = facts if table.name == "partners" else set()
        if rows := tables()[table.name]:
            assert set(rows[0]) == {column.name for column in table.columns} | more
    wolf, harbour = partner("wolf.pack@gmail.com"), partner(HARBOURLINE)
    assert (wolf["code"], wolf["region"]) == ("7", None)  # what is text stays text
    assert (harbour["annual_revenue_eur"], harbour["code"]) == (320_000, None)


def partner(key: str) -> Mapping[str, Any]:
    return next(row for row in tables()["partners"] if row["partner"] == key)


INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")
WORDS: dict[str, set[str]] = {
    "responder": {"us", "them"},
    "side": {"us", "them"},
    "last_from": {"us", "them"},
    "broken_by": {"us", "them"},
    "opened_by": {"us", "them"},
    "waiting_on": {"us", "them"},
    "outcome": {"answered", "open", "lapsed", "void"},
    "needs_reply": {"yes", "unlikely", "no"},
    "basis": {"seen", "inferred"},
    "period_kind": {"week", "month", "quarter"},
    "direction": {"slower", "faster", "up", "down"},
    "ours_arrow": {"slower", "faster", "steady"},
    "theirs_arrow": {"slower", "faster", "steady"},
    "fairness_basis": {"all", "answered"},
    "figures_of": {"all", "answered"},
    "at_source": {"received", "internaldate", "date", "none"},
    "kind": set("human auto_reply bounce receipt calendar list bulk system".split()),  # noqa: SIM905
}


def _is_any(_: object) -> bool:
    return True


def _is_whole(value: object) -> bool:
    return isinstance(value, int) and value >= 0


def _is_instant(value: object) -> bool:
    return isinstance(value, str) and INSTANT.fullmatch(value) is not None


def _is_share(value: object) -> bool:
    return isinstance(value, float) and 0 <= value <= 1


#: Whether a cell has the form that the contract says for its unit.
FORMS: dict[str | None, Callable[[Any], bool]] = {
    "UTC instant": _is_instant,
    "local date": lambda value: date.fromisoformat(value).isoformat() == value,
    "seconds": _is_whole,
    "working seconds": _is_whole,
    "working days": _is_whole,
    "count": _is_whole,
    "flag": lambda value: value in (0, 1),
    "share": _is_share,
    "times": lambda value: value >= 0,
    "state": lambda value: value in ("ok", "watch", "act", "unknown"),
}


def odd_cells(found: Tables) -> Counter[str]:
    """Table and column of every cell that has not the form of its unit and type."""
    types = {"TEXT": str, "INTEGER": int, "REAL": float, "NUMERIC": int | float}
    odd: Counter[str] = Counter()
    for table in TABLES:
        for column in table.columns:
            for row in found[table.name]:
                value = row[column.name]
                fits = value is None or (
                    isinstance(value, types[column.type])
                    and FORMS.get(column.unit, _is_any)(value)
                    and value in WORDS.get(column.name, {value})
                )
                odd[f"{table.name}.{column.name}"] += not fits
    return +odd


def test_every_cell_of_the_sample_has_the_form_of_its_unit() -> None:
    assert odd_cells(tables()) == {}


@given(mailboxes())
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_every_cell_of_odd_mail_has_the_form_of_its_unit(box: Mailbox) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "partners.db"
        publish(path, generation_of(records_of(box, box.copies), box))
        assert odd_cells(tables_in(path)) == {}
        assert unfounded_references(path) == []


@given(st.datetimes(timezones=st.just(UTC)))
@example(datetime(1, 1, 1, tzinfo=UTC))
@example(datetime(2024, 2, 29, 23, 59, 59, 999_999, tzinfo=UTC))
def test_an_instant_is_told_as_iso_8601_has_it_to_the_whole_second(at: datetime) -> None:
    assert text_of(at) == at.strftime(f"{at.year:04d}-%m-%dT%H:%M:%SZ")


def test_a_row_without_a_column_is_refused_and_a_fact_nobody_keeps_is_empty() -> None:
    columns = tuple(column.name for table in TABLES[:1] for column in table.columns)
    row = dict.fromkeys(columns, "x")
    values = values_of("partners", (*columns, "region"))
    assert values(row) == (*("x" for _ in columns), None)
    del row["tier"]
    for strict in (values, values_of("partners", columns)):
        with pytest.raises(KeyError, match="tier"):
            strict(row)


def test_suffixes_say_what_a_column_holds() -> None:
    units = {"_at": "UTC instant", "_seconds": "seconds"}
    for table in TABLES:
        for column in table.columns:
            for suffix, unit in units.items():
                if column.name.endswith(suffix):
                    assert (column.unit or "").endswith(unit), f"{table.name}.{column.name}"


def test_polls_and_folders_are_told_in_the_tables_own_forms() -> None:
    (poll,) = tables()["polls"]
    assert (poll["poll"], poll["seconds"], poll["ok"]) == ("00000004", 9, 0)
    assert (poll["started_at"], poll["error"]) == ("2025-06-15T15:06:40Z", "no such folder")
    old, sent = tables()["folders"]
    assert (sent["last_complete_at"], old["last_complete_at"]) == ("2025-06-15T15:06:49Z", None)


# -- rows that fit together -----------------------------------------------------------------


def unfounded_references(path: Path) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(path)) as db:
        return [(row[0], row[2]) for row in db.execute("pragma foreign_key_check").fetchall()]


def test_every_row_that_is_referred_to_exists(tmp_path: Path) -> None:
    publish(tmp_path / "partners.db", sample())
    assert unfounded_references(tmp_path / "partners.db") == []
    with closing(sqlite3.connect(tmp_path / "partners.db")) as db:
        referring = {
            (table.name, row[3])
            for table in TABLES
            for row in db.execute(f'pragma foreign_key_list("{table.name}")')
        }
    assert {("response_times", "conversation"), ("messages", "conversation")} <= referring


def test_counts_of_a_table_are_the_rows_of_another() -> None:
    found = tables()
    conversations = {row["conversation"]: row for row in found["conversations"]}
    counted = Counter(r["conversation"] for r in found["messages"] if r["counts"])
    assert {key: row["messages"] for key, row in conversations.items()} == counted
    for row in found["partners"]:
        mine = [m for m in found["messages"] if m["partner"] == row["partner"] and m["counts"]]
        sides = Counter(m["side"] for m in mine)
        assert (row["messages_in"], row["messages_out"]) == (sides["them"], sides["us"])
        held = [c for c in conversations.values() if c["partner"] == row["partner"]]
        assert row["conversations"] == len(held)


def test_an_ask_is_of_a_numbered_episode_of_its_conversation() -> None:
    """Two exchanges on one thread, two months apart."""
    began = datetime(2025, 3, 3, 9, tzinfo=UTC)
    at = [began, began + timedelta(hours=2), began + timedelta(days=61)]
    first = message("one@globex.com", at[0], to=("ana@acme.com",))
    links: dict[str, Any] = {"references": ("one@globex.com",)}
    answer = message("two@acme.com", at[1], author="ana@acme.com", to=("bob@globex.com",), **links)
    again = message("three@globex.com", at[2], to=("ana@acme.com",), **links)
    rows = rows_of(measured(replace(BOX, copies=(first, answer, again))))
    assert [row["episodes"] for row in rows["conversations"]] == [2]
    assert [(row["asked_at"][:10], row["episode"]) for row in rows["response_times"]] == [
        ("2025-03-03", 1),
        ("2025-03-03", 1),
        ("2025-05-03", 2),
    ]


def test_who_a_conversation_waits_on_is_in_the_waiting_lists(tmp_path: Path) -> None:
    publish(tmp_path / "partners.db", sample())
    with closing(sqlite3.connect(tmp_path / "partners.db")) as db:
        for side in ("us", "them"):
            listed = db.execute(f"select distinct conversation from waiting_on_{side}").fetchall()  # noqa: S608
            said = db.execute(
                "select conversation from conversations where waiting_on = ?", (side,)
            ).fetchall()
            assert said
            assert set(said) <= set(listed)


def test_what_is_left_out_and_what_counts_is_all_there_is() -> None:
    rows = tables()["messages"]
    (about,) = tables()["about"]
    left_out = Counter(row["why_not"] for row in rows if not row["counts"])
    said = re.findall(r'"(\w+)": (\d+)', about["left_out"])
    assert {name: int(n) for name, n in said} == left_out | {"no_partner": about_without()}
    assert all((row["why_not"] is None) == bool(row["counts"]) for row in rows)


def about_without() -> int:
    assert sample().without_partner > 0
    return sample().without_partner


# -- pooled figures -------------------------------------------------------------------------


def test_the_teams_figures_are_of_all_asks_pooled() -> None:
    """Not means of partners: reckoned once more from the asks of all of them together."""
    clock, cuts = sample().clock, sample().cuts
    pools: dict[tuple[str, str, str], list[Any]] = defaultdict(list)
    for scope, record in scopes(sample().records):
        for ask in known_asks(record):
            for period in periods_of(ask.asked_at, clock) if ask.is_in_figures else ():
                pools[scope, ask.responder, period.name].append((record.partner.key, ask))
    rows = {(r["scope"], r["responder"], r["period"]): r for r in tables()["team_by_period"]}
    assert rows.keys() == pools.keys()
    for where, found in pools.items():
        expected = asdict(figures([ask for _, ask in found], cuts))
        said = {name: rows[where][name] for name in expected}
        assert said == expected, where
        assert rows[where]["partners"] == len({key for key, _ in found})


def known_asks(record: PartnerRecord) -> list[Ask]:
    """Without what we answered where too little of what we sent is in the mailbox to tell."""
    is_blind = record.coverage.year.is_too_low
    return [ask for ask in record.asks if not (is_blind and ask.responder == "us")]


def scopes(records: Any) -> Iterator[tuple[str, PartnerRecord]]:
    for record in records:
        yield "team", record
        if record.partner.owner:
            yield f"owner:{record.partner.owner}", record
        if record.partner.tier:
            yield f"tier:{record.partner.tier}", record


def test_the_counts_of_partners_add_up_to_the_teams() -> None:
    """By plain addition, with no estimate in it; but what we answered unseen is in no total."""
    blind = {r.partner.key for r in sample().records if r.coverage.year.is_too_low}
    assert len(blind) == 1
    for name in ("asks", "answered", "open", "lapsed"):
        added: Counter[tuple[str, str]] = Counter()
        for row in tables()["response_times_by_period"]:
            if row["responder"] == "them" or row["partner"] not in blind:
                added[row["responder"], row["period"]] += row[name]
        team = {
            (row["responder"], row["period"]): row[name]
            for row in tables()["team_by_period"]
            if row["scope"] == "team"
        }
        assert team == dict(added)


def test_a_team_of_small_partners_has_a_median_where_none_of_them_has() -> None:
    rows = tables()["response_times_by_period"]
    small = {(r["responder"], r["period"]) for r in rows if r["asks"] >= 5}
    pooled = [
        row
        for row in tables()["team_by_period"]
        if row["scope"] == "team" and (row["responder"], row["period"]) not in small
    ]
    assert any(row["p50_seconds"] is not None for row in pooled)


@pytest.mark.parametrize(
    ("at", "names"),
    [
        ("2025-12-29T12:00:00", ("2026-W01", "2025-12", "2025-Q4")),  # ISO 8601: a Monday of W01
        ("2027-01-03T12:00:00", ("2026-W53", "2027-01", "2027-Q1")),
        ("2025-03-31T21:59:59", ("2025-W14", "2025-03", "2025-Q1")),  # Berlin: 23:59:59
        ("2025-03-31T22:00:00", ("2025-W14", "2025-04", "2025-Q2")),  # Berlin: midnight
    ],
)
def test_periods_are_those_of_the_teams_zone(at: str, names: tuple[str, str, str]) -> None:
    instant = SAMPLE_AS_OF.fromisoformat(f"{at}+00:00")
    kinds = ("week", "month", "quarter")
    expected = tuple(Period(n, k) for n, k in zip(names, kinds, strict=True))  # type: ignore[arg-type]
    assert periods_of(instant, sample().clock) == expected


def test_every_set_of_figures_is_named_alike() -> None:
    names = {column.name for column in FIGURES}
    assert names == set(asdict(figures([], sample().cuts)))


# -- whole generations ----------------------------------------------------------------------


def test_a_reader_in_the_middle_sees_the_generation_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "partners.db"
    publish(path, small(1))
    before = tables_in(path)
    seen = []

    def looked_at(name: str, found: Any) -> Any:
        yield from found
        seen.append((name, tables_in(path)))

    make = published._tables
    with monkeypatch.context() as patched:
        patched.setattr(
            published, "_tables", lambda g: {n: looked_at(n, rows) for n, rows in make(g).items()}
        )
        publish(path, replace(small(2), records=sample().records[2:5]))
    assert len(seen) == len(TABLES)
    assert all(then == before for _, then in seen)
    assert tables_in(path)["about"][0]["generation"] == 2


class _CutShort(Exception):
    pass


def test_a_generation_that_fails_leaves_the_one_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "partners.db"
    publish(path, small(1))
    before = tables_in(path)

    def cut_short() -> Iterator[Any]:
        yield dict.fromkeys(("name", "title", "chapter", "unit", "definition", "source"), "at")
        raise _CutShort

    with monkeypatch.context() as patched:
        patched.setattr("inbox_agent.published.definitions", cut_short)
        with pytest.raises(_CutShort):
            publish(path, small(2))
    assert tables_in(path) == before
    publish(path, small(2))
    assert tables_in(path)["about"][0]["generation"] == 2


def test_two_rows_of_one_key_are_refused_whole(tmp_path: Path) -> None:
    path = tmp_path / "partners.db"
    publish(path, small(1))
    twice = replace(small(2), records=[sample().records[0]] * 2)
    with pytest.raises(StoreError, match=r"partners\.db: .*UNIQUE"):
        publish(path, twice)
    assert tables_in(path)["about"][0]["generation"] == 1


def test_the_same_generation_twice_gives_the_same_tables(tmp_path: Path) -> None:
    path = tmp_path / "partners.db"
    publish(path, small())
    before = tables_in(path)
    publish(path, small())
    assert tables_in(path) == before


def test_what_is_gone_from_the_records_is_gone_from_every_table(tmp_path: Path) -> None:
    path = tmp_path / "partners.db"
    publish(path, small(1))
    gone = sample().records[0].partner.key
    publish(path, replace(small(2), records=sample().records[1:2]))
    held = tables_in(path)
    for table in TABLES:
        if any(column.name == "partner" for column in table.columns):
            assert gone not in {row["partner"] for row in held[table.name]}
    assert held["partners"]


# -- a changed schema -----------------------------------------------------------------------


def with_fields(**fields: Any) -> Generation:
    """One partner with these facts of the team's own."""
    record = sample().records[0]
    known = replace(record.partner, fields=tuple(sorted(fields.items())))
    return replace(small(), records=[replace(record, partner=known)])


def fact_columns(path: Path) -> dict[str, str]:
    known = {
        column.name for table in TABLES if table.name == "partners" for column in table.columns
    }
    with closing(sqlite3.connect(path)) as db:
        found = db.execute("select name, type from pragma_table_info('partners')").fetchall()
    return {name: kind for name, kind in found if name not in known}


def test_changed_facts_remake_the_table(tmp_path: Path) -> None:
    path = tmp_path / "partners.db"
    publish(path, with_fields(region="DACH", revenue=120))
    assert fact_columns(path) == {"region": "TEXT", "revenue": "INTEGER"}
    publish(path, with_fields(region="DACH", share=0.5))
    assert fact_columns(path) == {"region": "TEXT", "share": "REAL"}
    publish(path, with_fields(region=7))
    assert fact_columns(path) == {"region": "INTEGER"}
    assert tables_in(path)["partners"][0]["region"] == 7
    publish(path, with_fields())
    assert fact_columns(path) == {}


def test_a_fact_that_only_some_partners_have_is_empty_for_the_others() -> None:
    assert partner(HARBOURLINE)["programme"] == "reseller"
    assert {row["programme"] for row in tables()["partners"]} >= {"reseller", None}


def test_a_table_of_another_version_is_made_anew(tmp_path: Path) -> None:
    path = tmp_path / "partners.db"
    publish(path, small(1))
    with closing(sqlite3.connect(path)) as db, db:
        db.execute("drop view waiting_on_us")
        db.execute("drop table contacts")
        db.execute("create table contacts (partner text, mood text)")
        db.execute("create table of_another_version (a)")
    publish(path, small(2))
    columns = columns_of(path)
    assert "of_another_version" not in columns
    assert "mood" not in columns["contacts"]
    assert "waiting_on_us" in columns


def test_working_days_reach_beyond_as_of_and_back_to_the_first_gap() -> None:
    days = tables()["working_days"]
    began = min(gap.began_at for record in sample().records for gap in record.rhythm.gaps)
    clock = sample().clock
    assert days[0]["day"] == clock.local_date(began).isoformat()
    assert days[-1]["day"] == clock.local_date(SAMPLE_AS_OF + timedelta(days=366)).isoformat()
    assert all(a["ends_at"] == b["begins_at"] for a, b in pairwise(days))
    steps = [b["working_days"] - a["working_days"] for a, b in pairwise(days)]
    assert steps == [row["is_working"] for row in days[1:]]


def test_a_reader_that_comes_while_the_writer_leaves_can_open_the_database(tmp_path: Path) -> None:
    path = tmp_path / "partners.db"
    publish(path, sample_generation())
    assert {each.name for each in tmp_path.iterdir()} == {
        "partners.db",
        "partners.db-wal",
        "partners.db-shm",
    }
