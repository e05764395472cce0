"""A domain that came to a partner on some day: whose letters are whose, and what stays open."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from mailboxes import Mailbox, mailboxes, message

from inbox_agent.addresses import Merger
from inbox_agent.config import load_config
from inbox_agent.copies import by_partner
from inbox_agent.letters import letters_of
from inbox_agent.measure import PartnerRecord
from inbox_agent.measuring import measure_all
from inbox_agent.messages import Message
from inbox_agent.privacy import Privacy
from inbox_agent.published_rows import partners

MERGER = datetime(2025, 3, 1, tzinfo=UTC)
DAY = timedelta(days=1)
SECOND = timedelta(seconds=1)
AS_OF = MERGER + 100 * DAY
CONFIG = '[team]\ndomains = ["acme.com"]\n'
GLOBEX = """[[partners]]
domains = ["globex.com"]
merged = [{ domain = "initech.com", since = 2025-03-01 }]
"""


def records(
    folder: Path, copies: list[Message], partners: str = GLOBEX
) -> dict[str, PartnerRecord]:
    folder.joinpath("inbox-agent.toml").write_text(CONFIG, "utf-8")
    folder.joinpath("partners.toml").write_text(partners, "utf-8")
    config = load_config(folder / "inbox-agent.toml")
    found, _ = measure_all(config, copies, {}, AS_OF)
    return {record.partner.key: record for record in found}


def from_initech(name: str, at: datetime) -> Message:
    return message(name, at, author="eve@initech.com", to=("ana@acme.com",))


def to_initech(name: str, at: datetime, in_reply_to: str | None = None) -> Message:
    more = {"author": "ana@acme.com", "to": ("eve@initech.com",), "in_reply_to": in_reply_to}
    return message(name, at, **more)


def ids(record: PartnerRecord) -> list[str]:
    return [name for letter in record.letters for name in sorted(letter.message_ids)]


MAIL = [
    from_initech("asked", MERGER - 50 * DAY),
    to_initech("answered", MERGER - 49 * DAY, "asked"),
    from_initech("open", MERGER - SECOND),
    from_initech("first day", MERGER),
    to_initech("after", MERGER + DAY, "first day"),
]


def test_a_letter_is_the_partner_s_from_the_first_instant_of_the_day_on(tmp_path: Path) -> None:
    found = records(tmp_path, MAIL)
    assert ids(found["initech.com"]) == ["asked", "answered", "open"]
    assert ids(found["globex.com"]) == ["first day", "after"]
    (ask,) = [ask for ask in found["globex.com"].asks if ask.responder == "us"]
    assert (ask.outcome, ask.response_seconds) == ("answered", 86_400)


def test_what_was_open_stays_open_and_no_silence_is_raised_later(tmp_path: Path) -> None:
    """A hundred days later it would have lapsed, and the silence would be the longest ever."""
    record = records(tmp_path, MAIL)["initech.com"]
    assert record.as_of == MERGER
    of_us = [ask for ask in record.asks if ask.responder == "us"]
    assert [ask.outcome for ask in of_us] == ["answered", "open"]
    (gap,) = [gap for gap in record.gaps if gap.is_open]
    assert gap.began_at == MERGER - SECOND
    assert record.standing.state != "act"
    assert records(tmp_path, MAIL)["globex.com"].as_of == AS_OF


def test_until_then_the_domain_may_have_its_own_entry(tmp_path: Path) -> None:
    listed = '[[partners]]\nname = "Initech"\ndomains = ["initech.com"]\n'
    record = records(tmp_path, MAIL, GLOBEX + listed)["initech.com"]
    assert (record.partner.name, record.as_of) == ("Initech", MERGER)
    assert ids(record) == ["asked", "answered", "open"]


def test_the_people_who_came_are_contacts_of_the_partner(tmp_path: Path) -> None:
    found = records(tmp_path, MAIL)
    eve = {key: [c for c in r.contacts if c.side == "them"] for key, r in found.items()}
    assert [(c.address, c.messages) for c in eve["globex.com"]] == [("eve@initech.com", 1)]
    assert [(c.address, c.messages) for c in eve["initech.com"]] == [("eve@initech.com", 2)]


def test_the_row_of_a_partner_names_what_came_to_it(tmp_path: Path) -> None:
    odd = "xn--bcher-kva.example"
    theirs = message("theirs", MERGER, author=f"kim@{odd}", to=("ana@acme.com",))
    ours = message("ours", MERGER + DAY, author="ana@acme.com", to=(f"kim@{odd}",))
    found = records(tmp_path, [*MAIL, theirs, ours]).values()
    rows = {row["partner"]: row for row in partners(found, Privacy("full", False, True, b"key"))}
    assert rows["globex.com"]["domains"] == "globex.com, initech.com"
    assert rows["initech.com"]["as_of"] == "2025-03-01T00:00:00Z"
    assert (rows[odd]["name"], rows[odd]["domains"]) == ("bücher.example", odd)


def test_whom_a_letter_went_to_is_as_of_its_own_day(tmp_path: Path) -> None:
    """Both are asked before the merger; only the one who was there then is asked in the record."""
    both: dict[str, Any] = {"author": "ana@acme.com", "to": ("bob@globex.com", "eve@initech.com")}
    copies = [message("before", MERGER - DAY, **both), message("after", MERGER, **both)]
    before, after = records(tmp_path, copies)["globex.com"].letters
    assert before.their_recipients == {"bob@globex.com"}
    assert after.their_recipients == {"bob@globex.com", "eve@initech.com"}


def test_the_instant_of_a_letter_is_that_of_its_first_copy(tmp_path: Path) -> None:
    """A copy that was archived after the merger makes the letter no later."""
    early = from_initech("open", MERGER - SECOND)
    late = message(
        "open",
        MERGER - SECOND,
        author="eve@initech.com",
        to=("ana@acme.com",),
        folder="Archive",
        received_at=MERGER + 9 * DAY,
    )
    answer = to_initech("answered", MERGER - 2 * SECOND)
    found = records(tmp_path, [late, early, answer])
    assert ids(found["initech.com"]) == ["answered", "open"]
    assert ids(found["globex.com"]) == []


@given(mailboxes(), st.integers(0, 40), st.randoms(use_true_random=False))
@settings(max_examples=40, deadline=None)
def test_no_partner_needs_another_s_letters_and_order_means_nothing(
    box: Mailbox, days: int, random: Random
) -> None:
    globex, initech = box.roster.partners
    since = min((c.received_at or c.sent_at or box.as_of for c in box.copies), default=box.as_of)
    merger = Merger("initech.com", since + days * DAY)
    roster = replace(box.roster, partners=(replace(globex, merged=(merger,)), initech))
    found = by_partner(box.copies, roster)
    shuffled = list(box.copies)
    random.shuffle(shuffled)
    for key in (globex.key, initech.key):
        partner = roster.partner(key)
        as_of = min(box.as_of, partner.until or box.as_of)
        alone = letters_of(partner, found.get(key, []), roster, as_of)
        assert alone == letters_of(partner, shuffled, roster, as_of)
        for letter in alone:
            if letter.side == "them" and letter.author and letter.kind == "human":
                assert roster.partner_of(letter.author, letter.at) == key
