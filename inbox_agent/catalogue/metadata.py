"""The catalogue as Datasette's metadata, and where the file lies."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from inbox_agent.catalogue.model import SEARCH_ROW, Table, View
from inbox_agent.catalogue.queries import MOST_ROWS, QUERIES

DATABASE = "partners"
METADATA_NAME = "datasette-metadata.yml"

_PACKAGE = Path(__file__).parents[1]
_HEADING = """\
# Generated from inbox_agent/catalogue by `python -m inbox_agent.catalogue`: don't edit it here.
# To say who may look (an `allow` block, a sign-in plugin), keep a copy of your own beside your
# config folder; `inbox-agent serve` takes that one, or the one named by --metadata.
"""


def datasette_metadata(tables: tuple[Table, ...], views: tuple[View, ...]) -> dict[str, Any]:
    """What Datasette is told of the database: titles, descriptions, units, order, facets."""
    relations: tuple[Table | View, ...] = (*views, *tables)
    return {
        "title": "Partner inbox",
        "description": "How each partnership is doing, read out of the team's shared mailbox.",
        "source": "Header fields of the shared mailbox; no text of a letter is kept",
        "databases": {
            DATABASE: {
                "title": "Partners",
                "description": "Who waits for whom, who has gone quiet, and how fast each side "
                "answers. Times are shown in the team's time zone; filters, CSV and JSON have them "
                "in UTC. What is empty is unknown or not yet measured.",
                "allow_sql": False,
                "tables": {item.name: _entry(item) for item in relations},
                "queries": {
                    query.name: {
                        "title": query.title,
                        "description": f"{query.description} The first {MOST_ROWS} at most.",
                        "sql": query.sql.strip(),
                    }
                    for query in QUERIES
                },
            }
        },
    }


def _entry(item: Table | View) -> dict[str, Any]:
    entry: dict[str, Any] = {
        "title": item.title,
        "description": item.description,
        "source": item.source,
        "columns": {column.name: column.text for column in item.columns},
        "facets": list(item.facets),
        "sort": item.sort,
        "sort_desc": item.sort_desc,
        "size": item.size,
        "hidden": item.hidden,
    }
    if isinstance(item, Table):
        entry["label_column"] = item.label_column
        entry["fts_pk"] = SEARCH_ROW.name if item.searched else None
        if len(item.primary_key) > 1:
            entry["sortable_columns"] = list(item.sortable_columns)
    return {key: value for key, value in entry.items() if value}


def metadata_yaml(metadata: dict[str, Any]) -> str:
    """`datasette-metadata.yml`, with a heading that says where it comes from."""
    import yaml  # noqa: PLC0415 - for the file alone

    body: str = yaml.safe_dump(metadata, sort_keys=False, allow_unicode=True, width=96)
    return _HEADING + body


def metadata_path() -> Path:
    """The shipped file: inside an installed package, else at the top of the source tree."""
    packaged = _PACKAGE / "datasette_plugin" / METADATA_NAME
    return packaged if packaged.exists() else _PACKAGE.parent / METADATA_NAME
