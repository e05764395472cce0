"""The figures of a partner: what they are called, their values, and what each means."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from inbox_agent.catalogue import column_of
from inbox_agent.datasette_plugin.enough import state_of_standard
from inbox_agent.datasette_plugin.page import Page
from inbox_agent.datasette_plugin.reading import Row
from inbox_agent.datasette_plugin.why.names import GROUPS, OF_A_STANDARD, OF_ASKS, SIDES, title_of
from inbox_agent.figure_names import change_said, definition_name

_STANDARD_UNITS = {"misses_left": "count", "breaks_at": "UTC instant"}


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure of a partner, as it is published."""

    name: str
    value: Any
    unit: str | None

    @property
    def title(self) -> str:
        """What it is called."""
        return title_of(self.name)

    @property
    def text(self) -> str:
        """What its column says of it; empty where it is none of partner_standing."""
        column = column_of("partner_standing", self.name)
        return column.description if column else ""


@dataclass(frozen=True, slots=True)
class Figures:
    """What is published of one partner, table by table."""

    standing: Row
    standards: Mapping[str, Row]
    drift: Mapping[str, Row]

    @classmethod
    async def of(cls, page: Page, partner: str) -> Figures:
        """Reads them."""

        async def rows(table: str) -> Sequence[Row]:
            sql = f"SELECT * FROM {table} WHERE partner = :partner"  # noqa: S608 - our own names
            return await page.reader.rows(sql, partner=partner)

        standing = await rows("partner_standing")
        return cls(
            standing[0] if standing else {},
            {row["standard"]: row for row in await rows("standards")},
            {row["measure"]: row for row in await rows("drift")},
        )

    def named(self, name: str) -> Figure | None:
        """The figure of that name; None where there is none, or not for this partner."""
        column = column_of("partner_standing", name)
        if column and name not in ("partner", "as_of"):
            value = self.standing.get(name)
            if name.endswith("_arrow") and value:
                value = change_said(value, is_shown=True)
            return Figure(name, value, column.unit)
        return self._of_standards(name) or self._of_drift(name)

    def _of_standards(self, name: str) -> Figure | None:
        for standard, row in self.standards.items():
            part = name.removeprefix(f"{standard}_")
            if name == standard or part == "state":
                return Figure(name, state_of_standard(row), None)
            if part != name and part in OF_A_STANDARD:
                unit = row["unit"] if part == "actual" else _STANDARD_UNITS.get(part)
                return Figure(name, row[part], unit)
        return None

    def _of_drift(self, name: str) -> Figure | None:
        base = name.removeprefix("drift_")
        if base in self.drift:
            row = self.drift[base]
            said = change_said(row["direction"], is_shown=bool(row["is_shown"]))
            return Figure(f"drift_{base}", said, None)
        found = self.drift.get(base.removesuffix("_p"))
        return Figure(f"drift_{base}", found["p"], "share") if found else None

    def grouped(self) -> Mapping[str, Sequence[Figure]]:
        """All but those of asks, group by group."""
        found: dict[str, list[str]] = {title: list(names) for title, names in GROUPS.items()}
        found["Change"] += [f"drift_{measure}" for measure in self.drift]
        found = {title: names for title, names in found.items() if names}
        return {title: self._named(names) for title, names in found.items()}

    def of_standards(self) -> Mapping[str, Sequence[Figure]]:
        """What is told of each standard, part by part."""
        return {
            standard: self._named(f"{standard}_{part}" for part in OF_A_STANDARD)
            for standard in self.standards
        }

    def of_asks(self) -> Sequence[tuple[str, Sequence[Figure]]]:
        """Those of asks, of both sides beside each other."""
        return [
            (title, self._named(f"{side}{base}" for side in SIDES))
            for base, title in OF_ASKS.items()
        ]

    def all_names(self) -> list[str]:
        """Every name that has a page."""
        names = [f"{side}{base}" for base in OF_ASKS for side in SIDES]
        names += [figure.name for group in self.grouped().values() for figure in group]
        return names + [each.name for group in self.of_standards().values() for each in group]

    def _named(self, names: Any) -> list[Figure]:
        return [figure for figure in map(self.named, names) if figure]


@dataclass(frozen=True, slots=True)
class Definition:
    """What a figure means, after which text, and the row that says so."""

    name: str
    title: str
    text: str
    source: str | None


async def definition_of(page: Page, figure: str) -> Definition | None:
    """The measure that defines it, in the words of `definitions`; None where none does."""
    rows = await page.reader.rows("SELECT name, title, definition, source FROM definitions")
    by_name = {each: row for row in rows for each in row["name"].split(", ")}
    known = definition_name(figure, by_name)
    if known is None:
        return None
    row = by_name[known]
    return Definition(row["name"], row["title"], row["definition"], row["source"])
