"""How right threads are: floors on real lists against other programs, and on generated mail."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from accuracy import threads
from accuracy.corpus import corpora, words_around_ids
from accuracy.draws import Joined, draw, tally, verdicts
from accuracy.hints import HINTS, change_by, thread_numbers
from accuracy.judges import Agreement, agreement, find_notmuch, notmuch_threads, numbered
from accuracy.threads import Mail
from servers import DovecotServer

from inbox_agent.addresses import Roster
from inbox_agent.copies import by_partner
from inbox_agent.demo.cast import TEAM_DOMAIN
from inbox_agent.demo.sample import sample_letters
from inbox_agent.letters import Letter, letters_of
from inbox_agent.messages import FetchedHeader, Message, parse_message
from inbox_agent.threads import ALL_HINTS

MAIL = corpora()
real_mail = pytest.mark.skipif(MAIL is None, reason="INBOX_AGENT_CORPORA names no folder of mail")
AS_OF = datetime(2026, 1, 5, tzinfo=UTC)


# -- the measuring itself -------------------------------------------------------------------


def test_pairs_in_one_thread_are_counted() -> None:
    # ours: {1,2,3} {4}, theirs: {1,2} {3,4}; pairs 12 13 23 against 12 34
    found = agreement({1: 0, 2: 0, 3: 0, 4: 1}, {1: 7, 2: 7, 3: 8, 4: 8})
    assert found == Agreement(ours=3, theirs=2, both=1)
    assert (found.precision, found.recall) == (1 / 3, 1 / 2)


def test_letters_that_one_division_lacks_do_not_count() -> None:
    assert agreement({1: 0, 2: 0, 3: 0}, {1: 0, 2: 0, 4: 0}) == Agreement(1, 1, 1)


def test_ids_among_words_in_in_reply_to_are_all_read() -> None:
    block = (
        b"Subject: Quote\nIn-Reply-To: Message from Ann Lee\n\t<ann@acme.example> of\n"
        b' "Thu, 22 Aug 2002" <1@acme.example>\nTo: <ben@acme.example>\n'
    )
    assert words_around_ids(block) == ["ann@acme.example", "1@acme.example"]
    assert words_around_ids(b"In-Reply-To: <1@acme.example> <2@acme.example>\n") == []


@pytest.mark.skipif(find_notmuch() is None, reason="notmuch is not installed (Debian: notmuch)")
def test_notmuch_is_asked_for_its_threads(tmp_path: Path) -> None:
    head = b"From: ann@acme.example\nSubject: Quote\n"
    blocks = [
        head + b"Message-ID: <1@acme.example>\n\n",
        head + b"Message-ID: <2=b/c@acme.example>\nReferences: <1@acme.example>\n\n",
        head + b"Message-ID: <3@acme.example>\n\n",
    ]
    assert {frozenset(thread) for thread in notmuch_threads(tmp_path, blocks)} == {
        frozenset({"1@acme.example", "2=b/c@acme.example"}),
        frozenset({"3@acme.example"}),
    }


# -- real lists -----------------------------------------------------------------------------


@pytest.fixture(scope="module")
def hyperv() -> Mail:
    assert MAIL is not None
    return threads.hyperv(MAIL, ["2022"])


@pytest.mark.corpora
@pytest.mark.dovecot
@pytest.mark.slow
@real_mail
def test_threads_of_a_years_list_are_those_of_dovecot(hyperv: Mail, dovecot: DovecotServer) -> None:
    found, _ = threads.ask_dovecot(hyperv, dovecot)
    assert found.theirs > 30_000
    assert found.precision >= 0.995
    assert found.recall >= 0.995


@pytest.mark.corpora
@pytest.mark.slow
@real_mail
@pytest.mark.skipif(find_notmuch() is None, reason="notmuch is not installed (Debian: notmuch)")
def test_threads_of_a_years_list_are_those_of_notmuch(hyperv: Mail) -> None:
    found, _ = threads.ask_notmuch(hyperv)
    assert found.theirs > 30_000
    assert found.precision >= 0.995
    assert found.recall >= 0.995


@pytest.mark.corpora
@pytest.mark.slow
@real_mail
def test_hints_move_few_letters_of_lists_wrongly(hyperv: Mail) -> None:
    assert MAIL is not None
    sources = (hyperv.letters, threads.old_lists(MAIL).letters)
    links = [x for letters in sources for hint in HINTS for x in change_by(letters, hint).joined]
    verdict = tally(draw(links, threads.LINKS_DRAWN), verdicts(threads.LABELLED))
    assert verdict.read >= 0.8 * min(len(links), threads.LINKS_DRAWN), "read the new ones"
    assert verdict.wrong_share <= 0.05


# -- generated mail -------------------------------------------------------------------------


@pytest.fixture(scope="module")
def sample() -> list[Message]:
    """The demo's mailbox, read."""
    letters = sample_letters(AS_OF)
    headers = (
        FetchedHeader("m", x.folder, 1, uid, x.arrived_at, len(x.raw), _head(x.raw), AS_OF)
        for uid, x in enumerate(letters, 1)
    )
    return [parse_message(h, is_sent_copy=h.folder == "Sent") for h in headers]


def _head(raw: bytes) -> bytes:
    return raw.partition(b"\r\n\r\n")[0] + b"\r\n\r\n"


def _records(copies: list[Message]) -> Iterator[tuple[Letter, ...]]:
    roster = Roster(team_domains=frozenset({TEAM_DOMAIN}))
    for key, theirs in sorted(by_partner(copies, roster).items()):
        yield letters_of(roster.partner(key), theirs, roster, AS_OF)


def _without_references(copy: Message) -> Message:
    """Every third letter loses what it answers, as if its program wrote no such fields."""
    if hashlib.sha256(copy.message_id.encode()).digest()[0] % 3:
        return copy
    return replace(copy, references=(), in_reply_to=None)


def _divisions(copies: list[Message], hints: frozenset[str]) -> dict[object, int]:
    found: list[list[object]] = []
    for place, letters in enumerate(_records(copies)):
        numbers = thread_numbers(letters, hints)
        groups: dict[int, list[object]] = {}
        for letter in letters:
            groups.setdefault(numbers[letter.key], []).append((place, letter.key))
        found += groups.values()
    return dict(numbered(found))


def test_answers_without_references_find_their_threads_by_subject(sample: list[Message]) -> None:
    whole = _divisions(sample, frozenset())
    cut = [_without_references(copy) for copy in sample]
    lost = agreement(_divisions(cut, frozenset()), whole)
    found = agreement(_divisions(cut, ALL_HINTS), whole)
    assert found.theirs > 3_000
    assert lost.recall < 0.85  # there was something to find
    assert found.recall >= 0.97
    assert found.precision >= 0.99


def test_hints_change_nothing_where_every_answer_has_references(sample: list[Message]) -> None:
    found = agreement(_divisions(sample, ALL_HINTS), _divisions(sample, frozenset()))
    assert found.recall == 1
    assert found.precision >= 0.99


# -- verdicts -------------------------------------------------------------------------------


def test_a_link_that_nobody_has_read_is_counted_as_such(sample: list[Message]) -> None:
    first, second, third = next(x for x in _records(sample) if len(x) > 2)[:3]
    read, unread = Joined(second, first, "subject"), Joined(third, first, "subject")
    found = tally([read, unread], {read.names: ("wrong", "subject used again")})
    assert (found.read, found.unlabelled, found.wrong_share) == (1, 1, 1.0)


def test_a_draw_keeps_what_it_had_when_other_links_come(sample: list[Message]) -> None:
    letters = next(x for x in _records(sample) if len(x) > 20)
    links = [Joined(later, letters[0], "subject") for later in letters[1:20]]
    before, after = draw(links[:-1], 5), draw(links, 5)
    assert len({x.names for x in before} & {x.names for x in after}) >= 4
