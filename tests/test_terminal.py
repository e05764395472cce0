"""What senders, servers and providers choose neither colours nor moves anything on a terminal."""

from __future__ import annotations

import io
import json
import subprocess
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from installations import AS_OF, AS_OF_TEXT, Installation, install, letter, mailbox_entry
from rich.console import Console
from scripted_socket import scripted
from servers import Delivery, EmbeddedServer
from token_server import CLIENT_ID, running_token_server

from inbox_agent import screens
from inbox_agent.demo.mailserver import serve_letters

pytestmark = pytest.mark.reliability

# Colour, clear the screen, set the title, ring; right to left; a C1 control; rich's own markup.
NASTY = "e\x1b[31m\x1b[2J\x1b]0;t\x07v\u202ei\u2066l\x9b[/][red]\r"
FOLDER = "Ev\u202eil\u2066[red]\u200f"


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Installation]:
    letters = []
    for number in range(8):
        at = AS_OF - timedelta(days=20 - number)
        us, them = f'"{NASTY}" <ana@acme.example>', f'"{NASTY}" <kim@globex{FOLDER}.example>'
        author, to = (us, them) if number % 2 else (them, us)
        one = letter(author, to, at, f"{number}@x.example", subject=f"{NASTY}? {number}")
        one = one.replace(b"\r\x22", b"\x22").replace(b"\r?", b"?")  # a bare CR would end a line
        letters.append(Delivery("Sent" if number % 2 else FOLDER, one, at))
    with serve_letters(letters) as running:
        found = install(tmp_path, mailbox_entry(EmbeddedServer(running)))
        assert found.run("poll", "--as-of", AS_OF_TEXT).returncode == 0
        yield found


def moved(text: str) -> set[str]:
    """The characters in a text that no terminal may be given."""
    return {character for character in text if not character.isprintable()} - {"\n"}


@pytest.mark.parametrize(
    "command",
    [["status"], ["check"], ["partners", "--all"], ["export", "--to", "out"], ["poll"],
     ["rebuild"], ["erase", "ana@acme.example"],
     ["explain", "globex"], ["review", "2024-Q1"]],
    ids=lambda command: command[0],
)  # fmt: skip
def test_no_command_gives_a_terminal_what_a_letter_or_a_server_chose(
    place: Installation, command: list[str]
) -> None:
    done = place.run(*command)
    said = done.stdout + done.stderr
    assert said
    assert moved(said) == set()
    if command[0] == "status":
        assert r"Ev\u202eil" in said


def test_progress_shows_the_code_points_of_what_would_move_it() -> None:
    shown = io.StringIO()
    console = Console(file=shown, force_terminal=True, width=200, legacy_windows=False)
    with screens.Shown(console) as progress:
        progress.folder("partners", NASTY, 3)
        progress.stage(NASTY)
    assert "eU+001B" in shown.getvalue()
    assert not {"\x07", "\u202e", "\u2066", "\x9b"} & set(shown.getvalue())
    assert "\x1b]0" not in shown.getvalue()


def test_what_a_server_says_is_shown_without_what_would_move_a_terminal(tmp_path: Path) -> None:
    refusal = f"{{tag}} NO [NOPERM] {NASTY}".encode().replace(b"\r", b"")
    with scripted({"EXAMINE": refusal}) as wire:
        entry = (
            f'[[mailboxes]]\nname = "partners"\nhost = "127.0.0.1"\nport = {wire.port}\n'
            'tls = "none"\nuser = "team"\npassword = { command = "echo x" }\n'
        )
        place = install(tmp_path, entry)
        said = place.run("poll").stderr + place.run("status").stdout
    assert "NOPERM" in said
    assert moved(said) == set()


def test_what_a_provider_wants_shown_is_shown_without_what_would_move_a_terminal(
    tmp_path: Path,
) -> None:
    with running_token_server() as tokens:
        about = {"device_code": "x", "user_code": NASTY, "verification_uri": NASTY, "interval": 0}
        tokens.device_trouble = 200, about
        entry = (
            '[[mailboxes]]\nname = "partners"\nhost = "localhost"\nuser = "team"\n'
            f'oauth2 = {{ provider = "other", client_id = "{CLIENT_ID}", '
            f'token_url = "{tokens.url}/token", device_url = "{tokens.url}/device", '
            f"keep = {{ file = {json.dumps(str(tmp_path / 'token'))} }} }}\n"
        )
        done: subprocess.CompletedProcess[str] = install(tmp_path, entry).run("login", "partners")
    assert done.returncode == 0
    assert "type the code eU+001B[31m" in done.stdout
    assert moved(done.stdout + done.stderr) == set()
