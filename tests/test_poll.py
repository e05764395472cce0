"""Polls, imports and rebuilds on real servers: what is read, what is published, as of when."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from installations import (
    AS_OF,
    HISTORY,
    Installation,
    deliver,
    exchange,
    in_pieces,
    install,
    letter,
    mailbox_entry,
    query,
    sample,
    tables,
    write_mbox,
)
from scripted_socket import recorded
from servers import Delivery, DovecotServer, EmbeddedServer, ImapServer, second_pair_of_eyes

from inbox_agent.agent import Report
from inbox_agent.demo.mailserver import serve_letters
from inbox_agent.errors import ConfigError, MailboxUnavailable
from inbox_agent.intake import Import

MAY = datetime(2024, 5, 6, 9, 0, tzinfo=UTC)
DAY = timedelta(days=1)
MARKED = 'no_reply_needed = { keyword = "NoReplyNeeded" }'
MEASURES = f"[measures]\n{MARKED}\n"
#: A port of loopback that is reserved and where nobody listens.
NOBODY_THERE = 1


def poll(place: Installation, now: datetime = AS_OF, as_of: datetime | None = AS_OF) -> Report:
    """One poll without any error."""
    report = place.agent(now).poll(as_of)
    assert report.errors == []
    return report


def text(at: datetime) -> str:
    return f"{at:%Y-%m-%dT%H:%M:%SZ}"


def as_of_partners(place: Installation) -> dict[str, str]:
    return dict(place.query("select partner, as_of from partners"))


def inbound(place: Installation, partner: str) -> int:
    (count,) = place.query("select messages_in from partners where partner = ?", partner)
    return int(count)


def fetched_uids(commands: list[bytes]) -> set[int]:
    """The letters asked for; what only asks which of all uids are gone gives no letter."""
    fetches = [c for c in commands if c.startswith(b"UID FETCH") and b"VANISHED" not in c]
    sets = [c.split(b" ")[2] for c in fetches]
    ends = [part.split(b":") for one in sets for part in one.split(b",")]
    return {uid for pair in ends for uid in range(int(pair[0]), int(pair[-1]) + 1)}


# --- reading


def test_polling_twice_changes_nothing_but_the_history(
    imap_server: ImapServer, tmp_path: Path
) -> None:
    deliver(imap_server, sample(60))
    place = install(tmp_path, mailbox_entry(imap_server), more=MEASURES)
    assert poll(place).new_messages == 60
    before, held = place.tables(*HISTORY), tables(place.mirror)["headers"]
    assert poll(place).new_messages == 0
    assert place.tables(*HISTORY) == before
    assert tables(place.mirror)["headers"] == held
    assert place.query("select generation from about") == [2]
    assert place.query("select new_messages from polls order by poll") == [60, 0]


def test_only_letters_that_came_since_are_fetched(imap_server: ImapServer, tmp_path: Path) -> None:
    letters = exchange("globex.example", 12, MAY)
    deliver(imap_server, letters[:8])
    with recorded(imap_server.port) as seen:
        place = install(tmp_path, mailbox_entry(imap_server, port=seen.port))
        poll(place)
        before = len(seen.commands)
        new = deliver(imap_server, letters[8:])
        assert poll(place).new_messages == 4
    assert fetched_uids(seen.commands[before:]) == set(new)
    assert inbound(place, "globex.example") == 6


def test_nobody_can_tell_from_the_mailbox_that_it_was_polled(
    imap_server: ImapServer, tmp_path: Path
) -> None:
    letters = [replace_flags(one, n) for n, one in enumerate(exchange("globex.example", 9, MAY))]
    deliver(imap_server, letters)
    place = install(tmp_path, mailbox_entry(imap_server), more=MEASURES)
    before = state_of_mailbox(imap_server)
    for _ in range(2):
        poll(place)
        assert state_of_mailbox(imap_server) == before
    assert any(b"Seen" in str(line).encode() for line in before["INBOX"])


def replace_flags(one: Delivery, number: int) -> Delivery:
    return one._replace(flags=[(), ("\\Seen",), ("\\Flagged", "NoReplyNeeded")][number % 3])


def state_of_mailbox(server: ImapServer) -> dict[str, list[Any]]:
    """Flags of every letter, counts and UIDNEXT, as somebody else sees them."""
    found = {}
    with second_pair_of_eyes(server) as eyes:
        for folder in ("INBOX", "Sent"):
            _, status = eyes.status(folder, "(MESSAGES UNSEEN RECENT UIDNEXT UIDVALIDITY)")
            eyes.select(folder, readonly=True)
            _, flags = eyes.fetch("1:*", "(UID FLAGS)")
            found[folder] = [*status, *sorted(map(str, flags))]
    return found


def test_letters_that_come_bit_by_bit_give_the_same_tables_as_all_at_once(tmp_path: Path) -> None:
    letters = sample(160)
    with serve_letters() as running:
        server = EmbeddedServer(running)
        server.append("Sent", *first_of(letters, "Sent"))
        place = install(tmp_path / "often", mailbox_entry(server), more=MEASURES)
        for part in in_pieces(letters, 20):
            deliver(server, part)
            poll(place)
        once = install(tmp_path / "once", mailbox_entry(server), more=MEASURES)
        poll(once)
    assert len(place.query("select poll from polls")) == 20
    assert place.tables(*HISTORY) == once.tables(*HISTORY)


def first_of(letters: list[Delivery], folder: str) -> tuple[bytes, datetime]:
    """So that the folder is there from the beginning; its second copy counts once."""
    one = next(one for one in letters if one.folder == folder)
    return one.raw, one.arrived_at


@pytest.mark.dovecot
def test_a_letter_that_lies_in_two_mailboxes_counts_once(
    dovecot: DovecotServer, tmp_path: Path
) -> None:
    other = dovecot.with_fresh_user()
    deliver(dovecot, exchange("globex.example", 6, MAY))
    deliver(other, exchange("globex.example", 8, MAY))
    both = mailbox_entry(dovecot, "one"), mailbox_entry(other, "two")
    place = install(tmp_path, *both)
    report = poll(place)
    assert (report.new_messages, report.mailboxes_done) == (14, 2)
    assert inbound(place, "globex.example") == 4
    assert place.query("select count(*) from messages") == [8]
    assert place.query("select mailbox, new_messages from polls") == [("one", 6), ("two", 8)]


# --- as of when


@pytest.mark.dovecot
def test_a_partner_is_as_of_the_earliest_of_its_mailboxes_and_an_outage_stops_the_clock(
    dovecot: DovecotServer, tmp_path: Path
) -> None:
    other = dovecot.with_fresh_user()
    deliver(dovecot, exchange("globex.example", 6, MAY) + exchange("here.example", 6, MAY))
    deliver(other, exchange("globex.example", 6, MAY) + exchange("there.example", 6, MAY))
    one, two = mailbox_entry(dovecot, "one"), mailbox_entry(other, "two")
    place = install(tmp_path, one, two)
    poll(place, AS_OF, as_of=None)
    assert set(as_of_partners(place).values()) == {text(AS_OF)}

    install(tmp_path, one, mailbox_entry(other, "two", port=NOBODY_THERE))
    report = place.agent(AS_OF + DAY).poll()
    assert [type(error) for error in report.errors] == [MailboxUnavailable]
    assert as_of_partners(place) == {
        "globex.example": text(AS_OF),  # in both: not known to be complete any further
        "here.example": text(AS_OF + DAY),
        "there.example": text(AS_OF),
    }

    install(tmp_path, one, two)
    poll(place, AS_OF + 2 * DAY, as_of=None)
    assert set(as_of_partners(place).values()) == {text(AS_OF + 2 * DAY)}


def test_a_folder_that_is_missing_stops_the_clock_and_nothing_else(
    imap_server: ImapServer, tmp_path: Path
) -> None:
    letters = exchange("globex.example", 8, MAY)
    deliver(imap_server, letters[:6])
    place = install(tmp_path, mailbox_entry(imap_server, folders=["INBOX"]))
    poll(place, AS_OF, as_of=None)
    deliver(imap_server, letters[6:])
    install(tmp_path, mailbox_entry(imap_server, folders=["INBOX", "Projects"]))
    report = place.agent(AS_OF + DAY).poll()
    assert (report.exit_code, report.new_messages) == (1, 2)
    assert as_of_partners(place) == {"globex.example": text(AS_OF)}
    assert inbound(place, "globex.example") == 4
    (state,) = place.query("select state from folders where folder = 'Projects'")
    assert state == "missing"


def test_letters_after_as_of_are_as_if_not_there(imap_server: ImapServer, tmp_path: Path) -> None:
    letters = exchange("globex.example", 8, MAY)
    deliver(imap_server, letters)
    place = install(tmp_path, mailbox_entry(imap_server))
    poll(place, as_of=letters[5].arrived_at)
    assert inbound(place, "globex.example") == 3
    assert poll(place).new_messages == 0
    assert inbound(place, "globex.example") == 4


# --- another UIDVALIDITY


@pytest.mark.dovecot
def test_a_new_uidvalidity_loses_nothing_and_counts_nothing_twice(
    dovecot: DovecotServer, tmp_path: Path
) -> None:
    letters = sample(60)
    deliver(dovecot, letters)
    place = install(tmp_path, mailbox_entry(dovecot))
    poll(place)
    before = place.tables(*HISTORY)
    letters_held = place.query("select folder, messages from folders order by folder")
    for folder, uidvalidity in (("INBOX", 99), ("Sent", 2_000_000_000)):  # it may go down too
        update = ("mailbox", "update", "--uid-validity", str(uidvalidity), "-u", dovecot.user)
        dovecot.doveadm(*update, folder)
    poll(place)
    assert place.tables(*HISTORY) == before
    assert place.query("select folder, messages from folders order by folder") == letters_held
    assert place.query("select messages from about") == [60]
    values = place.query("select uidvalidity from folders where folder in ('INBOX', 'Sent')")
    assert sorted(values) == [99, 2_000_000_000]


def test_what_a_folder_that_was_made_anew_held_before_is_kept(
    imap_server: ImapServer, tmp_path: Path
) -> None:
    letters = exchange("globex.example", 8, MAY)
    archived = [one._replace(folder="Archive") for one in letters if one.folder == "INBOX"]
    deliver(imap_server, [*archived, *(one for one in letters if one.folder == "Sent")])
    place = install(tmp_path, mailbox_entry(imap_server))
    poll(place)
    before = place.tables(*HISTORY)
    with second_pair_of_eyes(imap_server) as eyes:
        eyes.delete("Archive")
    deliver(imap_server, archived[2:])  # two of the four are gone from the server
    assert poll(place).new_messages == 2
    assert place.tables(*HISTORY) == before
    assert place.query("select messages from folders where folder = 'Archive'") == [4]


# --- the team's own marks


def needs_reply(place: Installation) -> list[str]:
    sql = "select needs_reply from response_times where responder = 'us' order by asked_at"
    return place.query(sql)


def store(server: ImapServer, command: str, uid: int, folder: str = "INBOX") -> None:
    with second_pair_of_eyes(server) as eyes:
        eyes.select(folder)
        kind, _ = eyes.uid("STORE", str(uid), command, "(NoReplyNeeded)")
        assert kind == "OK"


@pytest.mark.dovecot  # the embedded server takes no new keywords over the wire
def test_a_mark_is_heeded_and_so_is_its_removal_without_fetching_anything_again(
    dovecot: DovecotServer, tmp_path: Path
) -> None:
    *_, uid = deliver(dovecot, exchange("globex.example", 3, MAY))
    with recorded(dovecot.port) as seen:
        place = install(tmp_path, mailbox_entry(dovecot, port=seen.port), more=MEASURES)
        poll(place)
        assert needs_reply(place) == ["yes", "yes"]
        before = len(seen.commands)
        store(dovecot, "+FLAGS", uid)
        poll(place)
        assert needs_reply(place) == ["yes", "no"]
        store(dovecot, "-FLAGS", uid)
        poll(place)
        assert needs_reply(place) == ["yes", "yes"]
    assert fetched_uids(seen.commands[before:]) == set()


@pytest.mark.dovecot
def test_a_mark_can_be_removed_after_the_folder_got_another_uidvalidity(
    dovecot: DovecotServer, tmp_path: Path
) -> None:
    *_, uid = deliver(dovecot, exchange("globex.example", 3, MAY))
    store(dovecot, "+FLAGS", uid)
    place = install(tmp_path, mailbox_entry(dovecot), more=MEASURES)
    poll(place)
    assert needs_reply(place) == ["yes", "no"]
    dovecot.doveadm("mailbox", "update", "--uid-validity", "99", "-u", dovecot.user, "INBOX")
    poll(place)
    assert needs_reply(place) == ["yes", "no"]
    store(dovecot, "-FLAGS", uid)
    poll(place)
    assert needs_reply(place) == ["yes", "yes"]


def test_a_letter_filed_in_the_folder_for_it_needs_no_reply(
    imap_server: ImapServer, tmp_path: Path
) -> None:
    *_, uid = deliver(imap_server, exchange("globex.example", 3, MAY))
    more = '[measures]\nno_reply_needed = { folder = "Settled" }\n'
    place = install(tmp_path, mailbox_entry(imap_server), more=more)
    poll(place)
    assert needs_reply(place) == ["yes", "yes"]
    with second_pair_of_eyes(imap_server) as eyes:
        eyes.create("Settled")
        eyes.select("INBOX")
        assert eyes.uid("COPY", str(uid), "Settled")[0] == "OK"
        eyes.uid("STORE", str(uid), "+FLAGS", r"(\Deleted)")
        eyes.expunge()
    poll(place)
    assert needs_reply(place) == ["yes", "no"]


# --- rebuilding


def test_a_rebuild_gives_what_the_poll_gave(imap_server: ImapServer, tmp_path: Path) -> None:
    deliver(imap_server, sample(60))
    place = install(tmp_path, mailbox_entry(imap_server), more=MEASURES)
    poll(place)
    before = place.tables("about", "folders")
    for reparse in (False, True):
        report = place.agent().rebuild(reparse=reparse)
        assert (report.errors, report.new_messages) == ([], 0)
        assert place.tables("about", "folders") == before
    for path in place.data.glob("partners.db*"):
        path.unlink()
    place.agent().rebuild()
    assert place.tables("about", "folders") == before  # the history of polls came back too


def test_a_rebuild_for_another_instant_is_what_a_poll_then_would_have_given(
    imap_server: ImapServer, tmp_path: Path
) -> None:
    deliver(imap_server, sample(60))
    early, late = install(tmp_path / "a", mailbox_entry(imap_server)), tmp_path / "b"
    poll(early, as_of=AS_OF - 3 * DAY)
    place = install(late, mailbox_entry(imap_server))
    poll(place)
    place.agent().rebuild(AS_OF - 3 * DAY)
    assert place.tables(*HISTORY) == early.tables(*HISTORY)


# --- importing


def job(*paths: Path, **changes: Any) -> Import:
    plain = Import(paths, "import", None, "received", is_sent=False)
    return replace(plain, **changes)


@pytest.mark.parametrize("name", ["old.mbox", "old.mbox.gz"])
def test_a_second_import_of_a_file_adds_nothing(tmp_path: Path, name: str) -> None:
    place = install(tmp_path)
    path = write_mbox(tmp_path / name, exchange("globex.example", 8, MAY))
    files = job(path, received_from="envelope")
    assert place.agent().import_files(files).new_messages == 8
    before = place.tables("about", "folders", "polls")
    assert place.agent().import_files(files).new_messages == 0
    assert place.tables("about", "folders", "polls") == before
    assert place.query("select folder, messages from folders") == [("old", 8)]


def test_an_import_of_what_was_polled_counts_nothing_twice(
    imap_server: ImapServer, tmp_path: Path
) -> None:
    letters = exchange("globex.example", 8, MAY)
    deliver(imap_server, letters)
    place = install(tmp_path, mailbox_entry(imap_server))
    poll(place)
    path = write_mbox(tmp_path / "old.mbox", letters)
    assert place.agent().import_files(job(path), AS_OF).new_messages == 8
    assert inbound(place, "globex.example") == 4
    assert place.query("select count(*) from messages") == [8]


@pytest.mark.parametrize(
    ("received_from", "minute"), [("received", 1), ("envelope", 2), ("date", 0)]
)
def test_an_import_takes_the_arrival_from_where_it_is_told(
    tmp_path: Path, received_from: str, minute: int
) -> None:
    received = "Received: from a by mx.acme.example; Mon, 6 May 2024 09:01:00 +0000"
    theirs = letter("kim@globex.example", "ana@acme.example", MAY, "1", received)
    envelope = Delivery("INBOX", theirs, MAY + timedelta(minutes=2))
    place = install(tmp_path, partners='[[partners]]\ndomains = ["globex.example"]\n')
    path = write_mbox(tmp_path / "old.mbox", [envelope])
    place.agent().import_files(job(path, received_from=received_from))
    expected = MAY + timedelta(minutes=minute)
    assert place.query("select at, at_source from messages") == [(text(expected), "internaldate")]


def test_an_import_without_mailboxes_is_as_of_its_last_letter(tmp_path: Path) -> None:
    letters = exchange("globex.example", 8, MAY)
    place = install(tmp_path)
    late = write_mbox(tmp_path / "late.mbox", letters[4:])
    place.agent().import_files(job(late))
    assert as_of_partners(place) == {"globex.example": text(letters[-1].arrived_at)}
    early = write_mbox(tmp_path / "early.mbox", letters[:4])
    place.agent().import_files(job(early))  # never backwards
    assert as_of_partners(place) == {"globex.example": text(letters[-1].arrived_at)}
    place.agent().import_files(job(early), AS_OF - DAY)
    assert as_of_partners(place) == {"globex.example": text(AS_OF - DAY)}


def test_an_import_beside_mailboxes_is_as_of_now(tmp_path: Path) -> None:
    with serve_letters() as running:
        place = install(tmp_path, mailbox_entry(EmbeddedServer(running)))
    path = write_mbox(tmp_path / "old.mbox", exchange("globex.example", 8, MAY))
    place.agent(AS_OF).import_files(job(path))
    assert as_of_partners(place) == {"globex.example": text(AS_OF)}


def test_an_import_of_older_letters_stops_no_clock(imap_server: ImapServer, tmp_path: Path) -> None:
    """The mailboxes that are polled tell how things stand; what was imported is their past."""
    letters = exchange("globex.example", 8, MAY)
    place = install(tmp_path, mailbox_entry(imap_server))
    deliver(imap_server, letters[4:6])
    poll(place, AS_OF, as_of=None)
    path = write_mbox(tmp_path / "old.mbox", [*letters[:4], *exchange("past.example", 4, MAY)])
    place.agent(AS_OF).import_files(job(path))
    deliver(imap_server, letters[6:])
    poll(place, AS_OF + 3 * DAY, as_of=None)
    assert as_of_partners(place) == dict.fromkeys(
        ("globex.example", "past.example"), text(AS_OF + 3 * DAY)
    )
    assert inbound(place, "globex.example") == 4


def test_an_import_into_a_mailbox_is_no_poll_of_it(imap_server: ImapServer, tmp_path: Path) -> None:
    """What came since its last poll is not known, so its clock stands where that poll set it."""
    deliver(imap_server, exchange("globex.example", 6, MAY))
    place = install(tmp_path, mailbox_entry(imap_server))
    poll(place, AS_OF, as_of=None)
    path = write_mbox(tmp_path / "old.mbox", exchange("globex.example", 6, MAY - 90 * DAY))
    place.agent(AS_OF + 9 * DAY).import_files(job(path, mailbox="partners"))
    assert as_of_partners(place) == {"globex.example": text(AS_OF)}


def test_an_import_into_a_folder_of_the_server_is_refused(
    imap_server: ImapServer, tmp_path: Path
) -> None:
    deliver(imap_server, exchange("globex.example", 6, MAY))
    place = install(tmp_path, mailbox_entry(imap_server))
    poll(place)
    before = tables(place.mirror)
    path = write_mbox(tmp_path / "INBOX", exchange("globex.example", 2, MAY))
    report_or_error = outcome(place, job(path, mailbox="partners"))
    assert re.search(r'"INBOX" is read from the server; choose another --folder', report_or_error)
    assert tables(place.mirror) == before


def outcome(place: Installation, files: Import) -> str:
    try:
        return " ".join(map(str, place.agent().import_files(files).errors))
    except ConfigError as exc:
        return str(exc)


def test_files_that_can_t_be_read_cost_only_themselves(tmp_path: Path) -> None:
    good = write_mbox(tmp_path / "good.mbox", exchange("globex.example", 4, MAY))
    other = tmp_path / "letters.txt"
    other.write_text("No letters here.\n")
    place = install(tmp_path)
    report = place.agent().import_files(job(other, good, tmp_path / "gone.mbox"))
    assert (report.exit_code, report.new_messages) == (1, 4)
    assert [str(error).partition(":")[0] for error in report.errors] == [
        str(other),
        str(tmp_path / "gone.mbox"),
    ]
    assert place.query("select folder, state from folders") == [("good", "imported")]
    assert inbound(place, "globex.example") == 2


def test_what_is_left_of_a_file_that_was_cut_off_is_kept(tmp_path: Path) -> None:
    letters = exchange("globex.example", 1200, MAY, timedelta(minutes=30))
    path = write_mbox(tmp_path / "cut.mbox.gz", letters)
    whole = path.read_bytes()
    path.write_bytes(whole[:-400])
    place = install(tmp_path)
    report = place.agent().import_files(job(path, received_from="date"), AS_OF)
    assert (report.exit_code, len(report.errors)) == (2, 1)
    (state, kept) = place.query("select state, messages from folders")[0]
    assert (state, kept) == ("failed", report.new_messages)
    assert 500 <= kept < 1200
    path.write_bytes(whole)
    again = place.agent().import_files(job(path, received_from="date"), AS_OF)
    assert (again.exit_code, again.new_messages) == (0, 1200 - kept)
    assert inbound(place, "globex.example") == 600


def test_files_of_what_we_sent_are_ours_whoever_wrote_them(tmp_path: Path) -> None:
    at, theirs = MAY, "kim@globex.example"
    sent = [Delivery("Sent", letter("office@elsewhere.example", theirs, at, "1"), at)]
    place = install(tmp_path, partners='[[partners]]\ndomains = ["globex.example"]\n')
    path = write_mbox(tmp_path / "sent.mbox", sent)
    place.agent().import_files(job(path, is_sent=True, received_from="date"))
    assert place.query("select side from messages") == ["us"]
    assert query(place.mirror, "select is_sent from folders") == [1]
