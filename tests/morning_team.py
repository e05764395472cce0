"""Teams whose pages are served locked, as they are for real, and somebody's browser at them."""

from __future__ import annotations

import csv
import functools
import io
import math
import re
import socket
import subprocess
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import openpyxl
from installations import Installation, query, write_mbox
from playwright.sync_api import Browser, BrowserContext, Locator, Page
from real_mail import AS_OF as REAL_AS_OF
from servers import Delivery

from inbox_agent.catalogue import TABLES, VIEWS
from inbox_agent.demo.sample import sample_config_toml, sample_letters, sample_partners_toml
from inbox_agent.safe_cells import safe_cell

NAME, PASSWORD = "ana", "correct horse battery"
OWNER = "ana.berger@acme.example"
#: The demo's letters are made up to this Wednesday.
DEMO_AS_OF = datetime(2026, 7, 15, 10, 0, tzinfo=UTC)
DEMO_QUARTER, REAL_QUARTER = "2026-Q2", "2022-Q3"
_REAL_CONFIG = """
[team]
domains = ["microsoft.com"]
lists = ["linux-hyperv@vger.kernel.org"]
[clock]
timezone = "America/Los_Angeles"
holidays = "US"
[standards]
we_answer_within = "1 business day"
they_answer_within = "2 business days"
"""
# What XML 1.0 has no way to say (section 2.2): in a workbook it is U+FFFD.
_NOT_IN_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_MOST_OF_A_CELL = 32_767
_COUNTS_ALONE = re.compile(r"assert \d+ (?:==|>=|<=) \d+")


@dataclass(frozen=True, repr=False)
class Team:
    """Published figures, where they are served, and the quarter that is frozen."""

    place: Installation
    address: str
    quarter: str
    is_real: bool

    def rows(self, sql: str, *values: object) -> list[Any]:
        return query(self.place.published, sql, *values)

    def count(self, sql: str, *values: object) -> int:
        (found,) = self.rows(sql, *values)
        return int(found)


@dataclass(repr=False)
class Desk:
    """A browser somebody has signed in with: what it was asked to fetch, what it complained of."""

    team: Team
    page: Page
    asked: list[str] = field(default_factory=list)
    said: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.page.on("request", lambda request: self.asked.append(request.url))
        self.page.on("console", lambda message: self.said.append(message.text))
        self.page.on("pageerror", lambda error: self.said.append(str(error)))

    def open(self, path: str) -> int:
        """Open a page and give its status."""
        response = self.page.goto(self.team.address + path)
        assert response
        return response.status

    def click(self, selector: str) -> None:
        """Follow the first of these links, until the page it leads to is there."""
        follow(self.page, self.page.locator(selector).first)

    def count(self, selector: str) -> int:
        return self.page.locator(selector).count()

    def texts(self, selector: str) -> list[str]:
        return self.page.locator(selector).all_inner_texts()

    def downloaded(self, selector: str) -> tuple[str, bytes]:
        """What a click on the first of these brings: the file's name, and what is in it."""
        with self.page.expect_download() as download:
            self.page.locator(selector).first.click()
        return download.value.suggested_filename, Path(download.value.path()).read_bytes()

    @property
    def strangers(self) -> int:
        """How many requests went to any other host."""
        return sum(not url.startswith(f"{self.team.address}/") for url in self.asked)


def follow(page: Page, link: Locator) -> None:
    """Click what leads to another page, and wait for that."""
    with page.expect_navigation():
        link.click()


def sign_in(page: Page, password: str = PASSWORD) -> None:
    """Fill in the form as a person does."""
    page.get_by_label("Name").fill(NAME)
    page.get_by_label("Password").fill(password)
    follow(page, page.get_by_role("button", name="Sign in"))


def signed_in(team: Team, browser: Browser) -> Any:
    """The cookies of somebody who has signed in."""
    context = browser.new_context()
    page = context.new_page()
    page.goto(f"{team.address}/")
    sign_in(page)
    kept = context.storage_state()
    context.close()
    return kept


@contextmanager
def seated(
    team: Team, browser: Browser, kept: Any, width: int = 1280, **more: Any
) -> Iterator[Desk]:
    """Somebody at a screen of that width."""
    view: Any = {"width": width, "height": 900}
    context: BrowserContext = browser.new_context(viewport=view, storage_state=kept, **more)
    try:
        yield Desk(team, context.new_page())
    finally:
        context.close()


def discreet(test: Callable[..., None]) -> Callable[..., None]:
    """Of real mail a test that fails tells its line and counts, nothing of what it read."""

    @functools.wraps(test)
    def told(team: Team, **fixtures: Any) -> None:
        try:
            test(team=team, **fixtures)
        except Exception as exc:
            if not team.is_real:
                raise
            lines = [
                frame.lineno
                for frame in traceback.extract_tb(exc.__traceback__)
                if frame.name == test.__name__
            ]
            counts = _COUNTS_ALONE.match(str(exc))
            said = f": {counts[0]}" if counts else ""
            raise AssertionError(f"{type(exc).__name__} in line {lines[-1]}{said}") from None

    return told


# --- the teams


@contextmanager
def demo_team(top: Path) -> Iterator[Team]:
    """The demo's letters, imported up to one fixed morning, a quarter frozen by the product."""
    place = Installation(top)
    place.config.parent.mkdir(parents=True)
    text = sample_config_toml(1143).replace('directory = "data"', 'directory = "../data"')
    place.config.write_text(text, "utf-8")
    place.config.with_name("partners.toml").write_text(sample_partners_toml(), "utf-8")
    letters = sample_letters(DEMO_AS_OF)
    for name in ("INBOX", "Archive", "Sent"):
        filed = [Delivery(name, it.raw, it.arrived_at, ()) for it in letters if it.folder == name]
        write_mbox(top / f"{name}.mbox", filed)
    importing = ("import", "--mailbox", "partners", "--as-of", DEMO_AS_OF.isoformat())
    run(place, *importing, "--sent", top / "Sent.mbox")
    run(place, *importing, top / "INBOX.mbox", top / "Archive.mbox")
    run(place, "review", DEMO_QUARTER)
    with served(place) as address:
        yield Team(place, address, DEMO_QUARTER, is_real=False)


@contextmanager
def real_team(top: Path, mail: Path) -> Iterator[Team]:
    """Two years of a public list, taken as the mailbox of one company's team."""
    place = Installation(top)
    place.config.parent.mkdir(parents=True)
    place.config.write_text(_REAL_CONFIG + '[data]\ndirectory = "../data"\n', "utf-8")
    years = [mail / "lists" / "linux-hyperv" / f"{year}.mbox.gz" for year in (2021, 2022)]
    run(place, "import", "--as-of", REAL_AS_OF, *years)
    run(place, "review", REAL_QUARTER)
    with served(place) as address:
        yield Team(place, address, REAL_QUARTER, is_real=True)


def run(place: Installation, *args: str | Path, **more: Any) -> None:
    """One command of the product, which has to do what it says; what it prints is not kept."""
    command = place.command(*args)
    done = subprocess.run(command, cwd=place.top, capture_output=True, check=False, **more)
    assert done.returncode == 0, (args[0], done.returncode)


@contextmanager
def served(place: Installation) -> Iterator[str]:
    """`inbox-agent serve` with one user; gives its address."""
    run(place, "users", "add", NAME, "--owner", OWNER, "--password-stdin", input=PASSWORD.encode())
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    command = place.command("serve", "--port", str(port))
    with subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, cwd=place.top
    ) as process:
        assert process.stderr
        try:
            assert any("Uvicorn running on" in line for line in process.stderr)
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()


# --- downloads beside the database


def different_csv_cells(octets: bytes, columns: Sequence[str], rows: Sequence[Any]) -> int:
    """How many cells of a CSV are not what the database holds; no row may be too many or few."""
    head, *found = _read_csv(octets)
    wanted = [as_csv(row) for row in rows]
    if head != tuple(columns) or len(found) != len(wanted):
        return max(len(found), len(wanted), 1) * len(columns)
    return sum(
        one != other
        for row, cells in zip(sorted(wanted), sorted(found), strict=True)
        for one, other in zip(row, cells, strict=True)
    )


def rows_of_csv(octets: bytes, columns: Sequence[str]) -> set[tuple[str, ...]]:
    """The rows of a CSV with these columns; none where it has others."""
    head, *found = _read_csv(octets)
    return set(found) if head == tuple(columns) else set()


def as_csv(row: Sequence[object]) -> tuple[str, ...]:
    """A row as a CSV has it: by the product's own rule an apostrophe before a formula."""
    return tuple("" if value is None else safe_cell(str(value)) for value in row)


def _read_csv(octets: bytes) -> list[tuple[str, ...]]:
    text = io.StringIO(octets.decode("utf-8-sig"), newline="")
    return [tuple(row) for row in csv.reader(text)]


def different_sheet_cells(octets: bytes, relation: str, rows: Sequence[Any]) -> int:
    """The same of a table's sheet in a workbook, row by row in the order of the table."""
    book = openpyxl.load_workbook(io.BytesIO(octets), read_only=True)
    found = list(book[relation].iter_rows(min_row=2, values_only=True))
    book.close()
    units = [
        column.unit for it in (*TABLES, *VIEWS) if it.name == relation for column in it.columns
    ]
    if len(found) != len(rows):
        return max(len(found), len(rows)) * len(units)
    return sum(
        not _is_same(value, cell)
        for row, cells in zip(rows, found, strict=True)
        for value, cell in zip(_as_sheet(row, units), cells, strict=True)
    )


def _as_sheet(row: Sequence[Any], units: Sequence[str | None]) -> Iterator[Any]:
    """The cells of a row: instants are times of UTC, and beside a duration are its hours."""
    for value, unit in zip(row, units, strict=True):
        if isinstance(value, str) and unit in ("UTC instant", "local date"):
            yield datetime.fromisoformat(value).replace(tzinfo=None)
        elif isinstance(value, str):
            yield _NOT_IN_XML.sub("\ufffd", re.sub("\r\n?", "\n", value))
        else:
            yield value
        if unit in ("seconds", "working seconds"):
            yield None if value is None or value < 0 else timedelta(seconds=value)


def _is_same(value: Any, cell: Any) -> bool:
    if isinstance(value, timedelta):
        return isinstance(cell, timedelta) and abs(cell - value) <= timedelta(seconds=1)
    if isinstance(value, str) and len(value) > _MOST_OF_A_CELL // 2:
        return isinstance(cell, str) and value.startswith(cell.removesuffix("…"))
    if isinstance(value, float):
        return isinstance(cell, int | float) and math.isclose(value, cell, rel_tol=1e-12)
    return bool(value == cell or (value == "" and cell is None))
