"""What leaves by the pages: every page, feed, picture and download, followed link by link."""

from __future__ import annotations

import asyncio
import html
import io
import re
import zipfile
from collections import Counter, deque
from pathlib import Path
from urllib.parse import unquote, urljoin, urlsplit

import pytest
from round_trip import generation_of, records_of
from test_datasette import Site, site_of
from test_privacy import BOX, EVERYBODY, words_of

from inbox_agent.catalogue import TABLES, VIEWS
from inbox_agent.privacy import People, Privacy
from inbox_agent.published import publish

pytestmark = pytest.mark.pages

#: How many pages in all, and of one shape beside the seeds: a table has one for each row and sort.
MOST, MOST_ALIKE = 200, 2
_LINK = re.compile(rb"""(?:href|src|srcset|action)=["']([^"'\s]+)""")
SEEDS = (
    *("/", "/-/feeds", "/-/alerts.atom", "/-/due.ics", "/-/reviews", "/-/api/partners.json"),
    *("/-/api/waiting.json", "/-/api/alerts.json", "/-/metadata.json", "/-/databases.json"),
    *(f"/partners/{each.name}{kind}" for each in (*TABLES, *VIEWS)
      for kind in ("", ".csv?_size=max", ".json?_shape=array&_size=max")),
    *(f"/-/xlsx/{each.name}.xlsx" for each in (*TABLES, *VIEWS)),
)  # fmt: skip


def site(folder: Path, loop: asyncio.AbstractEventLoop, privacy: Privacy) -> Site:
    path = folder / "partners.db"
    publish(path, generation_of(records_of(BOX, BOX.copies), BOX, 1, privacy=privacy))
    return site_of(path, loop)


def seen_from(place: Site) -> dict[str, str]:
    """The text of everything that can be reached, with its address, by address."""
    waiting, seen, alike = deque(SEEDS), dict[str, str](), Counter[str]()
    while waiting and len(seen) < MOST:
        address = waiting.popleft()
        shape = shape_of(address)
        if address in seen or (address not in SEEDS and alike[shape] >= MOST_ALIKE):
            continue
        alike[shape] += address not in SEEDS
        answer = place.get(address)
        assert answer.status_code < 500, address
        seen[address] = f"{unquote(address)}\n{text_of(answer.content)}"
        to = answer.headers.get("location", "")
        links = [to.encode()] if to else _LINK.findall(answer.content)
        for link in filter(None, (inside(address, each) for each in links)):
            # pages of ours before the many of tables
            (waiting.appendleft if link.startswith("/-/") else waiting.append)(link)
    return seen


def shape_of(address: str) -> str:
    """What addresses of one kind have in common: the path without its last name, the keys."""
    parts = urlsplit(address)
    keys = re.sub(r"=[^&]*", "", parts.query)
    folder, _, name = parts.path.rpartition("/")
    # /-/why/<partner>/<figure>: as many of each partner
    return f"{folder} {'.'.join(name.split('.')[1:])[-5:]} {keys}"


def inside(address: str, link: bytes) -> str | None:
    """The address a link leads to, if that is one of ours."""
    parts = urlsplit(urljoin(f"http://localhost{address}", html.unescape(link.decode())))
    if parts.hostname != "localhost" or parts.path.startswith("/-/static"):
        return None
    return parts.path + (f"?{parts.query}" if parts.query else "")


def text_of(content: bytes) -> str:
    """What a person finds in it, workbooks unpacked; entities and escapes undone."""
    if content.startswith(b"PK"):
        with zipfile.ZipFile(io.BytesIO(content)) as packed:
            content = b"\n".join(packed.read(name) for name in packed.namelist())
    text = content.decode("utf-8", "replace").replace("\r\n ", "")  # RFC 5545 §3.1: unfolded
    return html.unescape(unquote(text.replace("~", "%")))


def found_in(words: list[str], pages: dict[str, str]) -> set[tuple[str, str]]:
    """Each word that stands on a page as a word of its own, and where."""
    anywhere = re.compile(
        rf"(?<!\w)(?:{'|'.join(map(re.escape, sorted(words, key=len, reverse=True)))})(?!\w)",
        re.IGNORECASE,
    )
    return {
        (match.lower(), address)
        for address, text in pages.items()
        for match in anywhere.findall(text)
    }


@pytest.mark.parametrize("people", ["initials", "none"])
def test_no_page_tells_who_anybody_is(
    people: People, tmp_path: Path, loop: asyncio.AbstractEventLoop
) -> None:
    pages = seen_from(
        site(tmp_path, loop, Privacy(people, our_people=False, subjects=False, key=b"secret"))
    )
    folders = {"/".join(urlsplit(address).path.split("/")[:3]) for address in pages}
    assert folders >= {"/-/partner", "/-/why", "/-/chart", "/-/xlsx", "/-/alerts.atom"}
    assert folders >= {"/partners/messages", "/partners/messages.csv", "/partners/messages.json"}
    assert found_in(words_of(EVERYBODY), pages) == set()
    assert found_in(["A secret word for"], pages) == set()


def test_in_full_the_same_walk_finds_them(tmp_path: Path, loop: asyncio.AbstractEventLoop) -> None:
    pages = seen_from(
        site(tmp_path, loop, Privacy("full", our_people=True, subjects=True, key=b"secret"))
    )
    there = {word for word, _ in found_in([*words_of(EVERYBODY), "A secret word for"], pages)}
    assert there >= {"bob.jones@globex.com", "gina@gmx.de", "ana@acme.com", "a secret word for"}
    on_paths = {path for word, path in found_in(["gina@gmx.de"], pages)}
    assert (
        len({address.split("/")[2].split("?")[0] for address in on_paths if "/-/" in address}) > 2
    )
