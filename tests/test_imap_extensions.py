"""What a server offers, and what is made of it: ENABLE, ids, and Gmail's labels."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from scripted_mailbox import connect, expanded, settings
from scripted_socket import HANG_UP, Answer, ScriptedServer, scripted

from inbox_agent.imap_commands import FETCH_ITEMS, GMAIL_FETCH_ITEMS, OBJECT_FETCH_ITEMS
from inbox_agent.imap_extensions import extensions
from inbox_agent.imap_hints import Hints, hints_of
from inbox_agent.mailbox import Mailbox
from inbox_agent.messages import FetchedHeader

BLOCK = b"From: a@b.example\r\nBcc: quiet@b.example\r\n\r\n"


def capability(*names: str) -> bytes:
    words = " ".join(("IMAP4rev1", "AUTH=PLAIN", *names))
    return f"* CAPABILITY {words}\r\n{{tag}} OK done".encode()


@contextmanager
def offering(*names: str, **answers: Answer) -> Iterator[tuple[Mailbox, ScriptedServer]]:
    """INBOX of a server that offers these; ``UID_FETCH=`` answers ``UID FETCH``."""
    script = {name.replace("_", " "): answer for name, answer in answers.items()}
    with (
        scripted({"CAPABILITY": capability(*names), **script}) as server,
        connect(settings(server.port)) as mailbox,
    ):
        mailbox.examine(mailbox.folders()[0])
        yield mailbox, server


def said(server: ScriptedServer, verb: str) -> list[bytes]:
    return [line for line in server.commands if line.startswith(verb.encode())]


# --- ENABLE


@pytest.mark.parametrize(
    ("offered", "enabled"),
    [
        (("ENABLE", "CONDSTORE", "QRESYNC"), [b"ENABLE QRESYNC"]),
        (("ENABLE", "QRESYNC"), [b"ENABLE QRESYNC"]),
        (("ENABLE", "CONDSTORE"), [b"ENABLE CONDSTORE"]),
        (("CONDSTORE", "QRESYNC"), []),  # RFC 5161 §3.1: only where ENABLE is offered
        (("ENABLE",), []),
        (("ENABLE", "UTF8=ACCEPT", "COMPRESS=DEFLATE", "OBJECTID"), []),
    ],
)
def test_the_better_of_two_extensions_is_enabled_and_no_other(
    offered: tuple[str, ...], enabled: list[bytes]
) -> None:
    with offering(*offered, ENABLE=b"* ENABLED\r\n{tag} OK done") as (_, server):
        assert said(server, "ENABLE") == enabled


def test_it_is_enabled_after_the_login_and_before_any_folder_is_opened() -> None:
    with offering("ENABLE", "QRESYNC", ENABLE=b"{tag} OK done") as (_, server):
        verbs = [line.split(b" ")[0] for line in server.commands]
    assert verbs.index(b"AUTHENTICATE") < verbs.index(b"ENABLE") < verbs.index(b"EXAMINE")


def test_what_counts_is_what_the_server_offers_after_the_login() -> None:
    offers = iter([capability(), capability("ENABLE", "QRESYNC")])
    with scripted({"CAPABILITY": lambda _: next(offers)}) as server:
        connect(settings(server.port)).close()
        assert said(server, "ENABLE") == [b"ENABLE QRESYNC"]


EXAMINED = b"* OK [UIDVALIDITY 7] ok\r\n* OK [HIGHESTMODSEQ 9] ok\r\n{tag} OK [READ-ONLY] done"


@pytest.mark.parametrize(
    ("answer", "is_confirmed"),
    [
        (b"* ENABLED QRESYNC\r\n{tag} OK done", True),
        (b"* ENABLED CONDSTORE qresync\r\n{tag} OK done", True),
        (b"* ENABLED CONDSTORE\r\n* ENABLED QRESYNC\r\n{tag} OK done", True),
        (b"* ENABLED\r\n{tag} OK done", False),  # iCloud
        (b"* ENABLED CONDSTORE\r\n{tag} OK done", False),
        (b"* ENABLED XQRESYNC\r\n{tag} OK done", False),
        (b"{tag} OK done", False),
        (b"{tag} NO not today", False),
        (b"{tag} BAD what?", False),
    ],
)
def test_only_what_the_server_confirms_counts_as_enabled(answer: bytes, is_confirmed: bool) -> None:
    more = {"ENABLE": answer, "EXAMINE": EXAMINED}
    with offering("ENABLE", "QRESYNC", **more) as (mailbox, server):
        assert mailbox.tells_vanished is is_confirmed
        if not is_confirmed:
            assert mailbox.vanished(5) is None
            assert said(server, "UID") == []


def test_with_condstore_alone_nobody_tells_what_vanished() -> None:
    enabled = b"* ENABLED CONDSTORE\r\n{tag} OK done"
    with offering("ENABLE", "CONDSTORE", ENABLE=enabled, EXAMINE=EXAMINED) as (mailbox, _):
        assert mailbox.examine(mailbox.folders()[0]).modseq == 9
        assert not mailbox.tells_vanished


@pytest.mark.parametrize(
    ("host", "to_enable"),
    [
        ("imap.mail.me.com", "CONDSTORE"),
        ("P42-IMAP.mail.me.com", "CONDSTORE"),
        ("imap.icloud.com", "CONDSTORE"),
        ("imap.notme.com", "QRESYNC"),
        ("mail.me.com.acme.example", "QRESYNC"),
        ("imap.acme.example", "QRESYNC"),
    ],
)
def test_a_host_whose_vanished_is_known_to_be_wrong_is_not_asked_for_it(
    host: str, to_enable: str
) -> None:
    assert extensions(lambda _: True, host).to_enable == to_enable
    assert extensions(lambda name: name != "CONDSTORE", "imap.mail.me.com").to_enable is None


def test_a_connection_made_anew_is_enabled_anew() -> None:
    def deadly(command: bytes) -> bytes:
        return HANG_UP if 2 in expanded(command) else b"{tag} OK done"

    answers = {"ENABLE": b"* ENABLED QRESYNC\r\n{tag} OK done", "EXAMINE": EXAMINED}
    with offering("ENABLE", "QRESYNC", UID_FETCH=deadly, **answers) as (mailbox, server):
        list(mailbox.fetch(mailbox.folders()[0], [2]))
        assert said(server, "ENABLE") == [b"ENABLE QRESYNC"] * 2
        assert mailbox.tells_vanished


# --- hints


def answered(hints: bytes, uid: int, block: bytes = BLOCK) -> bytes:
    return (
        b'* %d FETCH (UID %d %b INTERNALDATE " 1-Mar-2024 09:00:00 +0100" RFC822.SIZE 99 '
        b'BODY[HEADER.FIELDS ("FROM" "BCC")]<0> {%d}\r\n%b)\r\n'
    ) % (uid, uid, hints, len(block), block)


def read(mailbox: Mailbox, uids: list[int]) -> list[FetchedHeader]:
    headers = []
    for found, missing in mailbox.fetch(mailbox.folders()[0], uids):
        assert missing == []
        headers += found
    return headers


@pytest.mark.parametrize(
    ("offered", "items"),
    [
        ((), FETCH_ITEMS),
        (("OBJECTID",), OBJECT_FETCH_ITEMS),
        (("X-GM-EXT-1",), GMAIL_FETCH_ITEMS),
        (("X-GM-EXT-1", "OBJECTID"), GMAIL_FETCH_ITEMS),
    ],
)
def test_hints_are_asked_for_where_the_server_has_them(
    offered: tuple[str, ...], items: str
) -> None:
    all_mail = b'* LIST (\\All) "/" All\r\n{tag} OK done'
    with offering(*offered, LIST=all_mail if offered[:1] == ("X-GM-EXT-1",) else SENT) as (
        mailbox,
        server,
    ):
        list(mailbox.fetch(mailbox.folders()[0], [1]))
        assert said(server, "UID FETCH")[0] == b"UID FETCH 1 " + items.encode()


SENT = b'* LIST () "/" INBOX\r\n* LIST (\\Sent) "/" Sent\r\n{tag} OK done'
ALL_MAIL = b'* LIST () "/" INBOX\r\n* LIST (\\All) "/" "[Gmail]/All Mail"\r\n{tag} OK done'


def test_gmails_ids_and_labels_come_with_the_letter() -> None:
    # as in Gmail's own description of its extensions; labels in modified UTF-7
    hints = (
        b"X-GM-MSGID 1278455344230334865 X-GM-THRID 1266894439832287888 "
        b'X-GM-LABELS (\\Inbox \\Sent Important "Muy Importante" 2024 "Gr&APYA3w-e" {5}\r\na"b c)'
    )
    answer = answered(hints, 1) + b"{tag} OK done"
    with offering("X-GM-EXT-1", LIST=ALL_MAIL, UID_FETCH=answer) as (mailbox, _):
        assert [folder.name for folder in mailbox.folders()] == ["[Gmail]/All Mail"]
        (header,) = read(mailbox, [1])
    assert (header.email_id, header.thread_id) == ("1278455344230334865", "1266894439832287888")
    assert header.labels == (
        *("\\Inbox", "\\Sent", "Important", "Muy Importante", "2024", "Größe", 'a"b c'),
    )


def test_of_all_mail_blind_copies_are_kept_of_what_is_labelled_sent_and_of_nothing_else() -> None:
    answer = (
        answered(b'X-GM-LABELS ("\\\\Sent")', 1)
        + answered(b'X-GM-LABELS ("\\\\Inbox" Sent)', 2)
        + b"{tag} OK done"
    )
    with offering("X-GM-EXT-1", LIST=ALL_MAIL, UID_FETCH=answer) as (mailbox, _):
        ours, theirs = read(mailbox, [1, 2])
    assert b"Bcc: quiet@b.example\r\n" in ours.block
    assert b"Bcc" not in theirs.block


def test_object_ids_come_with_the_letter() -> None:
    # RFC 8474 §5.1 and §5.2, their examples
    answer = (
        answered(b"EMAILID (M6d99ac3275bb4e) THREADID (T64b478a75b7ea9)", 1)
        + answered(b"EMAILID (M5fdc09b49ea703) THREADID NIL", 2)
        + b"{tag} OK done"
    )
    with offering("OBJECTID", UID_FETCH=answer) as (mailbox, _):
        headers = read(mailbox, [1, 2])
    assert [(header.email_id, header.thread_id) for header in headers] == [
        ("M6d99ac3275bb4e", "T64b478a75b7ea9"),
        ("M5fdc09b49ea703", None),
    ]


@pytest.mark.parametrize(
    ("items", "expected"),
    [
        ({}, Hints()),
        ({b"EMAILID": None, b"THREADID": ()}, Hints()),
        ({b"EMAILID": (b"M1", b"M2"), b"THREADID": (b"two words",)}, Hints()),
        ({b"EMAILID": (b"x" * 256,), b"THREADID": b"T1"}, Hints(thread_id="T1")),
        ({b"EMAILID": (123,)}, Hints(email_id="123")),
        ({b"X-GM-MSGID": -1, b"X-GM-THRID": b"", b"X-GM-LABELS": None}, Hints()),
        ({b"X-GM-LABELS": b"Important"}, Hints()),
        (
            {b"X-GM-LABELS": (b"", None, (b"a",), b"x" * 501, b"kept", 7)},
            Hints(labels=(b"kept", b"7")),
        ),
        ({b"X-GM-LABELS": (b"a",) * 500}, Hints(labels=(b"a",) * 100)),
    ],
)
def test_hints_that_cannot_be_read_are_none(items: dict[bytes, Any], expected: Hints) -> None:
    assert hints_of(items) == expected


@pytest.mark.parametrize(
    "hints",
    [
        b"EMAILID NIL THREADID NIL",
        b"",
        b"EMAILID () THREADID ((x))",
        b'EMAILID ("") THREADID 7',
    ],
)
def test_a_letter_without_good_hints_is_complete_all_the_same(hints: bytes) -> None:
    answer = answered(hints, 1) + b"{tag} OK done"
    with offering("OBJECTID", UID_FETCH=answer) as (mailbox, server):
        (header,) = read(mailbox, [1])
        assert header.email_id is None
        assert len(said(server, "UID FETCH")) == 1


def test_a_hint_that_spoils_the_answer_costs_the_hint_and_not_the_letter() -> None:
    def answer(command: bytes) -> bytes:
        has_hints = b"EMAILID" in command
        parts = [
            answered((b"EMAILID (M(1" if uid == 2 else b"EMAILID (M1)") if has_hints else b"", uid)
            for uid in expanded(command)
        ]
        return b"".join(parts) + b"{tag} OK done"

    with offering("OBJECTID", UID_FETCH=answer) as (mailbox, server):
        assert [one.email_id for one in read(mailbox, [1, 2, 3])] == ["M1", None, "M1"]
        assert said(server, "UID FETCH")[-2].startswith(b"UID FETCH 2 ")


@pytest.mark.parametrize("word", [b"NO", b"BAD"])
def test_a_server_that_refuses_hints_it_offers_is_asked_without_them(word: bytes) -> None:
    def answer(command: bytes) -> bytes:
        if b"EMAILID" in command:
            return b"{tag} %b unknown item" % word
        return b"".join(answered(b"", uid) for uid in expanded(command)) + b"{tag} OK done"

    with offering("OBJECTID", UID_FETCH=answer) as (mailbox, server):
        assert [header.uid for header in read(mailbox, [1, 2, 3])] == [1, 2, 3]
        assert len(read(mailbox, [4])) == 1
        # refused once, then not asked for again
        items = [b"EMAILID" in line for line in said(server, "UID FETCH")]
        assert items == [True, False, False]
