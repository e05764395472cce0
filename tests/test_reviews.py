"""Reviews: a quarter is frozen once, says what it was made with, and shows no more than it may."""

from __future__ import annotations

import csv
import re
import shutil
import sqlite3
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from installations import Installation, install, letter, one_line, query
from servers import Delivery
from small_archive import ANA, KIM, KNOWN_UNTIL, PARTNERS, WOLF, archive, archived, run, take_in

from inbox_agent.business_clock import BusinessClock
from inbox_agent.catalogue import FIGURES
from inbox_agent.definitions import MEASURES
from inbox_agent.errors import ConfigError
from inbox_agent.forgetting import erase, purge
from inbox_agent.mirror import Mirror
from inbox_agent.mirror_history import forgotten, freeze, frozen_reviews
from inbox_agent.privacy import Privacy
from inbox_agent.review_files import file_stem, plain
from inbox_agent.review_measures import quarter_before, quarter_of
from inbox_agent.review_sheets import days_of
from inbox_agent.reviewing import kept_review

QUARTER = "2024-Q2"
CLOCK = BusinessClock.make("Europe/Berlin", ("mon",), (), None, ())


@pytest.fixture(scope="module")
def reviewed(tmp_path_factory: pytest.TempPathFactory) -> Installation:
    """The second quarter, frozen at noon of the 2nd of July."""
    place = archived(tmp_path_factory.mktemp("reviewed"))
    kept_review(place.agent(KNOWN_UNTIL), QUARTER, None)
    return place


@pytest.fixture
def place(reviewed: Installation, tmp_path: Path) -> Installation:
    """One of its own for a test that changes something."""
    shutil.copytree(reviewed.top, tmp_path / "place")
    return Installation(tmp_path / "place")


def figures(place: Installation, partner: str, quarter: str = QUARTER) -> dict[str, Any]:
    rows = query(
        place.mirror,
        "select measure, coalesce(value, words) from reviews where quarter = ? and partner = ?",
        quarter,
        partner,
    )
    return dict(rows)


# -- quarters -------------------------------------------------------------------------------


def test_a_quarter_is_three_months_of_the_teams_zone() -> None:
    quarter = quarter_of("2026-Q2", CLOCK)
    assert (quarter.begins_at, quarter.ends_at) == (
        datetime(2026, 3, 31, 22, 0, tzinfo=UTC),
        datetime(2026, 6, 30, 22, 0, tzinfo=UTC),
    )
    assert quarter.holds(quarter.begins_at)
    assert not quarter.holds(quarter.ends_at)
    assert quarter_of("2025-Q4", CLOCK).ends_at == datetime(2025, 12, 31, 23, 0, tzinfo=UTC)
    assert [quarter_before(quarter_of(q, CLOCK), CLOCK).name for q in ("2026-Q2", "2026-Q1")] == [
        "2026-Q1",
        "2025-Q4",
    ]
    assert [days_of(f"2024-Q{n}") for n in (1, 4)] == [
        "1 Jan to 31 Mar 2024",
        "1 Oct to 31 Dec 2024",
    ]


@pytest.mark.parametrize(
    "name",
    [
        *("2026", "2026-Q5", "2026-Q0", "2026-q1", "26-Q1", "0001-Q1", "9999-Q4"),
        "\uff12\uff10\uff12\uff16-Q1",  # full-width digits
    ],
)
def test_what_is_no_quarter_is_refused_in_one_line(reviewed: Installation, name: str) -> None:
    done = run(reviewed, "review", name)
    assert done.exit_code == 2
    assert "is no quarter; write it like 2026-Q3" in one_line(done.stderr)


# -- figures --------------------------------------------------------------------------------


def test_the_figures_of_a_quarter_are_those_of_its_asks_at_its_end(reviewed: Installation) -> None:
    found = figures(reviewed, "globex.example")
    # answered after 1, 2, … 7 hours and never: the fourth of eight is the first half
    assert (found["ours_asks"], found["ours_answered"], found["ours_lapsed"]) == (8, 7, 1)
    assert found["ours_p50_seconds"] == 4 * 3600
    assert (found["letters_in"], found["letters_out"]) == (8, 7)
    assert (found["people_wrote"], found["people_new"], found["people_gone"]) == (1, 0, 0)
    assert (found["opened_by_us"], found["opened_by_them"]) == (0, 1)
    # 7 of 8 within a business day: one miss where 9 of 10 allow none
    assert found["we_answer_within_actual"] == 7 / 8
    assert (found["we_answer_within_asks"], found["we_answer_within_misses"]) == (8, 1)
    assert found["we_answer_within_state"] == "broken"
    assert found["name"] == "Globex Corp"


def test_an_ask_without_an_answer_has_waited_until_the_quarters_end(reviewed: Installation) -> None:
    found = figures(reviewed, "globex.example")
    # from the 20th of May, 9:00, to the 1st of July, 0:00
    assert found["ours_longest_wait_1_seconds"] == 41 * 86_400 + 15 * 3600
    assert found["ours_longest_wait_1_asked_at"] == "2024-05-20T09:00:00Z"
    assert found["ours_longest_wait_1_answered_at"] is None
    assert found["ours_longest_wait_2_seconds"] == 7 * 3600
    assert found["ours_quickest_answer_1_seconds"] == 3600
    assert found["ours_quickest_answer_1_subject"] == "Question 5?"
    assert "ours_quickest_answer_4_seconds" not in found


def test_the_quarter_before_stands_beside_it(reviewed: Installation) -> None:
    found = figures(reviewed, "globex.example")
    assert found["ours_before_p50_seconds"] == 3600
    assert found["ours_change"] == "slower"
    assert 0 < found["ours_change_p"] < 0.05


def test_the_team_pools_the_asks_of_all_partners(reviewed: Installation) -> None:
    found = figures(reviewed, "team")
    assert (found["partners"], found["ours_asks"], found["letters_in"]) == (2, 9, 9)
    assert (found["standards_broken"], found["timezone"]) == (1, "UTC")
    assert found["people_new"] == 0  # the wolf's whole record is new, and not only its writer


def test_letters_after_the_quarter_change_nothing_in_it(place: Installation) -> None:
    # the answer to the last question comes on the day after the quarter
    at = datetime(2024, 7, 1, 9, 0, tzinfo=UTC)
    late = letter(ANA, KIM, at, "late@x", "In-Reply-To: <0520@globex.example>", subject="Re: it")
    before = figures(place, "globex.example")
    take_in(place, [Delivery("Sent", late, at)])
    kept_review(place.agent(KNOWN_UNTIL), QUARTER, None, again=True)
    assert figures(place, "globex.example") == before


def test_a_standard_of_few_asks_is_neither_broken_nor_met(place: Installation) -> None:
    """The wolf asks a second time and is never answered: one of two missed says nothing."""
    at = datetime(2024, 6, 10, 9, 0, tzinfo=UTC)
    take_in(place, [Delivery("INBOX", letter(WOLF, ANA, at, "more@wolf", subject="Hm?"), at)])
    kept_review(place.agent(KNOWN_UNTIL), QUARTER, None, again=True)
    found = figures(place, WOLF)
    assert (found["we_answer_within_asks"], found["we_answer_within_misses"]) == (2, 1)
    assert found["we_answer_within_state"] == "too few asks to say"
    assert figures(place, "team")["standards_broken"] == 1  # that of Globex
    shown = run(place, "review", QUARTER, "--partner", WOLF).stdout
    assert re.search("missed 1 of 2 +too few asks to say", shown)


def test_who_writes_first_in_the_quarter_is_new(place: Installation) -> None:
    at = datetime(2024, 4, 9, 9, 0, tzinfo=UTC)
    lou = letter("Lou <lou@globex.example>", ANA, at, "lou@x", subject="Hello from Lou?")
    take_in(place, [Delivery("INBOX", lou, at)])
    kept_review(place.agent(KNOWN_UNTIL), QUARTER, None, again=True)
    found = figures(place, "globex.example")
    assert (found["people_wrote"], found["people_new"]) == (2, 1)


def test_every_measure_of_a_review_has_a_definition(reviewed: Installation) -> None:
    defined = {name for measure in MEASURES for name in measure.name.split(", ")}
    defined |= {column.name for column in FIGURES} | {"name", "timezone", "partners"}
    parts = r"_(target|actual|state)$|_[123]_(seconds|asked_at|answered_at|subject)$"
    parts += "|(?<=within)_(asks|misses)$"
    for measure in query(reviewed.mirror, "select distinct measure from reviews"):
        name = re.sub(parts, "", re.sub("^(ours|theirs)_", "", measure))
        assert {name, measure} & defined, measure


# -- frozen ---------------------------------------------------------------------------------


def written(place: Installation, folder: str) -> dict[str, bytes]:
    done = run(place, "review", QUARTER, "--to", place.top / folder)
    assert done.exit_code == 0
    return {path.name: path.read_bytes() for path in (place.top / folder).iterdir()}


def test_a_review_shown_again_is_the_same_whatever_came_since(place: Installation) -> None:
    first, files = run(place, "review", QUARTER), written(place, "one")
    at = datetime(2024, 5, 2, 9, 0, tzinfo=UTC)  # a letter of the quarter that comes to light late
    take_in(place, [Delivery("INBOX", letter(KIM, ANA, at, "more@x"), at)])
    toml = place.config.read_text().replace("1 business day", "9 business days")
    place.config.write_text(toml.replace('"UTC"', '"Asia/Tokyo"'))
    again = run(place, "review", QUARTER)
    assert (first.exit_code, again.exit_code) == (0, 0)
    assert again.stdout == first.stdout
    assert written(place, "two") == files
    assert first.stderr == ""
    assert "frozen with other settings" in one_line(again.stderr)
    assert "frozen 2024-07-02 12:00 UTC by version" in first.stdout
    anew = run(place, "review", QUARTER, "--again")
    assert anew.exit_code == 0
    assert anew.stdout != first.stdout
    assert run(place, "review", QUARTER).stderr == ""


def test_of_two_who_freeze_at_the_same_time_the_first_decides(place: Installation) -> None:
    before = figures(place, "team")
    with Mirror(place.mirror) as mirror:
        rows = [replace(row, measure="x") for row in frozen_reviews(mirror, QUARTER)[:1]]
        assert freeze(mirror, QUARTER, rows, forgotten(mirror), again=False)
        assert figures(place, "team") == before
        assert freeze(mirror, QUARTER, rows, forgotten(mirror), again=True)
    assert figures(place, "team") == {}


def test_a_review_that_was_made_before_somebody_was_erased_is_not_frozen(
    place: Installation,
) -> None:
    """Nobody holds the data directory while it is measured."""
    with Mirror(place.mirror) as mirror:
        rows, before = frozen_reviews(mirror, QUARTER), forgotten(mirror)
        mirror_rows = figures(place, "team")
    erase(place.agent(), WOLF)
    with Mirror(place.mirror) as mirror:
        assert not freeze(mirror, QUARTER, rows, before, again=True)
    assert mirror_rows
    assert query(place.mirror, "select count(*) from reviews where words like '%wolf%'") == [0]


def test_a_frozen_review_is_read_and_nothing_is_written(place: Installation) -> None:
    state = {path.name: path.read_bytes() for path in place.data.iterdir()}
    later = place.agent(KNOWN_UNTIL + timedelta(days=9))
    kept = kept_review(later, QUARTER, None)
    assert {row.frozen_at for row in kept.rows} == {KNOWN_UNTIL}
    assert {path.name: path.read_bytes() for path in place.data.iterdir()} == state


def test_a_review_is_published_when_it_is_frozen(place: Installation) -> None:
    sql = "select * from reviews order by quarter, partner, measure"
    before = place.tables("reviews")
    frozen = [run(place, "review", name).exit_code for name in ("2024-Q1", QUARTER)]
    assert frozen == [0, 0]
    found = query(place.published, sql)
    assert {row[0] for row in found} == {"2024-Q1", QUARTER}
    assert place.tables("reviews") == before
    place.agent(KNOWN_UNTIL).rebuild()
    assert query(place.published, sql) == found


def test_a_review_is_frozen_where_nothing_is_published(place: Installation) -> None:
    place.published.unlink()
    assert run(place, "review", QUARTER).exit_code == 0
    assert not place.published.exists()


def test_reviews_are_published_and_outlive_what_is_published(place: Installation) -> None:
    place.agent(KNOWN_UNTIL).rebuild()
    sql = "select * from reviews order by partner, measure"
    before = query(place.published, sql)
    assert len(before) == query(place.mirror, "select count(*) from reviews")[0]
    for end in ("", "-wal", "-shm"):
        place.published.with_name(place.published.name + end).unlink(missing_ok=True)
    place.agent(KNOWN_UNTIL).rebuild()
    assert query(place.published, sql) == before


@pytest.mark.parametrize(
    ("quarter", "more", "said"),
    [
        ("2024-Q3", (), "2024-Q3 is not over: its last day is 30 Sep 2024, and what is held goes"),
        (QUARTER, ("--as-of", "2024-06-30T12:00:00Z", "--again"), "2024-Q2 is not over"),
        ("2023-Q4", (), "2023-Q4: the first letter held is of 5 Feb 2024, after it was over"),
    ],
)
def test_a_quarter_that_can_t_be_looked_back_on_is_refused_in_one_line(
    reviewed: Installation, quarter: str, more: tuple[str, ...], said: str
) -> None:
    done = run(reviewed, "review", quarter, *more)
    assert done.exit_code == 2
    assert said in one_line(done.stderr)
    assert query(reviewed.mirror, "select distinct quarter from reviews") == [QUARTER]


POLLED = """[[mailboxes]]
name = "partners"
host = "127.0.0.1"
tls = "none"
user = "partners"
sent = ["Sent"]
password = { command = "echo secret" }
"""


def two_mailboxes(top: Path, polled_until: datetime, imported_until: datetime) -> Installation:
    """The archive in two mailboxes, of which one is polled, both read to some instant."""
    place = install(top, POLLED, partners=PARTNERS)
    take_in(place, archive(), KNOWN_UNTIL)
    take_in(place, archive(), KNOWN_UNTIL, mailbox="partners")
    with closing(sqlite3.connect(place.mirror)) as db, db:
        for name, until in (("partners", polled_until), ("import", imported_until)):
            stamp = int(until.timestamp())
            db.execute("update mailboxes set as_of = ? where mailbox = ?", (stamp, name))
    return place


def test_a_mailbox_that_was_not_read_to_the_quarters_end_is_waited_for(tmp_path: Path) -> None:
    """It was failing since the 15th of June: what they wrote since then is not known."""
    failing_since = datetime(2024, 6, 15, 9, 30, tzinfo=UTC)
    place = two_mailboxes(tmp_path, failing_since, KNOWN_UNTIL)
    for more in (("--as-of", "2024-07-02T12:00:00Z"), ()):
        done = run(place, "review", QUARTER, *more)
        assert done.exit_code == 2
        said = one_line(done.stderr)
        assert 'mailbox "partners" is complete up to 15 Jun 2024' in said
        assert "2024-Q2 ends on 30 Jun 2024" in said
    assert query(place.mirror, "select count(*) from reviews") == [0]


def test_a_mailbox_that_was_never_read_to_its_end_is_waited_for(tmp_path: Path) -> None:
    """Its newest letter says nothing of what is missing."""
    place = two_mailboxes(tmp_path, KNOWN_UNTIL, KNOWN_UNTIL)
    for change in (
        "delete from mailboxes where mailbox = 'partners'",
        "delete from headers where mailbox = 'partners'",
    ):
        with closing(sqlite3.connect(place.mirror)) as db, db:
            db.execute(change)
        done = run(place, "review", QUARTER)
        assert done.exit_code == 2, done.stderr
        assert 'mailbox "partners" was never read to its end' in one_line(done.stderr)


def test_a_quarter_that_is_still_to_come_is_not_over_whatever_instant_is_named(
    place: Installation,
) -> None:
    """Frozen it would stay so for ever."""
    with pytest.raises(ConfigError, match="2029-Q4 is not over"):
        kept_review(place.agent(KNOWN_UNTIL), "2029-Q4", datetime(2031, 1, 1, tzinfo=UTC))


@pytest.mark.parametrize("is_polled", [True, False], ids=["imported", "polled no more"])
def test_a_mailbox_that_is_not_polled_holds_nobody_back(
    tmp_path: Path, reviewed: Installation, *, is_polled: bool
) -> None:
    long_ago = datetime(2024, 5, 2, tzinfo=UTC)
    known = (KNOWN_UNTIL, long_ago) if is_polled else (long_ago, KNOWN_UNTIL)
    place = two_mailboxes(tmp_path, *known)
    if not is_polled:
        toml = place.config.read_text()
        place.config.write_text(toml.replace('name = "partners"', 'name = "import"'))
    assert run(place, "review", QUARTER).exit_code == 0
    assert figures(place, "globex.example") == figures(reviewed, "globex.example")


def test_imports_alone_are_reviewed_as_far_as_they_go(tmp_path: Path) -> None:
    """Asked on the 20th of May at 9:00 and known to the 15th of June at 9:00: 26 days."""
    place = install(tmp_path, partners=PARTNERS)
    take_in(place, archive(), datetime(2024, 6, 15, 9, 0, tzinfo=UTC))
    assert run(place, "review", QUARTER).exit_code == 2
    assert run(place, "review", QUARTER, "--as-of", "2024-07-02T12:00:00Z").exit_code == 0
    found = figures(place, "globex.example")
    assert found["ours_longest_wait_1_seconds"] == 26 * 86_400


def test_one_partner_is_shown_by_any_of_its_names(reviewed: Installation) -> None:
    shown = {
        run(reviewed, "review", QUARTER, "--partner", name).stdout
        for name in ("globex corp", "GLOBEX.net", "anybody@globex.example")
    }
    assert len(shown) == 1
    assert "Globex Corp" in shown.pop()
    unknown = run(reviewed, "review", QUARTER, "--partner", "globx corp")
    assert unknown.exit_code == 2
    assert 'did you mean "Globex Corp"' in one_line(unknown.stderr)


# -- what may be seen -----------------------------------------------------------------------


def test_the_partners_sheet_holds_no_name_and_nothing_of_anybody_else(
    place: Installation,
) -> None:
    texts = {name: octets.decode() for name, octets in written(place, "out").items()}
    sheets = {name: text for name, text in texts.items() if name.endswith("-for-them.md")}
    assert len(sheets) == 2
    for text in sheets.values():
        assert "You" in text
        for name in ("kim", "lee", "globex", "wolf", "ana", "acme", "@", "Question", "evil"):
            assert name not in text.lower()
    theirs = sheets[f"review-{QUARTER}-globex.example-for-them.md"]
    assert "| questions put | 8 |" in theirs
    assert "1 business day, 9 of 10" in theirs
    assert "share answered by its due time | 88% | - |" in theirs  # what we expect is our affair
    # our own sheet says it of them
    assert "Question 12?" in texts[f"review-{QUARTER}-globex.example.md"]


def test_what_a_sender_wrote_stays_words_in_every_file_and_on_the_screen(
    place: Installation,
) -> None:
    files = written(place, "out")
    (cell,) = [
        row["words"]
        for row in csv.DictReader(files[f"review-{QUARTER}.csv"].decode("utf-8-sig").splitlines())
        if row["measure"] == "ours_longest_wait_1_subject" and "gmail" in row["partner"]
    ]
    assert cell.startswith("'=HYPERLINK")
    (sheet,) = [
        octets.decode()
        for name, octets in files.items()
        if "gmail" in name and not name.endswith("for-them.md")
    ]
    assert r"\[x\](http\://evil.example) \|\<b\>" in sheet
    shown = run(place, "review", QUARTER, "--partner", "wolf.pack@gmail.com").stdout
    for text in (sheet, shown):
        assert {c for c in text if not c.isprintable()} == {"\n"}


@pytest.mark.parametrize("people", ["initials", "none"])
def test_nobody_is_named_where_people_are_hidden(place: Installation, people: str) -> None:
    with place.config.open("a") as config:
        config.write(f'[publish]\npeople = "{people}"\n')
    files = written(place, "out")
    assert not {name for name in files if "wolf" in name or "pack" in name}
    place.agent(KNOWN_UNTIL).rebuild()
    shown = run(place, "review", QUARTER).stdout
    for octets in (*files.values(), shown.encode(), place.published.read_bytes()):
        for name in (b"wolf.pack", b"kim.lee", b"wolf"):
            assert name not in octets.lower()


def test_subjects_that_may_no_longer_be_shown_are_not_though_they_were_frozen(
    place: Installation,
) -> None:
    with place.config.open("a") as config:
        config.write("[publish]\nsubjects = false\n")
    files = written(place, "out")
    place.agent(KNOWN_UNTIL).rebuild()
    for octets in (*files.values(), place.published.read_bytes()):
        assert b"Question" not in octets
    # and where they were not to be shown, they are not even kept
    run(place, "review", QUARTER, "--again")
    assert query(place.mirror, "select * from reviews where measure like '%subject'") == []


def test_an_erased_person_is_gone_from_reviews(place: Installation) -> None:
    assert figures(place, "wolf.pack@gmail.com")
    with closing(sqlite3.connect(place.mirror)) as db, db:
        db.execute(
            "update reviews set words = 'for wolf.pack@gmail.com' where partner = 'globex.example'"
            " and measure = 'ours_longest_wait_1_subject'"
        )
    erase(place.agent(KNOWN_UNTIL), "wolf.pack@gmail.com")
    assert figures(place, "wolf.pack@gmail.com") == {}
    for path in (place.mirror, place.published):
        assert b"wolf.pack" not in path.read_bytes()
    found = figures(place, "globex.example")
    assert found["ours_asks"] == 8
    assert found["ours_longest_wait_1_subject"] == "for erased@erased.invalid"


def test_of_letters_past_their_time_the_subjects_go_and_the_figures_stay(
    place: Installation,
) -> None:
    with place.config.open("a") as config:
        config.write("[retention]\nmonths = 2\n")
    # on the 20th of June the letters from before the 20th of April are past their time
    purge(place.agent(datetime(2024, 6, 20, 12, 0, tzinfo=UTC)))
    found = figures(place, "globex.example")
    quickest = [found.get(f"ours_quickest_answer_{n}_subject") for n in (1, 2, 3)]
    assert quickest == [None, None, None]
    assert found["ours_longest_wait_1_subject"] == "Question 12?"
    assert (found["ours_asks"], found["ours_quickest_answer_1_seconds"]) == (8, 3600)


@pytest.mark.parametrize(
    ("partner", "stem"),
    [
        ("globex.example", "globex.example"),
        ("müller.example", "müller.example"),
        ("a/b.example", "a_b.example-"),
        ("../x.example", ".._x.example-"),
        ("d" * 300 + ".example", "d" * 100 + "-"),
        ("kim@globex.example", "globex.example-"),
    ],
)
def test_a_file_is_named_by_the_partner_whatever_that_is_called(partner: str, stem: str) -> None:
    privacy = Privacy("full", our_people=True, subjects=True, key=b"secret")
    found = file_stem(partner, privacy)
    assert found.startswith(stem)
    assert (found == stem) is not stem.endswith("-")
    assert "/" not in found
    assert len(found) < 130


def test_words_that_mean_something_in_markdown_are_marked_as_words() -> None:
    assert plain("a|b") == r"a\|b"
    assert plain("# <script>`x`*y*_z_") == r"\# \<script\>\`x\`\*y\*\_z\_"
    assert plain("line\nbreak") == "lineU+000Abreak"


def test_where_nothing_was_read_yet_there_is_nothing_to_look_back_on(tmp_path: Path) -> None:
    place = Installation(tmp_path)
    place.config.parent.mkdir()
    place.config.write_text('[team]\ndomains = ["acme.example"]\n')
    done = run(place, "review", "2020-Q1")
    assert done.exit_code == 4
    assert "not there yet" in one_line(done.stderr)
