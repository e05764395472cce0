"""The mailbox on real servers: what it finds and reads, and that nobody can tell it was there."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from scripted_socket import recorded
from servers import (
    Delivery,
    DovecotServer,
    ImapServer,
    second_pair_of_eyes,
    settings_for,
)

from inbox_agent import imap_commands, imap_session
from inbox_agent.config import MailboxSettings
from inbox_agent.errors import ConfigError, FolderUnavailable
from inbox_agent.mailbox import Folder, Mailbox
from inbox_agent.messages import FetchedHeader

ARRIVED = datetime(2024, 3, 1, 9, 0, tzinfo=UTC)
NOW = datetime(2024, 6, 1, 12, 0, tzinfo=UTC)
# INBOX and Sent on every server; the embedded one knows no SPECIAL-USE (RFC 6154)
NAMED = {"sent": ("Sent",)}


def connect(settings: MailboxSettings, server: ImapServer, since: date | None = None) -> Mailbox:
    return Mailbox.connect(settings, server.password, since=since, clock=lambda: NOW)


def letter(number: int, *more: str) -> bytes:
    fields = [
        "From: Ana <ana@globex.example>",
        f"Subject: Offer {number}",
        f"Message-ID: <{number}@globex.example>",
        *more,
    ]
    return ("\r\n".join(fields) + "\r\n\r\nA body that is never read.\r\n").encode()


def folder_of(mailbox: Mailbox, name: str) -> Folder:
    return next(folder for folder in mailbox.folders() if folder.name == name)


def read(mailbox: Mailbox, name: str, after: int = 0) -> list[FetchedHeader]:
    folder = folder_of(mailbox, name)
    mailbox.examine(folder)
    headers: list[FetchedHeader] = []
    for found, unreadable in mailbox.fetch(folder, mailbox.new_uids(after)):
        assert unreadable == []
        headers += found
    return headers


def names(mailbox: Mailbox) -> list[str]:
    return [folder.name for folder in mailbox.folders()]


# --- folders


@pytest.mark.dovecot
def test_without_config_all_folders_but_junk_trash_and_drafts_are_read(
    dovecot: DovecotServer,
) -> None:
    dovecot.append("Archive/2024", letter(1), ARRIVED)
    with connect(settings_for(dovecot), dovecot) as mailbox:
        assert names(mailbox) == ["INBOX", "Archive/2024", "Sent"]
        assert folder_of(mailbox, "Sent").special_use == r"\Sent"
        assert [folder.name for folder in mailbox.folders() if folder.is_sent] == ["Sent"]


@pytest.mark.dovecot
def test_configured_folders_are_read_and_sent_with_them(dovecot: DovecotServer) -> None:
    for name in ("Archive/2023", "Archive/2024", "Projects"):
        dovecot.append(name, letter(1), ARRIVED)
    settings = settings_for(dovecot, folders=("inbox", "Archive/*"))
    with connect(settings, dovecot) as mailbox:
        assert names(mailbox) == ["INBOX", "Archive/2023", "Archive/2024", "Sent"]
        assert mailbox.missing == ()


def test_a_configured_folder_that_does_not_exist_is_reported(imap_server: ImapServer) -> None:
    imap_server.append("Sent", letter(1), ARRIVED)
    settings = settings_for(imap_server, folders=("INBOX", "Gone", "Nothing/*"), **NAMED)
    with connect(settings, imap_server) as mailbox:
        assert names(mailbox) == ["INBOX", "Sent"]
        assert mailbox.missing == ("Gone",)


def test_a_sent_folder_may_be_named_in_the_config(imap_server: ImapServer) -> None:
    imap_server.append("Gesendet", letter(1), ARRIVED)
    with connect(settings_for(imap_server, sent=("Gesendet",)), imap_server) as mailbox:
        assert folder_of(mailbox, "Gesendet").is_sent


def test_a_sent_folder_that_is_named_but_missing_is_a_config_error(
    imap_server: ImapServer,
) -> None:
    with (
        connect(settings_for(imap_server, sent=("Sent Mail",)), imap_server) as mailbox,
        pytest.raises(ConfigError, match=r'"partners".*"Sent Mail".*there are .*"INBOX"'),
    ):
        mailbox.folders()


def test_folder_names_beyond_ascii_are_shown_decoded_and_can_be_opened(
    imap_server: ImapServer,
) -> None:
    imap_server.append("Sent", letter(1), ARRIVED)
    if isinstance(imap_server, DovecotServer):
        imap_server.doveadm("mailbox", "create", "-u", imap_server.user, "Größe & Co")
    else:
        imap_server.append("Größe & Co", letter(1), ARRIVED)
    with connect(settings_for(imap_server, **NAMED), imap_server) as mailbox:
        folder = folder_of(mailbox, "Größe & Co")
        assert folder.raw == b"Gr&APYA3w-e &- Co"  # RFC 3501 §5.1.3: ö U+00F6, ß U+00DF
        mailbox.examine(folder)


# --- examine, new uids


def test_examine_gives_uidvalidity_uidnext_and_the_number_of_letters(
    imap_server: ImapServer,
) -> None:
    uids = [imap_server.append("Sent", letter(n), ARRIVED) for n in (1, 2, 3)]
    with connect(settings_for(imap_server, **NAMED), imap_server) as mailbox:
        status = mailbox.examine(folder_of(mailbox, "Sent"))
    with second_pair_of_eyes(imap_server) as eyes:
        said = eyes.status("Sent", "(UIDVALIDITY)")[1][0]
    assert b"UIDVALIDITY %d" % status.uidvalidity in said
    assert (status.uidnext, status.exists) == (uids[-1] + 1, 3)


def test_a_folder_that_is_gone_costs_itself_and_no_other(imap_server: ImapServer) -> None:
    imap_server.append("Sent", letter(1), ARRIVED)
    gone = Folder(name="Gone", raw=b"Gone", special_use=None, is_sent=False)
    with connect(settings_for(imap_server, **NAMED), imap_server) as mailbox:
        with pytest.raises(FolderUnavailable, match=r'mailbox "partners", folder "Gone"'):
            mailbox.examine(gone)
        assert len(read(mailbox, "Sent")) == 1


def test_no_new_letter_means_no_uid_though_star_would_give_the_last(
    imap_server: ImapServer,
) -> None:
    last = [imap_server.append("Sent", letter(n), ARRIVED) for n in (1, 2)][-1]
    with connect(settings_for(imap_server, **NAMED), imap_server) as mailbox:
        mailbox.examine(folder_of(mailbox, "Sent"))
        assert mailbox.new_uids(last) == []
        assert mailbox.new_uids(last + 1000) == []
        assert mailbox.new_uids(imap_commands.MAX_UID) == []


def test_letters_that_come_later_are_found_above_the_last_uid(imap_server: ImapServer) -> None:
    first = imap_server.append("Sent", letter(1), ARRIVED)
    with connect(settings_for(imap_server, **NAMED), imap_server) as mailbox:
        assert [header.uid for header in read(mailbox, "Sent")] == [first]
    later = [imap_server.append("Sent", letter(n), ARRIVED) for n in (2, 3)]
    with connect(settings_for(imap_server, **NAMED), imap_server) as mailbox:
        assert [header.uid for header in read(mailbox, "Sent", after=first)] == later


@pytest.mark.dovecot
def test_a_large_folder_is_searched_window_by_window(
    dovecot: DovecotServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    uids = [dovecot.append("Sent", letter(n), ARRIVED) for n in range(7)]
    monkeypatch.setattr(imap_commands, "WINDOW", 3)
    monkeypatch.setattr(imap_session, "WINDOW", 3)
    with recorded(dovecot.port) as seen:
        settings = settings_for(dovecot, port=seen.port)
        with connect(settings, dovecot) as mailbox:
            mailbox.examine(folder_of(mailbox, "Sent"))
            assert mailbox.new_uids(0) == uids
    searched = [line for line in seen.commands if line.startswith(b"UID SEARCH")]
    # seven letters, three a window; the last window is open, so that nothing is missed
    assert searched == [
        b"UID SEARCH UID 1:3",
        b"UID SEARCH UID 4:6",
        b"UID SEARCH UID 7:4294967295",
    ]


def test_since_looks_a_day_further_back_and_no_more(imap_server: ImapServer) -> None:
    days = [datetime(2024, 2, day, 12, 0, tzinfo=UTC) for day in (8, 9, 10, 11)]
    uids = [imap_server.append("Sent", letter(day.day), day) for day in days]
    settings = settings_for(imap_server, **NAMED)
    with connect(settings, imap_server, since=date(2024, 2, 10)) as mailbox:
        mailbox.examine(folder_of(mailbox, "Sent"))
        assert mailbox.new_uids(0) == uids[1:]


# --- fetch


def test_a_header_comes_back_byte_for_byte_with_its_arrival(imap_server: ImapServer) -> None:
    at = datetime(2024, 2, 29, 23, 30, 15, tzinfo=timezone(timedelta(hours=-5)))
    folded = "References: <a@globex.example>\r\n\t<b@globex.example>"
    raw = letter(1, folded, "X-Secret-Stamp: never asked for")
    uid = imap_server.append("Sent", raw, at)
    with connect(settings_for(imap_server, **NAMED), imap_server) as mailbox:
        status = mailbox.examine(folder_of(mailbox, "Sent"))
        (header,) = read(mailbox, "Sent")
    # the embedded server knows RFC 8474; its ids are its own
    assert (header.email_id is None) == isinstance(imap_server, DovecotServer)
    assert replace(header, email_id=None, thread_id=None) == FetchedHeader(
        mailbox="partners",
        folder="Sent",
        uidvalidity=status.uidvalidity,
        uid=uid,
        received_at=datetime(2024, 3, 1, 4, 30, 15, tzinfo=UTC),  # 23:30:15 at UTC-5
        size_octets=len(raw),
        block=(
            b"From: Ana <ana@globex.example>\r\nSubject: Offer 1\r\n"
            b"Message-ID: <1@globex.example>\r\n"
            b"References: <a@globex.example>\r\n\t<b@globex.example>\r\n\r\n"
        ),
        fetched_at=NOW,
    )


def test_letters_come_in_batches_ascending_and_with_those_that_are_not_there(
    imap_server: ImapServer,
) -> None:
    uids = [imap_server.append("Sent", letter(n), ARRIVED) for n in range(5)]
    absent = uids[-1] + 7
    with connect(settings_for(imap_server, **NAMED), imap_server) as mailbox:
        sent = folder_of(mailbox, "Sent")
        mailbox.examine(sent)
        batches = list(mailbox.fetch(sent, [*reversed(uids), absent], batch=2))
    assert [[header.uid for header in headers] for headers, _ in batches] == [
        uids[:2],
        uids[2:4],
        uids[4:],
    ]
    assert [unreadable for _, unreadable in batches] == [[], [], [absent]]


def test_blind_copies_and_foreign_received_lines_are_left_on_the_server(
    imap_server: ImapServer,
) -> None:
    traces = [
        f"Received: from a by {host}; Fri, 1 Mar 2024 0{9 - place}:00:00 +0000"
        for place, host in enumerate(("store.example", "relay.example", "MX.acme.example", "x"))
    ]
    raw = letter(1, "Bcc: quiet@globex.example", *traces)
    imap_server.append("INBOX", raw, ARRIVED)
    imap_server.append("Sent", raw, ARRIVED)
    settings = settings_for(imap_server, received_by=("mx.acme.example",), **NAMED)
    with connect(settings, imap_server) as mailbox:
        (received,) = read(mailbox, "INBOX")
        (sent,) = read(mailbox, "Sent")
    assert b"Bcc" not in received.block
    assert b"Bcc: quiet@globex.example\r\n" in sent.block
    assert re.findall(rb"by (\S+);", received.block) == [b"store.example", b"MX.acme.example"]


@pytest.mark.dovecot
def test_a_letter_with_nul_and_raw_8_bit_costs_no_other(dovecot: DovecotServer) -> None:
    dovecot.append("INBOX", letter(1), ARRIVED)
    odd = b'From: a@globex.example\r\nSubject: Gr\xfc\x00\xdfe {5} "(\r\n\r\n'
    dovecot.deliver_many([Delivery("INBOX", odd, ARRIVED)])
    dovecot.append("INBOX", letter(3), ARRIVED)
    with connect(settings_for(dovecot), dovecot) as mailbox:
        blocks = sorted(header.block for header in read(mailbox, "INBOX"))
    assert len(blocks) == 3
    assert sum(b'e {5} "(\r\n' in block for block in blocks) == 1


@pytest.mark.dovecot
def test_a_header_longer_than_64_kib_is_cut_there(dovecot: DovecotServer) -> None:
    raw = letter(1, *(f"References: <{'x' * 900}{n}@globex.example>" for n in range(100)))
    dovecot.append("INBOX", raw, ARRIVED)
    with connect(settings_for(dovecot), dovecot) as mailbox:
        (header,) = read(mailbox, "INBOX")
    assert 64_000 < len(header.block) <= 65_536
    assert header.block.endswith(b"@globex.example>\r\n(cut)")  # whole lines, and the mark
    assert header.size_octets == len(raw)


def test_a_keyword_is_found_by_search(imap_server: ImapServer) -> None:
    imap_server.append("Sent", letter(1), ARRIVED)
    settled = imap_server.append("Sent", letter(2), ARRIVED, flags=("NoReplyNeeded",))
    with connect(settings_for(imap_server, **NAMED), imap_server) as mailbox:
        mailbox.examine(folder_of(mailbox, "Sent"))
        assert mailbox.keyword_uids("NoReplyNeeded") == {settled}
        assert mailbox.keyword_uids("Unheard") == frozenset()
        with pytest.raises(ConfigError, match="keyword"):
            mailbox.keyword_uids("two words")


# --- nobody can tell


def snapshot(server: ImapServer) -> list[object]:
    seen: list[object] = []
    with second_pair_of_eyes(server) as eyes:
        for name in ("INBOX", "Sent"):
            seen.append(eyes.status(name, "(MESSAGES UIDNEXT UIDVALIDITY UNSEEN)"))
            eyes.select(name, readonly=True)
            seen.append(eyes.uid("FETCH", "1:*", "(UID FLAGS)"))
    return seen


def test_flags_counts_and_uidnext_are_the_same_before_and_after(imap_server: ImapServer) -> None:
    for name in ("INBOX", "Sent"):
        imap_server.append(name, letter(1), ARRIVED)
        imap_server.append(name, letter(2), ARRIVED, flags=(r"\Seen", r"\Flagged", "Kept"))
    before = snapshot(imap_server)
    with connect(settings_for(imap_server, **NAMED), imap_server) as mailbox:
        for name in ("INBOX", "Sent"):
            assert len(read(mailbox, name)) == 2
            mailbox.keyword_uids("Kept")
    assert snapshot(imap_server) == before


def test_only_commands_that_read_go_over_the_wire(imap_server: ImapServer) -> None:
    imap_server.append("INBOX", letter(1), ARRIVED)
    imap_server.append("Sent", letter(2), ARRIVED)
    with recorded(imap_server.port) as seen:
        settings = settings_for(imap_server, port=seen.port, **NAMED)
        with connect(settings, imap_server, since=date(2024, 1, 1)) as mailbox:
            for name in ("INBOX", "Sent"):
                assert read(mailbox, name)
                mailbox.keyword_uids("Kept")
    verbs = [re.split(rb'[ "]', line)[0] for line in seen.commands]
    uid_verbs = {line.split()[1] for line in seen.commands if line.startswith(b"UID ")}
    payload = verbs.index(b"AUTHENTICATE") + 1
    # Dovecot offers ID (RFC 2971) and ENABLE (RFC 5161), the embedded server need not
    assert {*verbs[:payload], *verbs[payload + 1 :]} - {b"ID", b"ENABLE"} == {
        *(b"CAPABILITY", b"AUTHENTICATE", b"LIST", b"EXAMINE", b"UID", b"LOGOUT")
    }
    assert uid_verbs == {b"SEARCH", b"FETCH"}
    fetches = [line for line in seen.commands if line.startswith(b"UID FETCH")]
    assert all(b"BODY.PEEK[HEADER.FIELDS (" in line and b"FLAGS" not in line for line in fetches)


@pytest.mark.slow
@pytest.mark.dovecot
def test_twenty_thousand_letters_are_read_in_windows_and_short_commands(
    dovecot: DovecotServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(imap_commands, "WINDOW", 6_000)
    monkeypatch.setattr(imap_session, "WINDOW", 6_000)
    minute = timedelta(minutes=1)
    dovecot.deliver_many(Delivery("INBOX", letter(n), ARRIVED + n * minute) for n in range(20_000))
    with (
        recorded(dovecot.port) as seen,
        connect(settings_for(dovecot, port=seen.port), dovecot) as mailbox,
    ):
        headers = read(mailbox, "INBOX")
    assert [header.uid for header in headers] == list(range(1, 20_001))
    assert all(
        header.received_at == ARRIVED + (header.uid - 1) * minute
        and b"Subject: Offer %d\r\n" % (header.uid - 1) in header.block
        for header in headers
    )
    assert sum(line.startswith(b"UID SEARCH") for line in seen.commands) == 4  # 20,000 / 6,000
    assert sum(line.startswith(b"UID FETCH") for line in seen.commands) == 80  # 20,000 / 250
    assert max(map(len, seen.commands)) < 8_000
