"""The mailbox where something is wrong: TLS, logins, broken connections, unreadable answers."""

from __future__ import annotations

import base64
import logging
import socket
from datetime import UTC, datetime
from pathlib import Path

import pytest
import trustme
from imapclient import SocketTimeout
from scripted_mailbox import NOW, SECRET, connect, expanded, fetch, fetched, inbox, settings
from scripted_socket import HANG_UP, scripted
from servers import DovecotServer, settings_for

import inbox_agent.imap_extensions
import inbox_agent.mailbox
from inbox_agent import __version__
from inbox_agent.errors import (
    ConfigError,
    FolderUnavailable,
    MailboxError,
    MailboxRefused,
    MailboxUnavailable,
)
from inbox_agent.imap_answers import letters
from inbox_agent.imap_commands import ForbiddenCommand

# --- TLS


@pytest.mark.dovecot
@pytest.mark.parametrize("tls", ["implicit", "starttls"])
def test_a_private_authority_is_trusted_when_named(dovecot: DovecotServer, tls: str) -> None:
    port = dovecot.tls_port if tls == "implicit" else dovecot.port
    where = settings_for(dovecot, host="localhost", port=port, tls=tls, ca_file=dovecot.ca_file)
    with connect(where) as mailbox:
        assert [folder.name for folder in mailbox.folders()] == ["INBOX", "Sent"]


@pytest.mark.dovecot
@pytest.mark.parametrize("tls", ["implicit", "starttls"])
def test_a_certificate_of_another_authority_is_refused(
    dovecot: DovecotServer, tls: str, tmp_path: Path
) -> None:
    trustme.CA().cert_pem.write_to_path(str(tmp_path / "other.pem"))
    port = dovecot.tls_port if tls == "implicit" else dovecot.port
    other = tmp_path / "other.pem"
    for ca_file in (other, None):
        where = settings_for(dovecot, host="localhost", port=port, tls=tls, ca_file=ca_file)
        with pytest.raises(MailboxRefused, match=r'mailbox "partners".*`ca_file`'):
            connect(where)


@pytest.mark.dovecot
def test_a_certificate_for_another_host_is_refused(dovecot: DovecotServer) -> None:
    # it is made out to localhost, not to the address
    where = settings_for(dovecot, port=dovecot.tls_port, tls="implicit", ca_file=dovecot.ca_file)
    with pytest.raises(MailboxRefused, match=r"127\.0\.0\.1.*check `host`"):
        connect(where)


@pytest.mark.dovecot
def test_tls_to_a_port_that_has_none_is_refused_with_advice(dovecot: DovecotServer) -> None:
    where = settings_for(dovecot, host="localhost", tls="implicit", ca_file=dovecot.ca_file)
    with pytest.raises(MailboxRefused, match="starttls"):
        connect(where)


def test_without_starttls_no_password_is_sent() -> None:
    with scripted() as server:
        with pytest.raises(MailboxRefused, match="no STARTTLS"):
            connect(settings(server.port, tls="starttls"))
        assert server.commands == [b"CAPABILITY"]


def test_a_server_that_lets_everybody_in_is_refused() -> None:
    with scripted(greeting=b"* PREAUTH welcome") as server:
        for tls in ("none", "starttls"):
            with pytest.raises(MailboxRefused, match="PREAUTH"):
                connect(settings(server.port, tls=tls))


def test_plain_text_beyond_loopback_is_a_config_error() -> None:
    # the config refuses it too; this is the second lock
    beyond = settings(143).model_copy(update={"host": "192.0.2.1"})
    with pytest.raises(ConfigError, match="localhost only"):
        connect(beyond)


def test_a_ca_file_that_is_none_is_a_config_error(tmp_path: Path) -> None:
    (tmp_path / "empty.pem").write_text("no certificate\n")
    for name in ("empty.pem", "absent.pem"):
        with pytest.raises(ConfigError, match=r"`ca_file` .*\.pem can't be used"):
            connect(settings(993, tls="implicit", ca_file=tmp_path / name))


# --- logins


@pytest.mark.dovecot
def test_a_wrong_password_is_refused_and_not_shown(dovecot: DovecotServer) -> None:
    with pytest.raises(MailboxRefused, match=r'refuses the login of "user\d+"') as caught:
        connect(settings_for(dovecot), "wrong-horse")
    assert "wrong-horse" not in str(caught.value)


@pytest.mark.parametrize("secret", ["", "\n", "a\nb", "a\r", "a\n\n", "a\0b", "a\x7f"])
def test_a_secret_that_is_not_one_line_of_text_is_a_config_error(secret: str) -> None:
    with scripted() as server:
        with pytest.raises(ConfigError) as caught:
            connect(settings(server.port), secret)
        assert server.commands == []
    assert "a\n" not in str(caught.value)


@pytest.mark.parametrize("ending", ["", "\n", "\r\n"])
def test_one_newline_at_the_end_of_a_secret_is_taken_off_and_umlauts_arrive(ending: str) -> None:
    with scripted() as server:
        connect(settings(server.port), "pässwörd" + ending).close()
        payload = server.commands[server.commands.index(b"AUTHENTICATE PLAIN") + 1]
    assert base64.b64decode(payload).decode() == "\0team\0pässwörd"


def test_login_is_used_where_there_is_no_plain_and_quotes_the_user() -> None:
    with scripted({"CAPABILITY": b"* CAPABILITY IMAP4rev1\r\n{tag} OK done"}) as server:
        connect(settings(server.port, user="team one"), 'a"b').close()
        with pytest.raises(MailboxRefused, match="ASCII"):
            connect(settings(server.port), "ä")
        assert [line for line in server.commands if line.startswith(b"LOGIN")] == [
            b'LOGIN "team one" "a\\"b"'
        ]


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (HANG_UP, MailboxUnavailable),
        (b"* BYE overloaded", MailboxUnavailable),
        (b"{tag} NO [UNAVAILABLE] backend down", MailboxUnavailable),
        (b"{tag} NO [INUSE] later", MailboxUnavailable),
        (b"{tag} NO Temporary problem", MailboxUnavailable),
        (b"{tag} NO [ALERT] Too many simultaneous connections. (Failure)", MailboxUnavailable),
        (b"{tag} BAD User is authenticated but not connected.", MailboxUnavailable),
        (b"{tag} NO Request is throttled. Suggested Backoff Time: 5 ms", MailboxUnavailable),
        (b"{tag} NO [AUTHENTICATIONFAILED] no", MailboxRefused),
        (b"{tag} NO no", MailboxRefused),
        (b"{tag} NO [ALERT] Application-specific password required", MailboxRefused),
    ],
)
@pytest.mark.parametrize("mechanism", ["AUTHENTICATE", "LOGIN"])
def test_a_failed_login_means_what_the_server_says(
    answer: bytes, error: type[MailboxError], mechanism: str
) -> None:
    capability = b"* CAPABILITY IMAP4rev1%b\r\n{tag} OK done" % (
        b" AUTH=PLAIN" if mechanism == "AUTHENTICATE" else b""
    )
    with (
        scripted({"CAPABILITY": capability, mechanism: answer}) as server,
        pytest.raises(MailboxError) as caught,
    ):
        connect(settings(server.port))
    assert type(caught.value) is error
    assert str(caught.value).startswith('mailbox "partners": 127.0.0.1 ')
    assert "\n" not in str(caught.value)
    assert "b'" not in str(caught.value)
    assert caught.value.__cause__ is not None


def test_a_port_nobody_listens_on_is_unavailable() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    with pytest.raises(MailboxUnavailable, match=r'"partners": no connection .*Connection refused'):
        connect(settings(port))


@pytest.mark.parametrize("greeting", [b"* BYE too busy", b"SSH-2.0-none", b""])
def test_a_server_that_does_not_speak_imap_or_not_at_all_is_unavailable(
    greeting: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inbox_agent.mailbox, "TIMEOUT", SocketTimeout(connect=0.2, read=0.2))
    with (
        scripted(greeting=greeting) as server,
        pytest.raises(MailboxUnavailable, match="the next poll tries again"),
    ):
        connect(settings(server.port))


def test_headers_are_not_logged_even_where_everything_else_is(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    logging.getLogger("imapclient").setLevel(logging.DEBUG)
    answer = fetched(1, block=b"From: a@b.example\r\nSubject: canary\r\n\r\n") + b"{tag} OK done"
    with inbox(UID_FETCH=answer) as (mailbox, _):
        assert fetch(mailbox, [1]) == ([1], [])
    assert "canary" not in caplog.text
    assert SECRET not in caplog.text


# --- folders


def test_a_folder_without_uidvalidity_is_left_alone() -> None:
    with (
        scripted({"EXAMINE": b"* 3 EXISTS\r\n{tag} OK [READ-ONLY] done"}) as server,
        connect(settings(server.port)) as mailbox,
        pytest.raises(FolderUnavailable, match=r'folder "INBOX".*no UIDVALIDITY'),
    ):
        mailbox.examine(mailbox.folders()[0])


def test_a_folder_that_is_opened_for_writing_is_left_alone() -> None:
    answer = b"* 3 EXISTS\r\n* OK [UIDVALIDITY 7] x\r\n{tag} OK [READ-WRITE] done"
    with (
        scripted({"EXAMINE": answer}) as server,
        connect(settings(server.port)) as mailbox,
        pytest.raises(FolderUnavailable, match="for writing"),
    ):
        mailbox.examine(mailbox.folders()[0])


def test_no_search_line_is_not_taken_for_no_letters() -> None:
    with (
        inbox(UID_SEARCH=b"* ESEARCH UID ALL 1:3\r\n{tag} OK done") as (mailbox, _),
        pytest.raises(MailboxUnavailable, match="without a result"),
    ):
        mailbox.new_uids(0)


def test_several_search_lines_count_as_one_and_old_uids_are_dropped() -> None:
    answer = b"* SEARCH 1 9\r\n* SEARCH 4 (MODSEQ 5)\r\n{tag} OK done"
    with inbox(UID_SEARCH=answer) as (mailbox, _):
        assert mailbox.new_uids(1) == [4, 9]


def test_another_uidvalidity_in_mid_session_ends_the_folder_for_this_poll() -> None:
    answer = b"* OK [UIDVALIDITY 8] made anew\r\n* SEARCH 1\r\n{tag} OK done"
    with (
        inbox(UID_SEARCH=answer) as (mailbox, _),
        pytest.raises(FolderUnavailable, match='folder "INBOX": it was made anew'),
    ):
        mailbox.new_uids(0)


@pytest.mark.dovecot
def test_a_uidvalidity_changed_under_our_hands_is_noticed(dovecot: DovecotServer) -> None:
    dovecot.append("INBOX", b"From: a@b.example\r\n\r\n", NOW)
    with connect(settings_for(dovecot)) as mailbox:
        folder = mailbox.folders()[0]
        before = mailbox.examine(folder).uidvalidity
        number = str(before + 5)
        dovecot.doveadm("mailbox", "update", "-u", dovecot.user, "--uid-validity", number, "INBOX")
        with pytest.raises(FolderUnavailable, match="made anew"):
            list(mailbox.fetch(folder, mailbox.new_uids(0)))
    with connect(settings_for(dovecot)) as mailbox:
        assert mailbox.examine(folder).uidvalidity == before + 5


def test_after_a_broken_connection_nothing_more_is_sent() -> None:
    with inbox(UID_SEARCH=HANG_UP) as (mailbox, server):
        with pytest.raises(MailboxUnavailable, match='folder "INBOX": lost the connection'):
            mailbox.new_uids(0)
        sent = len(server.commands)
        with pytest.raises(MailboxUnavailable, match="closed before"):
            mailbox.new_uids(0)
        mailbox.close()
        assert len(server.commands) == sent


def test_a_throttling_server_is_left_in_peace() -> None:
    with inbox(UID_FETCH=b"{tag} BAD Request is throttled.") as (mailbox, server):
        with pytest.raises(MailboxUnavailable, match="busy"):
            fetch(mailbox, [1, 2, 3])
        assert server.commands[-1].startswith(b"UID FETCH 1:3 ")


def test_a_command_off_the_list_never_leaves(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inbox_agent.imap_extensions, "FETCH_ITEMS", "(BODY[])")
    with inbox() as (mailbox, server):
        sent = len(server.commands)
        with pytest.raises(ForbiddenCommand):
            fetch(mailbox, [1])
        assert len(server.commands) == sent


# --- letters


BROKEN = {
    "quote in an atom": b'* 137 FETCH (UID 137 RFC822.SIZE 9"9)\r\n',
    "half a list": b"* 137 FETCH (UID 137 RFC822.SIZE\r\n",
    "deep nesting": b"* 137 FETCH (UID 137 X " + b"(" * 5000 + b")" * 5000 + b")\r\n",
    "a number for a name": b"* 137 FETCH (7 8)\r\n",
    "no answer at all": b"",
    "no body": b'* 137 FETCH (UID 137 INTERNALDATE " 1-Mar-2024 09:00:00 +0000")\r\n',
    "another letter": fetched(99_137),
    "no uid": b"* 137 FETCH (RFC822.SIZE 9 BODY[HEADER.FIELDS (FROM)] {2}\r\n\r\n)\r\n",
}


@pytest.mark.parametrize("broken", BROKEN.values(), ids=BROKEN.keys())
def test_one_bad_letter_among_500_costs_one_letter(broken: bytes) -> None:
    def answer(command: bytes) -> bytes:
        parts = [broken if uid == 137 else fetched(uid) for uid in expanded(command)]
        return b"".join(parts) + b"{tag} OK done"

    with inbox(UID_FETCH=answer) as (mailbox, server):
        read, unreadable = fetch(mailbox, list(range(1, 501)))
    assert unreadable == [137]
    assert read == [uid for uid in range(1, 501) if uid != 137]
    # two batches of 250; at worst eight halvings of the first, two commands each
    assert sum(line.startswith(b"UID FETCH") for line in server.commands) <= 2 + 2 * 8


def test_a_letter_the_server_refuses_costs_one_letter() -> None:
    def answer(command: bytes) -> bytes:
        uids = expanded(command)
        if 2 in uids:
            return b"{tag} NO [SERVERBUG] Internal error occurred"
        return b"".join(map(fetched, uids)) + b"{tag} OK done"

    with inbox(UID_FETCH=answer) as (mailbox, _):
        assert fetch(mailbox, [1, 2, 3]) == ([1, 3], [2])


def test_a_server_that_refuses_every_letter_refuses_the_folder() -> None:
    with (
        inbox(UID_FETCH=b"{tag} NO Mailbox deleted") as (mailbox, _),
        pytest.raises(FolderUnavailable, match="Mailbox deleted"),
    ):
        fetch(mailbox, [1, 2, 3])


def test_answers_nobody_asked_for_change_nothing() -> None:
    # flags of sequence number 2, which is uid 5; uid 2 must not get anything of it
    noise = b"* 2 FETCH (FLAGS (\\Deleted))\r\n* 9 EXISTS\r\n" + fetched(77, seq=7)
    good = fetched(2, seq=1) + fetched(5, seq=2)
    with inbox(UID_FETCH=noise + good + noise + b"{tag} OK done") as (mailbox, _):
        assert fetch(mailbox, [2, 5]) == ([2, 5], [])


def test_of_an_answer_only_letters_asked_for_are_kept() -> None:
    answered = [{b"UID": uid, b"BODY[HEADER.FIELDS]<0>": b""} for uid in (1, 2, 77)]
    assert letters(answered, {1, 2, 3}).keys() == {1, 2}


@pytest.mark.parametrize(
    ("internaldate", "received_at"),
    [
        (b'" 1-Mar-2024 09:00:00 +0100"', datetime(2024, 3, 1, 8, 0, tzinfo=UTC)),
        (b'"01-Mar-2024 00:30:00 +0530"', datetime(2024, 2, 29, 19, 0, tzinfo=UTC)),
        (b'"01-Mar-2024 09:00:00"', None),
        (b'"01-Mar-2024 09:00:00 +9900"', None),
        (b'"yesterday"', None),
        (b"NIL", None),
    ],
)
def test_internaldate_is_utc_or_nothing(internaldate: bytes, received_at: datetime | None) -> None:
    answer = b"* 1 FETCH (UID 1 INTERNALDATE %b RFC822.SIZE 0 " % internaldate
    answer += b"BODY[HEADER.FIELDS (FROM)]<0> NIL)\r\n{tag} OK done"
    with inbox(UID_FETCH=answer) as (mailbox, _):
        ((headers, unreadable),) = mailbox.fetch(mailbox.folders()[0], [1])
    assert unreadable == []
    assert (headers[0].received_at, headers[0].block) == (received_at, b"")


# --- who we are


OFFERS_ID = b"* CAPABILITY IMAP4rev1 AUTH=PLAIN ID\r\n{tag} OK done"


@pytest.mark.parametrize(
    "answer", [b"* ID NIL\r\n{tag} OK done", b"{tag} NO no", b"{tag} BAD what?"]
)
def test_we_say_once_who_we_are_where_that_is_asked_for(answer: bytes) -> None:
    with inbox(CAPABILITY=OFFERS_ID, ID=answer) as (_, server):
        said = [line for line in server.commands if line.startswith(b"ID ")]
        assert said == [f'ID ("name" "inbox-agent" "version" "{__version__}")'.encode()]
        # after the login, which is not told to anybody who happens to listen
        assert server.commands.index(said[0]) > server.commands.index(b"AUTHENTICATE PLAIN")


def test_where_nobody_asks_we_do_not_say_who_we_are() -> None:
    with inbox() as (_, server):
        assert not any(line.startswith(b"ID ") for line in server.commands)


def test_nothing_but_mod_sequences_is_switched_on_whatever_the_server_offers() -> None:
    offers = b"* CAPABILITY IMAP4rev1 AUTH=PLAIN ENABLE UTF8=ACCEPT COMPRESS=DEFLATE CONDSTORE"
    with inbox(CAPABILITY=offers + b"\r\n{tag} OK done") as (mailbox, server):
        fetch(mailbox, [1])
    assert [line for line in server.commands if line.startswith((b"ENABLE", b"COMPRESS"))] == [
        b"ENABLE CONDSTORE"
    ]


def test_one_strange_folder_name_costs_that_folder() -> None:
    lines = (
        b'* LIST () "/" INBOX\r\n* LIST () "/" Orders[2024\r\n* LIST () "/" &bad\r\n'
        b'* LIST () "/" Gr\xc3\xb6\xc3\x9fe\r\n* LIST (\\Sent) "/" Sent\r\n{tag} OK done'
    )
    with scripted({"LIST": lines}) as server, connect(settings(server.port)) as mailbox:
        found = [folder.name for folder in mailbox.folders()]
    assert found == ["INBOX", "&bad", "Größe", "Orders[2024", "Sent"]
