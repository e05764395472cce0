"""The parts of the documentation that are computed: tables, definitions, command help.

cog writes them where README.md and docs/ ask for them, between `[[[cog` and `[[[end]]]`;
``make docs`` runs it, and a test runs ``cog --check``. Started by itself this file writes
datasette-metadata.yml, which has no place for such marks; with ``--check`` it only compares.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator

import click

from inbox_agent.catalogue import TABLES, VIEWS, Table, View, metadata_path, metadata_yaml
from inbox_agent.cli import main as commands
from inbox_agent.definitions import MEASURES, Measure
from inbox_agent.methodology import CHAPTERS

RELATIONS: list[Table | View] = [*VIEWS, *TABLES]


def tables() -> Iterator[str]:
    """Every published table and view with its columns."""
    for each in RELATIONS:
        kind = "view" if isinstance(each, View) else "table"
        yield f"## {each.name} ({kind})\n\n{each.description}\n\nSource: {each.source}.\n"
        yield "| column | meaning |\n|---|---|"
        yield "\n".join(f"| `{c.name}` | {_cell(c.text)} |" for c in each.columns) + "\n"


def methodology() -> Iterator[str]:
    """Every measure with its definition, in chapters."""
    known = {measure.name: measure for measure in MEASURES}
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


def help_texts() -> Iterator[str]:
    """What `--help` prints of every command on a terminal of eighty columns."""
    for context in _contexts(_context(commands, "inbox-agent", None)):
        path = context.command_path
        yield f"## {path}\n\n```text\n{context.command.get_help(context)}\n```\n"


def _contexts(context: click.Context) -> Iterator[click.Context]:
    yield context
    if isinstance(context.command, click.Group):
        for name in context.command.list_commands(context):
            command = context.command.get_command(context, name)
            if command is not None:
                yield from _contexts(_context(command, name, context))


def _context(command: click.Command, name: str, parent: click.Context | None) -> click.Context:
    settings = command.context_settings
    return click.Context(command, parent, name, terminal_width=78, **settings)


def relations() -> Iterator[str]:
    """The tables and views people look at, a line each."""
    yield "| table or view | holds |\n|---|---|"
    for each in RELATIONS:
        if not each.hidden:
            yield f"| `{each.name}` | {_cell(each.description)} |"


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


def main() -> None:
    """Write the metadata, or with --check compare."""
    path, text = metadata_path(), metadata_yaml()
    if "--check" not in sys.argv:
        path.write_text(text, encoding="utf-8")
    elif path.read_text("utf-8") != text:
        sys.exit(f"out of date, run `make docs`: {path.name}")


if __name__ == "__main__":
    main()
