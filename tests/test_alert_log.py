"""Alerts: each cause is raised once, is cleared when it is over, and outlives every rebuild."""

from __future__ import annotations

import json
import shutil
import sqlite3
from collections.abc import Iterable, Sequence
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from installations import AS_OF, Installation, install, letter, query, write_mbox
from servers import Delivery

from inbox_agent.addresses import Partner, Roster
from inbox_agent.alert_log import Alert, AlertLog, moved_on
from inbox_agent.business_clock import BusinessClock, Clocks, Terms
from inbox_agent.causes import Cause, CauseKind, Level
from inbox_agent.errors import StoreError
from inbox_agent.forgetting import erase, purge
from inbox_agent.history_rows import alerts as alert_rows
from inbox_agent.intake import Import
from inbox_agent.measure import PartnerRecord, measure
from inbox_agent.mirror import Mirror
from inbox_agent.mirror_history import alert_log, next_generation
from inbox_agent.privacy import Privacy
from inbox_agent.standards import Cuts, Standards

DAY = timedelta(days=1)
MONDAY = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
CLOCK = BusinessClock.make(
    "UTC", ("mon", "tue", "wed", "thu", "fri"), ((time(9), time(17)),), None, ()
)


def bare(partner: str) -> PartnerRecord:
    """The record of a partner without a letter."""
    terms = Terms(Standards(), Clocks(CLOCK, CLOCK), Cuts())
    roster = Roster(team_domains=frozenset({"acme.example"}))
    return measure(Partner(partner, domains=(partner,)), (), roster, terms, MONDAY)


BARE = {partner: bare(partner) for partner in ("globex.example", "initech.example")}


def cause(
    key: str = "ask-1", level: Level = "watch", kind: CauseKind = "silence", **more: Any
) -> Cause:
    plain = {"since_at": MONDAY, "because": f"it is {level}.", "evidence": '{"rows": []}'}
    return Cause(kind, level, key, **plain | more)


#: The present, by a clock that is right.
NOW = MONDAY + 100 * DAY


def generation(day: int, *causes: Cause, partner: str = "globex.example") -> list[PartnerRecord]:
    return [replace(BARE[partner], as_of=MONDAY + day * DAY, causes=causes)]


def after(*generations: Iterable[PartnerRecord]) -> AlertLog:
    log = AlertLog()
    for each in generations:
        log = moved_on(log, each, NOW)
    return log


def only(log: AlertLog) -> Alert:
    (alert,) = log.alerts.values()
    return alert


# -- the log --------------------------------------------------------------------------------


def test_a_cause_is_raised_once_and_cleared_when_it_is_over() -> None:
    log = after(generation(0, cause()), generation(1, cause()))
    alert = only(log)
    assert (alert.raised_at, alert.cleared_at) == (MONDAY, None)
    assert (alert.level, alert.act_raised_at) == ("watch", None)
    cleared = only(moved_on(log, generation(3), NOW))
    assert cleared == replace(alert, cleared_at=MONDAY + 3 * DAY)
    assert only(moved_on(moved_on(log, generation(3), NOW), generation(4), NOW)) == cleared


def test_an_alert_that_becomes_graver_says_since_when_and_never_becomes_lighter() -> None:
    log = after(generation(0, cause()), generation(2, cause(level="act")), generation(5, cause()))
    alert = only(log)
    assert (alert.level, alert.because) == ("act", "it is act.")
    assert (alert.raised_at, alert.act_raised_at) == (MONDAY, MONDAY + 2 * DAY)


def test_a_cause_that_comes_back_is_the_same_alert_and_open_again() -> None:
    first = only(after(generation(0, cause())))
    again = only(after(generation(0, cause()), generation(1), generation(9, cause())))
    assert again == first


def test_one_that_comes_back_graver_is_raised_to_act_then() -> None:
    log = after(generation(0, cause()), generation(1), generation(9, cause(level="act")))
    assert (only(log).act_raised_at, only(log).cleared_at) == (MONDAY + 9 * DAY, None)


def test_another_key_kind_or_partner_is_another_alert() -> None:
    other = generation(0, cause(), partner="initech.example")
    log = after([*generation(0, cause("a"), cause("b"), cause("a", kind="person_gone")), *other])
    assert len(log.alerts) == 4


def test_of_one_cause_at_two_levels_the_graver_counts() -> None:
    for pair in ((cause(level="act"), cause()), (cause(), cause(level="act"))):
        assert only(after(generation(0, *pair))).level == "act"


def test_what_is_earlier_than_the_log_has_seen_changes_nothing() -> None:
    log = after(generation(5, cause("a")))
    for day in (4, 0):
        assert moved_on(log, generation(day, cause("b", "act")), NOW) == log
    # half a second earlier is no earlier in a log of whole seconds
    (record,) = generation(5)
    half = [replace(record, as_of=record.as_of + timedelta(seconds=0.5))]
    assert only(moved_on(log, half, NOW)).cleared_at == MONDAY + 5 * DAY


def test_letters_that_are_held_later_clear_an_alert_of_the_same_instant() -> None:
    """What was sent may be imported after what was received."""
    alert = only(after(generation(5, cause("a")), generation(5)))
    assert (alert.raised_at, alert.cleared_at) == (MONDAY + 5 * DAY, MONDAY + 5 * DAY)


def test_what_a_wrong_clock_has_seen_holds_nothing_up() -> None:
    """One poll took place in ten years; the next at the right time."""
    log = after(generation(3_650, cause("false alarm")), generation(5, cause("a")))
    by_cause = {alert.cause: alert for alert in log.alerts.values()}
    assert by_cause["a"].raised_at == MONDAY + 5 * DAY
    assert by_cause["false alarm"].cleared_at == MONDAY + 3_650 * DAY


def test_a_partner_that_is_not_measured_keeps_its_alerts() -> None:
    log = after(generation(0, cause()), generation(7, partner="initech.example"))
    assert only(log).cleared_at is None


_GENERATIONS = st.lists(
    st.tuples(
        st.integers(0, 12),
        st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from(["act", "watch"])), max_size=4),
        st.sampled_from(sorted(BARE)),
    ),
    max_size=12,
)


@given(_GENERATIONS)
@settings(max_examples=60, deadline=None)
def test_whatever_generations_come_there_is_one_row_for_a_cause(
    found: list[tuple[int, list[tuple[str, Level]], str]],
) -> None:
    log, latest = AlertLog(), dict[str, tuple[int, set[str]]]()
    for day, causes, partner in found:
        records = generation(day, *(cause(k, level) for k, level in causes), partner=partner)
        log = moved_on(log, records, NOW)
        assert moved_on(log, records, NOW) == log
        if partner not in latest or day >= latest[partner][0]:
            latest[partner] = day, {key for key, _ in causes}
    rows = list(log.alerts.values())
    assert len({(row.partner, row.kind, row.cause) for row in rows}) == len(rows)
    for row in rows:
        assert row.raised_at <= (row.cleared_at or row.raised_at)
        assert row.raised_at <= (row.act_raised_at or row.raised_at)
        assert (row.act_raised_at is not None) == (row.level == "act")
        assert (row.cleared_at is None) == (row.cause in latest[row.partner][1])
    assert {row.partner: row.cause for row in rows if row.cleared_at is None}.keys() <= set(latest)


# -- as it is kept --------------------------------------------------------------------------


def test_the_log_is_kept_as_it_is_reckoned(tmp_path: Path) -> None:
    steps = [
        generation(0, cause("a", people=("kim@globex.example",)), cause("b", "act")),
        generation(1, cause("a", "act")),
        generation(1, cause("c")),
        generation(2),
    ]
    with Mirror(tmp_path / "mirror.db") as mirror:
        numbers = [next_generation(mirror, records, NOW) for records in steps]
        assert numbers == [1, 2, 3, 4]
        assert alert_log(mirror) == after(*steps)


def talk(count: int, first: datetime) -> list[Delivery]:
    """Letters to and fro, two days apart, each the answer to the one before."""
    theirs, ours = "Kim <kim@globex.example>", "Ana <ana@acme.example>"
    found = []
    for number in range(count):
        author, to, folder = (ours, theirs, "Sent") if number % 2 else (theirs, ours, "INBOX")
        cited = [f"In-Reply-To: <{number - 1}@x>"] if number else []
        at = first + 2 * number * DAY
        found.append(Delivery(folder, letter(author, to, at, f"{number}@x", *cited), at))
    return found


@pytest.fixture(scope="module")
def waiting(tmp_path_factory: pytest.TempPathFactory) -> Installation:
    """A partner whose question of the 20th waits; everything is known up to the 28th of June."""
    tmp_path = tmp_path_factory.mktemp("waiting")
    place = install(tmp_path)
    letters = talk(6, AS_OF - 40 * DAY)
    asked = letter("Kim <kim@globex.example>", "ana@acme.example", AS_OF - 8 * DAY, "ask@x")
    archive = write_mbox(tmp_path / "INBOX.mbox", [d for d in letters if d.folder == "INBOX"])
    late = write_mbox(tmp_path / "Late.mbox", [Delivery("Late", asked, AS_OF - 8 * DAY)])
    sent = write_mbox(tmp_path / "Sent.mbox", [d for d in letters if d.folder == "Sent"])
    taken_in(place, sent, AS_OF - 20 * DAY, is_sent=True)
    taken_in(place, archive, AS_OF - 20 * DAY)
    taken_in(place, late, AS_OF)
    return place


@pytest.fixture
def place(waiting: Installation, tmp_path: Path) -> Installation:
    """One of its own for each test."""
    shutil.copytree(waiting.top, tmp_path / "place")
    return Installation(tmp_path / "place")


def taken_in(place: Installation, path: Path, as_of: datetime, *, is_sent: bool = False) -> None:
    job = Import((path,), "import", None, "received", is_sent)
    place.agent(as_of).import_files(job, as_of)


def alerts(place: Installation) -> list[Any]:
    return query(place.published, "select * from alerts order by alert")


def test_alerts_are_published_with_what_proves_them(place: Installation) -> None:
    found = query(
        place.published,
        "select kind, level, raised_at, cleared_at, evidence from alerts"
        " where kind = 'our_answer_overdue'",
    )
    ((kind, level, raised_at, cleared_at, evidence),) = found
    assert (kind, level) == ("our_answer_overdue", "act")
    assert (raised_at, cleared_at) == ("2024-06-28T12:00:00Z", None)
    proof = json.loads(evidence)
    (asked_at,) = query(
        place.published,
        f"select asked_at from {proof['table']} where response = ?",  # noqa: S608
        proof["rows"][0],
    )
    assert asked_at == "2024-06-20T12:00:00Z"


def test_deleting_what_is_published_loses_no_alert(place: Installation) -> None:
    before = alerts(place)
    assert before
    for end in ("", "-wal", "-shm"):
        place.published.with_name(place.published.name + end).unlink(missing_ok=True)
    place.agent(AS_OF + 90 * DAY).rebuild()
    assert alerts(place) == before


def test_a_rebuild_for_another_day_raises_and_clears_nothing(place: Installation) -> None:
    before = alerts(place)
    for as_of in (AS_OF - 30 * DAY, AS_OF + 300 * DAY):
        place.agent().rebuild(as_of)
        assert alerts(place) == before


def test_a_generation_that_could_not_be_published_is_healed_by_the_next(
    place: Installation,
) -> None:
    for end in ("-wal", "-shm", ""):
        place.published.with_name(place.published.name + end).unlink(missing_ok=True)
    place.published.mkdir()
    reply = letter("Ana <ana@acme.example>", "kim@globex.example", AS_OF + DAY, "r@x",
                   "In-Reply-To: <ask@x>")  # fmt: skip
    path = write_mbox(place.top / "Sent2.mbox", [Delivery("Sent", reply, AS_OF + DAY)])
    with pytest.raises(StoreError):
        taken_in(place, path, AS_OF + 2 * DAY, is_sent=True)
    place.published.rmdir()
    place.agent().rebuild()
    cleared = query(place.published, "select cleared_at from alerts where kind like 'our_answer%'")
    assert cleared == ["2024-06-30T12:00:00Z"]


def test_a_poll_that_fails_raises_nothing(tmp_path: Path) -> None:
    entry = (
        '[[mailboxes]]\nname = "import"\nhost = "127.0.0.1"\nport = 1\ntls = "none"\n'
        'user = "team"\npassword = { command = "echo x" }\n'
    )
    place = install(tmp_path, entry)
    letters = talk(6, AS_OF - 12 * DAY)
    path = write_mbox(tmp_path / "All.mbox", letters)
    place.agent().import_files(Import((path,), "import", None, "received", False), AS_OF)
    with closing(sqlite3.connect(place.mirror)) as db, db:
        db.execute("update mailboxes set as_of = ?", [int(AS_OF.timestamp())])
    place.agent().rebuild()
    before = alerts(place)
    report = place.agent(AS_OF + 200 * DAY).poll()
    assert report.errors
    assert alerts(place) == before


def test_what_was_never_read_to_its_end_raises_nothing(place: Installation) -> None:
    with closing(sqlite3.connect(place.mirror)) as db, db:
        db.execute("delete from alert_log")
        db.execute("delete from alerts_seen")
        db.execute("delete from mailboxes")
    place.agent().rebuild()
    assert alerts(place) == []


# -- people ---------------------------------------------------------------------------------

KIM = "kim.lee@globex.example"


def shown(alert: Alert, people: Any) -> dict[str, Any]:
    privacy = Privacy(people, our_people=False, subjects=True, key=b"k")
    (row,) = alert_rows([alert], {alert.partner}, privacy)
    return dict(row)


def named() -> Alert:
    evidence = json.dumps({"table": "contacts", "rows": ["{0}"]})
    gone = cause(f"{KIM} 2026", kind="person_gone", because="{0} left.", evidence=evidence)
    return only(after(generation(0, replace(gone, people=(KIM,)))))


def test_people_in_alerts_are_shown_as_the_config_allows() -> None:
    full = shown(named(), "full")
    assert full["because"] == f"{KIM} left."
    assert json.loads(full["evidence"])["rows"] == [KIM]
    assert full["alert"] == named().alert
    for people, name in (("initials", "K.L. "), ("none", "person ")):
        row = shown(named(), people)
        assert row["because"].startswith(name)
        assert json.loads(row["evidence"])["rows"][0] == row["because"].removesuffix(" left.")
        assert "kim" not in json.dumps(row)
        # who has an address could find it by trying, if the key were made of that alone
        assert row["alert"] != named().alert


def test_an_address_that_slipped_into_the_words_is_hidden_too() -> None:
    alert = replace(named(), because=f"{KIM} left", evidence=json.dumps({"rows": [KIM]}))
    single = replace(alert, partner="kim.lee@gmail.example")
    for people in ("initials", "none"):
        assert "kim" not in json.dumps(shown(single, people))


def kept_in(place: Installation, *causes: Cause, partner: str = "globex.example") -> None:
    record = replace(BARE["globex.example"], as_of=AS_OF + DAY, causes=causes)
    if partner != "globex.example":
        record = replace(record, partner=Partner(partner, addresses=(partner,)))
    with Mirror(place.mirror) as mirror:
        next_generation(mirror, [record], AS_OF + DAY)


def octets(place: Installation) -> bytes:
    files: Sequence[Path] = [place.mirror, place.published]
    return b"".join(path.read_bytes() for path in files)


def test_an_erased_person_is_gone_from_the_log(place: Installation) -> None:
    gone = cause(f"{KIM} 2026-03-01", kind="person_gone", because="{0} left.", people=(KIM,))
    kept_in(place, gone, replace(cause("x"), evidence=json.dumps({"rows": [KIM]})))
    kept_in(place, cause("y"), partner=KIM)
    assert KIM.encode() in octets(place)
    erase(place.agent(), KIM)
    assert KIM.encode() not in octets(place)
    told = query(place.mirror, "select because from alert_log where kind = 'person_gone'")
    assert told == ["{0} left."]  # that somebody left is still known, but not who
    assert query(place.mirror, "select count(*) from alert_log where partner = ?", KIM) == [0]


def test_alerts_that_were_over_before_what_is_kept_go_with_the_letters(
    place: Installation,
) -> None:
    kept_in(place, cause("over"), cause("holds"))
    later = replace(BARE["globex.example"], as_of=AS_OF + 2 * DAY, causes=(cause("holds"),))
    with Mirror(place.mirror) as mirror:
        next_generation(mirror, [later], AS_OF + 2 * DAY)
    with place.config.open("a") as config:
        config.write("[retention]\nmonths = 1\n")
    purge(place.agent(AS_OF + 31 * DAY))
    assert "over" in query(place.mirror, "select cause from alert_log")
    purge(place.agent(AS_OF + 90 * DAY))
    assert query(place.mirror, "select cause from alert_log where kind = 'silence'") == ["holds"]
