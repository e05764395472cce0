"""Who nudges whom and when, and the weeks in which both sides wrote: worked by hand."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from math import log
from typing import Any

import pytest
from made_asks import ASKED_AT, DAY, HOUR, TERMS, made_ask
from mailboxes import BERLIN, ROSTER, globex_box, message
from round_trip import clock_of, measured, rows_of

from inbox_agent.drift import Mail
from inbox_agent.messages import Message
from inbox_agent.response_times import Ask
from inbox_agent.standards import Cuts
from inbox_agent.standing import WindowFigures
from inbox_agent.survival import figures, without_times
from inbox_agent.two_way_street import Weeks, nudged_after_p50, street_of, two_way_weeks

LATER = ASKED_AT + timedelta(days=60)

# -- nudges ---------------------------------------------------------------------------------


def asked(took: int | None, nudged: int | None = None, ago: int = 60 * DAY) -> Ask:
    return made_ask(took, nudged=nudged, age=ago)


def test_half_of_those_still_waiting_had_nudged_by_then() -> None:
    # Followed to 1 h: 6; two are answered then. At 2 h one of four nudges: F = 1/4. At 5 h one of
    # three (another was answered at 3 h, after it: see below): F = 1 - 3/4 · 2/3 = 1/2.
    asks = [
        *(asked(HOUR), asked(HOUR)),
        asked(3 * HOUR, nudged=2 * HOUR),
        asked(9 * HOUR, nudged=5 * HOUR),
        asked(8 * HOUR),
        asked(None),
    ]
    assert nudged_after_p50(asks, LATER, Cuts()) == 5 * HOUR
    # a median over those nudged alone would have said 2 hours
    fewer = [ask for ask in asks if ask.response_seconds != 3 * HOUR]
    assert nudged_after_p50(fewer, LATER, Cuts()) is None  # F ends at 1/3


def test_fewer_than_five_asks_tell_nothing_of_patience() -> None:
    assert nudged_after_p50([asked(9 * HOUR, nudged=HOUR)] * 4, LATER, Cuts()) is None
    assert nudged_after_p50([asked(9 * HOUR, nudged=HOUR)] * 5, LATER, Cuts()) == HOUR


def test_where_nobody_nudges_it_is_unknown() -> None:
    assert nudged_after_p50([asked(9 * HOUR)] * 9, LATER, Cuts()) is None


def test_only_what_was_known_at_the_windows_end_counts() -> None:
    asks = [asked(None, nudged=2 * HOUR)] * 5
    assert nudged_after_p50(asks, ASKED_AT + timedelta(hours=2), Cuts()) == 2 * HOUR
    assert nudged_after_p50(asks, ASKED_AT + timedelta(seconds=2 * HOUR - 1), Cuts()) is None


def test_a_nudge_of_what_was_given_up_comes_too_late() -> None:
    asks = [asked(None, nudged=31 * DAY)] * 5
    assert nudged_after_p50(asks, LATER, Cuts()) is None
    assert nudged_after_p50(asks, LATER, Cuts(give_up_after_seconds=31 * DAY)) == 31 * DAY


def test_where_our_answers_are_unknown_their_patience_is_too() -> None:
    asks = [asked(9 * HOUR, nudged=HOUR)] * 5
    mail = Mail(ROSTER, (), (), asks)
    ends = (ASKED_AT - timedelta(days=1), LATER)
    known = WindowFigures(figures(asks, Cuts()), figures([], Cuts()))
    blind = WindowFigures(without_times(known.ours), known.theirs)
    found, unknown = (street_of(mail, over, ends, TERMS) for over in (known, blind))
    assert found.nudged_by_them_after_p50_seconds == HOUR
    assert unknown.nudged_by_them_after_p50_seconds is None
    assert unknown.nudges_by_them == 5


# -- weeks ----------------------------------------------------------------------------------

MONDAY = date(2024, 5, 6)


def at(week: int, day: int = 0, hour: int = 10) -> datetime:
    """An hour (UTC) of a day of the week so many weeks after that of 6 May 2024."""
    found = MONDAY + timedelta(weeks=week, days=day)
    return datetime(found.year, found.month, found.day, hour, tzinfo=UTC)


def exchange(week: int, sides: str = "both") -> list[Message]:
    """A letter of theirs on Monday, of ours on Friday, or one of the two."""
    theirs = message(f"theirs-{week}@mail.example", at(week), to=("ana@acme.com",))
    ours = message(
        f"ours-{week}@mail.example", at(week, 4), author="ana@acme.com", to=("bob@globex.com",)
    )
    return {"both": [theirs, ours], "them": [theirs], "us": [ours], "none": []}[sides]


def weeks(pattern: str, as_of: datetime) -> Weeks:
    """Week by week: b both, t they, u we, . nobody."""
    sides = {"b": "both", "t": "them", "u": "us", ".": "none"}
    letters = [x for week, each in enumerate(pattern) for x in exchange(week, sides[each])]
    return measured(globex_box(letters, as_of)).street.weeks


@pytest.mark.parametrize(
    ("pattern", "now", "streak", "longest", "share"),
    [
        pytest.param("bbb", at(3), 3, 3, 1.0, id="the week going on breaks nothing"),
        pytest.param("bbbt", at(3, 1), 3, 3, 1.0, id="one side has not written yet"),
        pytest.param("bbbb", at(3, 5), 4, 4, 1.0, id="the week going on adds to it"),
        pytest.param("bbub", at(4), 1, 2, 3 / 4, id="a week of one side alone breaks it"),
        pytest.param("bb.b.", at(5), 0, 2, 3 / 5, id="it is over"),
        pytest.param("b", at(0, 5), 1, 1, None, id="the first week is not complete"),
        pytest.param("t", at(0, 5), 0, 0, None, id="nothing yet"),
        pytest.param("ttt", at(3), 0, 0, 0.0, id="never both"),
    ],
)
def test_weeks_in_a_row_in_which_both_sides_wrote(
    pattern: str, now: datetime, streak: int, longest: int, share: float | None
) -> None:
    assert weeks(pattern, now) == Weeks(streak, longest, share)


def test_without_a_letter_there_are_no_weeks() -> None:
    assert two_way_weeks([], clock_of(BERLIN), at(0)) == Weeks(0, 0, None)


def test_the_share_is_that_of_52_weeks_and_the_longest_streak_reaches_into_them() -> None:
    # 60 weeks: 10 two-way ones, of which the last 2 are among the last 52; then a new streak of 3
    found = weeks("b" * 10 + "." * 47 + "bbb", at(60))
    assert found == Weeks(3, 10, 5 / 52)
    # eight of theirs lie wholly before the 52 weeks
    assert weeks("b" * 8 + "." * 49 + "bbb", at(60)) == Weeks(3, 3, 3 / 52)


def test_a_week_begins_on_monday_at_midnight_of_our_zone() -> None:
    late = message("late@mail.example", at(0, 6, 21), to=("ana@acme.com",))  # Sunday 23:00
    later = message("later@mail.example", at(0, 6, 22), to=("ana@acme.com",))  # Monday 00:00
    ours = exchange(0, "us")
    assert measured(globex_box([*ours, late], at(1))).street.weeks.streak == 1
    assert measured(globex_box([*ours, later], at(1))).street.weeks.streak == 0


def test_letters_of_programs_are_no_two_way_weeks() -> None:
    note = message(
        "note@mail.example",
        at(0),
        to=("ana@acme.com",),
        marks=(("auto-submitted", "auto-replied"),),
    )
    assert measured(globex_box([note, *exchange(0, "us")], at(1))).street.weeks.streak == 0


# -- published ------------------------------------------------------------------------------


def test_the_street_is_published_with_the_standing() -> None:
    letters = []
    for week in range(6):
        name, subject = f"ask-{week}@mail.example", f"Samples {week}?"
        ours: dict[str, Any] = {
            "author": "ana@acme.com",
            "to": ("bob@globex.com",),
            "subject": subject,
        }
        settled: dict[str, Any] = {"is_settled": True}  # so that no answer asks in its turn
        theirs: dict[str, Any] = {
            "to": ("ana@acme.com",),
            "subject": f"Re: {subject}",
            "in_reply_to": name,
        }
        letters += [
            message(name, at(week), **ours),
            message(f"nudge-{week}@mail.example", at(week, 2), **ours | {"in_reply_to": name}),
            message(f"answer-{week}@mail.example", at(week, 3), **theirs, **settled),
            message(f"own-{week}@mail.example", at(week, 1), to=("ana@acme.com",), subject="Rice?"),
            message(
                f"done-{week}@mail.example",
                at(week, 1, 11),
                author="ana@acme.com",
                to=("bob@globex.com",),
                in_reply_to=f"own-{week}@mail.example",
                **settled,
            ),
        ]
    (row,) = rows_of(measured(globex_box(letters, at(6))))["partner_standing"]
    assert row["fairness"] == pytest.approx(log((3 * DAY + 60) / (HOUR + 60)))
    assert (row["fairness_low"], row["fairness_high"]) == (row["fairness"], row["fairness"])
    assert row["fairness_basis"] == "all"
    assert (row["nudges_by_us"], row["nudges_by_them"]) == (6, 0)
    assert row["nudged_by_us_after_p50_seconds"] == 2 * DAY
    assert row["nudged_by_them_after_p50_seconds"] is None
    assert (row["two_way_weeks"], row["longest_two_way_weeks"]) == (6, 6)
    assert row["two_way_weeks_share"] == 1.0
