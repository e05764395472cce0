"""A review as files: all its rows as CSV, and two sheets of Markdown for each partner."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Collection, Iterator
from pathlib import Path

from inbox_agent.catalogue import TABLES
from inbox_agent.errors import ConfigError
from inbox_agent.history_rows import reviews
from inbox_agent.privacy import Privacy
from inbox_agent.review_sheets import (
    HOW_IT_IS_COUNTED,
    TEAM,
    For,
    Section,
    Sheet,
    days_of,
    sections,
)
from inbox_agent.reviewing import Kept
from inbox_agent.safe_cells import safe_cell

# What begins or ends something in Markdown, or makes a link by itself; a letter's sender may
# have chosen it.
_MARKS = re.compile(r"([\\`*_\[\]<>|&~:@#$^!])")


#: What a letter calls a domain may hold anything.
_NO_NAME = re.compile(r"[^\w.-]")
_LONGEST_STEM = 100


def write_review(kept: Kept, directory: Path, partners: Collection[str] | None) -> list[Path]:
    """Write the files, of some partners or of all; the same review gives the same bytes.

    The CSV holds all rows, and is written where all partners are. Raises ConfigError where a
    file can't be written.
    """
    found = kept.sheets()
    texts = dict(_sheets(kept, found, partners))
    if partners is None:
        texts[f"review-{kept.quarter}.csv"] = _csv(kept)
    written = []
    for name, text in sorted(texts.items()):
        path = directory / name
        try:
            directory.mkdir(parents=True, exist_ok=True)
            unfinished = directory / f".{name}.unfinished"
            unfinished.write_text(text, encoding="utf-8", newline="")
            unfinished.replace(path)
        except OSError as exc:
            said = f"{path}: can't be written: {exc.strerror}; choose another --to"
            raise ConfigError(said) from exc
        written.append(path)
    return written


def _sheets(
    kept: Kept, found: dict[str, Sheet], partners: Collection[str] | None
) -> Iterator[tuple[str, str]]:
    for partner, sheet in found.items():
        if partner == TEAM or (partners is not None and partner not in partners):
            continue
        stem = f"review-{kept.quarter}-{file_stem(partner, kept.privacy)}"
        yield f"{stem}.md", markdown(kept, partner, sheet, "us")
        yield f"{stem}-for-them.md", markdown(kept, partner, sheet, "them")


def file_stem(partner: str, privacy: Privacy) -> str:
    """What a partner's files are named by: its domain; nobody's whole address."""
    domain = partner.rpartition("@")[2]
    stem = _NO_NAME.sub("_", domain)[:_LONGEST_STEM]
    return stem if stem == partner else f"{stem}-{privacy.pseudonym(partner)}"


def _csv(kept: Kept) -> str:
    """The rows of the table `reviews`; Excel takes it for UTF-8 by its first character."""
    columns = next([c.name for c in table.columns] for table in TABLES if table.name == "reviews")
    file = io.StringIO()
    writer = csv.writer(file)
    writer.writerow(columns)
    for row in reviews(kept.rows, kept.privacy):
        cells = (row[name] for name in columns)
        writer.writerow([safe_cell(cell) if isinstance(cell, str) else cell for cell in cells])
    return "\ufeff" + file.getvalue()


# -- Markdown -------------------------------------------------------------------------------


def markdown(kept: Kept, partner: str, sheet: Sheet, reader: For) -> str:
    """One partner's sheet. The one for the partner has no name in it."""
    if reader == "us":
        name = sheet.words("name") if "@" not in partner else None
        shown = kept.privacy.partner(partner)
        title = f"{name} ({shown})" if name and name != shown else shown
        head = [f"# Review {kept.quarter}: {plain(title)}", "", _said_for_us(kept)]
    else:
        said = f"{days_of(kept.quarter)}. *You* is your side, *we* is ours. {HOW_IT_IS_COUNTED}"
        head = [f"# How we worked together, {kept.quarter}", "", said]
    body = [line for part in sections(sheet, reader) for line in _table(part)]
    return "\n".join([*head, *body, ""])


def _said_for_us(kept: Kept) -> str:
    row = kept.rows[0]
    return (
        f"{days_of(kept.quarter)}; frozen {row.frozen_at:%Y-%m-%d %H:%M} UTC by version "
        f"{plain(row.version)}, config {row.config_digest}."
    )


def _table(part: Section) -> Iterator[str]:
    yield from ("", f"## {part.title}", "")
    yield f"| {' | '.join(part.heads)} |"
    yield f"|{'---|' * len(part.heads)}"
    for line in part.lines:
        yield f"| {' | '.join(map(plain, line))} |"


def plain(text: str) -> str:
    """Text that means nothing in Markdown and moves nothing: what a sender chose stays words."""
    shown = "".join(c if c.isprintable() else f"U+{ord(c):04X}" for c in text)
    return _MARKS.sub(r"\\\1", shown)
