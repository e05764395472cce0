"""What the year at a glance is made of, and how it is told in words and tables."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from inbox_agent.datasette_plugin.charts.model import DataTable, Source
from inbox_agent.datasette_plugin.charts.words import short_date, times

#: With fewer letters of both sides in the year, there is nothing to see at a glance.
FEWEST_LETTERS = 5
_LEFT = ("quiet", "gone")


@dataclass(frozen=True, slots=True)
class Silence:
    """A time without contact, longer than twice the usual, in days of the chart."""

    begins: float
    ends: float
    working_days: int | None
    usual: int | None
    broken_by: str | None
    is_open: bool

    @property
    def words(self) -> str:
        """``24 working days, then we wrote``."""
        long = "silent" if self.working_days is None else times(self.working_days, "working day")
        if self.is_open:
            return f"{long} so far"
        who = {"us": ", then we wrote", "them": ", then they wrote"}.get(self.broken_by or "", "")
        return long + who


@dataclass(frozen=True, slots=True)
class Alert:
    """What an alert was raised about: since when, and until it was cleared or the chart ends."""

    begins: float
    ends: float
    kind: str
    level: str
    because: str
    is_cleared: bool

    @property
    def words(self) -> str:
        """``our answer overdue``; of standards, whose."""
        if self.kind == "standard_broken":
            return self.because.partition(":")[0]
        return self.kind.replace("_", " ")


@dataclass(frozen=True, slots=True)
class Face:
    """One of their people, as far as people are published."""

    name: str
    begins: float
    ends: float
    letters: int
    state: str | None

    @property
    def words(self) -> str:
        """``Lena Aigner, 33 letters``, and what became of her."""
        more = f", {self.state}" if self.state in ("new", "quiet", "gone") else ""
        return f"{self.name}, {times(self.letters, 'letter')}{more}"


@dataclass(frozen=True, slots=True)
class Year:
    """Twelve months of one partner; `first` is a Monday, positions are days since then."""

    first: date
    days: int
    theirs: Mapping[int, int]
    ours: Mapping[int, int]
    silences: tuple[Silence, ...]
    alerts: tuple[Alert, ...]
    faces: tuple[Face, ...]
    more_faces: int = 0

    @property
    def letters(self) -> int:
        """Letters of both sides."""
        return sum(self.theirs.values()) + sum(self.ours.values())

    def day(self, position: float) -> date:
        """The day at a position."""
        return self.first + timedelta(days=int(position))

    @property
    def period(self) -> str:
        """``24 Nov 2025 to 22 Nov 2026``."""
        return f"{short_date(self.first)} to {short_date(self.day(self.days - 1))}"


def sentences(year: Year) -> Iterator[str]:
    """What the chart shows."""
    theirs, ours = sum(year.theirs.values()), sum(year.ours.values())
    yield f"From {year.period} they wrote {times(theirs, 'letter')} and we {ours:,}."
    known = [silence for silence in year.silences if silence.working_days is not None]
    if known:
        longest = max(known, key=lambda silence: silence.working_days or 0)
        since = "It still lasts, since" if longest.is_open else "It began on"
        yield (
            f"{times(len(year.silences), 'silence')} lasted more than twice as long as usual, the "
            f"longest {longest.words} (usual: {longest.usual}). "
            f"{since} {short_date(year.day(longest.begins))}."
        )
    if year.faces:
        yield _people(year)
    if year.alerts:
        falls = "falls" if len(year.alerts) == 1 else "fall"
        yield f"{times(len(year.alerts), 'alert')} {falls} into this time."


def _people(year: Year) -> str:
    people = len(year.faces) + year.more_faces
    left = [f"{face.name} is {face.state}" for face in year.faces if face.state in _LEFT]
    wrote = f"{people} {'person' if people == 1 else 'people'} of theirs wrote"
    return "; ".join([wrote, *left]) + "."


def tables(year: Year) -> Iterator[DataTable]:
    """The numbers behind each part of the chart; the latest first, but of people."""
    weeks = reversed(range(-(-year.days // 7)))
    found = (
        DataTable("Letters by week", ("Week from", "Their letters", "Our letters"),
                  tuple((short_date(year.day(7 * n)), str(year.theirs.get(n, 0)),
                         str(year.ours.get(n, 0))) for n in weeks)),
        DataTable("Silences longer than twice the usual",
                  ("From", "To", "Working days", "Usual working days", "Who wrote again"),
                  tuple(_silence(silence, year) for silence in reversed(year.silences)),
                  words=frozenset({1, 4})),
        DataTable("Alerts", ("Since", "Cleared", "Level", "Because"),
                  tuple(_alert(alert, year) for alert in reversed(year.alerts)),
                  words=frozenset({1, 2}), sentences=frozenset({3})),
        DataTable("Their people in this time", ("Who", "Letters", "State"),
                  tuple((face.name, f"{face.letters:,}", face.state or "") for face in year.faces),
                  words=frozenset({2})),
    )  # fmt: skip
    return (table for table in found if table.rows)


def _silence(silence: Silence, year: Year) -> tuple[str, ...]:
    who = {"us": "we", "them": "they"}.get(silence.broken_by or "", "")
    ends = "still silent" if silence.is_open else short_date(year.day(silence.ends))
    numbers = ("" if n is None else str(n) for n in (silence.working_days, silence.usual))
    return (short_date(year.day(silence.begins)), ends, *numbers, who)


def _alert(alert: Alert, year: Year) -> tuple[str, ...]:
    cleared = short_date(year.day(alert.ends)) if alert.is_cleared else "still raised"
    return (short_date(year.day(alert.begins)), cleared, alert.level, alert.because)


def sources(partner: str) -> tuple[Source, ...]:
    """The tables the chart is made of."""
    return (
        Source("messages", "Letters", {"partner": partner, "counts": "1"}),
        Source("silence_gaps", "Silences", {"partner": partner}),
        Source("alerts", "Alerts", {"partner": partner}),
        Source("contacts", "Their people", {"partner": partner, "side": "them"}),
    )
