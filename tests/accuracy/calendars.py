"""How well a partner's time zone and working hours are told from its letters of the year before."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time
from pathlib import Path

from accuracy.dates import FETCHED, list_letters
from accuracy.section import Section
from inbox_agent.addresses import Roster
from inbox_agent.business_clock import BusinessClock, Clocks
from inbox_agent.copies import by_partner
from inbox_agent.learned_clock import TheirCalendar, their_calendar
from inbox_agent.letters import Letter, letters_of
from inbox_agent.messages import Message
from inbox_agent.world_zones import offset_minutes

#: The company whose mailbox the list is taken for, as everybody there would have it.
TEAM = Roster(
    team_domains=frozenset({"microsoft.com"}), lists=frozenset({"linux-hyperv@vger.kernel.org"})
)
WEEK = ("mon", "tue", "wed", "thu", "fri")
OURS = BusinessClock.make("America/Los_Angeles", WEEK, [(time(9), time(17))], None, ())


@dataclass(frozen=True)
class Month:
    """A partner in one month: what was learned of the year before, and the month's letters."""

    calendar: TheirCalendar
    letters: Sequence[Letter]

    @property
    def dated(self) -> list[Letter]:
        """The letters whose offset can contradict: not +0000, which is written for everybody."""
        return [letter for letter in self.letters if letter.date_offset_minutes]


def measure(corpora: Path) -> Section:
    """Two years of a list: each month judged by what the year before it tells."""
    partners = records(list(list_letters(corpora / "lists" / "linux-hyperv")))
    months = [month for letters in partners.values() for month in months_of(letters)]
    zoned = [month for month in months if month.calendar.zone_from == "learned" and month.dated]
    houred = [month for month in months if month.calendar.hours_from == "learned"]
    hidden = list(hidden_halves(partners))
    figures = {
        "partners": float(len(partners)),
        "partner_months": float(sum(bool(month.dated) for month in months)),
        "months_with_zone": float(len(zoned)),
        "letters_judged": float(sum(len(month.dated) for month in zoned)),
        "zone_right_next_month": agreement(zoned),
        "our_zone_right_next_month": agreement(zoned, OURS.zone.key),
        "hidden_partners": float(len(hidden)),
        "hidden_letters": float(sum(total for _, total in hidden)),
        "zone_right_hidden_half": _share(hidden),
        "months_with_hours": float(len(houred)),
        "letters_in_hours": _share([inside(m, m.calendar.clock) for m in houred]),
        "letters_in_our_hours": _share([inside(m, OURS) for m in houred]),
    }
    return Section("Their clock", _text(figures, reasons(months)), figures)


def records(copies: Sequence[Message]) -> dict[str, list[Letter]]:
    """The letters that people of each partner wrote, by partner."""
    return {
        key: theirs
        for key, found in by_partner(copies, TEAM).items()
        if (theirs := _theirs(key, found))
    }


def _theirs(key: str, copies: Sequence[Message]) -> list[Letter]:
    letters = letters_of(TEAM.partner(key), copies, TEAM, FETCHED)
    return [letter for letter in letters if letter.side == "them" and letter.counts]


def months_of(letters: Sequence[Letter]) -> Iterator[Month]:
    """The months in which the partner wrote, by our zone."""
    by_month: dict[datetime, list[Letter]] = defaultdict(list)
    for letter in letters:
        by_month[OURS.month_start(letter.instant)].append(letter)
    for begin, found in sorted(by_month.items()):
        yield Month(learned(letters, begin), found)


def learned(letters: Sequence[Letter], as_of: datetime) -> TheirCalendar:
    """What is learned where nobody has said anything."""
    return their_calendar(letters, Clocks(OURS, OURS, learns_zone=True, learns_hours=True), as_of)


def agreement(months: Sequence[Month], zone: str | None = None) -> float:
    """The share of letters with the offset of the learned zone, or of one zone for all."""
    pairs = ((letter, zone or m.calendar.clock.zone.key) for m in months for letter in m.dated)
    right = [offset_minutes(name, x.instant) == x.date_offset_minutes for x, name in pairs]
    return sum(right) / len(right)


def hidden_halves(partners: Mapping[str, Sequence[Letter]]) -> Iterator[tuple[int, int]]:
    """Right and all of the letters whose offset is hidden, of partners with a learned zone.

    Every other letter of 2022 is hidden, in the order of their keys, which are digests.
    """
    end = datetime(2023, 1, 2, tzinfo=UTC)
    for letters in partners.values():
        year = sorted((x for x in letters if x.instant.year == 2022), key=lambda x: x.key)
        calendar, hidden = learned(year[::2], end), year[1::2]
        dated = [letter for letter in hidden if letter.date_offset_minutes]
        if calendar.zone_from == "learned" and dated:
            zone = calendar.clock.zone.key
            right = [offset_minutes(zone, x.instant) == x.date_offset_minutes for x in dated]
            yield sum(right), len(right)


def inside(month: Month, clock: BusinessClock) -> tuple[int, int]:
    """How many letters were written within a clock's working hours, and how many there are."""
    written = (letter.instant for letter in month.letters)
    return sum(clock.next_open(at) == at for at in written), len(month.letters)


def _share(counts: Sequence[tuple[int, int]]) -> float:
    return sum(part for part, _ in counts) / sum(total for _, total in counts)


def reasons(months: Sequence[Month]) -> Counter[str]:
    """Why no zone was learned, in the months with letters that tell one."""
    dated = [month for month in months if month.dated]
    return Counter(
        month.calendar.zone_evidence.partition(":")[0]
        for month in dated
        if month.calendar.zone_from != "learned"
    )


def _text(figures: Mapping[str, float], why_not: Counter[str]) -> str:
    rows = "\n".join(f"| {reason} | {count} |" for reason, count in why_not.most_common())
    return f"""\
The same list, taken for the mailbox of one company (`microsoft.com`), with everybody else as a \
partner: {int(figures["partners"])} of them. The letters of a month are judged by what was learned \
from the year before it, as the agent does it. What the Date of a letter says of its zone is the \
truth; letters at +0000 are not judged, as many programs write that for everybody.

| | letters | right |
|---|---:|---:|
| the learned zone, letters of the month after | {int(figures["letters_judged"]):,} | \
{figures["zone_right_next_month"]:.1%} |
| our zone instead, the same letters | {int(figures["letters_judged"]):,} | \
{figures["our_zone_right_next_month"]:.1%} |
| every other letter of 2022 hidden, its zone told by the rest | \
{int(figures["hidden_letters"]):,} | {figures["zone_right_hidden_half"]:.1%} |

Of {int(figures["partner_months"])} months of a partner with such letters \
{int(figures["months_with_zone"])} have a learned zone. In the others ours stands, and the \
evidence says why:

| evidence | months |
|---|---:|
{rows}

Working hours were learned for {int(figures["months_with_hours"])} months of a partner: \
{figures["letters_in_hours"]:.0%} of the letters of the month after were written within them, \
{figures["letters_in_our_hours"]:.0%} within ours (9 to 17 in Seattle). Many who write to such a \
list write in the evening, too.
"""
