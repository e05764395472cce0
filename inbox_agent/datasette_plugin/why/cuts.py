"""Some rows of one published table, said once: for a query of ours, for Datasette's page and CSV.

So the count on a page, the rows below it and the lines of the download are the same rows.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from inbox_agent.catalogue import DATABASE, LEFT_OUT_OF_A_PARTNER, OF_A_PARTNER

if TYPE_CHECKING:
    from datasette.app import Datasette

#: Datasette's word for a comparison, and SQL's.
_COMPARISONS = {"exact": "=", "not": "<>", "gt": ">", "gte": ">=", "lt": "<", "lte": "<="}
_EMPTINESS = {"isnull": "IS NULL", "notnull": "IS NOT NULL"}


@dataclass(frozen=True, slots=True)
class Cut:
    """The rows of `table` of one partner for which each of `where` holds.

    A condition is ``column`` or ``column__comparison`` by Datasette's names, with its value; 1
    where the comparison takes none.
    """

    table: str
    partner: str
    where: tuple[tuple[str, Any], ...] = ()

    def and_(self, **more: Any) -> Cut:
        """The same with more conditions; those that are None are none."""
        added = tuple((name, value) for name, value in more.items() if value is not None)
        return replace(self, where=self.where + added)

    def between(self, instant: str, begins_at: str, ends_at: str) -> Cut:
        """Those whose instant lies in a span of time, its end left out."""
        return self.and_(**{f"{instant}__gte": begins_at, f"{instant}__lt": ends_at})

    @property
    def sql(self) -> tuple[str, Mapping[str, Any]]:
        """FROM and WHERE of a query by index, with its arguments."""
        is_left_out = self.table == "messages" and ("counts", 0) in self.where
        of_a_partner = LEFT_OUT_OF_A_PARTNER if is_left_out else OF_A_PARTNER
        parts, arguments = ["partner = :partner", of_a_partner], {"partner": self.partner}
        for number, (name, value) in enumerate(self.where):
            column, _, word = name.partition("__")
            if word in _EMPTINESS:
                parts.append(f'"{column}" {_EMPTINESS[word]}')
            elif (column, value) == ("counts", 0):
                parts.append("counts = 0")  # said as in the index of what is left out
            else:
                parts.append(f'"{column}" {_COMPARISONS[word or "exact"]} :v{number}')
                arguments[f"v{number}"] = value
        return f'FROM "{self.table}" WHERE {" AND ".join(parts)}', arguments

    def page(self, datasette: Datasette, **more: str) -> str:
        """Datasette's page of these rows."""
        return f"{datasette.urls.table(DATABASE, self.table)}?{self._query(more)}"

    def csv(self, datasette: Datasette) -> str:
        """All of them as a download."""
        query = self._query({"_stream": "on", "_size": "max", "_dl": "1"})
        return f"{datasette.urls.table(DATABASE, self.table, format='csv')}?{query}"

    def _query(self, more: Mapping[str, str]) -> str:
        given = [("partner", self.partner), *self.where]
        named = [(n if "__" in n else f"{n}__exact", value) for n, value in given]
        return urlencode([*named, *more.items()])
