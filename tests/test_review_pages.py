"""The review pages: what was frozen, beside the quarter before, on a screen and on paper."""

from __future__ import annotations

import asyncio
import html
import re
import sqlite3
import unicodedata
from collections.abc import Iterator
from contextlib import closing
from datetime import date
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from browser_shots import CHROMIUM, running_browser, running_datasette
from datasette.app import Datasette
from installations import Installation
from openpyxl import load_workbook
from playwright.sync_api import Browser, sync_playwright
from pypdf import PdfReader
from sample_database import make_database
from small_archive import KNOWN_UNTIL, WOLF, archived, run
from test_datasette import IS_1X, Site, site_of

from inbox_agent import catalogue
from inbox_agent.datasette_plugin.review import rows as review_page_rows
from inbox_agent.datasette_plugin.review import shown as review_page_shown
from inbox_agent.datasette_plugin.workbook_downloads import conditions_of
from inbox_agent.review_sheets import quarter_before, sections, sheets

QUARTER, BEFORE = "2026-Q3", "2026-Q2"
FROZEN = {"frozen_at": "2026-10-02T07:00:00Z", "version": "0.1.0", "config_digest": "abc123"}
EVIL = '<script>alert(1)</script> =HYPERLINK("http://evil.example")'
HOUR, DAY = 3600, 86_400


def frozen(quarter: str, partner: str, **figures: Any) -> list[dict[str, Any]]:
    """Rows of `reviews`; numbers are seconds, shares or counts by the name they have."""
    rows = []
    for measure, said in figures.items():
        is_number = isinstance(said, int | float)
        unit = "seconds" if measure.endswith("_seconds") else "count"
        unit = "share" if measure.endswith(("_actual", "_rate", "so_far", "_p")) else unit
        rows.append(
            {
                "quarter": quarter,
                "partner": partner,
                "measure": measure,
                "value": said if is_number else None,
                "words": None if is_number else said,
                "unit": unit if is_number else None,
                **FROZEN,
            }
        )
    return rows


def answers(side: str, asks: int, seconds: int | None, **more: Any) -> dict[str, Any]:
    found = {"asks": asks, "answered": asks, "p50_seconds": seconds, "rate_so_far": 1.0, **more}
    if seconds is None:
        del found["p50_seconds"], found["rate_so_far"]
    return {f"{side}_{name}": value for name, value in found.items()}


def kept(standard: str, state: str) -> dict[str, Any]:
    return {f"{standard}_target": "1 business day", f"{standard}_actual": 0.5,
            f"{standard}_state": state}  # fmt: skip


GLOBEX = {
    "name": "Globex",
    "letters_in": 12,
    "letters_out": 9,
    **answers("ours", 8, 4 * HOUR, change="slower", change_p=0.01, before_p50_seconds=HOUR),
    **answers("theirs", 7, 2 * DAY, change="slower", change_p=0.4, before_p50_seconds=DAY),
    **kept("we_answer_within", "broken"),
    "we_answer_within_asks": 10,
    "we_answer_within_misses": 9,
    **kept("they_answer_within", "met"),
    "ours_longest_wait_1_seconds": 3 * DAY,
    "ours_longest_wait_1_asked_at": "2026-07-31T22:30:00Z",  # in Berlin the first of August
    "ours_longest_wait_1_answered_at": None,
    "ours_longest_wait_1_subject": EVIL,
    "opened_by_us": 3,
    "people_wrote": 2,
}
ROWS = {
    "about": [{"generation": 7, "as_of": "2026-11-23T09:00:00Z", "timezone": "Europe/Berlin",
               "version": "0.1.0", "config_digest": "of today"}],
    "partners": [
        {"partner": "globex.example", "name": "Globex", "owner": "ana@acme.example",
         "tier": "gold", "first_contact_at": "2025-12-31T23:30:00Z"},  # in Berlin of January
        {"partner": "initech.example", "owner": "ben@acme.example"},
    ],
    "definitions": [
        {"name": "asks, answered, open, lapsed", "title": "How many asks", "definition": "Asks."},
        {"name": "p50_seconds, p90_seconds", "title": "Half of them", "definition": "Half."},
        {"name": "standards in a review", "title": "Standards", "definition": "Aims kept."},
    ],
    "team_by_period": [
        {"scope": scope, "responder": "us", "period": period, "asks": asks, "rate_so_far": 1.0,
         "p50_seconds": seconds, "met_standard_share": 0.75}
        for scope, period, asks, seconds in (
            ("owner:ana@acme.example", QUARTER, 8, 4 * HOUR),
            ("owner:ana@acme.example", BEFORE, 4, None),
            ("tier:gold", QUARTER, 8, 4 * HOUR),
            ("owner:ben@acme.example", BEFORE, 5, HOUR),
            ("team", QUARTER, 8, 4 * HOUR),
        )
    ],
    "reviews": [
        *frozen(QUARTER, "team", timezone="Europe/Berlin", partners=3, letters_in=20,
                **answers("ours", 11, 5 * HOUR), standards_broken=1),
        *frozen(QUARTER, "globex.example", **GLOBEX),
        *frozen(QUARTER, "initech.example", **answers("ours", 3, None), letters_in=3,
                **answers("theirs", 6, None)),
        *frozen(QUARTER, "aardvark.example", name="Aardvark", **kept("we_answer_within", "met"),
                **kept("they_answer_within", "too few asks to say")),
        *frozen(BEFORE, "team", timezone="Europe/Berlin", partners=1, letters_in=15,
                **answers("ours", 9, 6 * HOUR)),
        *frozen(BEFORE, "globex.example", name="Globex", letters_in=11,
                **answers("ours", 6, 90 * 60), **kept("we_answer_within", "met")),
    ],
}  # fmt: skip


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory, loop: asyncio.AbstractEventLoop) -> Site:
    return site_of(make_database(tmp_path_factory.mktemp("made") / "partners.db", ROWS), loop)


def page(site: Site, path: str, status: int = 200) -> str:
    response = site.get(path)
    assert response.status_code == status, response.text
    return str(response.text)


def table(text: str, caption: str) -> list[list[str]]:
    """The cells of the table with a caption, row by row, without their footnotes."""
    (found,) = re.findall(
        rf"<table[^>]*>\s*<caption[^>]*>{caption}</caption>(.*?)</table>", text, re.S
    )
    rows = re.findall(r"<tr>(.*?)</tr>", re.sub(r"<sup>.*?</sup>", "", found), re.S)
    return [
        [plain(cell) for cell in re.findall(r"<t[dh][^>]*>(.*?)</t[dh]>", row, re.S)]
        for row in rows
    ]


def plain(markup: str) -> str:
    words = html.unescape(re.sub("<[^>]+>", " ", markup)).replace("\u00a0", " ")
    return " ".join(words.split())


# -- which quarters --------------------------------------------------------------------------


def test_the_list_has_what_is_frozen_and_how_to_freeze_what_is_over(site: Site) -> None:
    text = page(site, "/-/reviews")
    rows = table(text, "Frozen quarters, the latest first")
    assert [row[:3] for row in rows[1:]] == [
        ["2026-Q3", "1 Jul to 30 Sep 2026", "3"],
        ["2026-Q2", "1 Apr to 30 Jun 2026", "1"],
    ]
    assert rows[1][4] == "version 0.1.0, settings abc123 not those of today"
    # the first letter is of the first of January in Berlin, and today is in the fourth quarter
    assert "<code>inbox-agent review 2026-Q1</code>" in text
    assert "2025-Q4" not in text
    assert "2026-Q4" not in text


def test_a_quarter_that_is_not_frozen_says_how_it_is(site: Site) -> None:
    text = page(site, "/-/review/2026-Q1", status=404)
    assert "<code>inbox-agent review 2026-Q1</code>" in text
    for name in ("2026-Q4", "2024-Q1"):
        assert f"{name} (1 " in page(site, f"/-/review/{name}", status=404)
        assert "can&#39;t be frozen" in site.get(f"/-/review/{name}").text.replace("'", "&#39;")
    for name in ("2026-Q5", "26-Q1", "9999-Q4", "0000-Q1"):
        page(site, f"/-/review/{name}", status=404)
    for more in ("/globex.example", "/globex.example/for-partner"):
        assert "inbox-agent review 2026-Q1" in page(site, f"/-/review/2026-Q1{more}", status=404)
    page(site, "/-/review/2026-Q1.xlsx", status=404)
    page(site, f"/-/review/{QUARTER}/nobody.example", status=404)
    page(site, f"/-/review/{QUARTER}/team", status=404)


def test_quarters_over_are_those_from_the_first_letter_to_the_last_one_that_ended() -> None:
    assert review_page_rows.over(date(2025, 11, 30), date(2026, 6, 30)) == ["2026-Q1", "2025-Q4"]
    assert review_page_rows.over(date(2026, 7, 1), date(2026, 9, 30)) == []
    assert [quarter_before(name) for name in ("2026-Q3", "2026-Q1")] == ["2026-Q2", "2025-Q4"]


def test_before_anything_was_published_the_page_says_so(tmp_path: Path, loop: Any) -> None:
    path = tmp_path / "partners.db"
    with closing(sqlite3.connect(path)) as db:
        db.execute("create table x (y)")
    empty = site_of(path, loop)
    assert "Nothing has been published yet" in page(empty, "/-/reviews")
    assert "Nothing has been published yet" in page(empty, f"/-/review/{QUARTER}", status=404)
    page(empty, "/-/xlsx/partners.xlsx", status=404)


# -- one quarter -----------------------------------------------------------------------------


def test_the_team_stands_beside_the_quarter_before_as_that_was_frozen(site: Site) -> None:
    text = page(site, f"/-/review/{QUARTER}")
    heads, *lines = table(text, "Answers")
    assert heads == ["", "we answer", "2026-Q2", "they answer", "2026-Q2"]
    assert lines[0] == ["questions put", "11", "9", "-", "-"]
    assert ["half answered within", "5h", "6h", "-", "-"] in lines
    assert ["letters from them", "20", "15"] in table(text, "Together")
    assert "frozen with other settings or by another version" in text


def test_partners_are_there_with_broken_standards_first_and_few_asks_are_said(site: Site) -> None:
    _, _, *lines = table(page(site, f"/-/review/{QUARTER}"), "Partners in 2026-Q3")
    assert lines == [
        ["Globex ana@acme.example, gold", "1 broken, 1 met", "4h", "slower", "3d", "2d", "-", "-",
         "12", "9"],
        ["Aardvark", "1 met, 1 with too few asks to say", "not asked", "-", "-", "not asked", "-",
         "-", "-", "-"],
        # of 6 asks and no figure: too little of their mail is there to tell
        ["initech.example ben@acme.example", "none set", "only 3 asks", "-", "-", "unknown", "-",
         "-", "3", "-"],
    ]  # fmt: skip


def test_owners_and_tiers_are_those_of_the_quarter_beside_the_one_before(site: Site) -> None:
    text = page(site, f"/-/review/{QUARTER}")
    (owner,) = table(text, "By owner in 2026-Q3")[2:]
    assert owner[:5] == ["ana@acme.example", "8", "4h", "only 4 asks", "75%"]
    (tier,) = table(text, "By tier in 2026-Q3")[2:]
    assert tier[:4] == ["gold", "8", "4h", "-"]
    mine = page(site, f"/-/review/{QUARTER}?owner=ana@acme.example")
    assert [line[0] for line in table(mine, "Partners in 2026-Q3")[2:]] == [
        "Globex ana@acme.example, gold"
    ]
    nobody = page(site, f"/-/review/{QUARTER}?tier=<script>")
    assert "No partner of this choice" in nobody
    assert "<script" not in nobody


def test_many_partners_are_shown_page_by_page(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("inbox_agent.datasette_plugin.review.page.PARTNERS_OF_A_PAGE", 2)
    found = [
        [line[0].split()[0] for line in table(text, "Partners in 2026-Q3")[2:]]
        for text in (page(site, f"/-/review/{QUARTER}?page={n}") for n in (1, 2))
    ]
    assert found == [["Globex", "Aardvark"], ["initech.example"]]
    assert "No partner" in page(site, f"/-/review/{QUARTER}?page=9")
    assert page(site, f"/-/review/{QUARTER}?page=0")
    assert page(site, f"/-/review/{QUARTER}?page=%C2%B2")


# -- one partner -----------------------------------------------------------------------------


def test_a_partners_figures_stand_beside_the_quarter_before(site: Site) -> None:
    text = page(site, f"/-/review/{QUARTER}/globex.example")
    lines = table(text, "Answers")
    assert ["questions put", "8", "6", "7", "-"] in lines
    assert ["half answered within", "4h", "1h 30m", "2d", "-"] in lines
    # what is unlikely to be chance is said; what compares with the quarter before has no column
    assert ["since then", "slower", "", "no clear change", ""] in lines
    heads, ours, theirs = table(text, "Standards")
    assert heads == ["", "aim", "in the quarter", "2026-Q2", "at the end"]
    # nine of ten missed are not "10 %"; what was frozen without its misses has the share alone
    assert ours == ["we answer within", "1 business day", "missed 9 of 10", "50% in time", "broken"]
    assert theirs[3] == "-"


def test_a_wait_is_dated_by_the_clock_of_the_team_and_its_words_are_only_words(site: Site) -> None:
    text = page(site, f"/-/review/{QUARTER}/globex.example")
    _, line = table(text, "How long they waited for us")
    assert line == ["longest", "1 Aug 2026", "not yet", "3d", EVIL]
    assert "<bdi>&lt;script&gt;alert(1)&lt;/script&gt; =HYPERLINK" in text
    assert "<script" not in text


def test_too_few_asks_and_unknown_times_are_explained(site: Site) -> None:
    text = plain(page(site, f"/-/review/{QUARTER}/initech.example"))
    assert "They put only 3 questions: too few for times and shares; see the single waits." in text
    assert "2026-Q2 is not frozen with this partner" in text
    sheet = sheets(frozen(QUARTER, "x", ours_asks=6, theirs_asks=1))["x"]
    (part,) = review_page_shown.parts(sheet, None, BEFORE, "them", review_page_shown.Notes({}))
    assert part.remark == (
        "We put only 1 question: too few for times and shares; see the single waits. "
        "Too little of what we sent is in the mailbox to tell how fast we answered."
    )


def test_working_time_is_said_in_hours_since_a_working_day_has_no_length() -> None:
    row = frozen(QUARTER, "x", ours_p50_business_seconds=26 * HOUR)[0] | {"unit": "working seconds"}
    (part,) = sections(sheets([row])["x"], "us")
    assert part.lines == (("the same in working time", "26h", "-"),)


def test_what_came_of_each_standard_is_told_in_its_own_words() -> None:
    of_days = {"contact_every_target": "30 days", "contact_every_actual": 1.0}
    of_people = {"min_contacts_target": "2 people", "min_contacts_actual": 1.0}
    rows = frozen(QUARTER, "x", **of_days, **of_people)
    units = {"contact_every_actual": "days", "min_contacts_actual": "people"}
    found = sheets([row | {"unit": units.get(row["measure"])} for row in rows])["x"]
    (part,) = sections(found, "us")
    assert [line[2] for line in part.lines] == ["longest silence 1 day", "1 person"]


def test_shares_of_one_page_are_rounded_alike(tmp_path: Path, loop: Any) -> None:
    """9,306 of 10,000 of the team in the frozen table, 16 of 17 of an owner in that of today."""
    rows = {
        **ROWS,
        "reviews": frozen(QUARTER, "team", timezone="UTC", partners=1,
                          **answers("ours", 17, HOUR, response_rate=0.9306)),
        "team_by_period": [{"scope": "owner:ana", "responder": "us", "period": QUARTER, "asks": 17,
                            "p50_seconds": HOUR, "met_standard_share": 16 / 17}],
    }  # fmt: skip
    made = site_of(make_database(tmp_path / "partners.db", rows), loop)
    text = page(made, f"/-/review/{QUARTER}")
    assert ["share answered, open ones reckoned in", "93.1%", "-"] in table(text, "Answers")
    assert table(text, f"By owner in {QUARTER}")[2][4] == "94.1%"


def test_half_answered_below_a_minute_is_within_one_and_a_wait_is_told_in_seconds() -> None:
    found = sheets(frozen(QUARTER, "x", ours_p50_seconds=0, ours_quickest_answer_1_seconds=12))["x"]
    assert found.shown("ours_p50_seconds") == "a minute"
    assert found.shown("ours_quickest_answer_1_seconds") == "12s"


def test_every_footnote_is_there_once_and_says_what_the_definition_says(site: Site) -> None:
    text = page(site, f"/-/review/{QUARTER}/globex.example")
    used = re.findall(r'href="#(note-\d+)"', text)
    there = re.findall(r'<li id="(note-\d+)"><strong>(.*?)</strong> (.*?)</li>', text)
    assert there == [
        ("note-1", "How many asks.", "Asks."),
        ("note-2", "Half of them.", "Half."),
        ("note-3", "Standards.", "Aims kept."),
    ]
    assert list(dict.fromkeys(used)) == [name for name, _, _ in there]
    assert used.count("note-1") == 2  # asks and answered


def test_the_asks_behind_a_review_are_those_of_its_days_by_the_teams_clock(site: Site) -> None:
    text = html.unescape(page(site, f"/-/review/{QUARTER}/globex.example"))
    wanted = (
        "/partners/response_times?partner=globex.example&responder=us"
        "&asked_at__gte=2026-06-30T22%3A00%3A00Z&asked_at__lt=2026-09-30T22%3A00%3A00Z"
    )
    assert wanted in text
    assert site.get(wanted).status_code == 200
    csv = (
        f"/partners/reviews.csv?quarter={QUARTER}&partner=globex.example&_stream=on&_size=max&_dl=1"
    )
    assert csv in text
    assert f"CSV of these {len(GLOBEX)} rows" in text
    assert len(site.csv(csv)) == 1 + len(GLOBEX)


# -- for the partner -------------------------------------------------------------------------


def test_the_partners_sheet_names_nobody_and_holds_nothing_of_others(site: Site) -> None:
    text = page(site, f"/-/review/{QUARTER}/globex.example/for-partner")
    printed = re.sub(r'<p class="[^"]*no-print".*?</p>', "", text, flags=re.S).casefold()
    assert "no-print" in text
    for name in ("globex", "initech", "aardvark", "ana@", "ben@", "gold", "evil", "script", "@"):
        assert name not in printed, name
    assert table(text, "Answers")[0] == ["", "we answer", "2026-Q2", "you answer", "2026-Q2"]
    assert table(text, "How long you waited for us")[1] == [
        "longest",
        "1 Aug 2026",
        "not yet",
        "3d",
    ]
    # what we expect of them is our own affair
    assert [line[0] for line in table(text, "What we hold ourselves to")] == [
        "",
        "we answer within",
    ]
    assert "they answer within" not in text


# -- downloads -------------------------------------------------------------------------------


def workbook(site: Site, path: str) -> Any:
    response = site.get(path)
    assert response.status_code == 200, response.text
    assert response.headers["content-length"] == str(len(response.content))
    return load_workbook(BytesIO(response.content))


@pytest.mark.pages
def test_the_workbook_of_a_quarter_holds_its_page_and_all_rows_behind(site: Site) -> None:
    path = f"/-/review/{QUARTER}.xlsx"
    assert path in page(site, f"/-/review/{QUARTER}")
    name = site.get(path).headers["content-disposition"]
    assert name == 'attachment; filename="review-2026-Q3-generation-7.xlsx"'
    book = workbook(site, path)
    assert book.sheetnames == ["About", "partners", "team", "owners", "tiers", "reviews"]
    heads, *lines = [[cell.value for cell in row] for row in book["partners"].iter_rows()]
    globex = dict(zip(heads, lines[1], strict=True))
    assert [line[0] for line in lines] == ["aardvark.example", "globex.example", "initech.example"]
    assert (globex["owner"], globex["ours_p50_seconds"], globex["ours_change"]) == (
        "ana@acme.example", 4 * HOUR, "slower",
    )  # fmt: skip
    assert globex["ours_longest_wait_1_seconds"] == 3 * DAY
    assert not [head for head in heads if "subject" in head or "asked_at" in head]
    team = {row[0].value: [cell.value for cell in row] for row in book["team"].iter_rows()}
    assert team["letters_in"][1:5] == [20, None, "count", 15]
    assert book["owners"].max_row == book["tiers"].max_row == 2
    rows = [row for row in ROWS["reviews"] if row["quarter"] == QUARTER]
    assert book["reviews"].max_row == 1 + len(rows)
    said = {row[0].value: row[1].value for row in book["About"].iter_rows()}
    assert (said["frozen_at"], said["frozen with config_digest"]) == (
        FROZEN["frozen_at"], "abc123",
    )  # fmt: skip
    assert {cell.data_type for sheet in book for row in sheet for cell in row} <= {"s", "n", "d"}


@pytest.mark.pages
def test_a_tables_workbook_holds_what_its_page_was_filtered_to(site: Site) -> None:
    query = "?scope=owner:ana@acme.example&asks__gt=5&_sort=asks&_facet=scope"
    text = html.unescape(page(site, f"/partners/team_by_period{query}"))
    link = "/-/xlsx/team_by_period.xlsx?scope=owner%3Aana%40acme.example&asks__gt=5"
    assert f'href="{link}"' in text
    book = workbook(site, link)
    assert book["team_by_period"].max_row == 2
    assert workbook(site, "/-/xlsx/team_by_period.xlsx")["team_by_period"].max_row == 6
    assert "team_by_period-generation-7.xlsx" in site.get(link).headers["content-disposition"]
    health = workbook(site, "/-/xlsx/partner_health.xlsx")
    assert health.sheetnames == ["About", "partner_health"]


@pytest.mark.parametrize(
    "query",
    ["_search=x", "_where=1", "nothing=1", "asks__nothing=1", "nothing__exact=1", "asks%22=1"],
)
def test_a_workbook_never_holds_more_than_was_asked_for(query: str, site: Site) -> None:
    page(site, f"/-/xlsx/team_by_period.xlsx?{query}", status=400)


def test_an_empty_filter_is_one_and_a_page_of_its_own_is_not() -> None:
    assert conditions_of("t", ["a"], "a=&_size=3&_next=x") == (['"a" = :p0'], {"p0": ""})
    assert conditions_of("t", ["a"], "a__isnull=1") == (['"a" is null'], {})


def test_there_is_no_workbook_of_what_is_no_table(site: Site) -> None:
    for name in ("nothing", "sqlite_master", "partners--"):
        page(site, f"/-/xlsx/{name}.xlsx", status=404)
    searched = page(site, "/partners/team_by_period?scope=team&_search=x")
    assert "/-/xlsx/" not in searched


REVIEW = f"/-/review/{QUARTER}"
OURS = ("/-/reviews", REVIEW, f"{REVIEW}.xlsx", f"{REVIEW}/globex.example",
        f"{REVIEW}/globex.example/for-partner", "/-/xlsx/partners.xlsx")  # fmt: skip


@pytest.mark.pages
def test_whoever_may_not_see_the_database_or_a_table_gets_neither(site: Site, loop: Any) -> None:
    metadata = catalogue.datasette_metadata()
    tables = metadata["databases"]["partners"]["tables"] | {"contacts": {"allow": {"id": "ana"}}}
    for more, forbidden in (
        ({"allow": {"id": "ana"}}, OURS),
        ({"databases": {"partners": {"tables": tables}}}, ("/-/xlsx/contacts.xlsx",)),
    ):
        given = metadata | more
        locked = Datasette([str(site.path)], metadata=given, **({"config": given} if IS_1X else {}))
        loop.run_until_complete(locked.invoke_startup())
        found = Site(site.path, locked, loop)
        cookies = {"ds_actor": locked.sign({"a": {"id": "ana"}}, "actor")}
        for path in forbidden:
            assert found.get(path).status_code == 403, path
            assert found.get(path, cookies=cookies).status_code == 200, path


# -- the same everywhere, and on paper -------------------------------------------------------


@pytest.fixture(scope="module")
def reviewed(tmp_path_factory: pytest.TempPathFactory) -> Installation:
    place = archived(tmp_path_factory.mktemp("reviewed"))
    assert run(place, "review", "2024-Q2", "--to", place.top / "out").exit_code == 0
    place.agent(KNOWN_UNTIL).rebuild()
    return place


def of_markdown(text: str) -> list[list[list[str]]]:
    """The lines of each table of a sheet, without its heads."""
    tables = re.findall(r"\n\|(?:---\|)+\n((?:\|.*\n)*)", text)
    return [
        [
            [" ".join(re.sub(r"\\(.)", r"\1", cell).split()) for cell in cells_of(line)]
            for line in found.splitlines()
        ]
        for found in tables
    ]


def cells_of(line: str) -> list[str]:
    return re.split(r"(?<!\\)\|", line)[1:-1]


@pytest.mark.pages
@pytest.mark.parametrize("more", ["", "/for-partner"], ids=["us", "them"])
@pytest.mark.parametrize("partner", ["globex.example", WOLF])
def test_the_page_says_what_the_command_line_writes(
    partner: str, more: str, reviewed: Installation, loop: Any
) -> None:
    """Every word and figure, of hostile letters, too; the quarter before is not frozen."""
    text = page(site_of(reviewed.published, loop), f"/-/review/2024-Q2/{partner}{more}")
    shown = [table(text, name)[1:] for name in re.findall("<caption[^>]*>(.*?)</caption>", text)]
    domain = partner.rpartition("@")[2]
    files = (reviewed.top / "out").glob(f"review-2024-Q2-{domain}*.md")
    (path,) = (path for path in files if path.name.endswith("-for-them.md") == bool(more))
    written = of_markdown(path.read_text("utf-8"))
    assert len(written) >= 3
    assert shown == written


@pytest.mark.pages
def test_the_command_exports_one_workbook_or_files_of_csv(
    reviewed: Installation, tmp_path: Path
) -> None:
    done = run(reviewed, "export", "reviews", "partners", "--format", "xlsx", "--to", tmp_path)
    assert done.exit_code == 0
    (path,) = tmp_path.iterdir()
    book = load_workbook(path)
    assert book.sheetnames == ["About", "reviews", "partners"]
    rows = book["reviews"].max_row + book["partners"].max_row - 2
    assert f"{path.name}: {rows} rows" in done.stdout.replace("\n", "")
    assert run(reviewed, "export", "reviews", "--to", tmp_path).exit_code == 0
    assert {each.name for each in tmp_path.iterdir()} == {"partners.xlsx", "reviews.csv"}


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The same rows, and sixty partners more, so that a quarter takes several sheets of paper."""
    more = [
        row
        for n in range(60)
        for row in frozen(QUARTER, f"p{n:02d}.example", name=f"A partner of ours, number {n}",
                          **kept("we_answer_within", "met"), **answers("ours", 9, n * HOUR))
    ]  # fmt: skip
    rows = ROWS | {"reviews": [*ROWS["reviews"], *more]}
    path = make_database(tmp_path_factory.mktemp("printed") / "partners.db", rows)
    with running_datasette(path) as found:
        yield found


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright, running_browser(playwright) as found:
        yield found


needs_chromium = pytest.mark.skipif(
    CHROMIUM is None, reason="Chromium is not installed (Debian: chromium)"
)
SHEETS = {
    "quarter": (REVIEW, "Review 2026-Q3 · all partners"),
    "partner": (f"{REVIEW}/globex.example", "Review 2026-Q3 · Globex"),
    "for partner": (f"{REVIEW}/globex.example/for-partner", "How we worked together, 2026-Q3"),
}


@pytest.mark.pages
@pytest.mark.browser
@needs_chromium
@pytest.mark.parametrize("name", SHEETS)
def test_a_sheet_prints_on_a4_with_its_head_and_its_foot_on_every_page(
    name: str, browser: Browser, address: str, tmp_path: Path
) -> None:
    path, head = SHEETS[name]
    opened = browser.new_page(color_scheme="dark")
    opened.goto(address + path)
    opened.pdf(path=tmp_path / "sheet.pdf", prefer_css_page_size=True)
    opened.close()
    pages = PdfReader(tmp_path / "sheet.pdf").pages
    texts = [unicodedata.normalize("NFKC", each.extract_text()) for each in pages]
    assert len(texts) == {"quarter": 3, "partner": 1, "for partner": 1}[name]
    for number, each in enumerate(pages, start=1):
        text = texts[number - 1]
        width, height = (float(side) / 72 * 25.4 for side in each.mediabox[2:])
        assert (round(width), round(height)) == (210, 297)
        assert head in text
        assert "Frozen Fri 2 Oct, 09:00 by inbox_agent 0.1.0 with the settings abc123" in text
        assert f"Page {number} of {len(texts)}" in text
    whole = " ".join(" ".join(texts).split())
    for hidden in ("All tables", "Excel", "CSV of", "Sign out", "inbox-agent review"):
        assert hidden not in whole, hidden
    assert "half answered within" in whole
    if name == "for partner":
        assert "Globex" not in whole
        assert "example" not in whole
    else:
        assert "What the figures mean" in whole


@pytest.mark.pages
@pytest.mark.browser
@needs_chromium
@pytest.mark.parametrize(
    "path", ["/-/reviews", "/-/review/2026-Q1", *(s[0] for s in SHEETS.values())]
)
def test_a_review_page_fits_every_screen_and_can_be_read_by_everybody(
    path: str, browser: Browser, address: str
) -> None:
    """WCAG 2.2 as far as axe sees it, in light and in dark, from 360 to 2,560 pixels."""
    opened = browser.new_page()
    asked: list[str] = []
    opened.on("request", lambda request: asked.append(request.url))
    opened.goto(address + path)
    for width in (360, 1280, 2560):
        opened.set_viewport_size({"width": width, "height": 900})
        assert opened.evaluate("document.documentElement.scrollWidth") <= width
    for scheme in ("light", "dark") if path == f"{REVIEW}/globex.example" else ("light",):
        opened.emulate_media(color_scheme=scheme)
        found = Axe().run(opened)
        assert found.violations_count == 0, found.generate_report()
    assert all(url.startswith(address) for url in asked)
    opened.close()
