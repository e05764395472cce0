"""Every page and every download of partners.db, through Datasette itself."""

from __future__ import annotations

import asyncio
import csv
import html
import io
import re
import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, quote

import datasette
import pytest
from datasette.app import Datasette
from sample_database import TEXTS, make_database, many_rows

from inbox_agent import catalogue, serve
from inbox_agent.catalogue import TABLES, VIEWS, Table, View, column_of
from inbox_agent.catalogue.mail_tables import CONVERSATIONS
from inbox_agent.catalogue.queries import QUERIES, Query
from inbox_agent.datasette_plugin import cells, downloads
from inbox_agent.safe_cells import safe_cell

RELATIONS: tuple[Table | View, ...] = (*VIEWS, *TABLES)
IS_1X = int(datasette.__version__.split(".")[0]) >= 1
MANY, SOME = 3_000, 120

each_relation = pytest.mark.parametrize("item", RELATIONS, ids=lambda item: item.name)


def setting_values() -> dict[str, Any]:
    """The settings `serve` gives, as the values Datasette makes of them."""
    words = {"on": True, "off": False}
    return {name: words.get(text, text) for name, text in serve.SETTINGS} | {
        name: int(text) for name, text in serve.SETTINGS if text.isdigit()
    }


@dataclass(frozen=True, slots=True)
class Site:
    """A Datasette with one partners.db, asked without a port."""

    path: Path
    datasette: Datasette
    loop: asyncio.AbstractEventLoop

    def get(self, path: str, **more: Any) -> Any:
        return self.loop.run_until_complete(self.datasette.client.get(path, **more))

    def csv(self, path: str) -> list[list[str]]:
        response = self.get(path)
        assert response.status_code == 200, response.text
        text = response.content.decode("utf-8-sig")
        return list(csv.reader(io.StringIO(text, newline="")))

    def rows(self, relation: str) -> list[list[str]]:
        """What the database holds, as a safe CSV writes it."""
        db = sqlite3.connect(self.path)
        found = db.execute(f'select * from "{relation}"').fetchall()  # noqa: S608
        db.close()
        return [[_cell(value) for value in row] for row in found]


def _cell(value: Any) -> str:
    if value is None:
        return ""
    return safe_cell(value) if isinstance(value, str) else str(value)


def site_of(path: Path, loop: asyncio.AbstractEventLoop) -> Site:
    metadata = catalogue.datasette_metadata()
    more = {"config": metadata} if IS_1X else {}
    found = Datasette([str(path)], metadata=metadata, settings=setting_values(), **more)
    loop.run_until_complete(found.invoke_startup())
    return Site(path, found, loop)


@pytest.fixture(scope="module")
def big(tmp_path_factory: pytest.TempPathFactory, loop: asyncio.AbstractEventLoop) -> Site:
    folder = tmp_path_factory.mktemp("big")
    return site_of(make_database(folder / "partners.db", many_rows(MANY)), loop)


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory, loop: asyncio.AbstractEventLoop) -> Site:
    folder = tmp_path_factory.mktemp("small")
    return site_of(make_database(folder / "partners.db", many_rows(SOME)), loop)


# -- questions people ask ---------------------------------------------------------------------


@pytest.mark.parametrize("query", QUERIES, ids=lambda query: query.name)
def test_every_question_is_answered(query: Query, small: Site) -> None:
    response = small.get(f"/partners/{query.name}?owner=")
    assert response.status_code == 200, response.text
    assert query.title in response.text
    assert "no such column" not in response.text
    assert small.get(f"/partners/{query.name}.csv?owner=").status_code == 200


def test_whom_to_write_to_keeps_to_an_owner(tmp_path: Path, loop: Any) -> None:
    rows = {
        "partners": [{"partner": "a.com", "owner": "ana"}, {"partner": "b.com", "owner": "ben"}],
        "partner_standing": [
            {"partner": "a.com", "state": "act", "urgency": 1, "because": "They wait."},
            {"partner": "b.com", "state": "watch", "urgency": 9},
        ],
    }
    site = site_of(make_database(tmp_path / "partners.db", rows), loop)
    assert [row[0] for row in site.csv("/partners/to_write_to.csv?owner=")[1:]] == [
        "a.com",
        "b.com",
    ]
    assert [row[0] for row in site.csv("/partners/to_write_to.csv?owner=ben")[1:]] == ["b.com"]


def test_subjects_are_searched_by_words_with_or_without_accents(tmp_path: Path, loop: Any) -> None:
    subjects = ["Über die Verlängerung", "Renewal terms", 'He said "no" =1+1', None]
    rows = {
        "conversations": [
            {"conversation": f"c{n}", "subject": subject, "search_row": n}
            for n, subject in enumerate(subjects)
        ]
    }
    path = make_database(tmp_path / "partners.db", rows)
    with closing(sqlite3.connect(path)) as db, db:
        db.execute(CONVERSATIONS.search_statement())
        db.execute("insert into conversations_fts (conversations_fts) values ('rebuild')")
    site = site_of(path, loop)
    assert 'name="_search"' in site.get("/partners/conversations").text

    def found(words: str) -> list[str]:
        return [
            row[0] for row in site.csv(f"/partners/conversations.csv?_search={quote(words)}")[1:]
        ]

    assert found("verlangerung") == ["c0"]
    assert found("RENEWAL") == ["c1"]
    assert found('"no"') == ["c2"]
    assert found('said "') == ["c2"]
    assert found("nothing") == []
    assert "/partners/conversations_fts_data" not in site.get("/partners").text


def test_without_subjects_there_is_no_search(small: Site) -> None:
    assert 'name="_search"' not in small.get("/partners/conversations").text


# -- pages ------------------------------------------------------------------------------------


def test_the_plugin_is_found_and_its_style_sheet_is_there(small: Site) -> None:
    plugins = small.get("/-/plugins.json?all=1").json()
    if isinstance(plugins, dict):
        plugins = plugins["plugins"]
    assert "inbox_agent" in {plugin["name"] for plugin in plugins} or any(
        "inbox" in plugin["name"] for plugin in plugins
    )
    assert "inbox_agent.css" in small.get("/partners").text
    css = small.get("/-/static-plugins/inbox_agent/tokens.css")
    assert css.status_code == 200
    assert "prefers-color-scheme: dark" in css.text


@each_relation
def test_every_page_is_there_with_its_title_and_meaning(item: Table | View, big: Site) -> None:
    response = big.get(f"/partners/{item.name}")
    assert response.status_code == 200
    assert item.title in response.text
    for column in item.columns:
        assert f">{column.name}" in response.text


def test_the_database_page_shows_views_and_tables_in_their_order(small: Site) -> None:
    text = small.get("/partners").text
    shown = [item for item in RELATIONS if not item.hidden]
    places = [text.index(f'href="/partners/{item.name}"') for item in shown]
    assert places == sorted(places)
    assert all(item.title in text for item in shown)
    assert "/partners/gap_lengths" not in text
    assert "/partners/gap_lengths" in small.get("/partners?_show_hidden=1").text


def test_the_front_page_leads_to_the_database(small: Site) -> None:
    response = small.get("/")
    assert response.status_code == 200
    assert "Partner inbox" in response.text
    assert 'href="/partners"' in response.text


@pytest.mark.parametrize("item", [t for t in TABLES if t.name != "about"], ids=lambda t: t.name)
def test_every_row_has_a_page(item: Table, small: Site) -> None:
    db = sqlite3.connect(small.path)
    names = ", ".join(item.primary_key)
    key = db.execute(f"select {names} from {item.name} limit 1 offset 7").fetchone()  # noqa: S608
    db.close()
    path = ",".join(datasette.utils.tilde_encode(str(part)) for part in key)
    for form in ("", ".csv", ".json"):
        assert small.get(f"/partners/{item.name}/{path}{form}").status_code == 200


def test_words_out_of_letters_are_never_markup_and_never_links(small: Site) -> None:
    text = small.get("/partners/messages?_size=max").text
    assert "<script>alert" not in text
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in text
    assert "<bdi>https://evil.example/login</bdi>" in text
    assert 'href="https://evil.example' not in text
    assert "<bdi>\u202egnp.exe\u202c invoice</bdi>" in text


def test_a_partner_is_a_link_to_its_page_by_its_name(tmp_path: Path, loop: Any) -> None:
    path = make_database(
        tmp_path / "partners.db",
        {
            "partners": [{"partner": "a&b.com", "name": "<b>A</b>"}, {"partner": "c.com"}],
            "contacts": [
                {"partner": "a&b.com", "address": "x@a"},
                {"partner": "c.com", "address": "x@c"},
            ],
            "partner_standing": [{"partner": "a&b.com"}],
        },
    )
    site = site_of(path, loop)
    text = site.get("/partners/contacts").text
    link = '<a href="/-/partner/a%26b.com" title="a&amp;b.com">'
    assert f"{link}<bdi>&lt;b&gt;A&lt;/b&gt;</bdi></a>" in text
    assert 'title="c.com"><bdi>c.com</bdi></a>' in text
    assert f"{link}<bdi>a&amp;b.com</bdi></a>" in site.get("/partners/partner_health").text
    assert f"{link}<bdi>&lt;b&gt;A&lt;/b&gt;</bdi></a>" in site.get("/partners/partners").text
    assert f"{link}<bdi>a&amp;b.com</bdi></a>" in site.get("/partners/partners/a~26b~2Ecom").text
    assert site.get("/partners/partners/a~26b~2Ecom").status_code == 200


def test_other_databases_keep_datasettes_own_cells(tmp_path: Path, loop: Any) -> None:
    path = tmp_path / "other.db"
    db = sqlite3.connect(path)
    db.execute("create table messages (gap_seconds integer)")
    db.execute("insert into messages values (90)")
    db.commit()
    db.close()
    site = site_of(path, loop)
    assert ">90</td>" in site.get("/other/messages").text
    assert site.csv("/other/messages.csv")[1][-1] == "90"
    assert "Download everything" not in site.get("/other/messages").text


# -- one cell ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        (0, "0s"),
        (12, "12s"),
        (59, "59s"),
        (60, "1m"),
        (2_759, "45m"),
        (3_600, "1h"),
        (11_100, "3h 5m"),
        (86_399, "23h 59m"),
        (86_400, "1d"),
        (187_200, "2d 4h"),
        (400 * 86_400, "400d"),
        (-90, "-1m"),
    ],
)
def test_durations_are_shown_as_people_say_them(seconds: int, shown: str) -> None:
    assert cells.duration(seconds) == shown


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        (0, "0s"),
        (12, "12s"),
        (2_700, "45m"),
        (23_400, "6h 30m"),
        (93_600, "26h"),
        (-3_660, "-1h 1m"),
    ],
)
def test_working_time_is_never_counted_in_days(seconds: int, shown: str) -> None:
    assert cells.working_duration(seconds) == shown


@pytest.mark.parametrize(
    ("share", "shown"),
    [(0, "0%"), (0.004, "0.4%"), (0.25, "25%"), (2 / 3, "67%"), (0.996, "99.6%"), (1, "100%")],
)
def test_shares_are_percentages(share: float, shown: str) -> None:
    assert cells.percent(share) == shown


SHOWN = [
    (
        ("response_times", "response_seconds"),
        187_200,
        '<span class="figure" title="187200 seconds">2d 4h</span>',
    ),
    (
        ("response_times", "business_seconds"),
        93_600,
        '<span class="figure" title="93600 seconds of working time">26h</span>',
    ),
    (("silence_gaps", "chance"), 0.25, '<span class="figure" title="0.25">25%</span>'),
    (("silence_gaps", "times_usual"), 2.5, '<span class="figure" title="2.5 times">2.5×</span>'),  # noqa: RUF001
    (
        ("response_times", "asked_at"),
        "2026-11-21T14:05:09Z",
        '<time datetime="2026-11-21T14:05:09Z">2026-11-21 14:05 UTC</time>',
    ),
    (("response_times", "asked_at"), "<soon>", "<bdi>&lt;soon&gt;</bdi>"),
    (("partner_standing", "state"), "act", '<span class="state state-act">act</span>'),
    (("partner_standing", "state"), "<i>", "<bdi>&lt;i&gt;</bdi>"),
    (("contacts", "state"), "act", "<bdi>act</bdi>"),
    (
        ("response_times", "answered_at"),
        None,
        '<span class="unknown" title="unknown or not yet measured">—</span>',
    ),
    (
        ("response_times", "conversation"),
        "0123456789abcdef",
        (
            '<a href="/partners/conversations/0123456789abcdef" title="0123456789abcdef">'
            "<bdi>0123456789…</bdi></a>"
        ),
    ),
    (
        ("response_times", "conversation"),
        {"value": "0123", "label": "Re: <b>"},
        '<a href="/partners/conversations/0123" title="0123"><bdi>Re: &lt;b&gt;</bdi></a>',
    ),
    (
        ("response_times", "conversation"),
        {"value": None, "label": None},
        '<span class="unknown" title="unknown or not yet measured">—</span>',
    ),
    (("messages", "subject"), "x" * 21, f"<bdi>{'x' * 20}…</bdi>"),
    (("messages", "subject"), "x" * 20, f"<bdi>{'x' * 20}</bdi>"),
]


@pytest.mark.parametrize(("place", "value", "shown"), SHOWN)
def test_a_cell_is_shown_by_its_unit(
    place: tuple[str, str], value: Any, shown: str, small: Site
) -> None:
    column = column_of(*place)
    assert column is not None
    assert str(cells.Cells(small.datasette, longest=20).show(value, column)) == shown


def test_instants_are_shown_in_the_teams_zone_as_on_all_other_pages(tmp_path: Path) -> None:
    loop = asyncio.new_event_loop()
    rows = {
        "about": [{"generation": 1, "as_of": "2026-07-01T09:00:00Z", "timezone": "Europe/Berlin"}],
        "response_times": [
            {"response": "r1", "partner": "a.com", "conversation": "c1",
             "asked_at": "2026-07-01T22:30:00Z", "due_at": "2026-11-21T14:05:00Z",
             "answered_at": "2026-02-30T25:00:00Z"}
        ],
    }  # fmt: skip
    place = site_of(make_database(tmp_path / "partners.db", rows), loop)
    for path in ("/partners/response_times", "/partners/response_times/r1"):
        text = place.get(path).text
        assert (
            '<time datetime="2026-07-01T22:30:00Z" title="2026-07-01T22:30:00Z">'
            "2026-07-02 00:30 CEST</time>"
        ) in text
        assert ">2026-11-21 15:05 CET</time>" in text
        assert "<bdi>2026-02-30T25:00:00Z</bdi>" in text
    assert place.csv("/partners/response_times.csv")[1].count("2026-07-01T22:30:00Z") == 1
    loop.close()


def test_of_a_row_with_a_conversation_the_letters_are_one_click_away(small: Site) -> None:
    text = small.get("/partners/response_times?_size=1").text
    (link,) = re.findall(r'<a class="letters" href="/partners/messages\?([^"]+)">letters</a>', text)
    query = parse_qs(html.unescape(link))
    assert query["_sort"] == ["at"]
    assert set(query) == {"partner__exact", "conversation__exact", "_sort"}
    assert small.get(f"/partners/messages?{html.unescape(link)}").status_code == 200
    assert 'class="letters"' not in small.get("/partners/messages").text


@pytest.mark.parametrize("place", [("response_times", "is_first"), ("response_times", "nudges")])
def test_flags_and_counts_are_left_to_datasette(place: tuple[str, str], small: Site) -> None:
    column = column_of(*place)
    assert column is not None
    assert cells.Cells(small.datasette, longest=0).show(1, column) is None


# -- downloads --------------------------------------------------------------------------------


@each_relation
def test_a_download_is_the_whole_table_cell_by_cell(item: Table | View, big: Site) -> None:
    header, *rows = big.csv(f"/partners/{item.name}.csv?_stream=on&_dl=1")
    assert header == [column.name for column in item.columns]
    expected = big.rows(item.name)
    assert len(expected) >= (1 if item.name == "about" else MANY // 2)
    if isinstance(item, View):
        assert rows == expected  # in the order of the view
    assert sorted(rows) == sorted(expected)


@pytest.mark.pages
@each_relation
def test_an_address_without_a_page_of_its_own_gives_every_row_too(
    item: Table | View, big: Site
) -> None:
    assert sorted(big.csv(f"/partners/{item.name}.csv")[1:]) == sorted(big.rows(item.name))
    if len(big.rows(item.name)) > 7:
        assert len(big.csv(f"/partners/{item.name}.csv?_size=7")) == 1 + 7


@pytest.mark.pages
@pytest.mark.slow
@pytest.mark.parametrize("item", TABLES, ids=lambda item: item.name)
def test_pages_leave_no_row_out_whatever_they_are_sorted_by(item: Table, small: Site) -> None:
    """Datasette breaks ties by key from the second page on only; see `Table`."""
    keys = [[c.name for c in item.columns].index(name) for name in item.primary_key]
    expected = sorted([row[k] for k in keys] for row in small.rows(item.name))
    for column in item.sortable_columns:
        for order in ("_sort", "_sort_desc"):
            path = f"/partners/{item.name}.csv?_stream=on&_size=50&{order}={column}"
            found = sorted([row[k] for k in keys] for row in small.csv(path)[1:])
            assert found == expected, f"{order}={column}"


@pytest.mark.parametrize("item", VIEWS, ids=lambda item: item.name)
def test_pages_of_a_view_leave_no_row_out(item: View, small: Site) -> None:
    expected = sorted(small.rows(item.name))
    for order in ("", "_sort=name", "_sort_desc=owner", "_sort=partner", "_sort_desc=partner"):
        path = f"/partners/{item.name}.csv?_stream=on&_size=50&{order}"
        assert sorted(small.csv(path)[1:]) == expected, order


@pytest.mark.parametrize("query", ["_sort_desc=asked_at", "_sort=nudges", "_sort_desc=outcome", ""])
@pytest.mark.parametrize("which", ["partner__in=b.com,a.com,c.com", "partner=a.com"])
def test_filtered_pages_leave_no_row_out(
    which: str, query: str, tmp_path: Path, loop: asyncio.AbstractEventLoop
) -> None:
    # partner after partner the keys go up and down, and nearly all else is equal
    asks = [
        {"response": f"key-{n * 7919 % 1_000:03d}", "partner": f"{'cabd'[n % 4]}.com",
         "nudges": n % 3, "asked_at": f"2026-11-{n % 5 + 1:02d}T08:00:00Z", "outcome": "open"}
        for n in range(240)
    ]  # fmt: skip
    site = site_of(make_database(tmp_path / "partners.db", {"response_times": asks}), loop)
    path = f"/partners/response_times.csv?_stream=on&_size=20&{which}&{query}"
    keys = [row[0] for row in site.csv(path)[1:]]
    wanted = {row["response"] for row in asks if row["partner"] in which.partition("=")[2]}
    assert (len(keys), set(keys)) == (len(wanted), wanted)


def test_formulas_come_out_as_text_and_stay_in_the_database(big: Site) -> None:
    head, *rows = big.csv("/partners/messages.csv")
    subjects = {row[head.index("subject")] for row in rows}
    assert {"'" + text for text in TEXTS if text and safe_cell(text) != text} <= subjects
    assert "-5.2" in subjects
    json = big.get("/partners/messages.json?_size=max&_shape=array").json()
    assert set(TEXTS) <= {row["subject"] for row in json}


def test_a_csv_with_labels_is_safe_too(tmp_path: Path, loop: Any) -> None:
    rows = {
        "partners": [{"partner": "a.com", "name": "=1+1"}],
        "partner_standing": [{"partner": "a.com"}],
    }
    site = site_of(make_database(tmp_path / "partners.db", rows), loop)
    header, row = site.csv("/partners/partner_standing.csv?_labels=on")
    assert row[header.index("partner_label")] == "'=1+1"


def test_a_download_says_which_generation_it_is_and_opens_in_excel(big: Site) -> None:
    response = big.get("/partners/polls.csv?_stream=on&_dl=1")
    disposition = response.headers["content-disposition"]
    assert disposition == 'attachment; filename="polls-generation-42.csv"'
    assert response.content.startswith(b"\xef\xbb\xbfpoll,")
    assert "content-length" not in response.headers
    assert not big.get("/partners/polls.csv").content.startswith(b"\xef\xbb\xbf")


def test_the_download_link_keeps_what_was_filtered_and_sorted(small: Site) -> None:
    page = "/partners/messages?kind=human&_sort=at&_nocol=rule&_facet=side&_size=5&_next=x,y,z"
    text = small.get(page.removesuffix("&_next=x,y,z")).text
    wanted = "/partners/messages.csv?kind=human&_sort=at&_nocol=rule&_stream=on&_size=max&_dl=1"
    assert f'href="{wanted.replace("&", "&amp;")}"' in text
    assert "Download everything as CSV" in text
    header, *_ = small.csv(wanted)
    assert "rule" not in header


@pytest.mark.parametrize("query", ["_size=3", "_size=3&_next=" + quote("2026-01-01T00:00:00Z,k,k")])
def test_a_page_of_its_own_is_left_as_asked(query: str) -> None:
    scope = {"type": "http", "path": "/partners/x.csv", "query_string": query.encode()}
    assert downloads._whole(scope)["query_string"] == query.encode()


@pytest.mark.parametrize(
    ("query", "asked"),
    [
        ("", "_size=max&_stream=on"),
        ("kind=human&_labels=on", "kind=human&_labels=on&_size=max&_stream=on"),
        ("_size=max", "_size=max&_stream=on"),  # Datasette's own CSV link
        ("_stream=on", "_stream=on&_size=max"),  # fewer, larger pages
        ("_size=max&_stream=on&_dl=1", "_size=max&_stream=on&_dl=1"),
    ],
)
def test_all_rows_are_asked_for_whatever_the_row_limit(query: str, asked: str) -> None:
    scope = {"type": "http", "path": "/partners/x.csv", "query_string": query.encode()}
    assert downloads._whole(scope)["query_string"] == asked.encode()


# -- closed doors -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "path",
    [
        "/partners?sql=select+1",
        "/partners.csv?sql=select+1",
        "/partners.json?sql=select+1",
        "/partners/messages?_where=1=1",
        "/partners.db",
    ],
)
def test_free_sql_and_the_file_itself_are_refused(path: str, small: Site) -> None:
    assert small.get(path, follow_redirects=True).status_code == 403


def test_a_locked_instance_shows_strangers_nothing(tmp_path: Path, loop: Any) -> None:
    path = make_database(tmp_path / "partners.db", many_rows(3))
    metadata = catalogue.datasette_metadata() | {"allow": {"id": "*"}}
    more = {"config": metadata} if IS_1X else {}
    locked = Datasette([str(path)], metadata=metadata, **more)
    loop.run_until_complete(locked.invoke_startup())
    site = Site(path, locked, loop)
    pages = ["/", "/partners", *(f"/partners/{item.name}" for item in RELATIONS)]
    for page in [*pages, "/partners/messages.csv?_stream=on&_dl=1", "/partners/messages.json"]:
        assert site.get(page).status_code == 403, page
    cookies = {"ds_actor": locked.sign({"a": {"id": "ana"}}, "actor")}
    assert site.get("/partners/messages.csv", cookies=cookies).status_code == 200


# -- the wrapper alone ------------------------------------------------------------------------


def sent(
    small: Site, headers: list[tuple[bytes, bytes]], *bodies: bytes, status: int = 200
) -> list[Any]:
    """What leaves the wrapper when an application answers with these headers and bodies."""

    async def app(scope: Any, receive: Any, send: Callable[[Any], Any]) -> None:
        await send({"type": "http.response.start", "status": status, "headers": headers})
        for body in bodies:
            await send({"type": "http.response.body", "body": body, "more_body": True})
        await send({"type": "http.response.body", "body": b""})

    messages: list[Any] = []

    async def keep(message: Any) -> None:
        messages.append(message)

    scope = {"type": "http", "path": "/partners/x.csv", "query_string": b""}
    small.loop.run_until_complete(downloads.wrap(app, small.datasette)(scope, None, keep))
    return messages


CSV_TYPE = (b"Content-Type", b"text/csv; charset=utf-8")


def test_a_length_that_is_no_longer_true_is_dropped(small: Site) -> None:
    start, *bodies = sent(small, [CSV_TYPE, (b"Content-Length", b"5")], b"=1\r", b"\n")
    assert start["headers"] == [CSV_TYPE]
    assert b"".join(m["body"] for m in bodies) == b"\xef\xbb\xbf'=1\r\n"


def test_what_is_packed_already_is_left_alone(small: Site) -> None:
    headers = [CSV_TYPE, (b"content-encoding", b"gzip"), (b"content-length", b"4")]
    start, *bodies = sent(small, headers, b"=1\r\n")
    assert start["headers"] == headers
    assert b"".join(m["body"] for m in bodies) == b"=1\r\n"


def test_an_error_page_at_a_csv_address_is_left_alone(small: Site) -> None:
    for kind, status in ((b"text/html", 200), (b"text/plain", 404)):
        _, *bodies = sent(small, [(b"content-type", kind)], b"=1", status=status)
        assert b"".join(m["body"] for m in bodies) == b"=1"
    assert small.get("/partners/nothing.csv").status_code == 404


def test_a_download_cut_short_is_broken_off_not_ended(small: Site) -> None:
    """Datasette writes the error as a last line and ends the file as if it were whole."""
    with pytest.raises(downloads.DownloadCutShort):
        sent(small, [CSV_TYPE], b"a,b\r\n1,2\r\n", b"CSV contains more than 100 bytes")


def test_an_empty_download_is_whole(small: Site) -> None:
    assert small.get("/partners/polls.csv?_header=off&mailbox=nobody").content == b""
