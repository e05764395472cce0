"""What comes to kept mail is published as all of it measured anew would be."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from copy import deepcopy
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
from hypothesis import given
from mailboxes import SECOND, message
from round_trip import UIDVALIDITY
from test_news_generation import (
    ANA,
    ASKED,
    BOB,
    DAY,
    HOUR,
    NOON,
    History,
    Place,
    _are_alike,
    _comes,
    _is_the_same_at_every_step,
    examples,
    histories,
    known,
    talks,
)

from inbox_agent import earlier_mail, measured_rows, news_generation
from inbox_agent.delivery_reports import Delivery, Report
from inbox_agent.further_desk import FurtherRecord, further_record
from inbox_agent.further_mail import MustBeWholeError
from inbox_agent.messages import Message
from inbox_agent.mirror import Mirror
from inbox_agent.sorted_mail import SORTED, SortedMail


@pytest.fixture(autouse=True, scope="module")
def _everybody_is_kept() -> Iterator[None]:
    """Mail of every size is kept, and gone on from; what is settled by twos."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(news_generation, "_KEPT_FROM", 0)
        patch.setattr(earlier_mail, "_TOGETHER", 2)
        patch.setattr(earlier_mail, "_WORTH_MOVING", 1)
        yield


@given(histories())
@examples(2)
def test_kept_mail_is_gone_on_from_step_by_step_as_all_of_it_is_published(
    history: History,
) -> None:
    _is_the_same_at_every_step(history)


@pytest.mark.simulation
@given(histories())
@examples(20)
def test_so_it_is_for_many_histories(history: History) -> None:
    _is_the_same_at_every_step(history)


# -- one by one -----------------------------------------------------------------------------


@dataclass
class Ways:
    """By which way partners were measured: with what was kept, or why wholly."""

    further: list[str] = field(default_factory=list)
    wholly: list[str] = field(default_factory=list)


@pytest.fixture
def ways(monkeypatch: pytest.MonkeyPatch) -> Ways:
    """What is noted down while the product goes its way."""
    found = Ways()

    def noted(*given: object) -> FurtherRecord:
        try:
            made = further_record(*given)  # type: ignore[arg-type]
        except MustBeWholeError as exc:
            found.wholly.append(str(exc))
            raise
        found.further.append(made.record.partner.key)
        return made

    monkeypatch.setattr(measured_rows, "further_record", noted)
    return found


def old_talks() -> list[Message]:
    """As the talks of the last eight days, three months before: all of it is settled."""
    return [_three_months_before(each) for each in talks()]


def _three_months_before(letter: Message) -> Message:
    assert letter.received_at
    at = letter.received_at - 90 * DAY
    return replace(
        letter,
        message_id=f"old-{letter.message_id}",
        in_reply_to=letter.in_reply_to and f"old-{letter.in_reply_to}",
        subject=letter.subject.replace("Order", "Offer"),
        sent_at=at,
        received_at=at,
        digest=f"old-{letter.digest}",
    )


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Place]:
    """Two installations that hold the same letters; the first has kept all of it."""
    top = tmp_path_factory.mktemp("kept")
    one, other = Place(top / "one"), Place(top / "other")
    for place in (one, other):
        place.now = NOON
        place.read([*old_talks(), *talks()], known(NOON))
        place.agent.rebuild()
    with SortedMail(one.agent.mirror_path.with_name(SORTED)) as store, store.writing():
        store.run("update parties set due_at = 0 where is_partner")
    assert one.publish()
    with SortedMail(one.agent.mirror_path.with_name(SORTED)) as store:
        assert len(store.run("select distinct party from earlier where part > 0")) == 2
    return top, one


@pytest.fixture
def places(kept: tuple[Path, Place], tmp_path: Path) -> tuple[Place, Place]:
    top, one = kept
    shutil.copytree(top, tmp_path, dirs_exist_ok=True)
    return tuple(Place(tmp_path / name, deepcopy(one.filled)) for name in ("one", "other"))  # type: ignore[return-value]


ANSWER = message(
    "answer@acme.com",
    NOON + 2_000 * SECOND,
    author=ANA,
    to=[BOB],
    subject="Re: A new order",
    in_reply_to="new@globex.com",
)
#: A letter about a matter of three months ago, by References and by its subject alone.
AGAIN = message("again@globex.com", NOON + 600 * SECOND, author=BOB, to=[ANA], subject="Re: Offer")
BY_NAME = replace(AGAIN, references=(f"old-3-{BOB}",), subject=f"Re: Offer 3-{BOB}")
BY_SUBJECT = message(
    "by-subject@globex.com", NOON + 600 * SECOND, author=BOB, to=[ANA], subject=f"Re: Order 1-{BOB}"
)


@pytest.mark.parametrize(
    "came",
    [[ASKED], [ASKED, ANSWER], [BY_NAME], [BY_SUBJECT], [BY_NAME, BY_SUBJECT, ASKED]],
    ids=["ask", "answer", "by name", "by subject", "all"],
)
def test_what_comes_is_measured_with_what_was_kept(
    places: tuple[Place, Place], ways: Ways, came: Sequence[Message]
) -> None:
    assert _comes(places, *came)
    assert "globex.com" in ways.further
    assert not ways.wholly
    assert _are_alike(places)


def test_so_is_what_comes_after_it(places: tuple[Place, Place], ways: Ways) -> None:
    for number, came in enumerate([[ASKED], [], [ANSWER], [], [BY_NAME]], start=1):
        at = NOON + number * DAY
        letters = [replace(x, received_at=at - HOUR, sent_at=at - HOUR) for x in came]
        assert _comes(places, *letters, at=at)
        assert _are_alike(places)
    assert not ways.wholly
    assert ways.further.count("globex.com") == 5


def test_so_is_what_lapses_while_nobody_writes(places: tuple[Place, Place], ways: Ways) -> None:
    assert _comes(places, ASKED)
    for days in (1, 3, 29, 31, 33, 40, 130):
        assert _comes(places, at=NOON + days * DAY)
        assert _are_alike(places)
    assert not ways.wholly


def _note() -> Message:
    return message(
        "away@globex.com",
        NOON + 600 * SECOND,
        author=BOB,
        to=[ANA],
        subject=f"Automatic reply: Order 1-{BOB}",
        in_reply_to=f"1-{BOB}@acme.com",
        marks=(("auto-submitted", "auto-replied"),),
    )


def _bounce() -> Message:
    report = message(
        "report@globex.com",
        NOON + 600 * SECOND,
        author="mailer-daemon@globex.com",
        to=[ANA],
        subject="Undelivered",
        in_reply_to=f"1-{BOB}@acme.com",
        marks=(("content-type", "multipart/report; report-type=delivery-status"),),
    )
    return replace(report, report=Report((Delivery(BOB, "failed", "5.1.1"),)))


LATE = message("late@globex.com", NOON - 3 * DAY + 7 * SECOND, author=BOB, to=[ANA], subject="Late")
TWICE = next(x for x in talks() if x.message_id == f"1-{BOB}@acme.com")
COPY = replace(TWICE, digest="copy", received_at=NOON + HOUR / 2)
HOST = message("x@mail.globex-group.com", NOON + SECOND, author=BOB, to=[ANA], subject="Moved")


@pytest.mark.parametrize(
    ("came", "why"),
    [
        (_note(), "their clock, or who is away"),
        (_bounce(), "a delivery report, or an id of several letters"),
        (LATE, "a letter from before others"),
        (COPY, "copies of letters that were there"),
        (HOST, "a new host of theirs"),
    ],
    ids=["note", "report", "late", "copy", "host"],
)
def test_what_may_change_more_is_measured_wholly(
    places: tuple[Place, Place], ways: Ways, came: Message, why: str
) -> None:
    assert _comes(places, came)
    assert ways.wholly == [why]
    assert _are_alike(places)
    assert _comes(places, ANSWER, at=NOON + DAY)
    assert _are_alike(places)


def test_a_letter_that_others_cite_is_measured_wholly_with_them(
    places: tuple[Place, Place], ways: Ways
) -> None:
    at = NOON + 2 * HOUR
    assert _comes(places, ANSWER)
    assert ways.further
    ways.further.clear()
    asked = replace(ASKED, sent_at=NOON + 3_000 * SECOND, received_at=NOON + 3_000 * SECOND)
    assert _comes(places, asked, at=at)
    assert not ways.further
    assert _are_alike(places)


def test_a_mark_that_comes_later_has_all_measured(places: tuple[Place, Place], ways: Ways) -> None:
    assert _comes(places, ASKED)
    ways.further.clear()
    for place in places:
        with Mirror(place.agent.mirror_path) as mirror:
            (uid,) = [n for n, m in mirror.numbered({}, marked=False) if m.message_id == f"8-{BOB}"]
            (row,) = mirror.rows("select uid from headers where id = ?", (uid,))
            mirror.mark("partners", "INBOX", UIDVALIDITY, frozenset({row["uid"]}))
    assert _comes(places, at=NOON + 2 * HOUR)
    assert "globex.com" not in ways.further
    assert _are_alike(places)


def test_what_another_version_kept_is_measured_wholly(
    places: tuple[Place, Place], ways: Ways
) -> None:
    one, _ = places
    with SortedMail(one.agent.mirror_path.with_name(SORTED)) as store, store.writing():
        store.run("update earlier set mail = cast('another form' as blob) where part = 0")
    assert _comes(places, ASKED)
    assert not ways.further
    assert _are_alike(places)


def test_everything_that_was_kept_goes_with_a_new_config(places: tuple[Place, Place]) -> None:
    one, _ = places
    one.agent.rebuild()
    with SortedMail(one.agent.mirror_path.with_name(SORTED)) as store:
        assert not store.run("select 1 from earlier")
