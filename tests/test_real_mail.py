"""On real mail: every letter is read, figures come out, nothing moves when nothing is new."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from accuracy import corpus
from real_mail import AS_OF, counts, enron, list_config, list_letters, run
from servers import Delivery, DovecotServer, second_pair_of_eyes

MAIL = corpus.corpora()
pytestmark = [
    pytest.mark.corpora,
    pytest.mark.skipif(MAIL is None, reason="INBOX_AGENT_CORPORA names no folder of real mail"),
]
LETTERS = 7_501
CHANGES_AT_EVERY_POLL = ("polls", "folders", "about")


@pytest.fixture(scope="module")
def letters() -> list[Delivery]:
    assert MAIL is not None
    return list(list_letters(MAIL / "lists" / "linux-hyperv"))


@pytest.fixture(scope="module")
def polled(
    dovecot_server: DovecotServer, letters: list[Delivery], tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, DovecotServer]:
    server = dovecot_server.with_fresh_user()
    server.deliver_many(letters)
    config = list_config(tmp_path_factory.mktemp("list"), server)
    run(config, "poll", "--as-of", AS_OF, password=server.password)
    return config, server


def dump(config: Path) -> dict[str, list[tuple[object, ...]]]:
    with closing(sqlite3.connect(config.parent.parent / "data" / "partners.db")) as connection:
        tables = [
            row[0]
            for row in connection.execute("select name from sqlite_master where type = 'table'")
            if row[0] not in CHANGES_AT_EVERY_POLL and "_fts_" not in row[0]
        ]
        return {name: list(connection.execute(f'select * from "{name}"')) for name in tables}  # noqa: S608


@pytest.mark.dovecot
@pytest.mark.slow
def test_a_list_read_as_one_companys_mailbox_gives_figures(
    polled: tuple[Path, DovecotServer],
) -> None:
    found = counts(polled[0], 0)
    assert found.letters == LETTERS
    assert found.partners >= 97
    assert found.answered >= 1_000


@pytest.mark.dovecot
@pytest.mark.slow
def test_polling_again_changes_no_figure_and_no_flag(
    polled: tuple[Path, DovecotServer],
) -> None:
    config, server = polled
    before = dump(config)
    with second_pair_of_eyes(server) as eyes:
        eyes.select("INBOX", readonly=True)
        flags = eyes.uid("FETCH", "1:*", "(FLAGS)")
    run(config, "poll", "--as-of", AS_OF, password=server.password)
    with second_pair_of_eyes(server) as eyes:
        eyes.select("INBOX", readonly=True)
        assert eyes.uid("FETCH", "1:*", "(FLAGS)") == flags
    assert dump(config) == before


@pytest.mark.slow
def test_a_mailbox_without_references_is_joined_by_subject(tmp_path: Path) -> None:
    assert MAIL is not None
    found = enron(tmp_path, MAIL / "enron" / "whitt-m")
    assert found.letters == 807
    assert found.partners >= 20
    assert found.answered >= 30
