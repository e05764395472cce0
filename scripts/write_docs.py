"""Writes the parts of the documentation that are computed: tables, definitions, command help.

``make docs`` runs it; with ``--check`` it only says whether they are up to date.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path

import click

from inbox_agent.catalogue import TABLES, VIEWS, Table, View, metadata_path, metadata_yaml
from inbox_agent.cli import main as commands
from inbox_agent.definitions import definitions

TOP = Path(__file__).parent.parent
README = TOP / "README.md"
RELATIONS: list[Table | View] = [*VIEWS, *TABLES]


def tables() -> Iterator[str]:
    """Every published table and view with its columns."""
    yield "# Tables and views\n"
    yield (
        "Made by `make docs` from the catalogue in the code; Datasette shows the same words.\n"
        "Instants are UTC, like `2026-11-21T14:05:00Z`; durations are whole seconds; NULL is\n"
        "unknown or not yet measured.\n"
    )
    for each in RELATIONS:
        kind = "view" if isinstance(each, View) else "table"
        yield f"## {each.name} ({kind})\n\n{each.description}\n\nSource: {each.source}.\n"
        yield "| column | meaning |\n|---|---|"
        yield "\n".join(f"| `{c.name}` | {_cell(c.text)} |" for c in each.columns) + "\n"


def measures() -> Iterator[str]:
    """Every measure with its definition."""
    yield "# Definitions\n"
    yield (
        "Made by `make docs` from the places in the code that make each figure; the table\n"
        "`definitions` holds the same words.\n"
    )
    for row in definitions():
        unit = f" ({row['unit']})" if row["unit"] else ""
        source = f" Source: {row['source']}." if row["source"] else ""
        yield f"**{row['name']}**{unit}: {row['definition']}{source}\n"


def help_lines() -> Iterator[str]:
    """Every command with its one line of help."""
    yield "| command | does |\n|---|---|"
    context = click.Context(commands, info_name="inbox-agent")
    for name in commands.list_commands(context):
        command = commands.get_command(context, name)
        if command is not None:
            yield f"| `inbox-agent {name}` | {_cell(command.get_short_help_str(200))} |"


def relations() -> Iterator[str]:
    """The tables and views people look at, a line each."""
    yield "| table or view | holds |\n|---|---|"
    for each in RELATIONS:
        if not each.hidden:
            yield f"| `{each.name}` | {_cell(each.description)} |"


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


def _with_block(text: str, name: str, body: str) -> str:
    pattern = re.compile(
        rf"(<!-- {name}: made by `make docs` -->\n).*?(<!-- end of {name} -->)", re.DOTALL
    )
    return pattern.sub(lambda match: f"{match[1]}\n{body}\n\n{match[2]}", text)


def generated() -> dict[Path, str]:
    """What every generated file should hold."""
    readme = README.read_text("utf-8")
    readme = _with_block(readme, "commands", "\n".join(help_lines()))
    readme = _with_block(readme, "tables", "\n".join(relations()))
    return {
        metadata_path(): metadata_yaml(),
        TOP / "docs" / "tables.md": "\n".join(tables()),
        TOP / "docs" / "definitions.md": "\n".join(measures()),
        README: readme,
    }


def main() -> None:
    """Write, or with --check compare."""
    stale = [
        path
        for path, text in generated().items()
        if not path.exists() or path.read_text("utf-8") != text
    ]
    if "--check" in sys.argv:
        if stale:
            sys.exit(f"out of date, run `make docs`: {', '.join(path.name for path in stale)}")
        return
    for path, text in generated().items():
        path.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
