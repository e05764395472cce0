"""Where refresh tokens are kept between runs: the keyring, or a file that only we may read."""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from inbox_agent.config import MailboxSettings, OAuth2Settings
from inbox_agent.credentials import Refusal, keyring_entry, private_file
from inbox_agent.errors import MailboxRefused
from inbox_agent.private_files import replace_private

#: Seconds that another process has to refresh; one that hangs must not hold us for ever.
LOCK_SECONDS = 60.0
_LOCK_PAUSE_SECONDS = 0.05


class TokenPlaces:
    """The kept refresh token of one mailbox. No error quotes it."""

    def __init__(self, settings: MailboxSettings, oauth2: OAuth2Settings) -> None:
        self._name = settings.name
        self._file = oauth2.keep.file
        self._entry = keyring_entry(oauth2.keep.keyring or "", settings.user)
        kind = "file" if self._file is not None else "keyring"
        self._refusal = Refusal(settings.name, f"oauth2.keep.{kind}")

    def read(self) -> str:
        """The kept token. Raises MailboxRefused where there is none yet, or ConfigError."""
        token = self._from_keyring() if self._file is None else self._from_file(self._file)
        if not token:
            raise MailboxRefused(
                f'mailbox "{self._name}": nobody has logged in yet; '
                f"run `inbox-agent login {self._name}`"
            )
        return token

    def write(self, token: str) -> None:
        """Keep a token in the place of the one before, wholly or not at all.

        Raises ConfigError.
        """
        if self._file is None:
            self._into_keyring(token)
            return
        try:
            replace_private(self._file, f"{token}\n".encode())
        except OSError as exc:
            raise self._refusal(f"{self._file} can't be written: {exc.strerror}") from exc

    @contextmanager
    def held(self) -> Iterator[None]:
        """Keep other processes from reading it while a new one may take its place.

        A provider that rotates takes a refresh token once. Who can't have the lock in time, or at
        all, goes on without: a file system may have none.
        """
        descriptor = _locked(self._lock())
        try:
            yield
        finally:
            if descriptor is not None:
                os.close(descriptor)

    def _lock(self) -> tuple[str | Path, int]:
        """What is locked, and how it is opened: a keyring is one for all programs of a user."""
        if self._file is None:
            return os.path.expanduser("~"), os.O_RDONLY  # noqa: PTH111 - Path raises without a home
        return self._file.with_name(f".{self._file.name}.lock"), os.O_RDONLY | os.O_CREAT

    def _from_file(self, path: Path) -> str:
        try:
            path.stat()
        except (FileNotFoundError, NotADirectoryError):
            return ""
        except OSError as exc:  # a folder that is closed to us, say
            raise self._refusal(f"{path} can't be read: {exc.strerror}") from exc
        return private_file(path, "refresh token", self._refusal).decode("utf-8", "replace").strip()

    def _from_keyring(self) -> str:
        import keyring  # noqa: PLC0415  # slow to import, and needed by those who use one
        from keyring.errors import KeyringError  # noqa: PLC0415

        try:
            return keyring.get_password(*self._entry) or ""
        except KeyringError as exc:
            kind = type(exc).__name__
        raise self._refusal(f"the keyring can't be read ({kind}); unlock it or name a `file`")

    def _into_keyring(self, token: str) -> None:
        import keyring  # noqa: PLC0415
        from keyring.errors import KeyringError  # noqa: PLC0415

        try:
            keyring.set_password(*self._entry, token)
        except KeyringError as exc:
            kind = type(exc).__name__
        else:
            return
        raise self._refusal(f"the keyring takes no token ({kind}); unlock it or name a `file`")


def _locked(place: tuple[str | Path, int]) -> int | None:
    """The lock (flock, which goes with a process that dies), held as long as that is open."""
    path, flags = place
    try:
        descriptor = os.open(path, flags | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    except OSError:
        return None
    until = time.monotonic() + LOCK_SECONDS
    with suppress(OSError):
        while time.monotonic() < until:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                time.sleep(_LOCK_PAUSE_SECONDS)
            else:
                return descriptor
    os.close(descriptor)
    return None
