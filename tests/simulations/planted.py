"""Whether what is planted in simulated partnerships is found, by the rows that people read.

All of them are measured and published as one mailbox, so that what is adjusted for the number of
partners is adjusted for theirs.
"""

from __future__ import annotations

import sqlite3
import tempfile
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from accuracy.markdown import table
from accuracy.section import Section
from round_trip import OPEN

from inbox_agent.config import load_config
from inbox_agent.measuring import measure_all
from inbox_agent.published import Generation, publish
from simulations.mail import AS_OF, RHYTHMS
from simulations.partnerships import PLANTED, STEADY, Partnership, population

Row = Mapping[str, Any]
TABLES = ("partner_standing", "drift", "contacts", "introductions")
_CONFIG = """\
[team]
domains = ["acme.com"]
[data]
directory = "data"
[[mailboxes]]
name = "partners"
host = "127.0.0.1"
user = "team"
password = { env = "NOBODY_ASKS" }
[clock]
timezone = "UTC"
days = ["mon", "tue", "wed", "thu", "fri"]
hours = [["09:00", "17:00"]]
"""


@dataclass(frozen=True)
class Seen:
    """What is published of one partnership, by table, beside what is true of it."""

    truth: Partnership
    rows: Mapping[str, Sequence[Row]]

    @property
    def standing(self) -> Row:
        """Its row of `partner_standing`."""
        (row,) = self.rows["partner_standing"]
        return row


@cache
def seen() -> tuple[Seen, ...]:
    """The whole population, measured and published."""
    everybody = population()
    with tempfile.TemporaryDirectory() as folder:
        database = _published(everybody, Path(folder))
        tables = {name: _by_partner(database, name) for name in TABLES}
    return tuple(
        Seen(each, {name: found[each.domain] for name, found in tables.items()})
        for each in everybody
    )


def _published(everybody: Sequence[Partnership], folder: Path) -> Path:
    config_path = folder / "inbox-agent.toml"
    config_path.write_text(_CONFIG, encoding="utf-8")
    config = load_config(config_path)
    held = [letter for each in everybody for letter in each.letters]
    records, without = measure_all(config, held, {"partners": AS_OF}, AS_OF)
    generation = Generation(
        records=records,
        as_of=AS_OF,
        number=1,
        published_at=AS_OF,
        version="0",
        config_digest="0",
        messages=len(held),
        without_partner=without,
        clock_sources={},
        clock=config.our_clock(),
        cuts=config.cuts(),
        privacy=OPEN,
        polls=(),
        folders=(),
    )
    database = folder / "data" / "partners.db"
    publish(database, generation)
    return database


def _by_partner(database: Path, name: str) -> Mapping[str, list[Row]]:
    found: dict[str, list[Row]] = defaultdict(list)
    with closing(sqlite3.connect(database)) as db:
        db.row_factory = sqlite3.Row
        for row in db.execute(f'select * from "{name}"'):  # noqa: S608 - one of TABLES
            found[row["partner"]].append(dict(row))
    return found


# -- what counts as found -------------------------------------------------------------------------


def is_slowdown_found(one: Seen) -> bool:
    """An arrow is shown: the side that is slower is said to be."""
    side = "our" if one.truth.planted == "slowdown, ours" else "their"
    return any(
        row["measure"] == f"{side}_response_time" and row["direction"] == "slower"
        for row in arrows(one)
    )


def is_lapse_found(one: Seen) -> bool:
    """The state is `act`, and the silence has passed `act_at`."""
    row = one.standing
    return row["state"] == "act" and row["act_at"] is not None and row["act_at"] <= row["as_of"]


def is_handover_found(one: Seen) -> bool:
    """Who stopped is quiet or gone, and has the right successor."""
    return any(
        row["address"] == one.truth.leaver
        and row["state"] in ("quiet", "gone")
        and row["successor"] == one.truth.successor
        for row in one.rows["contacts"]
    )


def is_departure_found(one: Seen) -> bool:
    """Who stopped is quiet or gone."""
    return any(
        row["address"] == one.truth.leaver and row["state"] in ("quiet", "gone")
        for row in one.rows["contacts"]
    )


def is_introduction_found(one: Seen) -> bool:
    """The newcomer is there as introduced to us by this partner."""
    return any(
        row["newcomer"] == one.truth.newcomer and row["received"] == 1
        for row in one.rows["introductions"]
    )


def is_imbalance_found(one: Seen) -> bool:
    """They are slower than we are, and the interval says that this is no chance."""
    low = one.standing["fairness_low"]
    return low is not None and low > 0


FINDS: Mapping[str, Callable[[Seen], bool]] = {
    "slowdown, ours": is_slowdown_found,
    "slowdown, theirs": is_slowdown_found,
    "lapse": is_lapse_found,
    "handover": is_handover_found,
    "departure": is_departure_found,
    "introduction": is_introduction_found,
    "imbalance": is_imbalance_found,
}


# -- what is said without cause -------------------------------------------------------------------


def arrows(one: Seen) -> list[Row]:
    """The arrows that are shown."""
    return [row for row in one.rows["drift"] if row["is_shown"] == 1]


def has_successor(one: Seen) -> bool:
    """Somebody is said to have taken over."""
    return any(row["successor"] for row in one.rows["contacts"])


def has_lost_somebody(one: Seen) -> bool:
    """Somebody is said to be quiet or gone."""
    return any(row["state"] in ("quiet", "gone") for row in one.rows["contacts"])


def is_uneven(one: Seen) -> bool:
    """The interval of fairness does not hold 0."""
    low, high = one.standing["fairness_low"], one.standing["fairness_high"]
    return low is not None and not low <= 0 <= high


FALSE_ALARMS: Mapping[str, tuple[str, Callable[[Seen], bool]]] = {
    "any arrow": ("steady", lambda one: bool(arrows(one))),
    "any successor": ("steady", has_successor),
    "anybody quiet or gone": ("steady", has_lost_somebody),
    "any introduction": ("steady", lambda one: bool(one.rows["introductions"])),
    "fairness off 0": ("steady", is_uneven),
    "a successor where nobody took over": ("departure", has_successor),
}


# -- shares ---------------------------------------------------------------------------------------


def of(planted: str) -> list[Seen]:
    """Those with one thing planted in them."""
    return [one for one in seen() if one.truth.planted == planted]


def recall(*planted: str) -> float:
    """The share of the plants that is found, of one kind or of several together."""
    found = [FINDS[each](one) for each in planted for one in of(each)]
    return sum(found) / len(found)


def false_alarms(name: str) -> float:
    """The share of those without cause of whom it is said."""
    planted, is_said = FALSE_ALARMS[name]
    said = [is_said(one) for one in of(planted)]
    return sum(said) / len(said)


# -- the page -------------------------------------------------------------------------------------

_TEXT = """\
{partners} partnerships of 14 months that go on with nothing changing but what is planted, measured
as one mailbox: {steady} steady ones and {planted} of each plant, a third of them with conversations
at any moment (memoryless), at a steady pace (weekly) and in clusters (bursty). Both sides answer
in working hours, with a heavy tail; one ask in twenty is never answered.

- **slowdown**: one side takes three times as long (working time) from 90 days before the month
  began; letters of 8 months, as older ones are not compared, with about
  {asks} asks in each of the two windows; found when an arrow is shown for that side, after
  adjusting for all partners.
- **lapse**: nobody writes for 2.5 times the longest gap; found when the state is `act` and the
  silence has passed `act_at`.
- **handover**: one person stops, another takes over running conversations; found when the first
  is quiet or gone and has the other as successor.
- **departure**: one person stops, nobody takes over, and somebody new with other business comes
  in the same weeks; found when the first is quiet or gone.
- **introduction**: somebody of another organisation in copy, who then writes; found when the
  introduction is there, with the right newcomer.
- **imbalance**: they take eight times as long as we do; found when the interval of fairness is
  above 0.

{recalls}

What is said of partnerships in which nothing of it is true:

{alarms}
"""


def _recalls() -> list[list[str]]:
    rows = []
    for planted in FINDS:
        found = Counter(one.truth.rhythm for one in of(planted) if FINDS[planted](one))
        there = Counter(one.truth.rhythm for one in of(planted))
        each = [f"{found[rhythm]} of {there[rhythm]}" for rhythm in RHYTHMS]
        rows.append([planted, *each, f"{recall(planted):.2f}"])
    return rows


def asks_compared() -> float:
    """How many asks a planted slowdown is judged by, on the average of windows."""
    rows = [
        row
        for one in seen()
        if one.truth.planted.startswith("slowdown")
        for row in one.rows["drift"]
        if row["measure"] in ("our_response_time", "their_response_time")
    ]
    return sum(row["letters_before"] + row["letters_after"] for row in rows) / (2 * len(rows))


def section() -> Section:
    """The table of what is found, and of what is said without cause."""
    alarms = [
        [name, FALSE_ALARMS[name][0], len(of(FALSE_ALARMS[name][0])), f"{false_alarms(name):.2f}"]
        for name in FALSE_ALARMS
    ]
    text = _TEXT.format(
        partners=len(seen()),
        steady=STEADY,
        planted=PLANTED,
        asks=round(asks_compared()),
        recalls=table(["planted", *RHYTHMS, "recall"], _recalls()),
        alarms=table(["what is said", "of", "partnerships", "share"], alarms),
    )
    figures = {f"recall, {planted}": recall(planted) for planted in FINDS}
    figures |= {f"false alarms, {name}": false_alarms(name) for name in FALSE_ALARMS}
    return Section("Planted truth: what is found, and what is said without cause", text, figures)
