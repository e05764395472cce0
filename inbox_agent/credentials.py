"""Secrets, from wherever the config says they are kept. None of them is ever in a message.

In this order: a systemd credential named like the mailbox (systemd.io/CREDENTIALS), then the one
place that the config names.
"""

from __future__ import annotations

import os
import re
import shlex
import stat
import subprocess
from collections.abc import Callable, Iterable
from pathlib import Path

from inbox_agent.config import MailboxSettings, PasswordSettings, Recipient
from inbox_agent.errors import ConfigError

#: A command that asks a person or a token may take a while; one that hangs must not hold a poll.
COMMAND_TIMEOUT_SECONDS: float = 30
_LARGEST_FILE_OCTETS = 65_536
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")


def secret(settings: MailboxSettings) -> str:
    """The password of a mailbox, read anew; the caller keeps it as long as it needs it.

    A variable is removed from the environment once it is read, so that no child inherits it.
    Raises ConfigError: one line that names the mailbox, the key and what to do.
    """
    return _secret(settings, settings.password, "password")


def client_secret(settings: MailboxSettings) -> str | None:
    """The secret of the application at the OAuth2 provider; None where the config has none.

    Found and refused like a password.
    """
    place = settings.oauth2.client_secret if settings.oauth2 is not None else None
    return None if place is None else _secret(settings, place, "oauth2.client_secret")


def notice_urls(recipient: Recipient) -> str:
    """The addresses at which somebody is told, as they stand in their place: they are secrets.

    Found and refused like a password; a systemd credential is named like the recipient.
    """
    credential = _systemd_credential(recipient.key, 'notices to "{}": {}')
    if credential is not None:
        return _clean(*credential)
    place = recipient.urls
    (kind,) = (kind for kind in _SOURCES if getattr(place, kind) is not None)
    refusal = Refusal(recipient.key, f"urls.{kind}", 'notices to "{}": {}')
    return _SOURCES[kind](place, recipient.key, refusal)


def environment_without_secrets(
    mailboxes: Iterable[MailboxSettings], recipients: Iterable[Recipient] = ()
) -> dict[str, str]:
    """Our environment without the variables that the config names as places of secrets.

    For programs that need none of them, also while some are still to be read.
    """
    named = {place.env for each in mailboxes for place in _places(each) if place is not None}
    named |= {each.urls.env for each in recipients}
    return {name: value for name, value in os.environ.items() if name not in named}


def _places(settings: MailboxSettings) -> tuple[PasswordSettings | None, ...]:
    oauth2 = settings.oauth2
    return settings.password, oauth2.client_secret if oauth2 is not None else None


def _secret(settings: MailboxSettings, place: PasswordSettings | None, key: str) -> str:
    credential = _systemd_credential(settings.name)
    if credential is not None:
        return _clean(*credential)
    if place is None:
        raise Refusal(settings.name, key)("the config says none; name where it is kept")
    (kind,) = (kind for kind in _SOURCES if getattr(place, kind) is not None)
    return _SOURCES[kind](place, settings.user, Refusal(settings.name, f"{key}.{kind}"))


class Refusal:
    """Makes the errors of one mailbox and key; what was read is no part of them."""

    def __init__(self, mailbox: str, key: str, where: str = 'mailbox "{}": {}') -> None:
        self._where = where.format(mailbox, key)

    def __call__(self, problem: str) -> ConfigError:
        """The error for a problem, which is said together with its remedy."""
        return ConfigError(f"{self._where}: {problem}")


def _clean(raw: bytes, refusal: Refusal) -> str:
    """Bytes as a password: UTF-8 without the one line break that editors add.

    A line break further in would end the LOGIN command and begin another (RFC 3501 §2.2).
    """
    text = raw.decode("utf-8", errors="surrogateescape")
    text = text.removesuffix("\n").removesuffix("\r")
    if not text:
        raise refusal("it is empty; put the password there")
    if any("\ud800" <= character <= "\udfff" for character in text):
        raise refusal("it is no UTF-8 text; save it as UTF-8")
    if _CONTROL.search(text):
        raise refusal(
            "it holds a control character (a second line, a tab); leave the password alone there"
        )
    return text


def _systemd_credential(
    mailbox: str, where: str = 'mailbox "{}": {}'
) -> tuple[bytes, Refusal] | None:
    """What systemd hands us for a mailbox. It sets the rights itself, so they are not judged."""
    folder = os.environ.get("CREDENTIALS_DIRECTORY")
    path = Path(folder) / mailbox if folder else None
    if path is None:
        return None
    refusal = Refusal(mailbox, f"systemd credential {path}", where)
    try:
        return (path.read_bytes(), refusal) if path.is_file() else None
    except OSError as exc:
        raise refusal(f"can't be read: {exc.strerror}") from exc


def _from_env(place: PasswordSettings, _user: str, refusal: Refusal) -> str:
    name = place.env or ""
    value = os.environ.pop(name, None)
    if value is None:
        raise refusal(f"{name} is not set; export it before starting")
    return _clean(os.fsencode(value), refusal)


def keyring_entry(named: str, user: str) -> tuple[str, str]:
    """``SERVICE/USER`` as the two; where no user is named it is that of the mailbox."""
    service, slash, own_user = named.rpartition("/")
    return (service, own_user) if slash else (own_user, user)


def _from_keyring(place: PasswordSettings, user: str, refusal: Refusal) -> str:
    import keyring  # noqa: PLC0415  # slow to import, and needed by those who use one
    from keyring.errors import KeyringError  # noqa: PLC0415

    service, user = keyring_entry(place.keyring or "", user)
    try:
        value = keyring.get_password(service, user)
    except KeyringError as exc:
        raise refusal(
            f"the keyring can't be read ({type(exc).__name__}); unlock it or name another place"
        ) from exc
    if value is None:
        command = shlex.join(["keyring", "set", service, user])
        raise refusal(f"the keyring has no such entry; type: {command}")
    return _clean(value.encode("utf-8", errors="surrogatepass"), refusal)


def _from_file(place: PasswordSettings, _user: str, refusal: Refusal) -> str:
    return _clean(private_file(place.file or Path(), "password", refusal), refusal)


def private_file(path: Path, what: str, refusal: Refusal) -> bytes:
    """What a file holds that nobody but us may read; `refusal` makes the ConfigError."""
    quoted = shlex.quote(str(path))
    try:
        # Rights are those of the file that is open, whatever its name may mean a moment later;
        # without O_NONBLOCK a named pipe would hold us for ever.
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except OSError as exc:
        raise refusal(
            f"{path} can't be read: {exc.strerror}; write the {what} into it, readable by us alone"
        ) from exc
    with os.fdopen(descriptor, "rb") as file:
        about = os.fstat(descriptor)
        if not stat.S_ISREG(about.st_mode):
            raise refusal(f"{path} is no file; name the file that holds the {what}")
        if about.st_uid != os.geteuid():
            raise refusal(f"{path} is somebody else's; type: chown {os.geteuid()} {quoted}")
        if stat.S_IMODE(about.st_mode) & 0o077:
            raise refusal(f"others may read {path}; type: chmod 600 {quoted}")
        return file.read(_LARGEST_FILE_OCTETS)


def _from_command(place: PasswordSettings, _user: str, refusal: Refusal) -> str:
    try:
        arguments = shlex.split(place.command or "")
    except ValueError as exc:
        raise refusal(f"can't be read as a command ({exc}); mend the quotes") from exc
    output, problem = _run(arguments)
    if problem:
        raise refusal(f"{arguments[0]} {problem}; try it by hand")
    return _clean(output.partition(b"\n")[0], refusal)


def _run(arguments: list[str]) -> tuple[bytes, str]:
    """What a command prints, and what went wrong; the exceptions hold the output and end here."""
    try:
        # No shell. What it says on stderr is for people and goes where ours goes.
        done = subprocess.run(  # noqa: S603
            arguments,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            timeout=COMMAND_TIMEOUT_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return b"", f"gave no answer within {COMMAND_TIMEOUT_SECONDS:g} seconds"
    except OSError as exc:
        return b"", f"can't be started ({exc.strerror})"
    return done.stdout, f"ended with exit code {done.returncode}" if done.returncode else ""


_SOURCES: dict[str, Callable[[PasswordSettings, str, Refusal], str]] = {
    "env": _from_env,
    "keyring": _from_keyring,
    "file": _from_file,
    "command": _from_command,
}
