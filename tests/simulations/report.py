"""Writes docs/simulations.md: how near the figures come to a truth that is known.

``make simulation-tables``. The mailboxes are drawn with fixed seeds, so the page is the same on
every machine and changes only with the code.
"""

from __future__ import annotations

import importlib
import sys
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

if __name__ == "__main__":  # as a script it stands beside its siblings, not above them
    sys.path[0] = str(Path(__file__).parent.parent)

import simulated_rhythms
from accuracy.section import Section

from simulations import bias, partnerships

SECTIONS = ("simulations.bias", "simulations.planted", "simulated_rhythms")
DOCUMENT = Path(__file__).parent.parent.parent / "docs" / "simulations.md"
_HEAD = """\
# How near to the truth

Nobody knows how long a partner would have taken over the letters that were never answered, or
whether a silence is the end. In a simulated mailbox it is known, because the letters were drawn
that way. Here such mailboxes go through the product, and what it says is held against what is
true. Seeds are fixed: `make simulation-tables` writes this page anew, and it stays the same until
the code changes. What real mail shows is in [accuracy.md](accuracy.md).
"""


def measured(name: str) -> Section:
    """One section."""
    found = importlib.import_module(name).section()
    if not isinstance(found, Section):
        raise TypeError(f"{name}.section gives no Section")
    return found


def drawn_with() -> str:
    """What the page is drawn with: a page that says something else is an old one."""
    planted = f"{partnerships.STEADY} steady partnerships, {partnerships.PLANTED} of each plant"
    return (
        f"Drawn with the seeds `{bias.SEED}` ({bias.MAILBOXES} mailboxes of {bias.ASKS} asks for"
        f" each of {len(bias.REGIMES)} regimes), `{partnerships.SEED}` ({planted}) and"
        f" `{simulated_rhythms.SEED}` ({simulated_rhythms.PARTNERS:,} partners of each of"
        f" {len(simulated_rhythms.REGIMES)} kinds)."
    )


def page(sections: list[Section]) -> str:
    """The whole page."""
    parts = (f"## {section.title}\n\n{section.text.strip()}\n" for section in sections)
    return "\n".join((_HEAD, *parts, f"{drawn_with()}\n"))


def main() -> None:
    """Measure every section and write the page."""
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool:
        sections = list(pool.map(measured, SECTIONS))
    DOCUMENT.write_text(page(sections), encoding="utf-8")
    for section in sections:
        for name, value in section.figures.items():
            print(f"{section.title}: {name} = {value:g}")
    print(f"Wrote {DOCUMENT.relative_to(DOCUMENT.parent.parent)}")


if __name__ == "__main__":
    main()
