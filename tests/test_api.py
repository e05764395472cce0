"""`docs/api.md` says what the addresses answer: each of its examples is asked for and compared."""

from __future__ import annotations

import asyncio
import json
import re
from pathlib import Path
from typing import Any

import pytest
from feeds_sample import ROWS, cookie, database, site
from test_datasette import Site

from inbox_agent.catalogue import TABLES, VIEWS
from inbox_agent.datasette_plugin.api import rows as api_rows

DOCS = (Path(__file__).parent.parent / "docs" / "api.md").read_text("utf-8")
EXAMPLES = re.findall(r"^    GET (\S+)\n\n```json\n(.*?)\n```$", DOCS, re.MULTILINE | re.DOTALL)
MORE = "…"
LISTS = ("partners", "waiting", "alerts")


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory, loop: asyncio.AbstractEventLoop) -> Site:
    return site(database(tmp_path_factory.mktemp("api") / "partners.db"), loop)


def shortened(answer: Any, example: Any) -> Any:
    """What an example shows of an answer: where it holds ``…``, the keys it names."""
    if isinstance(example, dict) and isinstance(answer, dict):
        keys = [key for key in answer if key in example] if MORE in example else answer
        shown = {key: shortened(answer[key], example.get(key)) for key in keys}
        return shown | ({MORE: MORE} if MORE in example else {})
    return answer


@pytest.mark.parametrize(("path", "example"), EXAMPLES, ids=[path for path, _ in EXAMPLES])
def test_every_example_of_the_documentation_is_what_is_answered(
    path: str, example: str, found: Site
) -> None:
    response = found.get(path)
    assert response.status_code == 200
    wanted = json.loads(example)
    shown = shortened(response.json(), wanted)
    assert json.dumps(shown, indent=1) == json.dumps(wanted, indent=1)  # 1 is not true here


def test_every_address_has_an_example() -> None:
    shown = {path.partition("?")[0].partition("/-/api/")[2] for path, _ in EXAMPLES}
    assert shown == {
        "partners.json", "partner/initech.example.json", "waiting.json", "alerts.json"
    }  # fmt: skip


def test_every_key_is_a_column_of_the_table_that_the_documentation_names() -> None:
    columns = {each.name: {column.name for column in each.columns} for each in (*TABLES, *VIEWS)}
    ours = columns["partners"]  # each row says whose it is, too
    assert set(api_rows.PARTNERS.columns) <= columns["partner_health"]
    assert set(api_rows.WAITING.columns) - {"waiting_on"} <= columns["waiting_on_us"]
    assert set(api_rows.ALERTS.columns) <= columns["alerts"] | ours


def test_a_partner_has_every_column_of_its_tables(found: Site) -> None:
    answer = found.get("/-/api/partner/globex.example.json").json()
    columns = {each.name: [column.name for column in each.columns] for each in TABLES}
    assert list(answer["partner"]) == columns["partners"]
    assert list(answer["standing"]) == columns["partner_standing"]
    assert [list(row) for row in answer["standards"]] == [columns["standards"]] * 2
    assert [row["alert"] for row in answer["alerts"]] == ["a1"]


@pytest.mark.parametrize("name", LISTS)
def test_pages_of_one_row_give_every_row_once_and_in_order(name: str, found: Site) -> None:
    whole = found.get(f"/-/api/{name}.json").json()
    rows: list[Any] = []
    path = f"/-/api/{name}.json?size=1"
    while path:
        answer = found.get(path).json()
        assert len(answer["rows"]) == 1
        rows += answer["rows"]
        assert len(rows) <= len(whole["rows"])
        path = answer["next"]
    assert rows == whole["rows"]
    assert (len(rows), whole["next"]) == (2, None)


@pytest.mark.parametrize(
    ("query", "rows"),
    [
        ("partners.json?state=act", ["globex.example"]),
        ("partners.json?owner=BEN@acme.example", ["initech.example"]),
        ("waiting.json?owner=ana@acme.example", ["globex.example"]),
        ("alerts.json?level=watch", ["initech.example"]),
        ("alerts.json?state=over", ["initech.example"]),
    ],
)
def test_arguments_choose(query: str, rows: list[str], found: Site) -> None:
    answer = found.get(f"/-/api/{query}").json()
    assert [row["partner"] for row in answer["rows"]] == rows


@pytest.mark.parametrize(
    ("path", "status", "error"),
    [
        ("partners.json?size=0", 400, "size may be 1 to 1000"),
        ("partners.json?size=x", 400, "size may be 1 to 1000"),
        ("partners.json?state=bad", 400, "state may be ok, watch, act, unknown"),
        ("waiting.json?waiting_on=me", 400, "waiting_on may be us, them"),
        (
            "alerts.json?after=gone",
            400,
            "after names no row of this generation; begin with the first page",
        ),
        ("partner/nobody.example.json", 404, "there is no such partner here"),
    ],
)
def test_what_is_wrong_is_said(path: str, status: int, error: str, found: Site) -> None:
    response = found.get(f"/-/api/{path}")
    assert (response.status_code, response.json()) == (status, {"error": error})


def test_a_key_with_odd_characters_is_found_as_it_is_escaped(
    loop: asyncio.AbstractEventLoop, tmp_path: Path
) -> None:
    odd = "a/b é?.json"
    partners = [{**ROWS["partners"][0], "partner": odd}]
    place = site(database(tmp_path / "partners.db", partners=partners), loop)
    answer = place.get("/-/api/partner/a%2Fb%20%C3%A9%3F.json.json").json()
    assert answer["partner"]["partner"] == odd


def test_behind_a_lock_a_program_needs_the_line_from_the_page_of_feeds(
    found: Site, loop: asyncio.AbstractEventLoop
) -> None:
    locked = site(found.path, loop, allow={"id": "*"})
    path = "/-/api/partners.json"
    refused = locked.get(path)
    assert refused.status_code == 403
    assert list(refused.json()) == ["error"]
    assert locked.get(path, **cookie(locked, {"id": "ana"})).status_code == 200

    text = locked.get("/-/feeds", **cookie(locked, {"id": "ana"})).text
    (line,) = re.findall(r"Authorization: (Bearer [^<\s]+)", text)
    assert locked.get(path, headers={"authorization": line}).status_code == 200
    assert locked.get(path, headers={"authorization": line + "x"}).status_code == 403
    token = line.removeprefix("Bearer ")
    assert locked.get(f"{path}?token={token}").status_code == 403
    assert locked.get(f"/-/alerts.atom?token={token}").status_code == 403
    assert locked.get("/partners", headers={"authorization": line}).status_code == 403
