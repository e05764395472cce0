"""What is imported before anything is done: help and `status` wait for no large library."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from installations import Installation, install
from sqlite_utils import Database

from inbox_agent import setup_files
from inbox_agent.mirror import Mirror
from inbox_agent.mirror_schema import migrations
from inbox_agent.mirror_status import STEPS, mirror_status
from inbox_agent.setup_questions import ASKED

#: Each takes from 20 to 400 ms to import.
LARGE = frozenset(
    """apprise authlib datasette email_validator holidays httpx icalendar idna imapclient keyring
    mailparser numpy pandas publicsuffixlist pymap schedule scipy sqlite_utils vl_convert xlsxwriter
    yaml""".split()  # noqa: SIM905
)
#: Help needs these as little.
OF_COMMANDS = LARGE | {"pydantic", "rich", "zoneinfo"}
PROGRAM = """
import json, sys
from inbox_agent.cli import main
try:
    main(sys.argv[1:], prog_name="inbox-agent")
finally:
    print(json.dumps(sorted({name.partition(".")[0] for name in sys.modules})), file=sys.stderr)
"""


def imported(*args: str) -> tuple[str, set[str]]:
    """What a command says, and the packages that are imported when it ends."""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", PROGRAM, *args],
        capture_output=True, text=True, timeout=60, check=True,
    )  # fmt: skip
    return done.stdout, set(json.loads(done.stderr.splitlines()[-1]))


@pytest.fixture
def place(tmp_path: Path) -> Installation:
    """A mirror with nothing in it but a poll."""
    found = install(tmp_path)
    with Mirror(found.mirror) as mirror, mirror.writing() as db:
        db.execute("insert into polls (mailbox, ended_at, ok, new_messages) values ('p', 1, 1, 0)")
    return found


@pytest.mark.parametrize("args", [("--help",), ("init", "--help")])
def test_help_is_given_before_anything_large_is_imported(args: tuple[str, ...]) -> None:
    said, packages = imported(*args)
    assert said.startswith("Usage: ")
    assert packages & OF_COMMANDS == set()


def test_status_is_shown_without_what_reads_letters_and_makes_figures(place: Installation) -> None:
    said, packages = imported("-c", str(place.config), "status")
    assert "last poll 1970-01-01" in said
    assert packages & LARGE == set()


def test_who_polls_waits_for_no_arrays() -> None:
    program = "import sys, inbox_agent.agent; print({'numpy', 'pandas', 'scipy'} & {*sys.modules})"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout.strip() == "set()"


def test_the_words_of_init_are_those_of_its_questions() -> None:
    assert [each.field for each in setup_files.QUESTIONS] == list(ASKED)


def test_status_knows_how_many_steps_the_mirror_has() -> None:
    """Else it would open each mirror as one of another version: slow, but right."""
    assert len(migrations.pending(Database(memory=True))) == STEPS


def test_a_mirror_of_another_version_is_left_to_those_who_can_mend_it(place: Installation) -> None:
    with mirror_status(place.mirror) as found:
        assert found is not None
    with closing(sqlite3.connect(place.mirror)) as db, db:
        db.execute("insert into _sqlite_migrations (migration_set, name) values (?, 'later')",
                   ("inbox_agent.mirror",))  # fmt: skip
    with mirror_status(place.mirror) as found:
        assert found is None
    assert "newer version of inbox-agent" in place.run("status").stderr
