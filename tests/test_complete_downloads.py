"""At 100,000 rows a download holds all of its generation, whatever is published meanwhile."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.request import urlopen
from zipfile import ZipFile

import numbered_rows
import pytest
from browser_shots import running_datasette
from numbered_rows import rows_in

from inbox_agent.catalogue import TABLES, VIEWS

pytestmark = pytest.mark.pages

RELATIONS = (*VIEWS, *TABLES)
PUBLISHER = str(Path(numbered_rows.__file__))
#: What the links of our pages say of a download.
EVERYTHING = "_stream=on&_size=max&_dl=1"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Datasette beside a process that publishes ten generations a second."""
    path = numbered_rows.make(tmp_path_factory.mktemp("full") / "partners.db")
    with (
        running_datasette(path) as address,
        subprocess.Popen(
            [sys.executable, PUBLISHER, str(path)], stdout=subprocess.PIPE, text=True
        ) as publisher,
    ):
        assert publisher.stdout
        try:
            assert publisher.stdout.readline() == "2\n"
            yield address
            assert publisher.poll() is None
        finally:
            publisher.kill()


def generation_of(disposition: str) -> int:
    found = re.search(r"-generation-(\d+)\.(?:csv|xlsx)\"", disposition)
    assert found, disposition
    return int(found[1])


@pytest.mark.parametrize("relation", [item.name for item in RELATIONS])
def test_a_csv_has_as_many_rows_as_the_generation_in_its_name(site: str, relation: str) -> None:
    with urlopen(f"{site}/partners/{relation}.csv?{EVERYTHING}") as answer:  # noqa: S310
        generation = generation_of(answer.headers["content-disposition"])
        lines = answer.read().splitlines()  # fails where the connection was broken off
    assert len(lines) == 1 + rows_in(relation, generation)


@pytest.mark.parametrize("relation", ["contact_gaps", "silent_now"])
def test_a_workbook_has_as_many_rows_as_the_generation_in_its_name(
    site: str, relation: str, tmp_path: Path
) -> None:
    with urlopen(f"{site}/-/xlsx/{relation}.xlsx") as answer:  # noqa: S310
        generation = generation_of(answer.headers["content-disposition"])
        path = tmp_path / "table.xlsx"
        path.write_bytes(answer.read())
    with ZipFile(path) as book:
        sheet = max((book.read(name) for name in book.namelist() if "sheet" in name), key=len)
    assert sheet.count(b"<row ") == 1 + rows_in(relation, generation)
