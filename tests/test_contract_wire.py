"""The second list of what may be said to a server, by which the contract suite judges the first."""

from __future__ import annotations

import pytest
from contract_wire import forbidden

pytestmark = pytest.mark.reliability


@pytest.mark.parametrize(
    "command",
    [
        'SELECT "INBOX"',
        "STORE 1 +FLAGS (\\Seen)",
        "UID STORE 1 +FLAGS (\\Seen)",
        'UID COPY 1 "Trash"',
        "UID EXPUNGE 1",
        "EXPUNGE",
        "CLOSE",
        'DELETE "INBOX"',
        "UID FETCH 1 (BODY[])",
        "UID FETCH 1 (BODY[HEADER])",
        "UID FETCH 1 (UID RFC822)",
        "uid fetch 1 (rfc822.text)",
        "ENABLE UTF8=ACCEPT",
        "ENABLE QRESYNC UTF8=ACCEPT",
        "ENABLE",
        "COMPRESS DEFLATE",
    ],
)
def test_a_command_that_might_change_something_is_forbidden(command: str) -> None:
    assert forbidden(["NOOP", command]) == [command]


@pytest.mark.parametrize(
    "command",
    [
        'EXAMINE "INBOX"',
        "ENABLE QRESYNC",
        "ENABLE CONDSTORE",
        "UID SEARCH UID 1:9",
        "UID FETCH 1 (UID RFC822.SIZE BODY.PEEK[HEADER])",
        "UID FETCH 1 (UID) (CHANGEDSINCE 4 VANISHED)",
        "DONE",
    ],
)
def test_a_command_that_only_reads_is_not(command: str) -> None:
    assert forbidden([command]) == []
