"""Writes docs/accuracy.md: how right the product is, by judges that know nothing of it.

``make accuracy``; the mail is in the folder named by INBOX_AGENT_CORPORA. Only counts and shares
are written, and nothing that depends on the day or the machine.
"""

from __future__ import annotations

import importlib
import importlib.util
import sys
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

if __name__ == "__main__":  # as a script it stands beside its siblings, not above them
    sys.path[0] = str(Path(__file__).parent.parent)

from accuracy.corpus import corpora
from accuracy.section import Section

SECTIONS = ("threads", "kinds", "header_blocks", "enron", "dates", "calendars", "needs_reply")
DOCUMENT = Path(__file__).parent.parent.parent / "docs" / "accuracy.md"
_HEAD = """\
# How right it is

Every figure below is from real mail that nobody wrote for this: mailing lists, business
mailboxes, bounces and automatic replies. None of it is part of the project. What the product
decides was compared with programs that decide the same in their own way, with what the letters
themselves say in their text, or with somebody's reading of letters drawn by lot; those verdicts
are kept in `tests/accuracy/labels`, by digests. `make accuracy` measures it all again and writes
this page; the mail is in the folder named by `INBOX_AGENT_CORPORA`, the judges are Debian
packages that it installs when run as root.
"""


def existing() -> list[str]:
    """The sections that can be measured, in the order of the page."""
    return [name for name in SECTIONS if importlib.util.find_spec(f"accuracy.{name}")]


def measured(name: str, folder: Path) -> Section:
    """One section."""
    found = importlib.import_module(f"accuracy.{name}").measure(folder)
    if not isinstance(found, Section):
        raise TypeError(f"accuracy.{name}.measure gives no Section")
    return found


def page(sections: list[Section]) -> str:
    """The whole page."""
    parts = (f"## {section.title}\n\n{section.text.strip()}\n" for section in sections)
    return "\n".join((_HEAD, *parts))


def main() -> None:
    """Measure every section and write the page."""
    folder = corpora()
    if folder is None:
        sys.exit("INBOX_AGENT_CORPORA names no folder of real mail")
    # Two processes, as each holds a source of real mail in memory; fresh ones, as one of them
    # starts a server.
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool:
        names = existing()
        sections = list(pool.map(measured, names, [folder] * len(names)))
    DOCUMENT.write_text(page(sections), encoding="utf-8")
    for section in sections:
        for name, value in section.figures.items():
            print(f"{section.title}: {name} = {value:g}")
    print(f"Wrote {DOCUMENT.relative_to(DOCUMENT.parent.parent)}")


if __name__ == "__main__":
    main()
