"""Where refresh tokens are kept between runs: the keyring, or a file that only we may read."""

from __future__ import annotations

import os
import tempfile
from contextlib import suppress
from pathlib import Path

from inbox_agent.config import MailboxSettings, OAuth2Settings
from inbox_agent.credentials import Refusal, keyring_entry, private_file
from inbox_agent.errors import MailboxRefused


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
            _replace(self._file, token.encode())
        except OSError as exc:
            raise self._refusal(f"{self._file} can't be written: {exc.strerror}") from exc

    def _from_file(self, path: Path) -> str:
        if not path.exists():
            return ""
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


def _replace(path: Path, content: bytes) -> None:
    """A new file under the old name, 0600 from its first octet on (mkstemp), and on the disk."""
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content + b"\n")
            file.flush()
            os.fsync(descriptor)
        Path(name).replace(path)
    except BaseException:
        with suppress(OSError):
            Path(name).unlink()
        raise
