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
from inbox_agent.definitions import MEASURES, Measure
from inbox_agent.methodology import CHAPTERS

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


def methodology() -> Iterator[str]:
    """Every measure with its definition, in chapters."""
    known = {measure.name: measure for measure in MEASURES}
    yield "# How every figure is made\n"
    yield (
        "For people who use the figures: what each means, how it is made, its edge cases, its\n"
        "source. Made by `make docs` from the places in the code that make the figures, so that\n"
        "the page can't say anything else than the code does; the table `definitions` holds the\n"
        "same words.\n\n"
        "An empty figure (NULL) is unknown or not reached, and never 0; why, stands with each.\n"
        "Below each text stand the columns that hold it, their unit and the source.\n"
    )
    titles = (chapter.title for chapter in CHAPTERS)
    yield "\n".join(f"* [{title}](#{_anchor(title)})" for title in titles) + "\n"
    for chapter in CHAPTERS:
        yield f"## {chapter.title}\n\n{chapter.lead}\n"
        for name, heading in chapter.headings.items():
            yield _section(heading, known[name])


def _section(heading: str, measure: Measure) -> str:
    what, *cases = measure.paragraphs
    names = ", ".join(f"`{name}`" for name in measure.name.split(", ") if " " not in name)
    source = f"Source: {measure.source}" if measure.source else None
    said = [part for part in (names, measure.unit, source) if part]
    return "\n\n".join((f"### {heading}", f"**{what}**", *cases, " · ".join(said))).rstrip() + "\n"


def _anchor(title: str) -> str:
    """As GitHub makes it."""
    kept = re.sub(r"[^\w\- ]", "", title.lower())
    return kept.replace(" ", "-")


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
        TOP / "docs" / "methodology.md": "\n".join(methodology()),
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
