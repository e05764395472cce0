"""Where everything else about a partner is: tables cut to it, rows, definitions, its reviews."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode

from datasette.utils import tilde_encode
from markupsafe import Markup

from inbox_agent.catalogue import DATABASE
from inbox_agent.datasette_plugin.reading import Reader

if TYPE_CHECKING:
    from datasette.app import Datasette

#: The tables and views a manager may want to see cut to one partner, by what they are called here.
TABLES = (
    ("waiting_on_us", "What waits for us"),
    ("waiting_on_them", "What waits for them"),
    ("conversations", "Conversations"),
    ("response_times", "Asks and answers"),
    ("messages", "Letters"),
    ("response_times_by_period", "By week, month and quarter"),
    ("silence_gaps", "Silences"),
    ("alarm_record", "Past alarms of silence"),
    ("standards", "Standards"),
    ("contacts", "People"),
    ("absences", "Absences"),
    ("introductions", "Introductions"),
    ("drift", "What changes slowly"),
    ("sent_coverage", "What we sent and hold"),
    ("alerts", "Alerts"),
    ("reviews", "Reviews"),
)

# Quarters there are, by the index of the key, not by reading every row of every partner.
_QUARTERS = """
WITH RECURSIVE found(quarter) AS (
  SELECT max(quarter) FROM reviews
  UNION ALL
  SELECT (SELECT max(r.quarter) FROM reviews r WHERE r.quarter < found.quarter)
  FROM found WHERE found.quarter IS NOT NULL
)
SELECT quarter FROM found WHERE quarter IS NOT NULL AND EXISTS (
  SELECT 1 FROM reviews r WHERE r.quarter = found.quarter AND r.partner = :partner)
ORDER BY quarter DESC LIMIT 12
"""


@dataclass(frozen=True, slots=True)
class Links:
    """Addresses of pages about one partner, for templates."""

    datasette: Datasette
    partner: str

    def row(self, table: str, key: str) -> str:
        """The page of one row by its key of one column."""
        return str(self.datasette.urls.row(DATABASE, table, tilde_encode(key)))

    def own_row(self, table: str, key: str) -> str:
        """The page of one row whose key is the partner and one more."""
        keys = f"{tilde_encode(self.partner)},{tilde_encode(key)}"
        return str(self.datasette.urls.row(DATABASE, table, keys))

    def table(self, table: str, where: Mapping[str, Any] | None = None) -> str:
        """A table or view cut to the partner, by `where` (Datasette's arguments) further."""
        query = urlencode({"partner__exact": self.partner, **(where or {})})
        return f"{self.datasette.urls.table(DATABASE, table)}?{query}"

    def csv(self, table: str) -> str:
        """All of its rows of the partner as a download."""
        query = urlencode({"partner__exact": self.partner, "_size": "max", "_dl": "1"})
        return f"{self.datasette.urls.table(DATABASE, table, format='csv')}?{query}"

    def review(self, quarter: str, below: str = "") -> str:
        """Its page of a quarter's review; `below` is for-partner, the sheet to give away."""
        path = f"/-/review/{quarter}/{quote(self.partner, safe='@')}"
        return str(self.datasette.urls.path(f"{path}/{below}" if below else path))


@dataclass(frozen=True, slots=True)
class Terms:
    """Words that lead to their definition, whose first sentence shows on hovering."""

    datasette: Datasette
    said: Mapping[str, str]

    def __call__(self, label: str, name: str) -> Markup:
        """The words as a link; as they are where nothing of that name is defined."""
        if name not in self.said:
            return Markup("{}").format(label)
        href = self.datasette.urls.row(DATABASE, "definitions", tilde_encode(name))
        return Markup('<a class="term" href="{}" title="{}">{}</a>').format(
            href, self.said[name], label
        )


async def terms_of(reader: Reader) -> Terms:
    """Every definition there is, by its name."""
    rows = await reader.rows("SELECT name, substr(definition, 1, 400) AS said FROM definitions")
    said = {row["name"]: first_sentence(row["said"] or "") for row in rows}
    return Terms(reader.datasette, said)


def first_sentence(text: str) -> str:
    """Up to the first full stop with a space after it, in one line."""
    line = " ".join(text.split())
    head, stop, _ = line.partition(". ")
    return head + "." if stop else line


async def quarters_of(reader: Reader, partner: str) -> list[str]:
    """The quarters a review of the partner is frozen of, newest first, a dozen at most."""
    return [row["quarter"] for row in await reader.rows(_QUARTERS, partner=partner)]
