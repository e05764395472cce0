"""What stands around every page of ours: how fresh it is, and what is said where there is none."""

from __future__ import annotations

import asyncio
import html
import re
import sqlite3
from contextlib import closing
from typing import Any

import pytest
from feeds_sample import ROWS, database, site
from test_datasette import IS_1X, Site

#: Of each kind of page one, the front page aside, which says it at length.
PAGES = (
    *("/-/partner/globex.example", "/-/why/globex.example", "/-/why/globex.example/ours_asks"),
    *("/-/chart/globex.example/timeline", "/-/feeds", "/-/reviews", "/-/partner/nobody.example"),
)
LINE = "The mailbox partners can't be read to its end since Mon 23 Nov, 09:00. What came since"


ABOUT = {**ROWS["about"][0], "window_seconds": 90 * 86_400}


def poll(number: int, at: str, ok: int) -> dict[str, Any]:
    return {"poll": number, "mailbox": "partners", "started_at": at, "ok": ok,
            "error": None if ok else "the server said no"}  # fmt: skip


FAILING = [poll(1, "2026-11-23T08:00:00Z", 1), poll(2, "2026-11-23T09:00:00Z", 0)]
FOLDERS = [
    {"mailbox": "partners", "folder": "INBOX", "state": "failed",
     "last_complete_at": "2026-11-23T08:00:00Z"}
]  # fmt: skip


@pytest.fixture(scope="module")
def failing(tmp_path_factory: pytest.TempPathFactory, loop: asyncio.AbstractEventLoop) -> Site:
    path = tmp_path_factory.mktemp("failing") / "partners.db"
    return site(database(path, about=[ABOUT], polls=FAILING, folders=FOLDERS), loop)


def words(text: str) -> str:
    return re.sub(r" ([,.])", r"\1", " ".join(html.unescape(re.sub("<[^>]*>", " ", text)).split()))


def queries_of(place: Site, path: str, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What a page reads of the published database."""
    found: list[str] = []
    reads = place.datasette.databases["partners"].execute

    async def execute(sql: str, *args: Any, **more: Any) -> Any:
        found.append(sql)
        return await reads(sql, *args, **more)

    monkeypatch.setattr(place.datasette.databases["partners"], "execute", execute)
    assert place.get(path).status_code == 200
    return found


# -- a mailbox that can't be read -----------------------------------------------------------


@pytest.mark.parametrize("path", PAGES)
def test_every_page_says_that_a_mailbox_is_not_read(path: str, failing: Site) -> None:
    assert words(failing.get(path).text).count(LINE) == 1


def test_the_front_page_says_it_once_and_what_to_do(failing: Site) -> None:
    text = words(failing.get("/").text)
    assert LINE not in text
    assert text.count("A mailbox can't be read to its end: the server said no") == 1


def test_it_costs_a_page_one_query(failing: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = queries_of(failing, "/-/partner/globex.example", monkeypatch)
    assert sum("polls" in sql or "folders" in sql for sql in asked) == 1


def test_figures_that_are_old_are_said_to_be(loop: Any, tmp_path: Any) -> None:
    """The sample is of 2026, and read every five minutes: whenever this runs later, it is old."""
    about = [{**ABOUT, "as_of": "2020-11-23T09:00:00Z", "poll_every_seconds": 300}]
    old = site(database(tmp_path / "partners.db", about=about), loop)
    text = words(old.get("/-/partner/globex.example").text)
    assert re.search(r"Old figures: the mailbox was last read to its end .* ago, Mon 23 Nov", text)


def test_what_is_well_is_not_spoken_of(failing: Site, loop: Any, tmp_path: Any) -> None:
    well = [poll(1, "2026-11-23T08:00:00Z", 0), poll(2, "2026-11-23T09:00:00Z", 1)]
    place = site(database(tmp_path / "partners.db", about=[ABOUT], polls=well), loop)
    for path in PAGES:
        assert "to its end" not in words(place.get(path).text)
    with closing(sqlite3.connect(place.path)) as db, db:
        db.execute("drop table polls")  # as of another version
    assert place.get("/-/reviews").status_code == 200


# -- addresses that lead nowhere ------------------------------------------------------------


@pytest.mark.parametrize(
    "path",
    ["/-/partner/glob", "/-/why/glob", "/-/why/glob/ours_asks", "/-/chart/glob/timeline"],
)
def test_an_unknown_partner_is_told_with_those_of_a_like_name(path: str, failing: Site) -> None:
    response = failing.get(path)
    assert response.status_code == 404
    assert "There is no partner called glob here." in words(response.text)
    assert 'href="/-/partner/globex.example"' in response.text
    assert 'href="/"' in response.text


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("/-/nothing", "There is no such page"),
        ("/partners/nothing", "Table not found"),
        ("/-/review/2026-Q9", "a quarter is written like 2026-Q3"),
        ("/-/chart/globex.example/nothing", "there are response_times, survival, timeline, rhythm"),
    ],
)
def test_other_addresses_that_lead_nowhere_lead_on(path: str, said: str, failing: Site) -> None:
    response = failing.get(path)
    assert response.status_code == 404
    assert said in words(response.text) or (IS_1X and "nothing" in path)
    for link in ("/", "/-/reviews", "/partners"):
        assert f'href="{link}"' in response.text
    assert 'href="/-/static-plugins/inbox_agent/pages.css' in response.text


def test_a_picture_of_nobody_is_no_page(failing: Site) -> None:
    assert failing.get("/-/chart/glob/timeline.svg").status_code == 404


def test_what_is_said_of_an_error_is_text(failing: Site) -> None:
    response = failing.get("/partners/~3Cscript~3Ealert")
    assert response.status_code == 404
    assert "<script>alert" not in response.text
