"""What no partner's letters tell alone, where only some partners are measured.

Tests are adjusted over all partners, and newcomers are looked up in all the mail; both from what
is kept of every partner.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from inbox_agent.drift_rows import Adjusted, p_values
from inbox_agent.epoch import instant
from inbox_agent.false_discoveries import adjusted
from inbox_agent.introductions import Introductions, Likely, counted, introductions, likely
from inbox_agent.newcomers import Exchanges, Hints, IntroductionHint, Sightings
from inbox_agent.partner_desk import Desk
from inbox_agent.sorted_mail import SortedMail, digest_of
from inbox_agent.summaries import Pair, Summary

_Key = TypeVar("_Key")

# -- tests over all partners ----------------------------------------------------------------


def keep_p_values(store: SortedMail, party: int, summary: Summary | None) -> None:
    """Keep what was tested of one partner; nothing of one that is none."""
    store.run("delete from p_values where party = ?", (party,))
    rows = [(party, measure, p) for measure, p in (p_values(summary) if summary else ())]
    store.run_many("insert into p_values values (?, ?, ?, null)", rows)


def readjusted(store: SortedMail) -> set[int]:
    """Adjust all p-values anew; gives those of whom one is another than it was."""
    changed: set[int] = set()
    for (measure,) in store.run("select distinct measure from p_values"):
        sql = "select party, p, adjusted from p_values where measure = ? order by party"
        rows = store.run(sql, (measure,))
        values = adjusted([p for _, p, _ in rows])
        moved = [
            (value, party, measure)
            for (party, _, known), value in zip(rows, values, strict=True)
            if value != known
        ]
        sql = "update p_values set adjusted = ? where party = ? and measure = ?"
        store.run_many(sql, moved)
        changed.update(party for _, party, _ in moved)
    return changed


def adjusted_of(store: SortedMail, party: int, key: str) -> Adjusted:
    """The adjusted p-values of one partner."""
    rows = store.run("select measure, adjusted from p_values where party = ?", (party,))
    return Adjusted({(key, measure): value for measure, value in rows})


# -- who introduced whom --------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Known:
    """A partner before and after it was measured, and whose letters are others than they were."""

    before: Summary | None
    after: Summary
    is_measured: bool
    news: Collection[str]


def keep_hints(store: SortedMail, party: int, hints: Iterable[IntroductionHint]) -> None:
    """Keep whom a partner's letters hint at, so that news of them lead back to it."""
    store.run("delete from hinted where party = ?", (party,))
    store.run("delete from newcomers where party = ?", (party,))
    for hint in hints:
        store.run(
            "insert or ignore into hinted values (?, ?)", (party, store.party(hint.organisation))
        )
        names = [(name.replace("@", "."), party) for name in hint.newcomers]
        store.run_many("insert or ignore into newcomers values (?, ?)", names)


def introduced(desk: Desk, known: Known) -> Summary:
    """A partner's summary with who introduced whom."""
    after, clock = known.after, desk.config.our_clock()
    midnight = clock.day_start(after.as_of)
    hints = Hints(after.partner.key, after.hints, after.as_of, midnight)
    found = likely([hints], sightings(desk, hints))
    is_same_day = known.before is not None and clock.day_start(known.before.as_of) == midnight
    pairs = {p.hint: p for p in known.before.pairs} if known.before and is_same_day else {}
    letters = _Exchanges(desk, {})
    made = tuple(_pair(each, pairs.get(each.hint), known, letters) for each in found)
    rows = [pair.made for pair in made if pair.made]
    return after.with_introductions(made, counted(rows, midnight) if rows else Introductions())


def _pair(each: Likely, before: Pair | None, known: Known, letters: _Exchanges) -> Pair:
    other, partner = each.hint.organisation, each.hints.partner
    is_given = each.hint.side == "us"
    moved = other in known.news or (is_given and known.is_measured)
    if before is not None and before.people == each.people and not moved:
        return before
    wanted = (other, partner) if is_given else (other,)
    made = introductions([each], {key: letters.of(key) for key in wanted})
    rows = made[partner].rows if partner in made else ()
    return Pair(each.hint, each.people, rows[0] if rows else None)


@dataclass(frozen=True, slots=True)
class _Exchanges:
    desk: Desk
    _found: dict[str, Exchanges]

    def of(self, key: str) -> Exchanges:
        if key not in self._found:
            self._found[key] = Exchanges.of(key, self.desk.letters(key), self.desk.roster)
        return self._found[key]


def sightings(desk: Desk, hints: Hints) -> Sightings:
    """What all the mail knows of those whom one partner's letters hint at."""
    store, first_at, together = desk.store, dict[str, int](), dict[tuple[str, str], int]()
    names: dict[str, int] = {}
    for hint in hints.hints:
        other = hint.organisation
        ((at,),) = store.run("select first_at from parties where id = ?", (store.party(other),))
        if at is not None:
            first_at[other] = at
        if hint.side == "us":
            at = _together_at(store, hints.partner, hint)
            if at is not None:
                together[hints.partner, other] = at
        lists = [name.replace("@", ".") for name in hint.newcomers]
        names.update(store.run_in("select name, since from lists where name in ({})", lists))
    began_at = store.fact("began_at")
    return Sightings(
        None if began_at is None else instant(began_at),
        _instants(first_at),
        _instants(together),
        _instants(names),
    )


def _together_at(store: SortedMail, partner: str, hint: IntroductionHint) -> int | None:
    """When the two first stood in one letter, but that of the hint; of those before it."""
    sql = (
        "select min(one.at) from stood as other cross join stood as one"
        " on one.copy = other.copy and one.party = ?"
        " join copies on copies.id = one.copy"
        " where other.party = ? and other.at < ? and copies.message not in ({})"
    )
    ids = [digest_of(name) for name in sorted(hint.message_ids)]
    values = (store.party(partner), store.party(hint.organisation), int(hint.at.timestamp()))
    ((at,),) = store.run(sql.format(", ".join("?" * len(ids))), (*values, *ids))
    return None if at is None else int(at)


def _instants(found: Mapping[_Key, int]) -> dict[_Key, datetime]:
    return {key: instant(at) for key, at in found.items()}
