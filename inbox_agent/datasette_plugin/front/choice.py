"""What the front page is asked to show: whose partners, in which state, which of their pages."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlencode

Row = Mapping[str, Any]

PAGE_SIZE = 50
#: The most urgent first, as the page has them.
STATES = ("act", "watch", "ok", "unknown")
#: How partners without an owner, or without a tier, are asked for.
NOBODY, NO_TIER = "nobody", "none"
_UNSET = {"owner": NOBODY, "tier": NO_TIER, "state": "unknown"}
_LONGEST_SEARCH = 100


@dataclass(frozen=True, slots=True)
class Choice:
    """The arguments of the page's address; None and "" leave everything in."""

    owner: str | None = None
    state: str | None = None
    tier: str | None = None
    q: str = ""
    page: int = 1

    @classmethod
    def of(cls, given: Any) -> Choice:
        """Out of an address; what makes no sense counts as left out."""
        page = given.get("page") or ""
        state = given.get("state")
        return cls(
            owner=given.get("owner") or None,
            state=state if state in STATES else None,
            tier=given.get("tier") or None,
            q=(given.get("q") or "").strip()[:_LONGEST_SEARCH],
            page=max(1, int(page)) if page.isascii() and page.isdigit() and len(page) < 7 else 1,
        )

    @property
    def is_filtered(self) -> bool:
        """Whether anything is left out."""
        return bool(self.owner or self.state or self.tier or self.q)

    def query(self, **changes: Any) -> str:
        """The address's arguments with some of them changed; another filter begins at page 1."""
        other = replace(self, **{"page": 1, **changes})
        given = {
            "q": other.q,
            "owner": other.owner,
            "state": other.state,
            "tier": other.tier,
            "page": other.page if other.page > 1 else None,
        }
        kept = {name: value for name, value in given.items() if value}
        return f"?{urlencode(kept)}" if kept else ""


# -- how many there are of each -------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Option:
    """One value that can be filtered by; `partners` are left by it and the other filters."""

    value: str | None
    words: str
    partners: int
    is_chosen: bool


@dataclass(frozen=True, slots=True)
class Tally:
    """Partners counted by what they can be filtered by, each under all the other filters."""

    choice: Choice
    rows: Sequence[Row]

    @property
    def shown(self) -> int:
        """How many partners the page and its other pages show."""
        counts = self.states
        return sum(counts.values()) if self.choice.state is None else counts[self.choice.state]

    @property
    def states(self) -> Counter[str]:
        """How many are in each state, whatever state is chosen."""
        return self._counts("state")

    @property
    def unseen(self) -> int:
        """Partners whose answers from us are missing for sure, whatever state is chosen."""
        return sum(row["unseen"] or 0 for row in self.rows if self._is_in(row, "state"))

    def owners(self) -> list[Option]:
        """Everybody who looks after a partner, by name, then nobody; none where none is set."""
        return self._options("owner", self.choice.owner, "everyone")

    def tiers(self) -> list[Option]:
        """Every tier, by name, then none; none where none is set."""
        return self._options("tier", self.choice.tier, "all")

    def _options(self, column: str, chosen: str | None, every: str) -> list[Option]:
        counts, unset = self._counts(column), _UNSET[column]
        values = {_value(row, column) for row in self.rows}
        names = [*sorted(values - {unset}), *(values & {unset})]
        if set(names) <= {unset}:
            return []
        found = [Option(name, name, counts[name], name == chosen) for name in names]
        return [Option(None, every, sum(counts.values()), chosen is None), *found]

    def _counts(self, column: str) -> Counter[str]:
        counts: Counter[str] = Counter()
        for row in self.rows:
            if self._is_in(row, column):
                counts[_value(row, column)] += row["partners"]
        return counts

    def _is_in(self, row: Row, but: str) -> bool:
        """Whether all filters but one leave a row in."""
        wanted = {"owner": self.choice.owner, "state": self.choice.state, "tier": self.choice.tier}
        return all(
            value is None or _value(row, column) == value
            for column, value in wanted.items()
            if column != but
        )


def _value(row: Row, column: str) -> str:
    return row[column] or _UNSET[column]


# -- the same choice as SQL, and as Datasette's own filters ---------------------------------


def searched(choice: Choice) -> tuple[str, dict[str, str]]:
    """A condition on `partners p` for the words searched for, with its arguments.

    SQLite's LIKE knows upper and lower case of ASCII alone, so other letters are tried in both.
    """
    if not choice.q:
        return "1", {}
    words = choice.q.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    forms = sorted({words, words.lower(), words.upper(), words.title()})
    arguments = {f"q{number}": f"%{form}%" for number, form in enumerate(forms)}
    columns = ("p.name", "p.partner", "p.domains")
    tests = [f"{column} like :{name} escape '\\'" for column in columns for name in arguments]
    return f"({' or '.join(tests)})", arguments


def chosen(choice: Choice) -> tuple[str, dict[str, str]]:
    """A condition on `partner_standing s` and `partners p` for all filters."""
    condition, arguments = searched(choice)
    conditions = [condition]
    for column, name, value in _filters(choice):
        unset = _UNSET[name]
        conditions.append(f"coalesce(nullif({column}, ''), '{unset}') = :{name}")
        arguments[name] = value
    return " and ".join(conditions), arguments


def datasette_filters(choice: Choice, columns: Iterable[str]) -> dict[str, str]:
    """As much of the choice as a view with these columns can be filtered by."""
    found: dict[str, str] = {}
    for _, name, value in _filters(choice):
        if name in columns:
            is_unset = name != "state" and value == _UNSET[name]
            found |= {f"{name}__isblank": "1"} if is_unset else {f"{name}__exact": value}
    return found


def _filters(choice: Choice) -> Iterator[tuple[str, str, str]]:
    """Each filter that is set: the column in our queries, its name, the value."""
    if choice.owner is not None:
        yield "p.owner", "owner", choice.owner
    if choice.tier is not None:
        yield "p.tier", "tier", choice.tier
    if choice.state is not None:
        yield "s.state", "state", choice.state
