"""Passwords: where they are found, when they are refused, and that no message holds one."""

from __future__ import annotations

import os
import traceback
from collections.abc import Callable
from pathlib import Path

import keyring
import pytest
from keyring.errors import KeyringLocked

from inbox_agent import credentials
from inbox_agent.config import MailboxSettings, PasswordSettings
from inbox_agent.credentials import secret
from inbox_agent.errors import ConfigError

SECRET = "correct horse ✓"


def kept(**place: object) -> MailboxSettings:
    return MailboxSettings(
        name="partners",
        host="imap.example.com",
        user="partners@acme.com",
        password=PasswordSettings.model_validate(place),
    )


def refused(settings: MailboxSettings) -> str:
    """The message, after a look at the whole traceback for the secret."""
    with pytest.raises(ConfigError) as caught:
        secret(settings)
    assert "horse" not in "".join(traceback.format_exception(caught.value))
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.fixture(autouse=True)
def no_systemd(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CREDENTIALS_DIRECTORY", raising=False)


def password_file(folder: Path, content: bytes, mode: int = 0o600) -> MailboxSettings:
    path = folder / "password file"
    path.write_bytes(content)
    path.chmod(mode)
    return kept(file=path)


# -- the environment --------------------------------------------------------------------------


def test_a_variable_is_read_and_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INBOX_AGENT_TEST", SECRET)
    assert secret(kept(env="INBOX_AGENT_TEST")) == SECRET
    assert "INBOX_AGENT_TEST" not in os.environ


def test_a_variable_that_is_not_set_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("INBOX_AGENT_TEST", raising=False)
    assert refused(kept(env="INBOX_AGENT_TEST")) == (
        'mailbox "partners": password.env: INBOX_AGENT_TEST is not set; export it before starting'
    )


def test_a_variable_with_a_second_line_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INBOX_AGENT_TEST", f"{SECRET}\r\nA1 LOGOUT")
    message = refused(kept(env="INBOX_AGENT_TEST"))
    assert message.startswith('mailbox "partners": password.env: it holds a control character')


# -- files ------------------------------------------------------------------------------------


@pytest.mark.parametrize("mode", [0o600, 0o400])
def test_a_file_that_only_we_may_read_is_read(tmp_path: Path, mode: int) -> None:
    assert secret(password_file(tmp_path, SECRET.encode(), mode)) == SECRET


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o602, 0o644, 0o610])
def test_a_file_with_wider_rights_is_refused_with_the_command_to_type(
    tmp_path: Path, mode: int
) -> None:
    path = tmp_path / "password file"
    assert refused(password_file(tmp_path, SECRET.encode(), mode)) == (
        f"mailbox \"partners\": password.file: others may read {path}; type: chmod 600 '{path}'"
    )


def test_a_file_of_somebody_else_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = password_file(tmp_path, SECRET.encode())
    monkeypatch.setattr(os, "geteuid", lambda: 12345)
    assert "is somebody else's; type: chown 12345 " in refused(settings)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    message = refused(kept(file=tmp_path / "none"))
    assert message.endswith(
        f"password.file: {tmp_path / 'none'} can't be read: No such file or directory; "
        "write the password into it, readable by us alone"
    )


def test_a_named_pipe_is_refused_and_holds_nobody(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe", 0o600)
    assert "is no file" in refused(kept(file=tmp_path / "pipe"))


@pytest.mark.parametrize("ending", [b"", b"\n", b"\r\n"])
def test_one_line_break_at_the_end_is_the_editors(tmp_path: Path, ending: bytes) -> None:
    assert secret(password_file(tmp_path, SECRET.encode() + ending)) == SECRET


def test_blanks_around_a_password_are_part_of_it(tmp_path: Path) -> None:
    assert secret(password_file(tmp_path, b" horse \n")) == " horse "


@pytest.mark.parametrize(
    "content", [b"horse\n\n", b"horse\nA1 LOGOUT", b"hor\x00se", b"hor\tse", b"hor\x7fse"]
)
def test_any_other_control_character_is_refused(tmp_path: Path, content: bytes) -> None:
    assert "it holds a control character" in refused(password_file(tmp_path, content))


@pytest.mark.parametrize("content", [b"", b"\n"])
def test_an_empty_password_is_refused(tmp_path: Path, content: bytes) -> None:
    assert "it is empty" in refused(password_file(tmp_path, content))


def test_a_password_that_is_no_utf_8_is_refused(tmp_path: Path) -> None:
    assert "it is no UTF-8 text" in refused(password_file(tmp_path, b"horse \xff"))


# -- commands ---------------------------------------------------------------------------------


def test_the_first_line_of_a_command_is_the_password() -> None:
    assert secret(kept(command=f"printf '%s\\nuser: x\\n' '{SECRET}'")) == SECRET


def test_a_command_is_given_to_no_shell() -> None:
    assert secret(kept(command="echo $HOME; echo `id`")) == "$HOME; echo `id`"


def test_a_command_that_fails_is_named_without_what_it_printed() -> None:
    assert refused(kept(command="sh -c 'echo horse; exit 3'")) == (
        'mailbox "partners": password.command: sh ended with exit code 3; try it by hand'
    )


def test_a_command_that_hangs_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(credentials, "COMMAND_TIMEOUT_SECONDS", 0.2)
    message = refused(kept(command="sh -c 'echo horse; exec tail -f /dev/null'"))
    assert message.endswith("sh gave no answer within 0.2 seconds; try it by hand")


def test_a_command_that_does_not_exist_is_named() -> None:
    message = refused(kept(command="/no/such/command x"))
    assert message.endswith(
        "/no/such/command can't be started (No such file or directory); try it by hand"
    )


def test_a_command_with_an_open_quote_is_refused() -> None:
    assert "can't be read as a command (No closing quotation)" in refused(kept(command="a 'b"))


# -- keyring ----------------------------------------------------------------------------------


@pytest.fixture
def one_entry(monkeypatch: pytest.MonkeyPatch) -> Callable[[str, str], None]:
    """Makes the keyring hold the secret under one service and user."""

    def hold(service: str, user: str) -> None:
        monkeypatch.setattr(keyring, "get_password", lambda *of: {(service, user): SECRET}.get(of))

    return hold


def test_a_keyring_entry_is_named_by_service_and_user(
    one_entry: Callable[[str, str], None],
) -> None:
    one_entry("imap/acme", "ann")
    assert secret(kept(keyring="imap/acme/ann")) == SECRET


def test_the_user_of_a_keyring_entry_is_that_of_the_mailbox_when_not_said(
    one_entry: Callable[[str, str], None],
) -> None:
    one_entry("imap", "partners@acme.com")
    assert secret(kept(keyring="imap")) == SECRET


def test_a_missing_keyring_entry_comes_with_the_command_to_type(
    one_entry: Callable[[str, str], None],
) -> None:
    one_entry("imap", "ann")
    assert refused(kept(keyring="my imap")) == (
        'mailbox "partners": password.keyring: the keyring has no such entry; '
        "type: keyring set 'my imap' partners@acme.com"
    )


def test_a_locked_keyring_is_said_to_be_locked(monkeypatch: pytest.MonkeyPatch) -> None:
    def locked(*_: str) -> str:
        raise KeyringLocked

    monkeypatch.setattr(keyring, "get_password", locked)
    assert "can't be read (KeyringLocked); unlock it" in refused(kept(keyring="imap"))


# -- systemd ----------------------------------------------------------------------------------


def test_a_systemd_credential_goes_before_what_the_config_names(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "partners").write_text(f"{SECRET}\n")
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    monkeypatch.setenv("INBOX_AGENT_TEST", "another")
    assert secret(kept(env="INBOX_AGENT_TEST")) == SECRET


def test_without_a_credential_of_this_mailbox_the_config_decides(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "sales").write_text("another")
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    monkeypatch.setenv("INBOX_AGENT_TEST", SECRET)
    assert secret(kept(env="INBOX_AGENT_TEST")) == SECRET


def test_an_empty_systemd_credential_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "partners").write_text("")
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    assert refused(kept(env="INBOX_AGENT_TEST")) == (
        f'mailbox "partners": systemd credential {tmp_path / "partners"}: it is empty; '
        "put the password there"
    )


def test_a_systemd_credential_that_can_not_be_looked_for_is_one_line_of_the_config(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # for root no folder is closed; Python raises the same way where a name is too long
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path / ("x" * 300)))
    told = refused(kept(env="PASSWORD"))
    assert "systemd credential" in told
    assert "File name too long" in told
