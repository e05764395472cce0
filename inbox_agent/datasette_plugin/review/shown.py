"""What the review pages show: sheets beside those of the quarter before, and what figures mean.

The words and figures are those of `review_sheets`, as on the command line.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from inbox_agent.datasette_plugin.enough import FEWEST_ASKS
from inbox_agent.datasette_plugin.reading import Row
from inbox_agent.datasette_plugin.review.rows import STANDARDS
from inbox_agent.figure_names import TOO_FEW_ASKS
from inbox_agent.review_sheets import For, Section, Sheet, answer, sections
from inbox_agent.words import duration

#: Worst first.
STATES = ("broken", "at risk", "met", "unknown", TOO_FEW_ASKS)
#: These compare with the quarter before already.
_OF_A_CHANGE = ("before_", "change")
_STANDARDS_MEASURE = "standards in a review"


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a table; `note` is the number of the footnote that says what it means."""

    label: str
    cells: tuple[str, ...]
    note: int | None


@dataclass(frozen=True, slots=True)
class Part:
    """A table of a review, with columns for the quarter before where that was frozen."""

    title: str
    heads: tuple[str, ...]
    lines: tuple[Line, ...]
    remark: str = ""

    @property
    def kind(self) -> str:
        """What sort of table it is, for its place on the page."""
        if "took" in self.heads:
            return "cases quoted" if "about" in self.heads else "cases"
        return self.title.lower() if self.title in ("Answers", "Together") else "standards"


@dataclass(frozen=True, slots=True)
class Note:
    """A footnote."""

    number: int
    title: str
    text: str


class Notes:
    """The footnotes of a page, numbered as they are first needed; each definition once."""

    def __init__(self, definitions: Mapping[str, Row]) -> None:
        self._definitions = definitions
        self._numbers: dict[str, Note] = {}

    def number(self, measure: str) -> int | None:
        """The footnote of a figure; None where it needs none."""
        name = _STANDARDS_MEASURE if measure in STANDARDS else measure
        found = self._definitions.get(name)
        if found is None:
            return None
        number = len(self._numbers) + 1
        note = Note(number, found["title"] or found["name"], found["definition"])
        return self._numbers.setdefault(found["name"], note).number

    @property
    def all(self) -> Sequence[Note]:
        """In the order of their numbers."""
        return tuple(self._numbers.values())


def parts(
    sheet: Sheet, before: Sheet | None, quarter_before: str, reader: For, notes: Notes
) -> list[Part]:
    """The tables of a sheet; beside its figures those of the quarter before, if it was frozen."""
    earlier = {part.title: part for part in sections(before, reader)} if before else {}
    return [
        _part(part, earlier.get(part.title), quarter_before, notes, _remark(part, sheet, reader))
        for part in sections(sheet, reader)
    ]


def _part(part: Section, before: Section | None, quarter: str, notes: Notes, remark: str) -> Part:
    known = dict(zip(before.measures, before.lines, strict=True)) if before else {}
    beside = _BESIDE.get(part.title) if known else None
    lines = []
    for measure, line in zip(part.measures, part.lines, strict=True):
        cells = line[1:]
        if beside:
            earlier = known.get(measure, ("", *("-" for _ in cells)))[1:]
            if measure.startswith(_OF_A_CHANGE):
                earlier = tuple("" for _ in cells)
            cells = tuple(beside(cells, earlier))
        lines.append(Line(line[0], cells, notes.number(measure)))
    heads = part.heads[1:]
    if beside:
        heads = tuple(beside(heads, tuple(quarter for _ in heads)))
    if part.title == "Together":
        heads = ("this quarter", *heads[1:])
    return Part(part.title, heads, tuple(lines), remark)


def _side_by_side(cells: Sequence[str], before: Sequence[str]) -> Iterator[str]:
    for pair in zip(cells, before, strict=True):
        yield from pair


def _kept_before(cells: Sequence[str], before: Sequence[str]) -> Iterator[str]:
    """Of a standard what came of it: its aim may be another one now."""
    aim, came_of_it, state = cells
    yield from (aim, came_of_it, before[1], state)


#: How the quarter before stands beside a quarter; waits are cases, which have none.
_BESIDE: dict[str, Any] = {
    "Answers": _side_by_side,
    "Together": _side_by_side,
    "Standards": _kept_before,
    "What we hold ourselves to": _kept_before,
}


def _remark(part: Section, sheet: Sheet, reader: For) -> str:
    """Why figures are missing that people look for."""
    if part.title != "Answers":
        return ""
    they = "They" if reader == "us" else "You"
    said = [_few(sheet, "ours", f"{they} put"), _few(sheet, "theirs", "We put")]
    if (sheet.number("ours_asks") or 0) >= FEWEST_ASKS and _is_unknown(sheet, "ours"):
        said.append("Too little of what we sent is in the mailbox to tell how fast we answered.")
    return " ".join(filter(None, said))


def _few(sheet: Sheet, side: str, who: str) -> str:
    asks = int(sheet.number(f"{side}_asks") or 0)
    if not 0 < asks < FEWEST_ASKS:
        return ""
    things = "question" if asks == 1 else "questions"
    return f"{who} only {asks} {things}: too few for times and shares; see the single waits."


def _is_unknown(sheet: Sheet, side: str) -> bool:
    return sheet.number(f"{side}_rate_so_far") is None


# -- all partners ---------------------------------------------------------------------------


def state_of(row: Row) -> str:
    """The worst state of a partner's standards; empty where it has none."""
    found = {row[name] for name in STANDARDS}
    return next((state for state in STATES if state in found), "")


def states_said(row: Row) -> str:
    """How many standards were broken, at risk, met: ``1 broken, 2 met``."""
    found = [row[name] for name in STANDARDS]
    words = {TOO_FEW_ASKS: f"with {TOO_FEW_ASKS}"}
    counts = [(found.count(state), words.get(state, state)) for state in STATES]
    return ", ".join(f"{count} {state}" for count, state in counts if count)


def by_urgency(rows: Sequence[Row]) -> list[Row]:
    """Partners with broken standards first, those with most of them before; then by name."""
    return sorted(rows, key=_urgency)


def _urgency(row: Row) -> tuple[object, ...]:
    found = [row[name] for name in STANDARDS]
    return (
        *(-found.count(state) for state in STATES[:2]),
        (row["name"] or row["partner"]).casefold(),
        row["partner"],
    )


def answered(sheet: Sheet, side: str) -> str:
    """How fast a side answered, or why that is not known."""
    asks = int(sheet.number(f"{side}_asks") or 0)
    if asks == 0:
        return "not asked"
    if asks < FEWEST_ASKS:
        return f"only {asks} ask{'' if asks == 1 else 's'}"
    return "unknown" if _is_unknown(sheet, side) else answer(sheet, f"{side}_p50_seconds")


# -- owners and tiers -----------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Scope:
    """One owner or tier: its figures by who answers (`us`, `them`), then and a quarter before."""

    kind: str
    name: str
    now: Mapping[str, Row]
    before: Mapping[str, Row]


def scopes(rows: Sequence[Row], quarter: str) -> list[Scope]:
    """Owners, then tiers, that had asks in the quarter."""
    found: dict[str, tuple[dict[str, Row], dict[str, Row]]] = {}
    for row in rows:
        now, before = found.setdefault(row["scope"], ({}, {}))
        (now if row["period"] == quarter else before)[row["responder"]] = row
    parts = ((*scope.partition(":"), both) for scope, both in found.items())
    return [Scope(kind, name, now, before) for kind, _, name, (now, before) in parts if now]


def in_period(row: Row | None) -> str:
    """How fast half of the asks of a period were answered, or why that is not known."""
    if row is None or not row["asks"]:
        return "-"
    if row["asks"] < FEWEST_ASKS:
        return f"only {row['asks']} ask{'' if row['asks'] == 1 else 's'}"
    if row["p50_seconds"] is None:
        return "unknown" if row["rate_so_far"] is None else "not reached"
    return duration(row["p50_seconds"])
