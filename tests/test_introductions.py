"""Who introduced whom: cases worked by hand, and a slow restatement of the whole rule."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mailboxes import message

from inbox_agent.config import Config, load_config
from inbox_agent.introductions import Introduction, Introductions
from inbox_agent.measure import PartnerRecord
from inbox_agent.measuring import measure_all
from inbox_agent.messages import Message
from inbox_agent.people_rows import introductions
from inbox_agent.privacy import Privacy
from inbox_agent.review_measures import introductions_made, quarter_of

CONFIG = '[team]\ndomains = ["acme.com"]\n[clock]\ntimezone = "Europe/Berlin"\n'
ANA, BOB, ZOE = "ana@acme.com", "bob@globex.com", "zoe@zenith.org"
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
SECOND = timedelta(seconds=1)
BEGAN = datetime(2024, 1, 8, 9, tzinfo=UTC)  # a Monday
#: Globex is known and our mail is old enough: somebody is introduced here.
THEN = datetime(2024, 4, 17, 9, tzinfo=UTC)
#: 18 July 2025: the 90 days are long over, the 12 months just so.
AS_OF = THEN + 456 * DAY


def letter(author: str, at: datetime, *to: str, cc: Sequence[str] = (), **more: Any) -> Message:
    name = f"{author}-{at:%Y%m%d%H%M%S}@mail.example"
    return message(name, at, **{"author": author, "to": to, "cc": cc, "subject": "Hello", **more})


#: Both sides have written, so that Globex is a partner.
KNOWN = [letter(BOB, BEGAN, ANA), letter(ANA, BEGAN + DAY, BOB)]
#: Zenith is one, too, but only where it is said so.
ZENITH_KNOWN = [letter(ZOE, BEGAN + 2 * DAY, ANA), letter(ANA, BEGAN + 3 * DAY, ZOE)]

MEET_ZOE = letter(BOB, THEN, ANA, cc=[ZOE])
HELLO = letter(ZOE, THEN + DAY, ANA)
MEET_EACH_OTHER = letter(ANA, THEN, BOB, cc=[ZOE])
STOOD_TOGETHER = letter("x@initech.com", THEN - DAY, ANA, BOB, ZOE)
HELLO_BOB = letter(ZOE, THEN + DAY, BOB, cc=[ANA])


@lru_cache
def config_of(partners: str) -> Config:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.joinpath("inbox-agent.toml").write_text(CONFIG, "utf-8")
        folder.joinpath("partners.toml").write_text(partners, "utf-8")
        return load_config(folder / "inbox-agent.toml")


def records(
    held: Sequence[Message],
    as_of: datetime = AS_OF,
    partners: str = "",
    read_until: Mapping[str, datetime] | None = None,
) -> dict[str, PartnerRecord]:
    """The records of everybody; `read_until` is for mailboxes that are behind `as_of`."""
    found, _ = measure_all(config_of(partners), held, read_until or {}, as_of)
    return {record.partner.key: record for record in found}


def introduced(*held: Message, as_of: datetime = AS_OF, partners: str = "") -> list[Introduction]:
    found = records([*KNOWN, *held], as_of, partners)
    return [row for key in sorted(found) for row in found[key].introductions.rows]


RECEIVED = Introduction(
    partner="globex.com",
    newcomer=ZOE,
    introduced_by=BOB,
    introduced_at=THEN,
    received=True,
    taken_up_at=THEN + DAY,
    answered_at=THEN + DAY,
    alive_after_90_days=False,
)


#: The addresses of newcomers as those of mailing lists.
LISTS = ("zoe.zenith.org", "yan.zenith.org", "pat.lee.gmail.com")
CROWD = tuple(f"p{n}@initech.com" for n in range(10))


# -- received -------------------------------------------------------------------------------


def test_a_newcomer_in_cc_who_then_writes_was_introduced() -> None:
    assert introduced(MEET_ZOE, HELLO) == [RECEIVED]


def test_one_whom_we_write_to_was_introduced_and_has_not_answered() -> None:
    assert introduced(MEET_ZOE, letter(ANA, THEN + DAY, ZOE)) == [
        replace(RECEIVED, answered_at=None)
    ]


@pytest.mark.parametrize(
    "then",
    [
        pytest.param([], id="nobody wrote"),
        pytest.param([letter(ZOE, THEN + 30 * DAY + SECOND, ANA)], id="a second after 30 days"),
        pytest.param([letter(ANA, THEN + DAY, BOB, cc=[ZOE])], id="we answered all"),
        pytest.param([letter(ZOE, THEN + DAY, ANA, *CROWD)], id="she wrote to eleven"),
        pytest.param([letter(ANA, THEN + DAY, BOB, ZOE)], id="we answered all in To"),
        pytest.param([letter(ZOE, THEN + DAY, BOB, cc=[ANA])], id="she answered him"),
        pytest.param(
            [letter(ZOE, THEN + DAY, ANA, marks=(("auto-submitted", "auto-replied"),))],
            id="her mail program answered",
        ),
    ],
)
def test_what_was_not_taken_up_is_no_introduction(then: list[Message]) -> None:
    assert introduced(MEET_ZOE, *then) == []


def test_the_last_second_of_30_days_counts() -> None:
    answered_at = THEN + 30 * DAY
    expected = replace(RECEIVED, taken_up_at=answered_at, answered_at=answered_at)
    assert introduced(MEET_ZOE, letter(ZOE, answered_at, ANA)) == [expected]


@pytest.mark.parametrize(
    "before",
    [
        pytest.param(letter(ZOE, THEN - HOUR, ANA), id="she wrote"),
        pytest.param(letter("yan@zenith.org", THEN - HOUR, ANA), id="a colleague of hers wrote"),
        pytest.param(letter(ANA, THEN - HOUR, ZOE), id="we wrote"),
        pytest.param(letter("x@initech.com", THEN - HOUR, ANA, cc=[ZOE]), id="in another's Cc"),
        pytest.param(letter(BOB, THEN - HOUR, "carl@globex.com", ZOE), id="without us in To or Cc"),
        pytest.param(
            letter("news@zenith.org", THEN - HOUR, ANA, marks=(("precedence", "bulk"),)),
            id="a newsletter",
        ),
    ],
)
def test_an_organisation_that_was_there_before_is_nobody_new(before: Message) -> None:
    assert introduced(before, MEET_ZOE, HELLO) == []


def test_at_a_public_mail_provider_everybody_is_somebody_new() -> None:
    zoe = "zoe.zenith@gmail.com"
    before = letter("other.person@gmail.com", THEN - HOUR, ANA)
    found = introduced(before, letter(BOB, THEN, ANA, cc=[zoe]), letter(zoe, THEN + DAY, ANA))
    assert found == [replace(RECEIVED, newcomer=zoe)]


@pytest.mark.parametrize(
    ("meeting", "is_introduced"),
    [
        pytest.param({"cc": [ZOE, *(f"p{n}@globex.com" for n in range(8))]}, True, id="to ten"),
        pytest.param({"cc": [ZOE, *(f"p{n}@globex.com" for n in range(9))]}, False, id="to eleven"),
        pytest.param({"cc": [ZOE, "x@initech.com"]}, False, id="a circle of four"),
        pytest.param({"cc": [ZOE], "subject": "Fwd: Offer"}, True, id="a forward"),
        pytest.param({"cc": [ZOE], "marks": (("list-id", "<a.b.c>"),)}, False, id="list mail"),
    ],
)
def test_what_a_letter_must_be_to_introduce(meeting: dict[str, Any], is_introduced: bool) -> None:
    assert bool(introduced(letter(BOB, THEN, ANA, **meeting), HELLO)) == is_introduced


def test_we_must_stand_in_the_letter_ourselves() -> None:
    assert introduced(letter(BOB, THEN, ZOE), HELLO) == []
    assert introduced(letter(BOB, THEN, ZOE, cc=[ANA]), HELLO) == [RECEIVED]


def test_a_mailing_list_is_no_newcomer() -> None:
    through = letter("yan@zenith.org", THEN + HOUR, ANA, marks=(("list-post", f"<mailto:{ZOE}>"),))
    to_list = letter(ANA, THEN + DAY, ZOE)
    assert introduced(MEET_ZOE, to_list) != []
    assert introduced(MEET_ZOE, through, to_list) == []


def test_an_address_that_takes_no_reply_is_no_newcomer() -> None:
    nobody = "no-reply@zenith.org"
    assert introduced(letter(BOB, THEN, ANA, cc=[nobody]), letter(ANA, THEN + DAY, nobody)) == []


def test_the_first_letter_of_a_stranger_introduces_nobody() -> None:
    """Initech is unknown until then; from its second letter on it can."""
    first = letter("x@initech.com", THEN, ANA, cc=[ZOE])
    more = [letter(ANA, THEN + HOUR, "x@initech.com"), HELLO]
    assert introduced(first, *more) == []
    before = letter("x@initech.com", THEN - DAY, ANA)
    (row,) = introduced(before, first, *more)
    assert (row.partner, row.newcomer) == ("initech.com", ZOE)


def test_in_the_first_90_days_of_our_mail_nobody_is_new() -> None:
    over_at = BEGAN + 90 * DAY
    for at, count in ((over_at - SECOND, 0), (over_at, 1)):
        assert len(introduced(letter(BOB, at, ANA, cc=[ZOE]), letter(ZOE, at + DAY, ANA))) == count


def test_ignored_people_are_not_introduced() -> None:
    assert introduced(MEET_ZOE, HELLO, partners='ignored = ["zenith.org"]\n') == []


@pytest.mark.parametrize("answered", [DAY, 60 * DAY], ids=str)
def test_it_shows_from_the_first_letter_between_the_two(answered: timedelta) -> None:
    """We wrote after an hour; Zoe the day after, or in two months, too late to begin with."""
    ours, hers = letter(ANA, THEN + HOUR, ZOE), letter(ZOE, THEN + answered, ANA)
    expected = replace(RECEIVED, taken_up_at=THEN + HOUR, answered_at=THEN + answered)
    assert introduced(MEET_ZOE, ours, hers) == [expected]


def test_colleagues_of_a_newcomer_are_one_introduction_by_who_wrote_first() -> None:
    meet = letter(BOB, THEN, ANA, cc=["yan@zenith.org", ZOE])
    assert introduced(meet, HELLO) == [RECEIVED]
    by_other = letter("una@zenith.org", THEN + DAY, ANA)
    assert introduced(meet, by_other) == [replace(RECEIVED, newcomer="yan@zenith.org")]
    both = [letter("yan@zenith.org", THEN + 2 * DAY, ANA), HELLO]
    assert introduced(meet, *both) == [RECEIVED]


# -- alive ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("again", "is_alive"),
    [(90 * DAY, False), (90 * DAY + SECOND, True), (200 * DAY, True)],
    ids=str,
)
def test_alive_is_who_writes_after_more_than_90_days(again: timedelta, is_alive: bool) -> None:
    found = introduced(MEET_ZOE, HELLO, letter(ZOE, THEN + again, ANA))
    assert found == [replace(RECEIVED, alive_after_90_days=is_alive)]


def test_alive_is_unknown_until_the_midnight_after_90_days() -> None:
    """17 April 2024 at 11:00 in Berlin; the 90 days end on 16 July at 11:00."""
    midnight = datetime(2024, 7, 16, 22, tzinfo=UTC)
    again = letter(ZOE, THEN + 90 * DAY + HOUR, ANA)
    before = introduced(MEET_ZOE, HELLO, again, as_of=midnight - SECOND)
    assert before == [replace(RECEIVED, alive_after_90_days=None)]
    after = introduced(MEET_ZOE, HELLO, again, as_of=midnight)
    assert after == [replace(RECEIVED, alive_after_90_days=True)]


# -- given ----------------------------------------------------------------------------------


def both(newcomer_wrote: timedelta | None) -> list[Introduction]:
    """The two rows of a letter that brings Bob and Zoe together: each is new to the other."""
    to_globex = replace(RECEIVED, introduced_by=ANA, received=False)
    to_globex = replace(to_globex, answered_at=THEN + newcomer_wrote if newcomer_wrote else None)
    to_zenith = replace(to_globex, partner="zenith.org", newcomer=BOB, answered_at=None)
    return [to_globex, to_zenith]


def test_who_then_write_to_each_other_were_introduced_by_us() -> None:
    assert introduced(*ZENITH_KNOWN, MEET_EACH_OTHER, HELLO_BOB) == both(DAY)


def test_an_answer_to_all_by_either_is_enough() -> None:
    answer = letter(BOB, THEN + DAY, ANA, cc=[ZOE])
    to_globex, to_zenith = both(None)
    to_zenith = replace(to_zenith, answered_at=THEN + DAY)
    assert introduced(*ZENITH_KNOWN, MEET_EACH_OTHER, answer) == [to_globex, to_zenith]


@pytest.mark.parametrize(
    "held",
    [
        pytest.param([*ZENITH_KNOWN, MEET_EACH_OTHER], id="nobody wrote"),
        pytest.param([*ZENITH_KNOWN, MEET_EACH_OTHER, HELLO], id="she wrote to us alone"),
        pytest.param(
            [*ZENITH_KNOWN, MEET_EACH_OTHER, letter(ZOE, THEN + 31 * DAY, BOB, cc=[ANA])],
            id="after 31 days",
        ),
        pytest.param([MEET_EACH_OTHER, HELLO_BOB], id="we did not know her"),
        pytest.param(
            [*ZENITH_KNOWN, STOOD_TOGETHER, MEET_EACH_OTHER, HELLO_BOB],
            id="they had stood together in a letter by a third",
        ),
        pytest.param(
            [*ZENITH_KNOWN, letter(ZOE, THEN - DAY, ANA, cc=[BOB]), MEET_EACH_OTHER, HELLO_BOB],
            id="she had written to both",
        ),
        pytest.param(
            [*ZENITH_KNOWN, letter(ANA, THEN, "x@initech.com", BOB, ZOE), HELLO_BOB],
            id="in a circle",
        ),
        pytest.param(
            [*ZENITH_KNOWN, letter(ANA, THEN, ZOE, bcc=[BOB]), HELLO_BOB], id="he was in Bcc"
        ),
    ],
)
def test_who_knew_each_other_or_never_met_were_not_introduced(held: list[Message]) -> None:
    assert introduced(*held) == []


def test_a_copy_of_our_letter_that_came_back_earlier_by_its_clock_is_no_acquaintance() -> None:
    copy = replace(
        MEET_EACH_OTHER,
        folder="INBOX",
        is_sent_copy=False,
        received_at=THEN - MINUTE,
        digest="another",
    )
    assert introduced(*ZENITH_KNOWN, MEET_EACH_OTHER, copy, HELLO_BOB) == both(DAY)


# -- as of when, and what is published -------------------------------------------------------


def test_a_partner_knows_no_letter_after_its_own_as_of() -> None:
    """Globex is in a mailbox that was read until an hour before Zoe wrote to another one."""
    held = [*KNOWN, MEET_ZOE, replace(HELLO, mailbox="second")]
    behind = records(held, read_until={"partners": THEN + DAY - HOUR})
    assert behind["globex.com"].introductions == Introductions()
    level = records(held, read_until={"partners": THEN + DAY})
    assert len(level["globex.com"].introductions.rows) == 1


def test_nor_what_we_wrote_since_nor_what_was_answered() -> None:
    ours = replace(letter(ANA, THEN + HOUR, ZOE), mailbox="second")
    held = [*KNOWN, MEET_ZOE, ours, replace(HELLO, mailbox="second")]
    behind = records(held, read_until={"partners": THEN + HOUR - SECOND})
    assert behind["globex.com"].introductions == Introductions()
    level = records(held, read_until={"partners": THEN + HOUR})
    (row,) = level["globex.com"].introductions.rows
    assert (row.taken_up_at, row.answered_at) == (THEN + HOUR, None)


def test_a_mailing_list_that_comes_to_light_later_changes_no_earlier_introduction() -> None:
    """A day after `as_of` Zoe's address turns out to be a list's."""
    of_a_list = letter(
        "eve@initech.com", AS_OF + DAY, ANA, marks=(("list-id", "<zoe.zenith.org>"),)
    )
    assert introduced(MEET_ZOE, HELLO, of_a_list) == [RECEIVED]
    before = letter("eve@initech.com", THEN, ANA, marks=(("list-id", "<zoe.zenith.org>"),))
    assert introduced(MEET_ZOE, HELLO, before) == []


def test_nor_may_one_mailbox_tell_it_to_a_partner_who_is_known_for_less_long() -> None:
    """Globex is read until Zoe had written; the list shows a day later in another mailbox."""
    of_a_list = letter(
        "eve@initech.com", THEN + 3 * DAY, ANA, marks=(("list-id", "<zoe.zenith.org>"),)
    )
    held = [*KNOWN, MEET_ZOE, HELLO, replace(of_a_list, mailbox="second")]
    behind = records(held, read_until={"partners": THEN + 2 * DAY})
    assert len(behind["globex.com"].introductions.rows) == 1
    assert records(held)["globex.com"].introductions == Introductions()


def test_that_a_letter_of_ours_must_exist_is_not_learned_from_later_ones() -> None:
    """Bob answered what nobody holds; the host of its id shows to be ours a week later."""
    lost = letter(BOB, THEN, ANA, in_reply_to="lost@ours.example")
    sent = [
        message(f"{n}@ours.example", THEN + 7 * DAY, author=ANA, to=[BOB], subject="Hello")
        for n in range(3)
    ]
    for day, known in ((6, 0), (8, 1)):
        found = records([*KNOWN, lost, *sent], THEN + day * DAY)
        assert found["globex.com"].coverage.year.known == known


def test_those_of_the_12_months_before_the_last_midnight_are_counted() -> None:
    """As of 17 April 2025, 00:00, that of 17 April 2024 is within 365 days, and a day later not."""
    midnight = datetime(2025, 4, 16, 22, tzinfo=UTC)
    held = [*KNOWN, MEET_ZOE, HELLO]
    within = records(held, midnight)["globex.com"].introductions
    assert (within.received, within.given) == (1, 0)
    beyond = records(held, midnight + DAY)["globex.com"].introductions
    assert (beyond.received, beyond.given, len(beyond.rows)) == (0, 0, 1)
    given = records([*KNOWN, *ZENITH_KNOWN, MEET_EACH_OTHER, HELLO_BOB], midnight)
    assert [given[key].introductions.given for key in ("globex.com", "zenith.org")] == [1, 1]


def test_a_quarter_holds_the_introductions_that_were_taken_up_in_it() -> None:
    """Zoe was introduced on 20 June 2024 and wrote on 3 July: in June nobody could know of it."""
    june, july = datetime(2024, 6, 20, 9, tzinfo=UTC), datetime(2024, 7, 3, 9, tzinfo=UTC)
    held = [*KNOWN, letter(BOB, june, ANA, cc=[ZOE]), letter(ZOE, july, ANA)]
    clock = config_of("").our_clock()
    for name, count in (("2024-Q2", 0), ("2024-Q3", 1)):
        quarter = quarter_of(name, clock)
        found = records(held, quarter.ends_at).values()
        assert [x.value for x in introductions_made(found, quarter)] == [count, 0]


def test_newcomers_are_published_as_far_as_they_may_be_seen() -> None:
    held = [*KNOWN, *ZENITH_KNOWN, MEET_EACH_OTHER, HELLO_BOB]
    record = records(held)["globex.com"]
    hidden = Privacy(people="none", our_people=False, subjects=True, key=b"secret")
    (row,) = introductions(record, hidden)
    assert row == {
        "partner": "globex.com",
        "newcomer": hidden.person(ZOE),
        "introduced_by": "us",
        "introduced_at": "2024-04-17T09:00:00Z",
        "received": 0,
        "answered_at": "2024-04-18T09:00:00Z",
        "alive_after_90_days": 0,
    }
    (shown,) = introductions(record, Privacy("full", True, True, b"secret"))
    assert (shown["newcomer"], shown["introduced_by"]) == (ZOE, ANA)
    (received,) = introductions(records([*KNOWN, MEET_ZOE, HELLO])["globex.com"], hidden)
    assert (received["introduced_by"], received["received"]) == (hidden.person(BOB), 1)


# -- a slow restatement ---------------------------------------------------------------------

PEOPLE = (
    *("ana@acme.com", "ben@acme.com", "bob@globex.com", "carl@globex.com", "zoe@zenith.org"),
    *("yan@zenith.org", "x@initech.com", "pat.lee@gmail.com", "no-reply@zenith.org"),
)


def of(address: str) -> str:
    domain = address.rpartition("@")[2]
    return {"acme.com": "us", "gmail.com": address}.get(domain, domain)


def by(letter: Message) -> str:
    assert letter.from_
    return of(letter.from_.key)


def visible(letter: Message) -> list[str]:
    return [a.key for a in (*letter.to, *letter.cc)]


def at(letter: Message) -> datetime:
    assert letter.received_at
    return letter.received_at


def restated(held: Sequence[Message], as_of: datetime, today: datetime) -> set[Introduction]:
    """Every pair of an organisation and another, every letter, and then every letter after it."""
    letters = sorted((x for x in held if at(x) <= as_of), key=at)
    everybody = {of(a) for x in letters for a in (x.from_.key, *visible(x)) if x.from_} - {"us"}
    found = set()
    for partner in everybody:
        record = [
            x
            for x in letters
            if by(x) == partner or (by(x) == "us" and partner in map(of, visible(x)))
        ]
        if {by(x) for x in record} != {partner, "us"}:
            continue
        for other in everybody - {partner}:
            for x in record[1:]:
                if other in map(of, visible(x)):
                    row = introduction((partner, other), x, letters, record, today)
                    found |= {row} if row else set()
    return found


def introduction(
    pair: tuple[str, str],
    x: Message,
    letters: Sequence[Message],
    record: Sequence[Message],
    today: datetime,
) -> Introduction | None:
    """What the letter x between a partner and another came to; `record` is the partner's."""
    partner, other = pair
    before_in_record = record[: record.index(x)]
    before = [y for y in letters if at(y) < at(x)]
    after = [y for y in letters if at(y) > at(x) and len(set(visible(y))) <= 10]
    soon = [y for y in after if at(y) <= at(x) + 30 * DAY]
    known = [at(y) for y in before if other in {by(y), *map(of, visible(y))}]
    people = [a for a in dict.fromkeys(visible(x)) if of(a) == other and a != PEOPLE[-1]]
    is_received = by(x) == partner
    if (
        any(other in map(of, visible(y)) for y in before_in_record)
        or set(map(of, visible(x))) - {"us", partner} != {other}
        or len(set(visible(x))) > 10
        or at(x) < at(letters[0]) + 90 * DAY
        or not people
    ):
        return None
    if is_received:
        wrote = [y for y in after if by(y) == other and is_asking_us(y)]
        back = [
            y for y in soon
            if by(y) == "us"
            and other in [of(a.key) for a in y.to]
            and partner not in [of(a.key) for a in y.to]
        ]  # fmt: skip
        is_fitting = "us" in map(of, visible(x)) and not known
    else:
        wrote = [y for y in after if by(y) == other and partner in map(of, visible(y))]
        back = [y for y in soon if by(y) == partner and other in map(of, visible(y))]
        met = [y for y in before if {partner, other} <= {by(y), *map(of, visible(y))}]
        is_fitting = bool(known) and min(known) <= at(x) - DAY and not met
    if not is_fitting or not (back or [y for y in wrote if y in soon]):
        return None
    first = [y.from_.key for y in wrote if y.from_ and y.from_.key in people]
    return Introduction(
        taken_up_at=min(at(y) for y in (*back, *wrote) if y in soon),
        partner=partner,
        newcomer=(first or people)[0],
        introduced_by=x.from_.key if x.from_ else None,
        introduced_at=at(x),
        received=is_received,
        answered_at=at(wrote[0]) if wrote else None,
        alive_after_90_days=(
            None if today < at(x) + 90 * DAY
            else any(at(y) > at(x) + 90 * DAY for y in wrote)
        ),
    )  # fmt: skip


def is_asking_us(letter: Message) -> bool:
    to, cc = ([of(a.key) for a in field] for field in (letter.to, letter.cc))
    return "us" in to or "us" not in cc or not to


ZOES = (ZOE, ZOE, "yan@zenith.org", "pat.lee@gmail.com", "no-reply@zenith.org", "x@initech.com")


@st.composite
def anybodys(draw: st.DrawFn, at: datetime) -> Message:
    """A letter between few of nine people, most often with Ana, Bob and Zoe in it."""
    author = draw(st.sampled_from((ZOE, ANA, BOB, *PEOPLE[:-1])))
    to = draw(st.sampled_from((BOB, ZOE, *PEOPLE) if of(author) == "us" else (ANA, ANA, *PEOPLE)))
    cc = draw(st.sampled_from(((), (), (ZOE,), (BOB,), (ANA,), (ANA, BOB), PEOPLE[2:5])))
    return letter(author, at, to, cc=cc)


@st.composite
def meetings(draw: st.DrawFn, author: str) -> Message:
    """A letter of Bob's or ours by which somebody may be introduced."""
    met_at = THEN - draw(st.sampled_from((0, 0, 9, 10, 11))) * DAY  # 90 days are over on 7 April
    newcomers = draw(st.lists(st.sampled_from(ZOES), min_size=1, max_size=2, unique=True))
    crowd = [f"p{k}@globex.com" for k in range(draw(st.sampled_from((0,) * 7 + (8, 9))))]
    to = draw(st.sampled_from(([ANA], [ANA], newcomers) if author == BOB else ([BOB], newcomers)))
    cc = [name for name in (*newcomers, BOB, *crowd) if name not in (*to, author)]
    return letter(author, met_at, *to, cc=cc)


def answers(answered_at: datetime) -> tuple[Message, ...]:
    """What those who were brought together may write."""
    return (
        letter(ZOE, answered_at, ANA),
        letter(ZOE, answered_at, BOB, cc=[ANA]),
        letter(BOB, answered_at, ANA, ZOE),
        letter(ANA, answered_at, ZOE),
        letter("pat.lee@gmail.com", answered_at, ANA, cc=[BOB]),
        letter("yan@zenith.org", answered_at, ANA, BOB),
    )


@st.composite
def small_mailboxes(draw: st.DrawFn) -> tuple[list[Message], datetime]:
    """Those who are known, some letters before somebody may be introduced, and some after."""
    author = draw(st.sampled_from((BOB, ANA)))
    is_usual = draw(st.sampled_from((True, True, True, False)))
    held = [*KNOWN, *(ZENITH_KNOWN if is_usual == (author == ANA) else [])]
    for n in range(draw(st.sampled_from((0, 0, 0, 0, 1, 2)))):
        held.append(draw(anybodys(BEGAN + (4 + 40 * n) * DAY + HOUR)))
    held.append(meeting := draw(meetings(author)))
    now = at(meeting)
    for n in range(1, draw(st.integers(2, 8))):
        gaps = (DAY, HOUR, 9 * DAY, 29 * DAY, 30 * DAY - n * SECOND, 61 * DAY, 95 * DAY)
        now += draw(st.sampled_from(gaps)) + n * SECOND
        held.append(draw(st.one_of(st.sampled_from(answers(now)), anybodys(now))))
    return held, now + draw(st.sampled_from((HOUR, 50 * DAY, 200 * DAY, -10 * DAY)))


@given(small_mailboxes(), st.randoms(use_true_random=False))
@settings(max_examples=100, deadline=None)
def test_the_rule_is_what_it_says_letter_by_letter_in_any_order(
    box: tuple[list[Message], datetime], random: Any
) -> None:
    held, as_of = box
    shuffled = list(held)
    random.shuffle(shuffled)
    found = records(shuffled, as_of)
    rows = [row for record in found.values() for row in record.introductions.rows]
    local = as_of + (2 if 4 <= as_of.month <= 10 else 1) * HOUR
    midnight = local.replace(hour=0, minute=0, second=0) - (local - as_of)
    assert len(set(rows)) == len(rows)
    assert set(rows) == restated(held, as_of, midnight)


@given(small_mailboxes())
@settings(max_examples=40, deadline=None)
def test_letters_after_as_of_are_as_if_not_there(box: tuple[list[Message], datetime]) -> None:
    """Neither those of the mailbox, nor a few from which much is learned of what came before."""
    held, as_of = box
    until = [each for each in held if at(each) <= as_of]
    later = as_of + DAY
    lists = [letter("eve@initech.com", later, ANA, marks=(("list-id", f"<{x}>"),)) for x in LISTS]
    sent = [letter(ANA, later + n * HOUR, BOB) for n in range(3)]
    assert records([*held, *lists, *sent], as_of) == records(until, as_of)
