"""What servers say, and what that means: lines of the servers that matter, as they send them."""

from __future__ import annotations

import pytest
from scripted_mailbox import connect, fetch, inbox, settings
from scripted_socket import scripted

from inbox_agent.errors import Fault, FolderUnavailable, MailboxError
from inbox_agent.imap_faults import LONGEST_PAUSE_SECONDS, fault_of, is_busy, pause_seconds

LINES = [
    # Exchange and Exchange Online
    ("Request is throttled. Suggested Backoff Time: 299961 milliseconds", Fault.LATER),
    ("User is authenticated but not connected.", Fault.LATER),
    ("Server Unavailable. 15", Fault.LATER),
    ("AUTHENTICATE failed.", Fault.AUTHENTICATION),
    ("LOGIN failed.", Fault.AUTHENTICATION),
    ("Command Argument Error. 11", Fault.PROTOCOL),
    # Gmail
    ("[ALERT] Too many simultaneous connections. (Failure)", Fault.LATER),
    ("[OVERQUOTA] Account exceeded command or bandwidth limits. (Failure)", Fault.LATER),
    ("[AUTHENTICATIONFAILED] Invalid credentials (Failure)", Fault.AUTHENTICATION),
    ("[ALERT] Invalid credentials (Failure)", Fault.AUTHENTICATION),
    ("[ALERT] Application-specific password required (Failure)", Fault.AUTHENTICATION),
    ("[NONEXISTENT] Unknown Mailbox: Gone (Failure)", Fault.FOLDER),
    ("System Error (Failure)", Fault.LATER),
    # Dovecot
    ("[UNAVAILABLE] Temporary authentication failure.", Fault.LATER),
    ("[AUTHENTICATIONFAILED] Authentication failed.", Fault.AUTHENTICATION),
    ("[NONEXISTENT] Mailbox doesn't exist: Gone", Fault.FOLDER),
    ("[NOPERM] Permission denied", Fault.FOLDER),
    ("[INUSE] Timeout while waiting for lock", Fault.LATER),
    ("[SERVERBUG] Internal error occurred. Refer to server log.", Fault.LATER),
    ("Maximum number of connections from user+IP exceeded", Fault.LATER),
    ("Mailbox UIDVALIDITY changed", Fault.GENERATION),
    ("IMAP session state is inconsistent, please relogin.", Fault.GENERATION),
    ("[PRIVACYREQUIRED] Plaintext authentication disallowed on non-secure", Fault.FATAL),
    # Cyrus
    ("Mailbox does not exist", Fault.FOLDER),
    ("Login failed: authentication failure", Fault.AUTHENTICATION),
    ("Login only available under a layer", Fault.FATAL),
    ("System I/O error", Fault.LATER),
    # Courier
    ("Login failed.", Fault.AUTHENTICATION),
    ("Unable to open this mailbox.", Fault.FOLDER),
    ("Temporary problem, please try again later", Fault.LATER),
    ("Error in IMAP command received by server.", Fault.PROTOCOL),
    # a code goes before the words around it
    ("[EXPIRED] Temporary password: try again with a new one", Fault.AUTHENTICATION),
    ("[UNAVAILABLE] Mailbox does not exist on this backend now", Fault.LATER),
    ("[CLIENTBUG] Unknown state, try again", Fault.PROTOCOL),
    ("[PRIVACYREQUIRED] Temporarily unavailable without TLS", Fault.FATAL),
    ("[NOPERM] Too many rights are missing", Fault.FOLDER),
    ("[ALERT] [EXPIRED] too many days since the last change", Fault.AUTHENTICATION),
    # one that nobody knows leaves it to the words
    ("[ALERT] Mailbox does not exist", Fault.FOLDER),
    ("[X-BUSY] try again later", Fault.LATER),
]
#: RFC 5530 §3, all that a reader may meet; ALREADYEXISTS is about CREATE and RENAME.
CODES = [
    ("UNAVAILABLE", Fault.LATER),
    ("AUTHENTICATIONFAILED", Fault.AUTHENTICATION),
    ("AUTHORIZATIONFAILED", Fault.AUTHENTICATION),
    ("EXPIRED", Fault.AUTHENTICATION),
    ("PRIVACYREQUIRED", Fault.FATAL),
    ("CONTACTADMIN", Fault.LATER),
    ("NOPERM", Fault.FOLDER),
    ("INUSE", Fault.LATER),
    ("EXPUNGEISSUED", Fault.LATER),
    ("CORRUPTION", Fault.LATER),
    ("SERVERBUG", Fault.LATER),
    ("CLIENTBUG", Fault.PROTOCOL),
    ("CANNOT", Fault.PROTOCOL),
    ("LIMIT", Fault.LATER),
    ("OVERQUOTA", Fault.LATER),
    ("NONEXISTENT", Fault.FOLDER),
]


@pytest.mark.parametrize(("code", "fault"), CODES)
def test_a_response_code_says_what_it_is_whatever_the_words_and_the_case(
    code: str, fault: Fault
) -> None:
    for words in ("", "Login failed", "Mailbox does not exist", "try again later"):
        assert fault_of(f"[{code}] {words}", Fault.CONNECTION) is fault
        assert fault_of(f"[{code.lower()}] {words}", Fault.CONNECTION) is fault


@pytest.mark.parametrize(
    ("line", "is_left_in_peace"),
    [
        ("[UNAVAILABLE] no", True),
        ("[INUSE] no", True),
        ("[LIMIT] no", True),
        ("[THROTTLED] no", True),
        ("Request is throttled.", True),
        ("[ALERT] Too many simultaneous connections. (Failure)", True),
        ("[OVERQUOTA] Account exceeded command or bandwidth limits. (Failure)", True),
        ("[SERVERBUG] Internal error", False),  # of one folder it may be, and no other
        ("[NOPERM] too many", False),
        ("[NONEXISTENT] Unknown Mailbox: Too many (Failure)", False),
        ("no", False),
    ],
)
def test_a_server_that_has_too_much_to_do_is_left_in_peace(
    line: str, is_left_in_peace: bool
) -> None:
    assert is_busy(line) is is_left_in_peace


@pytest.mark.parametrize(("line", "fault"), LINES)
def test_a_line_of_a_real_server_is_sorted_by_what_helps(line: str, fault: Fault) -> None:
    otherwise = Fault.CONNECTION
    assert fault_of(line, otherwise) is fault


def test_what_nobody_knows_is_what_the_caller_takes_it_for() -> None:
    assert fault_of("no", Fault.AUTHENTICATION) is Fault.AUTHENTICATION
    assert fault_of("no", Fault.FOLDER) is Fault.FOLDER


@pytest.mark.parametrize(
    ("line", "seconds"),
    [
        ("Request is throttled. Suggested Backoff Time: 299961 milliseconds", 300),
        ("Request is throttled. Suggested Backoff Time: 1 milliseconds", 1),
        ("suggested backoff time: 2000 ms", 2),
        ("Suggested Backoff Time: 45 seconds", 45),
        ("Suggested Backoff Time: 999999999999 milliseconds", LONGEST_PAUSE_SECONDS),
        ("Suggested Backoff Time: soon", None),
        ("Too many simultaneous connections", None),
    ],
)
def test_the_pause_a_server_asks_for_is_whole_seconds_and_an_hour_at_most(
    line: str, seconds: int | None
) -> None:
    assert pause_seconds(line) == seconds


THROTTLED = b"{tag} %b Request is throttled. Suggested Backoff Time: 89117 milliseconds"


@pytest.mark.parametrize("word", [b"NO", b"BAD"])
@pytest.mark.parametrize("command", ["AUTHENTICATE", "UID FETCH", "EXAMINE"])
def test_an_error_says_when_the_server_will_have_us_again(command: str, word: bytes) -> None:
    def poll(port: int) -> None:
        with connect(settings(port)) as mailbox:
            mailbox.examine(mailbox.folders()[0])
            fetch(mailbox, [1, 2])

    with (
        scripted({command: THROTTLED % word}) as server,
        pytest.raises(MailboxError) as caught,
    ):
        poll(server.port)
    # 89.117 s, rounded up
    assert (caught.value.fault, caught.value.retry_after_seconds) == (Fault.LATER, 90)


def test_a_throttling_server_that_says_goodbye_is_not_called_again_at_once() -> None:
    bye = b"* BYE Request is throttled. Suggested Backoff Time: 2000 milliseconds"
    with inbox(UID_FETCH=bye) as (mailbox, server):
        with pytest.raises(MailboxError) as caught:
            fetch(mailbox, [1, 2])
        assert sum(line.startswith(b"AUTHENTICATE") for line in server.commands) == 1
    assert (caught.value.fault, caught.value.retry_after_seconds) == (Fault.LATER, 2)


def test_a_folder_that_is_gone_and_one_made_anew_are_told_apart() -> None:
    gone = b"{tag} NO [NONEXISTENT] no such folder"
    with scripted({"EXAMINE": gone}) as server, connect(settings(server.port)) as mailbox:
        with pytest.raises(FolderUnavailable) as caught:
            mailbox.examine(mailbox.folders()[0])
        assert caught.value.fault is Fault.FOLDER
    anew = b"* OK [UIDVALIDITY 8] made anew\r\n* SEARCH 1\r\n{tag} OK done"
    with inbox(UID_SEARCH=anew) as (mailbox, _):
        with pytest.raises(FolderUnavailable) as caught:
            mailbox.new_uids(0)
        assert caught.value.fault is Fault.GENERATION
