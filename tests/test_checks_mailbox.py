"""`check` on a mailbox: every fault of a password, a server or a folder is a line of its own."""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from imapclient import SocketTimeout
from installations import AS_OF, deliver, install, letter, mailbox_entry
from scripted_socket import scripted
from servers import (
    HOST,
    Delivery,
    DovecotServer,
    EmbeddedServer,
    free_ports,
)
from token_server import CLIENT_ID, running_token_server

import inbox_agent.mailbox
from inbox_agent.agent import Agent
from inbox_agent.checks_findings import Finding, Level
from inbox_agent.checks_mailbox import SAMPLE, check_mailbox
from inbox_agent.config import load_config
from inbox_agent.demo.mailserver import serve_letters

MAY = datetime.fromisoformat("2024-05-06T09:00:00+00:00")
OURS, THEIRS = "Ana <ana@acme.example>", "Kim <kim@globex.example>"
SECRET = "open-sesame"


@pytest.fixture
def server() -> Iterator[EmbeddedServer]:
    with serve_letters([]) as running:
        embedded = EmbeddedServer(running)
        embedded.append("INBOX", letter(THEIRS, OURS, MAY, "1"), MAY)
        for number in range(3):
            embedded.append("Sent", letter(OURS, THEIRS, MAY, f"o{number}"), MAY)
        yield embedded


def found(top: Path, *entries: str, now: datetime = AS_OF) -> list[Finding]:
    place = install(top, *entries)
    agent = Agent(load_config(place.config), clock=lambda: now)
    return [each for one in agent.config.mailboxes for each in check_mailbox(agent, one)]


def failed(findings: list[Finding]) -> list[tuple[str, int]]:
    return [(one.text, one.exit_code) for one in findings if one.level is Level.FAILURE]


def only_failure(findings: list[Finding]) -> tuple[str, int]:
    (one,) = failed(findings)
    return one


def texts(findings: list[Finding], level: Level) -> list[str]:
    return [one.text for one in findings if one.level is level]


def entry(port: int, **changes: object) -> str:
    """A mailbox on a scripted server."""
    keys = {"host": HOST, "port": port, "user": "team", "tls": "none"} | changes
    lines = [f"{key} = {json.dumps(value)}" for key, value in keys.items() if value is not None]
    head = ["[[mailboxes]]", 'name = "partners"']
    return "\n".join([*head, *lines, f'password = {{ command = "echo {SECRET}" }}', ""])


# --- a mailbox in order


def test_of_a_mailbox_in_order_every_step_is_a_line(server: EmbeddedServer, tmp_path: Path) -> None:
    findings = found(tmp_path, mailbox_entry(server))
    assert failed(findings) == []
    assert texts(findings, Level.WARNING) == []
    assert texts(findings, Level.FINE) == [
        "password from the command",
        f"logged in to 127.0.0.1 as {server.user}, without TLS on this computer itself",
        "the server offers IDLE",
        'what we sent lies in "Sent"',
        "opened for reading only; letters: INBOX 1, Sent 3",
        "the authors in Sent are us, as [team] says",
    ]
    assert {one.place for one in findings} == {'mailbox "partners"'}


@pytest.mark.dovecot
def test_looking_leaves_the_mailbox_as_it_was(dovecot: DovecotServer, tmp_path: Path) -> None:
    deliver(dovecot, [Delivery("INBOX", letter(THEIRS, OURS, MAY, "1"), MAY)])
    before = dovecot.doveadm("fetch", "-u", dovecot.user, "flags uid", "mailbox", "INBOX")
    assert failed(found(tmp_path, mailbox_entry(dovecot))) == []
    assert dovecot.doveadm("fetch", "-u", dovecot.user, "flags uid", "mailbox", "INBOX") == before


def test_no_secret_is_shown(server: EmbeddedServer, tmp_path: Path) -> None:
    wrong = mailbox_entry(server, "wrong", secret="swordfish")
    said = " ".join(one.text for one in found(tmp_path, mailbox_entry(server), wrong))
    assert server.password not in said
    assert "swordfish" not in said


def test_what_fails_hides_no_other_mailbox(server: EmbeddedServer, tmp_path: Path) -> None:
    (closed,) = free_ports(1)
    findings = found(
        tmp_path,
        entry(closed).replace('"partners"', '"closed"'),
        mailbox_entry(server, "wrong", secret="swordfish"),
        mailbox_entry(server),
    )
    assert [code for _, code in failed(findings)] == [1, 3]
    assert "opened for reading only; letters: INBOX 1, Sent 3" in texts(findings, Level.FINE)


# --- where the password comes from


def test_a_missing_password_does_not_hide_what_is_wrong_with_the_server(tmp_path: Path) -> None:
    (closed,) = free_ports(1)
    no_file = entry(closed).replace(f'command = "echo {SECRET}"', 'file = "not-there"')
    (password, connection) = failed(found(tmp_path, no_file))
    assert password[0].startswith("password.file: ")
    assert "not-there can't be read" in password[0]
    assert password[1] == 2
    assert connection[0] == (
        f"nobody listens at 127.0.0.1:{closed}: correct `host` or `port` "
        '(993 for tls = "implicit", 143 for "starttls")'
    )
    assert connection[1] == 1


@pytest.mark.parametrize(
    ("place", "said"),
    [
        ('env = "NOT_SET_ANYWHERE"', "password.env: NOT_SET_ANYWHERE is not set"),
        ('command = "false"', "password.command: false ended with exit code 1"),
        ('command = "true"', "password.command: it is empty"),
        ('file = "wide"', "password.file: others may read"),
    ],
)
def test_each_place_that_gives_no_password_says_so(place: str, said: str, tmp_path: Path) -> None:
    wide = tmp_path / "config" / "wide"
    wide.parent.mkdir()
    wide.write_text(SECRET)
    wide.chmod(0o644)
    with scripted() as server:
        other = entry(server.port).replace(f'command = "echo {SECRET}"', place)
        findings = found(tmp_path, other)
        assert server.commands == []
    text, code = only_failure(findings)
    assert text.startswith(said)
    assert code == 2
    assert SECRET not in text
    reached = f"127.0.0.1:{server.port} can be reached; not logged in"
    assert texts(findings, Level.FINE) == [reached]


def test_a_systemd_credential_is_named(
    server: EmbeddedServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "partners").write_text(server.password)
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    first, *_ = found(tmp_path, mailbox_entry(server, secret="swordfish"))
    assert first.text == "secret from the systemd credential partners"
    (tmp_path / "partners").unlink()
    first, *_ = found(tmp_path, mailbox_entry(server))
    assert first.text == "password from the command"


def oauth2_entry(port: int, url: str) -> str:
    plain = entry(port).partition("password")[0]
    return (
        f'{plain}oauth2 = {{ provider = "other", client_id = "{CLIENT_ID}", flow = "device", '
        f'keep = {{ file = "token" }}, token_url = "{url}/token", device_url = "{url}/device", '
        'scope = "imap" }\n'
    )


def test_who_never_logged_in_at_the_provider_is_told_how(tmp_path: Path) -> None:
    with running_token_server() as tokens, scripted() as server:
        findings = found(tmp_path, oauth2_entry(server.port, tokens.url))
    text, code = only_failure(findings)
    reached = f"127.0.0.1:{server.port} can be reached; not logged in"
    assert texts(findings, Level.FINE) == [reached]
    assert "nobody has logged in yet; run `inbox-agent login partners`" in text
    assert code == 3


def test_a_refused_refresh_token_is_told(tmp_path: Path) -> None:
    kept = tmp_path / "config" / "token"
    kept.parent.mkdir()
    kept.write_text("refresh-old")
    kept.chmod(stat.S_IRUSR | stat.S_IWUSR)
    with running_token_server() as tokens, scripted() as server:
        tokens.token_trouble = (400, {"error": "invalid_grant"})
        text, code = only_failure(found(tmp_path, oauth2_entry(server.port, tokens.url)))
    assert "inbox-agent login partners" in text
    assert "refresh-old" not in text
    assert code == 3


# --- the server


def test_a_host_that_does_not_resolve_is_told_from_one_that_refuses(tmp_path: Path) -> None:
    nowhere = entry(993, host="imap.invalid", tls="implicit")
    text, code = only_failure(found(tmp_path, nowhere))
    assert text == "there is no host imap.invalid: correct `host`, or see to the network (DNS)"
    assert code == 1


def test_a_server_that_is_no_imap_server_is_told(tmp_path: Path) -> None:
    with scripted(greeting=b"220 mail.example ESMTP") as server:
        text, code = only_failure(found(tmp_path, entry(server.port)))
    assert text == (
        f"what answers at 127.0.0.1:{server.port} is no IMAP server: correct `host` or `port`"
    )
    assert code == 1


def test_a_server_that_falls_silent_after_the_login_is_told_as_what_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    silent = SocketTimeout(connect=5, read=0.1)
    monkeypatch.setattr(inbox_agent.mailbox, "TIMEOUT", silent)
    with scripted({"LIST": lambda _: iter(())}) as server:
        text, code = only_failure(found(tmp_path, entry(server.port)))
    assert "correct" not in text
    assert code == 1


def test_no_login_is_believed_that_nobody_asked_for(tmp_path: Path) -> None:
    with scripted(greeting=b"* PREAUTH come in") as server:
        text, code = only_failure(found(tmp_path, entry(server.port)))
    assert "PREAUTH" in text
    assert code == 3


def test_without_starttls_no_password_is_sent(tmp_path: Path) -> None:
    with scripted() as server:
        text, code = only_failure(found(tmp_path, entry(server.port, tls="starttls")))
        assert not any(line.startswith((b"LOGIN", b"AUTH")) for line in server.commands)
    assert "offers no STARTTLS" in text
    assert code == 3


@pytest.mark.dovecot
def test_a_certificate_nobody_vouches_for_is_told(dovecot: DovecotServer, tmp_path: Path) -> None:
    wrong = entry(dovecot.tls_port, host="localhost", tls="implicit", user=dovecot.user)
    text, code = only_failure(found(tmp_path, wrong))
    assert "is not to be trusted" in text
    assert "`ca_file`" in text
    assert code == 3


@pytest.mark.dovecot
def test_tls_where_the_server_speaks_plainly_is_told(
    dovecot: DovecotServer, tmp_path: Path
) -> None:
    wrong = entry(dovecot.port, host="localhost", tls="implicit", user=dovecot.user)
    text, code = only_failure(found(tmp_path, wrong))
    assert 'may have to be "starttls"' in text
    assert code == 3


@pytest.mark.parametrize(
    "words",
    [
        b"[ALERT] Your account is not enabled for IMAP use. Please visit your settings page",
        b"[ALERT] IMAP access is disabled for your domain.",
    ],
)
def test_an_account_without_imap_is_told_how_to_switch_it_on(words: bytes, tmp_path: Path) -> None:
    with scripted({"AUTHENTICATE": b"{tag} NO " + words}) as server:
        text, code = only_failure(found(tmp_path, entry(server.port)))
    assert words.decode()[:40] in text
    assert "Set-CASMailbox -Identity team -ImapEnabled $true" in text
    assert code == 3


def test_exchange_says_so_in_its_own_words(tmp_path: Path) -> None:
    answers = {"LIST": b"{tag} BAD User is authenticated but not connected."}
    with scripted(answers) as server:
        text, code = only_failure(found(tmp_path, entry(server.port)))
    assert "Set-CASMailbox" in text
    assert code == 1


def test_a_refused_login_is_told(server: EmbeddedServer, tmp_path: Path) -> None:
    text, code = only_failure(found(tmp_path, mailbox_entry(server, secret="swordfish")))
    assert "refuses the login" in text
    assert "check `user` and `password`" in text
    assert code == 3


# --- what it offers


def offering(top: Path, names: bytes, **changes: object) -> list[Finding]:
    said = b"* CAPABILITY IMAP4rev1 AUTH=PLAIN " + names + b"\r\n{tag} OK done"
    answers = {"CAPABILITY": said, "ENABLE": b"* ENABLED QRESYNC\r\n{tag} OK done"}
    with scripted({**answers, "ID": b"{tag} OK"}) as server:
        return found(top, entry(server.port, **changes))


def test_what_a_server_lacks_is_said_by_what_it_means(tmp_path: Path) -> None:
    later = "deleted letters are noticed later, by counting"
    assert texts(offering(tmp_path, b"", sent=["Sent"]), Level.NOTE) == [
        "no IDLE: a new letter is seen at the next poll, every 5 minutes",
        "no SPECIAL-USE: what we sent is looked for where `sent` says",
        f"no QRESYNC or CONDSTORE: polls ask more, and {later}",
    ]
    full = offering(tmp_path, b"IDLE ENABLE CONDSTORE QRESYNC SPECIAL-USE")
    assert texts(full, Level.NOTE) == []
    assert "the server offers IDLE, QRESYNC, CONDSTORE, SPECIAL-USE" in texts(full, Level.FINE)
    some = offering(tmp_path, b"IDLE ENABLE CONDSTORE SPECIAL-USE")
    assert texts(some, Level.NOTE) == [f"no QRESYNC: {later}"]


def test_gmail_that_hides_all_mail_is_told(tmp_path: Path) -> None:
    findings = offering(tmp_path, b"X-GM-EXT-1 IDLE")
    text, code = only_failure(findings)
    assert 'turn on "Show in IMAP"' in text
    assert code == 2
    assert any(one.startswith("opened for reading only") for one in texts(findings, Level.FINE))


# --- folders


def listing(top: Path, lines: bytes, **changes: object) -> list[Finding]:
    with scripted({"LIST": lines + b"{tag} OK done"}) as server:
        return found(top, entry(server.port, **changes))


def test_an_empty_list_of_folders_is_a_matter_of_rights(tmp_path: Path) -> None:
    text, code = only_failure(listing(tmp_path, b""))
    assert text.startswith("the server lists no folder at all; see whether this user may read")
    assert code == 3


def test_where_no_folder_is_marked_sent_the_likely_ones_are_named(tmp_path: Path) -> None:
    lines = b"".join(
        b'* LIST () "/" "%s"\r\n' % name for name in (b"INBOX", b"Gesendete Objekte", b"Alt")
    )
    findings = listing(tmp_path, lines)
    text, code = only_failure(findings)
    assert text.endswith('it may be "Gesendete Objekte": write `sent = ["Gesendete Objekte"]`')
    assert code == 2
    opened = "opened for reading only; letters: INBOX 3, Alt 3, Gesendete Objekte 3"
    assert opened in texts(findings, Level.FINE)


def test_where_no_folder_is_marked_sent_nothing_is_said_of_authors(tmp_path: Path) -> None:
    with serve_letters([]) as running:
        server = EmbeddedServer(running)
        for number in range(3):
            server.append("INBOX", letter(THEIRS, OURS, MAY, f"{number}"), MAY)
        text, _ = only_failure(found(tmp_path, mailbox_entry(server, sent=None)))
    assert "no folder is marked \\Sent" in text


def test_where_no_name_is_likely_all_folders_are_named(tmp_path: Path) -> None:
    text, code = only_failure(listing(tmp_path, b'* LIST () "/" INBOX\r\n* LIST () "/" Box\r\n'))
    assert 'there are "Box", "INBOX"' in text
    assert code == 2


def test_a_configured_folder_that_is_missing_is_told_with_those_there_are(
    server: EmbeddedServer, tmp_path: Path
) -> None:
    findings = found(tmp_path, mailbox_entry(server, folders=["INBOX", "Kunden"]))
    assert only_failure(findings) == (
        'there is no folder "Kunden"; correct it under `folders`; there are "INBOX", "Sent"',
        1,
    )
    assert "opened for reading only; letters: INBOX 1, Sent 3" in texts(findings, Level.FINE)


def test_a_sent_folder_that_is_missing_is_told(server: EmbeddedServer, tmp_path: Path) -> None:
    text, code = only_failure(found(tmp_path, mailbox_entry(server, sent=["Gesendet"])))
    assert '`sent` names "Gesendet", but there is no such folder; there are "INBOX", "Sent"' in text
    assert code == 2


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (
            b"* 3 EXISTS\r\n* OK [UIDVALIDITY 7]\r\n{tag} OK [READ-WRITE] done",
            "the server opened it for writing",
        ),
        (b"* 3 EXISTS\r\n{tag} OK [READ-ONLY] done", "gives it no UIDVALIDITY"),
        (b"{tag} NO [NOPERM] not for you", "the server refuses it ([NOPERM] not for you)"),
    ],
)
def test_a_folder_that_can_not_be_trusted_costs_only_itself(
    answer: bytes, said: str, tmp_path: Path
) -> None:
    good = b"* 0 EXISTS\r\n* OK [UIDVALIDITY 7] ok\r\n{tag} OK [READ-ONLY] done"

    def examine(command: bytes) -> bytes:
        return good if b"Sent" in command else answer

    with scripted({"EXAMINE": examine}) as server:
        findings = found(tmp_path, entry(server.port))
    text, code = only_failure(findings)
    assert 'folder "INBOX"' in text
    assert said in text
    assert code == 1
    assert "opened for reading only; letters: Sent 0" in texts(findings, Level.FINE)


# --- the latest letters


def test_a_letter_from_the_future_tells_of_a_wrong_clock(
    server: EmbeddedServer, tmp_path: Path
) -> None:
    two = timedelta(minutes=2)
    assert texts(found(tmp_path, mailbox_entry(server), now=MAY - two), Level.WARNING) == []
    late = found(tmp_path, mailbox_entry(server), now=MAY - timedelta(minutes=90))
    (said,) = texts(late, Level.WARNING)
    assert said.startswith("the latest letter came 90 minutes after now: this computer's clock is")


def test_a_wrong_team_is_told_by_domains_alone(server: EmbeddedServer, tmp_path: Path) -> None:
    stranger = EmbeddedServer(server.running)
    for number in range(SAMPLE - 1):
        author = "Eva <eva@initech.example>" if number else "Max <max@umbrella.example>"
        stranger.append("Sent", letter(author, THEIRS, MAY, f"s{number}"), MAY)
    # one of the three letters of ours is still among the latest 50
    assert failed(found(tmp_path, mailbox_entry(server))) == []
    stranger.append("Sent", letter("Eva <eva@initech.example>", THEIRS, MAY, "last"), MAY)
    text, code = only_failure(found(tmp_path, mailbox_entry(server)))
    assert text == (
        "none of the latest 50 letters in Sent is from us; correct `domains` or `addresses` "
        "under [team], or `sent`; these are from initech.example, umbrella.example"
    )
    assert code == 2


def test_two_letters_in_sent_prove_nothing(tmp_path: Path) -> None:
    with serve_letters([]) as running:
        young = EmbeddedServer(running)
        for number in range(2):
            young.append("Sent", letter(THEIRS, OURS, MAY, f"s{number}"), MAY)
        findings = found(tmp_path, mailbox_entry(young))
    assert failed(findings) == []
    assert not any("[team]" in text for text in texts(findings, Level.FINE))


def test_the_environment_is_left_without_the_password(
    server: EmbeddedServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TEAM_PASSWORD", server.password)
    by_name = mailbox_entry(server).replace(
        f'command = "echo {server.password}"', 'env = "TEAM_PASSWORD"'
    )
    findings = found(tmp_path, by_name)
    assert failed(findings) == []
    assert findings[0].text == "password from the variable TEAM_PASSWORD"
    assert "TEAM_PASSWORD" not in os.environ
